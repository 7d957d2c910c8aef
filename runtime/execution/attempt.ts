/** One attempt of a stage, as all see it that take part: the agent or tool asked, the tools that an agent calls, the check of `expect`. */
import type { StageNode } from "../plan.ts";
import { TrailError } from "../trail/trail.ts";
import type { Json, Type } from "../types.ts";
import type { Claim } from "../values/canonical.ts";
import { validate } from "../values/validate.ts";
import { AttemptError, Halt } from "./attempt-error.ts";
import type { RunContext, StageOrigin } from "./context.ts";
import type { Scope } from "./expression.ts";

export interface Attempt {
  readonly context: RunContext;
  readonly node: StageNode;
  /** The item that the stage stands in; "" outside of a fan-out. */
  readonly scopeKey: string;
  readonly scope: Scope;
  readonly origin: StageOrigin & { readonly attempt: string };
  /** Of everything random in it. */
  readonly seed: number;
}

/** What one attempt came to, with what it chose where it got so far. */
export interface Outcome {
  readonly value?: Json;
  readonly claim?: Claim;
  readonly cost?: number | undefined;
  readonly failure?: AttemptError;
}

/** Values by the name of a parameter. */
export type Input = { readonly [name: string]: Json };

/** What a failure's message may take in a record. */
const LONGEST_MESSAGE = 4000;

/**
 * The value as its type has it. `refuse`: a field that the type does not know is a mistake; else it is dropped. `places`:
 * files may be paths still.
 */
export function accept(value: unknown, type: Type, path: string, unknown: "refuse" | "drop", places = false): Json {
  const checked = validate(value, type, path, { unknown, places });
  if (checked.ok) return checked.value;
  throw new AttemptError("invalid", checked.reasons.join("; "));
}

/** What ends the run, or halts the stage, passes; anything else is a failure of this attempt. */
export function asAttemptError(error: unknown): AttemptError {
  if (error instanceof TrailError || error instanceof Halt) throw error;
  const message = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_MESSAGE);
  if (error instanceof AttemptError && error.message.length <= LONGEST_MESSAGE) return error;
  return error instanceof AttemptError
    ? new AttemptError(error.class, message, error.retryAfter)
    : new AttemptError("error", message);
}

/** Of milliseconds, as records have them. */
export const seconds = (milliseconds: number): number => Math.max(0, Math.round(milliseconds * 1000) / 1e6);
