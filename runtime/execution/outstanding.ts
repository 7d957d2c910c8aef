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
export function originOf({ id, record }: Wait): Origin {
  const { peer, run, plan, scope } = record;
  return {
    peer,
    attempt: id,
    ...(run === undefined ? {} : { run }),
    ...(plan === undefined ? {} : { plan }),
    ...(scope === undefined ? {} : { scope }),
  };
}

export class Outstanding {
  readonly #trail: Pick<Trail, "since">;
  #cursor: Cursor = {};
  #reading: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  readonly #done = new KeySet();
  readonly #begun = new Map<string, Begun>();
  readonly #waits = new Map<string, Wait>();
  /** Waits whose end was read before them. */
  readonly #over = new Set<string>();
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

  /** What is waited for, by the wait's id. */
  get waits(): ReadonlyMap<string, Wait> {
    return this.#waits;
  }

  #take(record: Record): void {
    switch (record.kind) {
      case "run.started": {
        if (record.item === undefined || record.dry === true) return;
        const name = itemName(record.pipeline, record.source ?? 0, record.item);
        if (!this.#done.has(name)) this.#begun.set(name, record);
        return;
      }
      case "run.ended": {
        const { item, pipeline, status, source = 0 } = record;
        if (item === undefined || pipeline === undefined || !(status === "ok" || status === "failed")) return;
        const name = itemName(pipeline, source, item);
        this.#done.add(name);
        this.#begun.delete(name);
        return;
      }
      case "waiting":
        if (record.attempt === undefined || this.#over.delete(record.attempt)) return;
        this.#waits.set(record.attempt, { id: record.attempt, record, credits: [], score: undefined });
        return;
      case "waited":
        if (record.attempt !== undefined && !this.#waits.delete(record.attempt)) this.#over.add(record.attempt);
        return;
      case "credit":
        this.#change(record.wait, (wait) => ({ ...wait, credits: [...wait.credits, record] }));
        return;
      case "score":
        if (record.attempt !== undefined) this.#change(record.attempt, (wait) => ({ ...wait, score: record }));
        return;
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
