/**
 * What the trail says is still to be done: items of sources that were begun and have no end, and what is waited for.
 * Records come in any order between processes, so each says enough by itself, and none is read twice.
 */
import type { KnownRecord, Origin, Record } from "../trail/record.ts";
import type { Cursor, Trail } from "../trail/trail.ts";
import { KeySet } from "../values/keys.ts";

/** How an item is known in claims and in the set of those that are done: over all peers and processes of a store. */
export function itemName(pipeline: string, source: number, key: string): string {
  return JSON.stringify(["item", pipeline, source, key]);
}

export type Begun = KnownRecord<"run.started">;
export type Waiting = KnownRecord<"waiting">;
export type Credit = KnownRecord<"credit">;

export interface Wait {
  readonly id: string;
  readonly record: Waiting;
  readonly credits: readonly Credit[];
  /** The newest score that it led to, where several may come. */
  readonly score: KnownRecord<"score"> | undefined;
}

/** Of the records about a wait: it is their attempt. */
export function originOf({ id, record }: Pick<Wait, "id" | "record">): Origin {
  const { peer, run, plan, stage, scope } = record;
  return {
    peer,
    attempt: id,
    ...(run === undefined ? {} : { run }),
    ...(plan === undefined ? {} : { plan }),
    ...(stage === undefined ? {} : { stage }),
    ...(scope === undefined ? {} : { scope }),
  };
}

const placeOf = ({ run = "", stage = "", scope = "" }: Pick<Origin, "run" | "stage" | "scope">): string =>
  JSON.stringify([run, stage, scope]);

export class Outstanding {
  readonly #trail: Pick<Trail, "since">;
  #cursor: Cursor = {};
  #reading: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  readonly #done = new KeySet();
  readonly #begun = new Map<string, Begun>();
  readonly #runs = new Map<string, Set<string>>();
  readonly #waits = new Map<string, Wait>();
  /** Waits whose end was read before them. */
  readonly #over = new Set<string>();
  /** Runs that are parked and could go on, with what they waited for. */
  readonly #ready = new Map<string, Waiting>();
  /** What is over and has not ended its stage yet: who parks with it on record read no further than before it. */
  readonly #given = new Map<string, Waiting>();
  /** By run, stage and item. */
  readonly #answers = new Map<string, KnownRecord<"answered">>();
  /** What this process is at: items by name, waits and runs by id. */
  readonly busy = new Set<string>();

  constructor(trail: Pick<Trail, "since">) {
    this.#trail = trail;
  }

  /** Takes in what any process has written until now: a reading that is under way may have passed it. */
  refresh(): Promise<void> {
    if (this.#reading === undefined) return this.#read();
    this.#queued ??= this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    );
    return this.#queued;
  }

  #read(): Promise<void> {
    this.#queued = undefined;
    const reading = this.#trail
      .since(this.#cursor, (records) => {
        for (const record of records) this.#take(record);
      })
      .then(({ records, cursor }) => {
        for (const record of records) this.#take(record);
        this.#cursor = cursor;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }

  isDone(item: string): boolean {
    return this.#done.has(item);
  }

  /** Items that were begun and have no end, by name. */
  get begun(): ReadonlyMap<string, Begun> {
    return this.#begun;
  }

  /** The runs in which such an item was begun: more than one where its program, or its peer's settings, had changed. */
  runsOf(item: string): ReadonlySet<string> {
    return this.#runs.get(item) ?? new Set();
  }

  /** What is waited for, by the wait's id. */
  get waits(): ReadonlyMap<string, Wait> {
    return this.#waits;
  }

  /** Runs that are parked and could go on, with what they waited for. */
  get ready(): ReadonlyMap<string, Waiting> {
    return this.#ready;
  }

  /** The run has gone on, or cannot. */
  forget(run: string): void {
    this.#ready.delete(run);
  }

  /** What a person said to the stage that waits for it. */
  answerTo({ record }: Wait): KnownRecord<"answered"> | undefined {
    return this.#answers.get(placeOf(record));
  }

  #take(record: Record): void {
    switch (record.kind) {
      case "run.started": {
        if (record.run !== undefined) this.#ready.delete(record.run);
        if (record.item === undefined || record.dry === true) return;
        const name = itemName(record.pipeline, record.source ?? 0, record.item);
        if (this.#done.has(name)) return;
        this.#begun.set(name, record);
        if (record.run === undefined) return;
        const runs = this.#runs.get(name);
        if (runs === undefined) this.#runs.set(name, new Set([record.run]));
        else runs.add(record.run);
        return;
      }
      case "stage.ended":
        if (this.#given.size > 0) this.#given.delete(placeOf(record));
        return;
      case "run.ended": {
        const { item, pipeline, status, source = 0 } = record;
        if (status !== "cancelled") this.#onEnd(record.run, status === "parked");
        if (item === undefined || pipeline === undefined || !(status === "ok" || status === "failed")) return;
        const name = itemName(pipeline, source, item);
        this.#done.add(name);
        this.#begun.delete(name);
        this.#runs.delete(name);
        return;
      }
      case "waiting":
        if (record.attempt === undefined) return;
        if (this.#over.delete(record.attempt)) this.#isOver(record);
        else this.#waits.set(record.attempt, { id: record.attempt, record, credits: [], score: undefined });
        return;
      case "waited": {
        if (record.attempt === undefined) return;
        const wait = this.#waits.get(record.attempt);
        if (wait === undefined) this.#over.add(record.attempt);
        else this.#isOver(wait.record);
        this.#waits.delete(record.attempt);
        return;
      }
      case "answered":
        this.#answers.set(placeOf(record), record);
        return;
      case "credit":
        this.#change(record.wait, (wait) => ({ ...wait, credits: [...wait.credits, record] }));
        return;
      case "score":
        if (record.attempt !== undefined) this.#change(record.attempt, (wait) => ({ ...wait, score: record }));
        return;
    }
  }

  /** What waited for it can go on. */
  #isOver(waiting: Waiting): void {
    this.#answers.delete(placeOf(waiting));
    if (waiting.for === "score" || waiting.run === undefined) return;
    this.#ready.set(waiting.run, waiting);
    this.#given.set(placeOf(waiting), waiting);
  }

  #onEnd(run: string | undefined, isParked: boolean): void {
    for (const [place, waiting] of this.#given) {
      if (waiting.run !== run) continue;
      if (isParked) this.#ready.set(waiting.run!, waiting);
      else this.#given.delete(place);
    }
  }

  #change(id: string, change: (wait: Wait) => Wait): void {
    const wait = this.#waits.get(id);
    if (wait !== undefined) this.#waits.set(id, change(wait));
  }
}

const shared = new WeakMap<Trail, Outstanding>();

/** One for all peers of a process, so that they do not do the same thing side by side. */
export function outstandingOf(trail: Trail): Outstanding {
  let outstanding = shared.get(trail);
  if (outstanding === undefined) {
    outstanding = new Outstanding(trail);
    shared.set(trail, outstanding);
  }
  return outstanding;
}
