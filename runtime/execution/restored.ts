/**
 * What a run that goes on already knows, from its own records: which stages have ended and with what, what it asked the
 * memory, and what it has said. A stage that has ended settles from here at once; all else that a run derives (scores,
 * evidence, what is skipped) is derived again, and what is on record already is not written a second time.
 */
import { type Artifacts, artifactsOf } from "../trail/artifacts.ts";
import { type Claims, claimsOf } from "../trail/claims.ts";
import type { Draft, FailureClass, KnownRecord, Record } from "../trail/record.ts";
import type { Trail } from "../trail/trail.ts";
import { mayWrite } from "../trail/writers.ts";
import type { Json } from "../types.ts";
import { type KnownAttempts, knownAttempts } from "./known-attempts.ts";
import { knownEffect, type RestoredEffect } from "./known-effect.ts";
import { RefusedError } from "./load.ts";
import { itemName, outstandingOf } from "./outstanding.ts";

/** A stage that has ended, for better or worse: it is not run again. */
export type RestoredStage =
  | {
      readonly status: "ok";
      readonly value: Json;
      /** The agent or tool whose value won, in which of the stage's alternatives, and in which attempt. */
      readonly via: string;
      readonly alternative: number;
      readonly attempt: string;
      /** What was chosen had been recalled before. */
      readonly echo: boolean;
      readonly attempts: number;
    }
  | {
      readonly status: "none" | "failed";
      readonly attempts: number;
      readonly failure: { readonly class: FailureClass; readonly error: string };
    };

/** What a run was when it was begun: all that must be the same when it goes on. */
export interface RunHead {
  readonly run: string;
  readonly peer: string;
  /** Hash of its plan. */
  readonly plan: string;
  readonly pipeline: string;
  readonly cycle: number;
  readonly seed: number;
  readonly input: { readonly [name: string]: Json };
  /** The key of the source's item that it answers. */
  readonly item: string | undefined;
  readonly dry: boolean;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** How often it has begun or gone on so far. */
  readonly turns: number;
  /** `open`: without an end; whether that is interrupted or still under way, its process tells. */
  readonly status: "open" | "ok" | "failed" | "cancelled" | "parked";
  /** The process that ran it last. */
  readonly process: string;
}

export interface RestoredWait {
  readonly id: string;
  /** Undefined while it waits; else what it waited for, or nothing where its time has passed. */
  readonly outcome: { readonly value: Json | undefined } | undefined;
}

export interface RestoredRun extends RunHead {
  /** What the source gave: which of the pipeline's it was, the item, and when its time is over (milliseconds since 1970). */
  readonly given: { readonly source: number; readonly value: Json; readonly until: number | undefined } | undefined;
  /** By `stageKey`. */
  readonly stages: ReadonlyMap<string, RestoredStage>;
  /** What was tried of stages that have not ended, by `stageKey`. */
  readonly attempts: ReadonlyMap<string, KnownAttempts>;
  /** What the run's stages wait for, by `stageKey`, and what came of it. */
  readonly waits: ReadonlyMap<string, RestoredWait>;
  /** What is on record of effects, by `stageKey`. */
  readonly effects: ReadonlyMap<string, RestoredEffect>;
  /** What the memory answered, by the question's JSON. */
  readonly answers: ReadonlyMap<string, Json>;
  /** The number of the last id that it gave out. */
  readonly lastId: number;
  /** Whether this is on record already. Each record absorbs one draft that says the same. */
  absorbs(draft: Draft): boolean;
}

export const stageKey = (stage: string, scope: string): string => `${stage}\0${scope}`;

/** The runs among these records, in the order in which they began. */
export function runHeads(records: Iterable<Record>): readonly RunHead[] {
  const heads = [...byRun(records).values()].flatMap((own) => headOf(own) ?? []);
  return heads.sort((a, b) => a.began - b.began || (a.run < b.run ? -1 : 1));
}

/**
 * Everything that one run knows; `undefined` where the records do not have its beginning.
 *
 * @throws RefusedError where what a stage gave can no longer be read: the run cannot go on.
 */
