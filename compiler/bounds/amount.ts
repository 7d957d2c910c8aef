/** Amounts that may have no bound, and then say why. */
import type { Position } from "../../runtime/plan.ts";

/** No bound, for a reason with its place. */
export interface Unbounded {
  readonly because: string;
  /** What would bound it, as a sentence. */
  readonly mend: string;
  readonly at: Position;
}

export type Most = number | Unbounded;

/** From the least that a run without a failure comes to, to the most that any run can. */
export interface Amount {
  readonly least: number;
  readonly most: Most;
}

export const isBounded = (most: Most): most is number => typeof most === "number";

export function plus(a: Most, b: Most): Most {
  return isBounded(a) ? (isBounded(b) ? a + b : b) : a;
}

/** Nothing of what has no bound is nothing. */
export function times(a: Most, b: Most): Most {
  if (a === 0 || b === 0) return 0;
  return isBounded(a) ? (isBounded(b) ? a * b : b) : a;
}

export function greater(a: Most, b: Most): Most {
  return isBounded(a) ? (isBounded(b) ? Math.max(a, b) : b) : a;
}
