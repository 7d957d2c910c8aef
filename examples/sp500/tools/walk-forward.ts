/** The tools that main.gang calls: which days to forecast from, and how good a model was on them. */
import type { Model } from "./families.ts";
import { evaluate, FIRST_DAY, type Score } from "./forecast.ts";
import { type History, history } from "./prices.ts";
import { random } from "./random.ts";

/** Days from here on are kept for comparisons: no cycle forecasts from one of them, nor is scored by one. */
export const KEPT_FROM = "2013-01-01";

/**
 * Dates to forecast from: one out of each of `count` equal stretches of the years before 2013, so that every cycle meets
 * calm years and wild ones alike. The runtime gives each attempt a seed of its own.
 */
export function drawDays(
  { count, horizon }: { readonly count: number; readonly horizon: number },
  { seed }: { readonly seed: number },
): readonly string[] {
  const past = history();
  const draw = random(seed);
  const stretch = (firstKept(past) - horizon + 1 - FIRST_DAY) / count;
  return Array.from({ length: count }, (_, i) => past.dates[FIRST_DAY + Math.floor((i + draw()) * stretch)]!);
}

/** Forecasts the return over the `horizon` days that begin with each of `days`. Days that are kept for comparisons are refused. */
export function walkForward({
  model,
  days,
  horizon,
}: {
  readonly model: Model;
  readonly days: readonly string[];
  readonly horizon: number;
}): Score {
  const past = history();
  const known = firstKept(past) - horizon;
  const indices = days.map((date) => {
    const day = past.dates.indexOf(date);
    if (day < FIRST_DAY || day > known)
      throw new Error(`${date} is no trading day to forecast ${horizon} days from, in the years before ${KEPT_FROM}.`);
    return day;
  });
  return evaluate(model, past, indices, horizon);
}

function firstKept({ dates }: History): number {
  return dates.findIndex((date) => date >= KEPT_FROM);
}
