/** What holds where neither a program nor the prelude says anything. Times in seconds. */
import type { Model, Retry } from "../../runtime/plan.ts";

export const DEFAULTS = {
  retry: { stall: "ignore", backoff: { low: 1, high: 60 } } satisfies Partial<Retry>,
  /** Turns of an agent with tools; one without needs one. */
  turns: 8,
  /** Items of a fan-out side by side. */
  parallel: 4,
  /** … of a source. */
  sourceItems: 64,
  /** The most that one call of a model may read and write. */
  tokens: { read: 32_000, write: 4_000 } satisfies Model["tokens"],
} as const;
