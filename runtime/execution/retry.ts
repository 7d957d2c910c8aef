/**
 * What to try next, as a pure function of this stage's own history: nothing is shared between stages or runs.
 */
import type { Retry } from "../plan.ts";
import { random } from "../random.ts";
import type { FailureClass } from "../trail/record.ts";
import type { Json } from "../types.ts";

/** How one attempt went that did not succeed. */
export interface Tried {
  readonly class: FailureClass;
  readonly error: string;
  /** What was proposed, if anything valid was; the same claim twice is a stall. */
  readonly claim: string | undefined;
  /** Seconds after which the world asked to be tried again. */
  readonly retryAfter: number | undefined;
}

/** An earlier attempt of the same alternative, with what it gave. */
export type Past = Tried & { readonly value: Json | undefined };

export interface AttemptSettings {
  /** From 1. */
  readonly number: number;
  /** A model's name; `undefined` for tools. */
  readonly model: string | undefined;
  readonly temperature: number | undefined;
  /** Milliseconds to wait first. */
  readonly delay: number;
  /** Said to the model. */
  readonly note: string | undefined;
}

/** Implementations are `retryPolicy`'s; a test may write its own. */
export interface RetryPolicy {
  /** The settings of the next attempt, or nothing: then the last failure stands. */
  next(history: readonly Tried[]): AttemptSettings | undefined;
}

type Rules = Pick<Retry, "attempts" | "ladder" | "temperature" | "stall" | "backoff" | "on">;

const UNWRITTEN: Omit<Rules, "attempts"> = { stall: "diverge", backoff: { low: 1, high: 30 } };
const AGENT: Rules = { ...UNWRITTEN, attempts: 3 };
const TOOL: Rules = { ...UNWRITTEN, attempts: 1 };

/** Trying again cannot help. */
const FINAL: ReadonlySet<FailureClass> = new Set(["cancelled", "interrupted", "no_backend"]);

/** Trying this model again cannot help; the next rung may be another's. */
const FINAL_OF_MODEL: ReadonlySet<FailureClass> = new Set(["no_key", "limit"]);

const OF_THE_ANSWER: ReadonlySet<FailureClass> = new Set(["invalid", "refused", "infeasible"]);

/** Whether a failure says something about the answer, and is said to the model: the world's mean nothing to it. */
export function isOfTheAnswer(failure: FailureClass | undefined, answered: boolean): boolean {
  return failure !== undefined && (OF_THE_ANSWER.has(failure) || (failure === "error" && answered));
}

/** Waiting may mend these; an answer that does not fit is better asked for again at once. */
const PASSING: ReadonlySet<FailureClass> = new Set(["error", "timeout", "rate_limit", "network", "quota"]);

/** `rungs`: for an agent the models that this machine can use, in the ladder's order; `undefined` for a tool. */
export function retryPolicy(rules: Rules | undefined, rungs: readonly string[] | undefined, seed: number): RetryPolicy {
  const { temperature, stall, backoff, on, attempts: most } = rules ?? (rungs === undefined ? TOOL : AGENT);
  const ladder = rungs !== undefined && rules?.ladder !== undefined;
  const attempts = ladder ? rungs.length : most;
  return {
    next(history) {
      const done = history.length;
      const last = history.at(-1);
      const rung = ladder ? nextRung(rungs, history) : done;
      if (rung >= attempts) return undefined;
      if (last !== undefined && (FINAL.has(last.class) || (on !== undefined && !on.includes(last.class))))
        return undefined;
      if (!ladder && last !== undefined && FINAL_OF_MODEL.has(last.class)) return undefined;
      return {
        number: done + 1,
        model: rungs?.[ladder ? rung : 0],
        temperature: temperature === undefined ? undefined : heat(temperature, done, attempts),
        delay: last === undefined ? 0 : delay(backoff, last, done, seed),
        note: last === undefined || rungs === undefined ? undefined : remark(history, stall),
      };
    },
  };
}

/** The rung after those that were tried, without those whose model cannot be used after all. */
function nextRung(rungs: readonly string[], history: readonly Tried[]): number {
  const dead = new Set<string>();
  let rung = 0;
  for (const { class: kind } of history) {
    if (FINAL_OF_MODEL.has(kind)) dead.add(rungs[rung]!);
    do rung += 1;
    while (rung < rungs.length && dead.has(rungs[rung]!));
  }
  return rung;
}

/** From low to high: by `step`, else evenly over the attempts. */
function heat({ low, high, step }: NonNullable<Rules["temperature"]>, done: number, attempts: number): number {
  const rise = step ?? (attempts > 1 ? (high - low) / (attempts - 1) : 0);
  return Number(Math.min(high, low + done * rise).toFixed(6));
}

/** Doubles from low up to high, of which a seeded part between half and all is waited; never less than the world asked for. */
function delay({ low, high }: Rules["backoff"], last: Tried, done: number, seed: number): number {
  if (!PASSING.has(last.class)) return 0;
  const full = Math.min(high, low * 2 ** Math.min(done - 1, 30));
  const jittered = full * (0.5 + 0.5 * random(seed + done)());
  return Math.round(1000 * Math.max(jittered, last.retryAfter ?? 0));
}

function remark(history: readonly Tried[], stall: Rules["stall"]): string | undefined {
  const index = history.findLastIndex((tried) => isOfTheAnswer(tried.class, tried.claim !== undefined));
  const last = history[index];
  if (last === undefined) return undefined;
  const why = `Your last answer was not taken: ${last.error}`;
  const repeated = last.claim !== undefined && history.slice(0, index).some((tried) => tried.claim === last.claim);
  return stall === "diverge" && repeated
    ? `${why}\nYou had answered the same before. Choose something clearly different.`
    : why;
}
