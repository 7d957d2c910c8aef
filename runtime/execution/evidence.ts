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
  const about = { metric: name, direction, weight, proxy, verified: true };
  return measured.feasible
    ? evidence(context, choice, { ok: true, value: measured.value, ...about })
    : evidence(context, choice, { ok: false, class: "infeasible", ...about });
}

type Evidence = Extract<Draft, { kind: "evidence" }>;
type About = Pick<Evidence, "ok" | "class" | "metric" | "value" | "direction" | "weight" | "proxy" | "verified">;

function evidence(context: RunContext, choice: Choice, about: About): Evidence {
  const { origin, subnetName: subnet, version, knowledge } = context;
  return {
    peer: origin.peer,
    run: origin.run,
    plan: origin.plan,
    stage: choice.stage,
    scope: choice.scope === "" ? undefined : choice.scope,
    attempt: choice.attempt,
    kind: "evidence",
    subnet,
    claim: choice.claim,
    chosen: choice.chosen,
    niche: choice.niche,
    version,
    regime: knowledge.regime({ subnet, stage: choice.stage, version, peer: origin.peer }),
    ok: about.ok,
    class: about.class,
    metric: about.metric,
    value: about.value,
    direction: about.direction,
    weight: about.weight,
    proxy: about.proxy,
    verified: about.verified,
    echo: choice.echo,
  };
}

/** What a score that comes late will be evidence for. */
export function creditFor(context: RunContext, choice: Choice, name: string, metric: Metric, wait: string): Draft {
  const { direction, weight, proxy } = metric;
  return credit(context, choice, wait, { metric: name, direction, weight, proxy });
}

/** What a person's answer will be evidence for. */
export function answerCredit(context: RunContext, choice: Choice, wait: string): Draft {
  return credit(context, choice, wait, {});
}

/** All that the evidence will say, but how it went. */
function credit(context: RunContext, choice: Choice, wait: string, about: Partial<About>): Draft {
  const told = evidence(context, choice, { ...about, ok: true, verified: true });
  return { ...told, kind: "credit", wait, ok: undefined, verified: undefined };
}