export async function restoredRun(
  records: Iterable<Record>,
  run: string,
  artifacts: Artifacts,
): Promise<RestoredRun | undefined> {
  const own = inOrder([...records].filter((record) => record.run === run));
  const head = headOf(own);
  if (head === undefined) return undefined;

  const ended = new Map<string, KnownRecord<"stage.ended">>();
  const answered = new Map<string, KnownRecord<"memory">>();
  const said = new Map<string, number>();
  let lastId = 0;
  for (const record of own) {
    lastId = Math.max(lastId, idIn(record, run, "attempt"), idIn(record, run, "call"));
    const words = wordsOf(record);
    if (words !== undefined) said.set(words, (said.get(words) ?? 0) + 1);
    if (record.kind === "memory") answered.set(record.question, record);
    if (record.kind === "stage.ended" && record.status !== "cancelled" && record.class !== "cancelled")
      ended.set(stageKey(record.stage ?? "", record.scope ?? ""), record);
    // Who lets a run go on that has failed wants what failed to be tried again.
    if (record.kind === "run.ended" && record.status === "failed") {
      for (const [key, { status }] of ended) if (status === "failed" || status === "skipped") ended.delete(key);
      for (const words of said.keys()) if (words.startsWith(SKIPPED)) said.delete(words);
    }
  }

  const stages = new Map<string, RestoredStage>();
  for (const [key, record] of ended) {
    // What was skipped is skipped again, for the same reason, or is no longer.
    if (record.status === "skipped" || record.status === "cancelled") continue;
    stages.set(key, await stageOf(record, record.status, head, artifacts));
  }
  const answers = new Map<string, Json>();
  for (const [question, record] of answered) answers.set(question, await valueOf(record, head, artifacts));
  const over = new Map(own.flatMap((record) => (record.kind === "waited" ? [[record.attempt, record] as const] : [])));
  const waits = new Map<string, RestoredWait>();
  for (const record of own) {
    if (record.kind !== "waiting" || record.for === "score" || record.attempt === undefined) continue;
    const end = over.get(record.attempt);
    const value = end?.found === true ? await valueOf(end, head, artifacts) : undefined;
    waits.set(stageKey(record.stage ?? "", record.scope ?? ""), {
      id: record.attempt,
      outcome: end === undefined ? undefined : { value },
    });
  }
  const [first] = own.filter((record) => record.kind === "run.started");
  const { source = 0, until } = first!;
  return {
    ...head,
    given:
      head.item === undefined
        ? undefined
        : {
            ...{ source, value: await valueOf(first!, head, artifacts) },
            until: until === undefined ? undefined : Date.parse(until),
          },
    stages,
    attempts: knownAttempts(own, stageKey),
    waits,
    effects: await effectsIn(own, run, artifacts),
    answers,
    lastId,
    absorbs(draft) {
      const words = wordsOf(draft);
      const left = words === undefined ? 0 : (said.get(words) ?? 0);
      if (left > 0) said.set(words!, left - 1);
      return left > 0;
    },
  };
}

/** What these records tell of effects, by `stageKey`; `run` is who wants to know. */
async function effectsIn(
  records: readonly Record[],
  run: string,
  artifacts: Artifacts,
): Promise<ReadonlyMap<string, RestoredEffect>> {
  const told = new Map<string, Record[]>();
  for (const record of records) {
    if (!isOfEffect(record)) continue;
    const key = stageKey(record.stage ?? "", record.scope ?? "");
    const known = told.get(key);
    if (known === undefined) told.set(key, [record]);
    else known.push(record);
  }
  const effects = new Map<string, RestoredEffect>();
  for (const [key, of] of told) {
    const known = knownEffect(of);
    if (known?.state === "done")
      effects.set(key, { state: "done", value: await valueOf(known.record, { run }, artifacts) });
    else if (known !== undefined) effects.set(key, known);
  }
  return effects;
}

/**
 * What an item's runs did to the world, whichever of them it was: by `stageKey`. An item that was begun with another plan
 * is begun anew, and what was done for it is done.
 *
 * @throws RefusedError where what an effect gave can no longer be read.
 */
export async function effectsOfRuns(
  store: string,
  trail: Trail,
  runs: ReadonlySet<string>,
): Promise<ReadonlyMap<string, RestoredEffect>> {
  const own: Record[] = [];
  const keep = (records: readonly Record[]): void => {
    for (const record of records) if (runs.has(record.run ?? "") && isOfEffect(record)) own.push(record);
  };
  keep((await trail.since({}, keep)).records);
  return effectsIn(own, [...runs].at(-1)!, artifactsOf(store));
}

