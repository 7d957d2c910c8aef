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
 * Each day's CRPS counts in units of the baseline's own, expected on that day: else a few wild weeks of 2008 would outweigh
 * years. Every model meets the same draws on the same day, so that comparisons carry little of the noise of drawing.
 */
export function evaluate(model: Model, { returns }: History, days: readonly number[], horizon: number): Score {
  let sum = 0;
  let weighted = 0;
  let weightedBaseline = 0;
  for (const day of days) {
    const outcome = returns.subarray(day, day + horizon).reduce((total, change) => total + change, 0);
    const reference = ensemble(BASELINE, returns, day, horizon, MEMBERS, day);
    const weight = 1 / spread(reference);
    const score = crps(ensemble(model, returns, day, horizon, MEMBERS, day), outcome);
    sum += score;
    weighted += weight * score;
    weightedBaseline += weight * crps(reference, outcome);
  }
  return { ratio: weighted / weightedBaseline, crps: sum / days.length };
}

/** The standard deviation of an ensemble around 0. */
function spread(members: Float64Array): number {
  return Math.sqrt(members.reduce((sum, member) => sum + member * member, 0) / members.length);
}
