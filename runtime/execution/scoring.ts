/** A score that came after its run: the record of it, and evidence for what was chosen there. */
import { LARGEST_VALUE } from "../knowledge/facts.ts";
import type { Metric } from "../plan.ts";
import type { Draft, KnownRecord, Origin, Record } from "../trail/record.ts";
import { validate } from "../values/validate.ts";

/**
 * Whether a value is one of the metric's. One that is beyond what the memory takes is not: else the worst of what was
 * tried would leave no evidence at all, and be tried again.
 */
export function isFeasible(name: string, { type }: Metric, value: number): boolean {
  return validate(value, type, name).ok && Math.abs(value) <= LARGEST_VALUE;
}

/** What is told of a choice, by what waits for a score or by an earlier one. */
export type Told = KnownRecord<"credit"> | KnownRecord<"evidence">;

export interface LateScore {
  /** Of the score: its run, and the item it was measured in. */
  readonly origin: Origin;
  readonly subnet: string;
  readonly metric: string;
  readonly direction: -1 | 1;
  readonly value: number;
  readonly feasible: boolean;
  /** The time it speaks of, in ISO 8601. Evidence without one of its own speaks of when its choice was told of. */
  readonly at: string;
  readonly told: readonly Told[];
  /** Ids of earlier scores of the same run, metric and item. */
  readonly supersedes: readonly string[];
}

/**
 * What these records of a run tell of choices that a score of this metric is for: of what waits for it, or was scored
 * before; of one stage where it is named, whatever was told of it. One of each attempt; what the run had no use for, since
 * its attempt failed, did not earn the score.
 */
export function toldOf(
  records: readonly Record[],
  metric: string | undefined,
  stage: string | undefined,
  scope: string | undefined,
): readonly Told[] {
  const told = records.filter(
    (record): record is Told =>
      (record.kind === "credit" || record.kind === "evidence") &&
      record.attempt !== undefined &&
      (scope === undefined || (record.scope ?? "") === scope) &&
      (stage === undefined || record.stage === stage || record.stage?.endsWith(`.${stage}`) === true),
  );
  const about = told.filter((record) => record.metric === metric);
  const failed = new Set(
    records.flatMap((record) => (record.kind === "attempt.ended" && !record.ok ? [record.attempt] : [])),
  );
  const chosen =
    about.length > 0 || (stage === undefined && metric !== undefined)
      ? about
      : told.filter(({ attempt }) => !failed.has(attempt));
  return [...new Map(chosen.map((record) => [record.attempt, record])).values()];
}

/** A person's answer, as evidence of that person for the choices that were shown. */
export function answerDrafts(told: readonly Told[], person: string, answer: boolean): readonly Draft[] {
  return told.map((of): Draft => {
    const { run, plan, stage, scope, attempt, subnet, claim, chosen, niche, version, regime, echo } = of;
    return {
      kind: "evidence",
      peer: person,
      ...defined({ run, plan, stage, scope, attempt, version }),
      ...{ subnet, claim, chosen, niche, regime, echo, verified: true },
      ...(answer ? { ok: true } : { ok: false, class: "refused" }),
    };
  });
}

export function scoreDrafts(late: LateScore): readonly Draft[] {
  const { origin, subnet: where, metric, direction, value, feasible, at, told, supersedes } = late;
  const corrected = supersedes.length === 0 ? {} : { supersedes: [...supersedes] };
  return [
    { kind: "score", ...origin, subnet: where, metric, value, direction, feasible, at, ...corrected },
    ...told.map((of): Draft => {
      const { peer, run, plan, stage, scope, attempt, subnet, claim, chosen, niche, version, regime, echo } = of;
      const { weight, proxy } = of;
      return {
        kind: "evidence",
        peer,
        ...defined({ run, plan, stage, scope, attempt, version, weight, proxy }),
        ...{ subnet, claim, chosen, niche, regime, echo, metric, direction, verified: true, at },
        ...(feasible ? { ok: true, value } : { ok: false, class: "infeasible" }),
      };
    }),
  ];
}

/** Without what is not there. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
