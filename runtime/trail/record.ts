/**
 * The records of the trail. Everything that happens is one of these; tables, knowledge and resume are made of nothing else.
 *
 * A record on disk is one JSON object on a line: the envelope's fields, the kind's own fields flat beside them, the CRC
 * last. Unknown fields survive reading and writing; a record with a newer `v` is kept and counted, not interpreted.
 */
import { z } from "zod";
import { Json } from "../types.ts";

/** The version of record that this code writes. */
export const RECORD_VERSION = 1;

/** Why an attempt failed. `environment` classes are records, never evidence against a claim. */
export const FAILURE_CLASSES = [
  "error", // the tool or program failed
  "invalid", // an answer that does not fit its type
  "refused", // an `expect` did not hold, or a model declined
  "infeasible", // a metric outside its range
  "timeout",
  "rate_limit",
  "network",
  "quota",
  "limit", // a declared limit of money or calls
  "no_key",
  "no_backend",
  "cancelled",
  "interrupted", // the process died
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Failures of the world: they say nothing about what was chosen. */
export const ENVIRONMENT_FAILURES: ReadonlySet<FailureClass> = new Set([
  "rate_limit",
  "network",
  "quota",
  "limit",
  "no_key",
  "no_backend",
  "cancelled",
  "interrupted",
]);

const regime = z.int().nonnegative().max(1_000_000);
const id = z.string().min(1).max(200);
const seconds = z.number().nonnegative();
const failure = { class: z.enum(FAILURE_CLASSES).optional(), error: z.string().optional() };

/** A value, whole up to 64 KB of JSON; beyond that as an artifact of the store, by its content hash. */
const output = { output: Json.optional(), artifact: z.string().optional(), hash: z.string().optional() };

/** Ids of the records that this one takes the place of: what they said of an attempt and a metric no longer counts. */
const supersedes = z.array(id).optional();

/** A claim as it was shown by a recall, with the strength it had. */
const Shown = z.looseObject({ claim: z.string(), strength: z.number(), anti: z.boolean().optional() });

/**
 * Each kind's own fields. `stage` is `pipeline.name`; `scope` the item of the enclosing fan-outs, keys joined by `/`, absent
 * outside of one; `attempt` an id, unique in the store.
 */
export const KINDS = {
  /** A plan that this process runs, once per process and plan; the plan itself is an artifact under `plan`. */
  "plan.loaded": z.looseObject({
    path: z.string(),
    artifact: z.string(),
    /** Hash of the program's plan, before a peer or `--set` changed it. */
    program: z.string().optional(),
  }),
  "run.started": z.looseObject({
    pipeline: z.string(),
    subnet: z.string().optional(),
    cycle: z.int().nonnegative(),
    seed: z.number(),
    input: Json.optional(),
    /** The item of a source that this run answers: its key; which of the pipeline's sources gave it, from 0; and itself. */
    item: z.string().optional(),
    source: z.int().nonnegative().optional(),
    ...output,
    /** When the item's time is over. */
    until: z.string().optional(),
    /** Set where the run goes on that began earlier: after a kill, a cancel, a failure, or from where it was parked. */
    resumed: z.boolean().optional(),
    /** Which time it is that the run begins or goes on, from 1: the order of its records over processes. */
    turn: z.int().positive().optional(),
    dry: z.boolean().optional(),
  }),
  "run.ended": z.looseObject({
    status: z.enum(["ok", "failed", "cancelled", "parked"]),
    error: z.string().optional(),
    elapsed: seconds,
    /** As in `run.started`, so that this record alone says that the item is done. */
    pipeline: z.string().optional(),
    item: z.string().optional(),
    source: z.int().nonnegative().optional(),
  }),
  "stage.started": z.looseObject({ line: z.int().optional(), file: z.string().optional() }),
  "stage.ended": z.looseObject({
    status: z.enum(["ok", "failed", "skipped", "cancelled", "none"]),
    /** The agent or tool whose value won, and in which of the stage's alternatives where that is not the first. */
    via: z.string().optional(),
    alternative: z.int().nonnegative().optional(),
    /** What was chosen had been recalled before it was chosen. */
    echo: z.boolean().optional(),
    attempts: z.int().nonnegative(),
    elapsed: seconds,
    ...output,
    ...failure,
  }),
  /** What was read before a stage, and what of it was injected. */
  recall: z.looseObject({
    recall: z.string(),
    shown: z.array(Shown),
    /** How many claims were known in all. */
    known: z.int().nonnegative(),
    generation: z.int().nonnegative().optional(),
    elapsed: seconds,
  }),
  "attempt.started": z.looseObject({
    number: z.int().positive(),
    callee: z.string(),
    /** Which of the stage's alternatives it is of, where that is not the first. */
    alternative: z.int().nonnegative().optional(),
    model: z.string().optional(),
    temperature: z.number().optional(),
    backend: z.string().optional(),
    note: z.string().optional(),
    /** The hash of a claim that the runtime chose to have evaluated again, instead of asking the model. */
    reevaluates: z.string().optional(),
  }),
  "attempt.ended": z.looseObject({
    ok: z.boolean(),
    elapsed: seconds,
    cost: z.number().nonnegative().optional(),
    /** Seconds after which whoever was asked wants to be asked again: what a refusal's headers said of its limits. */
    retry_after: seconds.optional(),
    ...output,
    ...failure,
  }),
  /** One exchange with a model. */
  turn: z.looseObject({
    model: z.string(),
    number: z.int().positive(),
    input_tokens: z.int().nonnegative().optional(),
    output_tokens: z.int().nonnegative().optional(),
    /** Of `input_tokens`, what the provider's cache had, and what it took in. */
    cached_tokens: z.int().nonnegative().optional(),
    caching_tokens: z.int().nonnegative().optional(),
    cost: z.number().nonnegative().optional(),
    latency: seconds,
    request: z.string().optional(),
    prompt: z.string().optional(),
    answer: Json.optional(),
    ...failure,
  }),
  /** One call of a tool, by a stage or by an agent. */
  "tool.started": z.looseObject({ tool: z.string(), call: id, effect: z.boolean().optional() }),
  "tool.ended": z.looseObject({
    tool: z.string(),
    call: id,
    effect: z.boolean().optional(),
    ok: z.boolean(),
    /** It was not called: an earlier result of the same call was taken. */
    cached: z.boolean().optional(),
    elapsed: seconds,
    cost: z.number().nonnegative().optional(),
    ...output,
    ...failure,
  }),
  /**
   * What is known of an effect whose `call` was begun and gave no result: `unsure` asks a person; `happened`, with its
   * result, `undone` (it did not happen, and may be done) and `left` (leave it, and fail) are what `confirm` or a person
   * says, whom `by` names.
   */
  effect: z.looseObject({
    tool: z.string(),
    call: id,
    state: z.enum(["unsure", "happened", "undone", "left"]),
    by: z.string().optional(),
    why: z.string().optional(),
    ...output,
  }),
  /** One observation about one claim by one peer: the unit of knowledge. See `knowledge/`. */
  evidence: z.looseObject({
    subnet: z.string(),
    /** The canonical JSON of what was chosen, and the hash that names it. */
    claim: z.string(),
    chosen: z.string(),
    niche: z.string(),
    version: z.string().optional(),
    regime,
    ok: z.boolean(),
    class: z.enum(FAILURE_CLASSES).optional(),
    metric: z.string().optional(),
    value: z.number().optional(),
    /** -1 minimise, +1 maximise. */
    direction: z.union([z.literal(-1), z.literal(1)]).optional(),
    /** Weight of the metric among the stage's metrics; 1 where none is declared. */
    weight: z.number().nonnegative().max(1e6).optional(),
    /** The metric for which this one stands in until it is known. */
    proxy: z.string().optional(),
    verified: z.boolean(),
    echo: z.boolean(),
    /** The time it speaks of, where it was learned later. */
    at: z.string().optional(),
    supersedes,
  }),
  /** What `best` or `last` answered, once a run and question: a run that goes on has the same answer. */
  memory: z.looseObject({ question: z.string(), ...output }),
  /** A metric, measured. */
  score: z.looseObject({
    /** Without one it is of the subnet of its run. */
    subnet: z.string().optional(),
    metric: z.string(),
    value: z.number(),
    direction: z.union([z.literal(-1), z.literal(1)]),
    feasible: z.boolean(),
    /** The time the score speaks of, where it came late. */
    at: z.string().optional(),
    supersedes,
  }),
  /**
   * Something is not there yet, and is asked for again each `every` seconds until `until`: a score that comes late, the
   * value of a stage, a person's approval. The `attempt` is the wait's own id. The output is what is evaluated then, an
   * expression whose names are values; of an approval, what is to be approved.
   */
  waiting: z.looseObject({
    for: z.enum(["score", "value", "approval"]),
    pipeline: z.string(),
    subnet: z.string().optional(),
    /** The program's file. */
    path: z.string(),
    metric: z.string().optional(),
    take: z.enum(["first", "last"]).optional(),
    every: seconds,
    until: z.string(),
    ...output,
  }),
  /** The wait named by `attempt` is over: there was a value, which is the output of a stage's, or its time has passed. */
  waited: z.looseObject({
    for: z.enum(["score", "value", "approval"]),
    found: z.boolean(),
    error: z.string().optional(),
    ...output,
  }),
  /** What a person answered to the stage of a run that waits for an approval; the person is the peer. */
  answered: z.looseObject({ answer: z.boolean(), why: z.string().optional() }),
  /** What a late score or an answer will be evidence for, once it comes: `wait` names it. Else as in `evidence`. */
  credit: z.looseObject({
    wait: id,
    subnet: z.string(),
    claim: z.string(),
    chosen: z.string(),
    niche: z.string(),
    version: z.string().optional(),
    regime: z.int().nonnegative(),
    metric: z.string().optional(),
    direction: z.union([z.literal(-1), z.literal(1)]).optional(),
    weight: z.number().nonnegative().optional(),
    proxy: z.string().optional(),
    echo: z.boolean(),
  }),
  /** The subnet moved under a stage, by measurement or by its version: this closes one regime, and the next one begins. */
  drift: z.looseObject({
    subnet: z.string(),
    regime,
    /** The last time that nothing was amiss: the regime's evidence from after it belongs to no regime. */
    since: z.string().optional(),
    /** Where a new version of the subnet is the reason: it, and the one before. */
    version: z.string().optional(),
    was: z.string().optional(),
    message: z.string().optional(),
  }),
  /** In `regime` the subnet is as it was in `same`. */
  return: z.looseObject({ subnet: z.string(), regime, same: regime, message: z.string().optional() }),
  /** What drops out of every copy of the trail, and is refused where it arrives: by name and hash, never the content. */
  forgotten: z.looseObject({
    records: z.array(z.looseObject({ process: id, seq: z.int().positive(), id, hash: z.string() })),
    artifacts: z.array(z.string()),
    why: z.string().optional(),
  }),
  /** Skipped rungs, mutations, notes to a person: `name` tells. */
  event: z.looseObject({ name: z.string(), message: z.string().optional() }),
} as const satisfies { readonly [kind: string]: z.ZodType };

export type Kind = keyof typeof KINDS;

/** Stamped by the runtime, never taken from the words of a model or a tool. */
export interface Origin {
  readonly peer: string;
  readonly run?: string | undefined;
  /** Hash of the plan. */
  readonly plan?: string | undefined;
  readonly stage?: string | undefined;
  readonly scope?: string | undefined;
  readonly attempt?: string | undefined;
}

/**
 * A record as it is handed to the trail. A field that is `undefined` is one that is not there: what is written often names
 * all of its fields, so that every record of a kind has one shape, and takes half the time to make.
 */
export type Draft = { [K in Kind]: { readonly kind: K } & Origin & z.input<(typeof KINDS)[K]> }[Kind];

/** What the trail adds when it writes. */
export interface Stamp {
  readonly v: number;
  /** The writing process, and the number of the record in it, from 1, without gaps. */
  readonly process: string;
  readonly seq: number;
  /** UUIDv7: for people; order never rests on it. */
  readonly id: string;
  /** ISO 8601 in UTC with milliseconds; never goes back within a process. */
  readonly time: string;
}

/** A record as it is read. A kind or a version that this code does not know stays as it is. */
export type Record = Draft & Stamp;
export type KnownRecord<K extends Kind> = Extract<Draft, { kind: K }> & Stamp;