async function stageOf(
  record: KnownRecord<"stage.ended">,
  status: "ok" | "none" | "failed",
  head: RunHead,
  artifacts: Artifacts,
): Promise<RestoredStage> {
  const { attempts } = record;
  if (status !== "ok") {
    return { status, attempts, failure: { class: record.class ?? "error", error: record.error ?? "it failed" } };
  }
  return {
    status,
    value: await valueOf(record, head, artifacts),
    via: record.via ?? "",
    alternative: record.alternative ?? 0,
    attempt: record.attempt ?? "",
    echo: record.echo ?? false,
    attempts,
  };
}

/** An artifact is read back by its hash, and refused where its content does not fit it. */
async function valueOf(
  {
    artifact,
    output,
    stage,
  }: KnownRecord<"stage.ended" | "tool.ended" | "effect" | "memory" | "run.started" | "waited">,
  { run }: Pick<RunHead, "run">,
  artifacts: Artifacts,
): Promise<Json> {
  if (artifact === undefined) return (output ?? null) as Json;
  const bytes = await artifacts.get(artifact);
  if (bytes !== undefined) return JSON.parse(bytes.toString("utf8")) as Json;
  throw new RefusedError("environment", [
    `The run ${run} cannot go on: what ${stage ?? "the memory"} gave is no longer in the store (artifact ${artifact}).`,
  ]);
}

const isOfEffect = (record: Record): boolean =>
  record.kind === "effect" ||
  ((record.kind === "tool.started" || record.kind === "tool.ended") && record.effect === true);

/** Ids are `<run>:<number>`. */
function idIn(record: Record, run: string, field: "attempt" | "call"): number {
  const id = (record as { readonly [name: string]: unknown })[field];
  if (typeof id !== "string" || !id.startsWith(`${run}:`)) return 0;
  const number = Number(id.slice(run.length + 1));
  return Number.isSafeInteger(number) ? number : 0;
}

const SKIPPED = '["skipped"';

/** What a record says that a run derives from what its stages gave; `undefined` of all others. */
function wordsOf(record: Draft): string | undefined {
  const { scope = "" } = record;
  switch (record.kind) {
    case "score":
      return JSON.stringify(["score", scope, record.metric, record.value, record.at ?? ""]);
    case "evidence":
      return JSON.stringify([
        "evidence",
        record.attempt,
        record.metric ?? "",
        record.class ?? "",
        record.ok,
        record.value ?? "",
      ]);
    case "waiting":
      return JSON.stringify(["waiting", record.attempt]);
    case "credit":
      return JSON.stringify(["credit", record.attempt, record.wait]);
    case "event":
      return record.name === "failed" ? JSON.stringify(["failed", scope, record.message]) : undefined;
    case "stage.ended":
      return record.status === "skipped" && record.class !== "cancelled"
        ? JSON.stringify(["skipped", record.stage, scope])
        : undefined;
    default:
      return undefined;
  }
}

// The order of a run's records ----------------------------------------------------------------------------------------

function byRun(records: Iterable<Record>): ReadonlyMap<string, readonly Record[]> {
  const runs = new Map<string, Record[]>();
  for (const record of records) {
    if (record.run === undefined || (record.kind !== "run.started" && record.kind !== "run.ended")) continue;
    const own = runs.get(record.run);
    if (own === undefined) runs.set(record.run, [record]);
    else own.push(record);
  }
  return new Map([...runs].map(([run, own]) => [run, inOrder(own)]));
}

/** Over processes the turns tell the order, within one the numbers. What others say of the run (a late score) comes last. */
function inOrder(own: readonly Record[]): readonly Record[] {
  const turns = new Map<Record, number>();
  const current = new Map<string, number>();
  for (const record of own) {
    if (record.kind === "run.started") current.set(record.process, record.turn ?? 1);
    turns.set(record, current.get(record.process) ?? Number.POSITIVE_INFINITY);
  }
  const turnOf = (record: Record): number => turns.get(record)!;
  return [...own].sort((a, b) =>
    turnOf(a) !== turnOf(b)
      ? turnOf(a) - turnOf(b)
      : a.process === b.process
        ? a.seq - b.seq
        : a.process < b.process
          ? -1
          : 1,
  );
}

