/** What the records of a run tell of the attempts of its stages. */
import type { Record } from "../trail/record.ts";
import type { Past } from "./retry.ts";

/**
 * Of one stage and item. An attempt that was cut off failed at nothing: it counts for neither, and is made again under
 * its own number.
 */
export interface KnownAttempts {
  /** How many have ended without a value, in all the times that the run began or went on: the next one is numbered on. */
  readonly count: number;
  /** Those after which the retry policy goes on, by alternative. */
  readonly tried: ReadonlyMap<number, readonly Past[]>;
}

interface Told {
  count: number;
  readonly tried: Map<number, Past[]>;
}

/** Of a run's records in their order, by what `keyOf` makes of a stage and its item. */
export function knownAttempts(
  records: Iterable<Record>,
  keyOf: (stage: string, scope: string) => string,
): ReadonlyMap<string, KnownAttempts> {
  const stages = new Map<string, Told>();
  const begun = new Map<string, number>();
  const claims = new Map<string, string>();
  const all = [...records];
  for (const record of all) {
    if (record.kind === "evidence" && !record.ok && record.attempt !== undefined)
      claims.set(record.attempt, record.claim);
  }
  for (const record of all) {
    const { attempt, stage = "", scope = "" } = record;
    // Who lets a run go on that has failed gives what failed in it all its attempts again.
    if (record.kind === "run.ended" && record.status === "failed")
      for (const { tried } of stages.values()) tried.clear();
    if (attempt === undefined) continue;
    if (record.kind === "attempt.started") begun.set(attempt, record.alternative ?? 0);
    if (record.kind !== "attempt.ended" || record.ok) continue;
    const { class: kind = "error", error = "it failed" } = record;
    const alternative = begun.get(attempt);
    if (alternative === undefined || kind === "cancelled" || kind === "interrupted") continue;
    const key = keyOf(stage, scope);
    const told = stages.get(key) ?? { count: 0, tried: new Map() };
    stages.set(key, told);
    told.count += 1;
    const value = record.output as Past["value"];
    const past: Past = { class: kind, error, claim: claims.get(attempt), retryAfter: record.retry_after, value };
    told.tried.set(alternative, [...(told.tried.get(alternative) ?? []), past]);
  }
  return stages;
}
