/** What `observe` and `learn` say: the records of scores, of evidence about choices, and of scores that come late. */
import type { Expr, LearnNode, LetNode, ObserveNode } from "../plan.ts";
import { type Draft, ENVIRONMENT_FAILURES } from "../trail/record.ts";
import type { Json } from "../types.ts";
import { canonical, sha256 } from "../values/canonical.ts";
import { shown, validate } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import type { RunContext } from "./context.ts";
import { type Choice, creditFor, type Failure, failureEvidence, type Measured, measuredEvidence } from "./evidence.ts";
import { evaluate, keyOf, namesIn } from "./expression.ts";
import { choicesBehind, type Frame } from "./frame.ts";
import { metricName } from "./graph.ts";
import { measuredIn, waitsIn } from "./items.ts";
import { stageKey } from "./restored.ts";
import { isFeasible } from "./scoring.ts";

/** What was measured, and its record. Throws `AttemptError` where the value is no number. */
export function scored(
  context: RunContext,
  frame: Frame,
  node: ObserveNode,
  value: Json,
): { readonly measured: Measured; readonly draft: Draft } {
  const metric = context.subnet?.metrics[node.metric];
  if (typeof value !== "number" || metric === undefined) {
    throw new AttemptError(
      "invalid",
      value === null
        ? `there is no value for ${node.metric}`
        : `${node.metric} must be a number, but is ${shown(value)}`,
    );
  }
  const feasible = isFeasible(node.metric, metric, value);
  const draft: Draft = {
    ...context.origin,
    kind: "score",
    subnet: context.subnetName,
    ...(frame.key === "" ? {} : { scope: frame.key }),
    metric: node.metric,
    value,
    direction: metric.direction,
    feasible,
  };
  return { measured: { value, feasible }, draft };
}

/**
 * The record of a score that comes when this run has ended: what to ask for then, with all that it needs, and the id of
 * the wait. Rejects as `outputOf` does.
 */
export async function scoredLate(
  context: RunContext,
  frame: Frame,
  node: ObserveNode,
  late: NonNullable<ObserveNode["late"]>,
  ask: Expr,
): Promise<{ readonly wait: string; readonly draft: Draft }> {
  const { plan, clock, origin, pipeline, subnetName } = context;
  // The same again where the run goes on.
  const wait = `${origin.run}:wait-${sha256(stageKey(node.metric, frame.key)).slice(0, 16)}`;
  const output = await context.outputOf(ask as unknown as Json);
  const draft: Draft = {
    ...origin,
    kind: "waiting",
    ...(frame.key === "" ? {} : { scope: frame.key }),
    attempt: wait,
    for: "score",
    pipeline,
    ...(subnetName === "" ? {} : { subnet: subnetName }),
    path: plan.source[0]?.path ?? "",
    metric: node.metric,
    take: late.take,
    every: late.every,
    until: new Date(clock.now() + late.within * 1000).toISOString(),
    ...output,
  };
  return { wait, draft };
}

/** What was measured is told of the choice, and what will be is credited to it. */
export function learned(context: RunContext, frame: Frame, node: LearnNode): readonly Draft[] {
  const choice = frame.choice(node.choice);
  if (choice === undefined) return [];
  const drafts: Draft[] = [];
  for (const name of node.metrics) {
    const metric = context.subnet?.metrics[name];
    const settled = frame.find(metricName(name));
    // What was not measured because something failed has been counted against the choice where that failed.
    if (metric === undefined || settled?.ok !== true) continue;
    for (const wait of waitsIn(settled.value)) drafts.push(creditFor(context, choice, name, metric, wait));
    const measured = measuredIn(settled.value);
    if (measured !== undefined) drafts.push(measuredEvidence(context, choice, name, metric, measured));
  }
  return drafts;
}

/**
 * A `let` that some `learn` credits: the choice it passes on, or one of its own, taken from memory to be measured now.
 * `taken`: what it took from memory.
 */
export function choiceOfLet(
  context: RunContext,
  frame: Frame,
  node: LetNode,
  value: Json,
  taken: Json,
): Choice | undefined {
  const learn = frame.graph.credits.get(node.name);
  const type = learn === undefined ? undefined : context.stageType(learn.stage);
  if (learn === undefined || type === undefined) return undefined;
  const checked = validate(value, type, node.name, { unknown: "drop" });
  if (!checked.ok) return undefined;
  const claim = canonical(checked.value, type);
  for (const name of namesIn(node.value)) {
    const passed = frame.choice(name);
    if (passed?.stage === learn.stage && passed.claim === claim.claim) return passed;
  }
  return {
    ...claim,
    stage: learn.stage,
    scope: learn.scope === undefined ? frame.key : (keyOf(evaluate(learn.scope, frame)) ?? frame.key),
    // The same again where the run goes on.
    attempt: `${context.origin.run}:let-${sha256(stageKey(node.name, frame.key)).slice(0, 16)}`,
    echo: taken !== null && canonical(taken, type).claim === claim.claim,
    answerable: true,
  };
}

/** A failure counts against the choices it depends on, each once, unless the world failed. */
export function blamed(
  context: RunContext,
  frame: Frame,
  names: readonly string[],
  failure: Failure,
): readonly Draft[] {
  if (ENVIRONMENT_FAILURES.has(failure.class)) return [];
  return choicesBehind(frame, names).flatMap((choice) => failureEvidence(context, choice, failure) ?? []);
}
