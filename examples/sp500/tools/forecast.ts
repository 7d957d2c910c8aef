/** How good a model is: forecasts from days of the past, fitted on what was known before each, scored by what came. */
import { crps } from "./crps.ts";
import { ensemble, type Model } from "./families.ts";
import type { History } from "./prices.ts";

/** RiskMetrics (J.P. Morgan 1996), in use ever since: normal shocks, and a day counts 0.94 of the day after it. */
export const BASELINE: Model = { scale: 1, family: "gaussian", halflife: Math.log(0.5) / Math.log(0.94) };

/** A forecast needs about a year of days before it. */
export const FIRST_DAY = 251;

const MEMBERS = 100;

export interface Score {
  /** The model's CRPS over the baseline's on the same days; below 1 is better than the baseline. */
  readonly ratio: number;
  /** The model's mean CRPS, in per cent of return. */
  readonly crps: number;
}

/**
 * Scores a model on the returns over `horizon` days that begin with each of `days` (indices into the history).
 *
 * Each day's CRPS counts in units of the baseline's spread on that day: else a few wild weeks of 2008 would outweigh
 * years. Every model meets the same draws on the same day, so that comparisons carry little of the noise of drawing.
 */
export function evaluate(model: Model, past: History, days: readonly number[], horizon: number): Score {
  let sum = 0;
  let weighted = 0;
  let weightedBaseline = 0;
  for (const day of days) {
    const reference = referenceOn(day, past, horizon);
    const score = crps(ensemble(model, past.returns, day, horizon, MEMBERS, day), reference.outcome);
    sum += score;
    weighted += score / reference.spread;
    weightedBaseline += reference.crps / reference.spread;
  }
  return { ratio: weighted / weightedBaseline, crps: sum / days.length };
}

/** What came after a day, and what the baseline had said. */
interface Reference {
  readonly outcome: number;
  readonly crps: number;
  readonly spread: number;
}

/** The same for every model: worked out once a day and process. */
const references = new WeakMap<History, Map<string, Reference>>();

function referenceOn(day: number, past: History, horizon: number): Reference {
  let known = references.get(past);
  if (known === undefined) {
    known = new Map();
    references.set(past, known);
  }
  const key = `${day} ${horizon}`;
  let reference = known.get(key);
  if (reference === undefined) {
    const { returns } = past;
    const outcome = returns.subarray(day, day + horizon).reduce((total, change) => total + change, 0);
    const members = ensemble(BASELINE, returns, day, horizon, MEMBERS, day);
    reference = { outcome, crps: crps(members, outcome), spread: spread(members) };
    known.set(key, reference);
  }
  return reference;
}

/** The standard deviation of an ensemble around 0. */
function spread(members: Float64Array): number {
  return Math.sqrt(members.reduce((sum, member) => sum + member * member, 0) / members.length);
}
