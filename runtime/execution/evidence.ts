/**
 * What a run lets the memory know: one observation about one claim. Written where something was chosen (an attempt of
 * a stage), where it was measured (`learn`), and where what depended on it failed.
 */
import type { Metric } from "../plan.ts";
import { type Draft, ENVIRONMENT_FAILURES, type FailureClass } from "../trail/record.ts";
import type { Claim } from "../values/canonical.ts";
import type { RunContext } from "./context.ts";

/** Something that was chosen, and who is to be credited for it. */
export interface Choice extends Claim {
  /** `pipeline.stage`, and the item in which it was chosen. */
  readonly stage: string;
  readonly scope: string;
  readonly attempt: string;
  /** The claim had been recalled before it was chosen. */
  readonly echo: boolean;
  /** A failure of what depends on it counts against it. */
  readonly answerable: boolean;
}

export interface Failure {
  readonly class: FailureClass;
  readonly error: string;
}

/** An observed metric as `learn` reads it. */
export interface Measured {
  readonly value: number;
  readonly feasible: boolean;
}

/** `verified`: a tool did it, or a check held; a model's own answer is its opinion. */
export function successEvidence(context: RunContext, choice: Choice, verified: boolean): Draft {
  return evidence(context, choice, { ok: true, verified });
}

/** Nothing where the world failed: that says nothing about what was chosen. */
export function failureEvidence(context: RunContext, choice: Choice, failure: Failure): Draft | undefined {
  if (ENVIRONMENT_FAILURES.has(failure.class)) return undefined;
  return evidence(context, choice, { ok: false, class: failure.class, verified: true });
}

export function measuredEvidence(
  context: RunContext,
  choice: Choice,
  name: string,
  metric: Metric,
  measured: Measured,
): Draft {
  const { direction, weight, proxy } = metric;
  const about = { metric: name, direction, weight, ...(proxy === undefined ? {} : { proxy }), verified: true };
  return measured.feasible
    ? evidence(context, choice, { ok: true, value: measured.value, ...about })
    : evidence(context, choice, { ok: false, class: "infeasible", ...about });
}

type About = Pick<
  Extract<Draft, { kind: "evidence" }>,
  "ok" | "class" | "metric" | "value" | "direction" | "weight" | "proxy" | "verified"
>;

function evidence(context: RunContext, choice: Choice, about: About): Draft {
  return { ...told(context, choice), kind: "evidence", ...about };
}

/** What a score that comes late will be evidence for. */
export function creditFor(context: RunContext, choice: Choice, name: string, metric: Metric, wait: string): Draft {
  const { direction, weight, proxy } = metric;
  const about = { metric: name, direction, weight, ...(proxy === undefined ? {} : { proxy }) };
  return { kind: "credit", wait, ...told(context, choice), ...about };
}

/** What a person's answer will be evidence for. */
export function answerCredit(context: RunContext, choice: Choice, wait: string): Draft {
  return { kind: "credit", wait, ...told(context, choice) };
}

/** What all that is told of a choice says of it. */
function told(context: RunContext, choice: Choice) {
  const { stage, scope, attempt, claim, chosen, niche, echo } = choice;
  return {
    ...context.origin,
    stage,
    ...(scope === "" ? {} : { scope }),
    attempt,
    subnet: context.subnetName,
    claim,
    chosen,
    niche,
    ...(context.version === undefined ? {} : { version: context.version }),
    regime: context.knowledge.regime({ subnet: context.subnetName, stage, version: context.version }),
    echo,
  };
}