function headOf(own: readonly Record[]): RunHead | undefined {
  const begun = own.filter((record) => record.kind === "run.started");
  const [first] = begun;
  const last = begun.at(-1);
  if (first?.run === undefined || last === undefined) return undefined;
  const turns = last.turn ?? begun.length;
  const end = own.findLast((record) => record.kind === "run.ended");
  const isOver = end !== undefined && own.indexOf(end) > own.indexOf(last);
  return {
    run: first.run,
    peer: first.peer,
    plan: first.plan ?? "",
    pipeline: first.pipeline,
    cycle: first.cycle,
    seed: first.seed,
    input: (first.input ?? {}) as RunHead["input"],
    item: first.item,
    dry: first.dry === true,
    began: Date.parse(first.time),
    turns,
    status: isOver ? end.status : "open",
    process: last.process,
  };
}

// Taking a run over ---------------------------------------------------------------------------------------------------

/** Exactly one process at a time lets a run go on. */
const claimOf = (run: string): string => `run ${run}`;

export type TakenRun =
  | { readonly outcome: "taken"; readonly run: RestoredRun }
  /** `running`: another process has it. `ended`: it has come to its end. `unknown`: there is no such run. */
  | { readonly outcome: "running" | "ended" | "unknown" };

/**
 * Takes a run over for the process that writes this trail, and reads what it knows; then it goes on with `runPlan`'s
 * `resume`, which gives it back as it ends. A run that failed may go on too: what failed in it is tried again.
 *
 * @throws RefusedError where it cannot go on.
 */
export async function takeRun(store: string, trail: Trail, run: string): Promise<TakenRun> {
  // The claim keeps other processes from it. In this one a source, what waits, and other peers may want it at once, and
  // what is being asked for it would come too late to be read here.
  const { busy, waits } = outstandingOf(trail);
  const isAsked = [...waits.values()].some(({ id, record }) => record.run === run && busy.has(id));
  if (busy.has(run) || isAsked) return { outcome: "running" };
  busy.add(run);
  let taken: TakenRun | undefined;
  try {
    taken = await claimedRun(store, trail, run);
    return taken;
  } finally {
    // One that is taken is at work until it ends (`cycle.ts`).
    if (taken?.outcome !== "taken") busy.delete(run);
  }
}

async function claimedRun(store: string, trail: Trail, run: string): Promise<TakenRun> {
  const claims = claimsOf(store, trail.process);
  const claimed = await claims.take(claimOf(run), { inherit: true });
  if (claimed.outcome === "held") return { outcome: "running" };
  // Asked before reading, and read after the claim: whoever had it has said all that it had to say.
  const writes = mayWrite(store);
  const own: Record[] = [];
  const keep = (records: readonly Record[]): void => {
    for (const record of records) if (record.run === run) own.push(record);
  };
  keep((await trail.since({}, keep)).records);
  const restored = await restoredRun(own, run, artifactsOf(store)).catch((error: unknown) => {
    leaveRun(claims, run);
    throw error;
  });
  const outcome =
    restored === undefined
      ? "unknown"
      : restored.status === "ok"
        ? "ended"
        : restored.status === "open" && restored.process !== trail.process && writes(restored.process)
          ? "running"
          : undefined;
  const taken = outcome === undefined ? await ofItem(store, trail, restored!) : undefined;
  if (taken !== undefined) return { outcome: "taken", run: taken };
  leaveRun(claims, run);
  return { outcome: outcome ?? "ended" };
}

/** With what was done for its item in other runs of it; nothing where one of these has brought the item to its end. */
async function ofItem(store: string, trail: Trail, run: RestoredRun): Promise<RestoredRun | undefined> {
  const { item } = run;
  if (item === undefined) return run;
  const name = itemName(run.pipeline, run.given?.source ?? 0, item);
  const outstanding = outstandingOf(trail);
  await outstanding.refresh();
  if (!outstanding.isDone(name) && outstanding.runsOf(name).size < 2) return run;
  const runs = new Set<string>();
  let isDone = false;
  const look = (records: readonly Record[]): void => {
    for (const record of records) {
      if (record.kind !== "run.started" && record.kind !== "run.ended") continue;
      if (record.item !== item || itemName(record.pipeline ?? "", record.source ?? 0, item) !== name) continue;
      if (record.kind === "run.started" && record.dry !== true && record.run !== undefined) runs.add(record.run);
      else if (record.kind === "run.ended" && record.run !== run.run)
        isDone ||= record.status === "ok" || record.status === "failed";
    }
  };
  look((await trail.since({}, look)).records);
  return isDone ? undefined : { ...run, effects: await effectsOfRuns(store, trail, runs) };
}

/** After the run's end is on record. */
export function leaveRun(claims: Claims, run: string): void {
  claims.settle(claimOf(run));
}
