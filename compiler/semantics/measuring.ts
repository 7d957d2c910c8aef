/** `observe` and `learn`: what a pipeline measures, and what it credits. */
import type { Type } from "../../runtime/types.ts";
import * as knowledge from "../diagnostics/catalogue/knowledge.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import type * as tree from "../syntax/tree.ts";
import type { PipelineBody, Step } from "./bodies.ts";
import { check, infer } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { describe } from "./naming.ts";
import type { Symbol } from "./program.ts";
import { lookup, visible } from "./scope.ts";
import { isNumber } from "./types/visit.ts";
import type { Env } from "./values.ts";
import { checkWait, sayIdleClause } from "./waits.ts";

export function checkObserve(body: PipelineBody, env: Env, step: Step, node: tree.ObserveStatement): void {
  const { unit } = env.scope;
  const metric = metricOf(body, env, node.metric, "observe");
  const late = node.every !== undefined || node.within !== undefined;
  const type = metric === undefined ? undefined : unit.facts.typeOfSymbol.get(metric);
  const inside: Env = late ? { ...env, calls: "tools" } : env;
  if (metric !== undefined) observed(unit, step, metric, node);
  if (node.take !== undefined && node.take.text !== "last" && node.take.text !== "first" && node.take.text !== "") {
    unit.report(names.unknownWord, node.take, {
      name: node.take.text,
      setting: "take",
      suggestion: undefined,
      words: "`first` or `last`",
    });
  }
  if (node.take !== undefined && !late) sayIdleClause(unit, "take", node.take, false);
  if (type === undefined || !isNumber(type)) {
    infer(inside, node.value);
    return;
  }
  // Outside of the metric's range a value is infeasible, not of a wrong type.
  const wanted: Type = { kind: type.kind };
  const fine = check(
    inside,
    node.value,
    late ? { kind: "optional", of: wanted } : wanted,
    `What \`${node.metric.text}\` observes`,
    metric?.place,
  );
  if (late && fine) checkWait(unit, node, unit.facts.types.get(node.value), "The score");
}

function observed(unit: Unit, step: Step, metric: Symbol, node: tree.ObserveStatement): void {
  const { observations } = unit.facts;
  const inBody = observations.get(step.scope) ?? new Map<Symbol, tree.ObserveStatement>();
  observations.set(step.scope, inBody);
  const first = inBody.get(metric);
  if (first === undefined) inBody.set(metric, node);
  else
    unit.report(
      knowledge.observedTwice,
      node.metric,
      { metric: node.metric.text },
      { labels: [{ ...unit.place(first.metric), message: "the first one" }] },
    );
}

/** What is credited. Whether its metrics are observed is asked once all steps are known. */
export function checkLearn(body: PipelineBody, env: Env, node: tree.LearnStatement): void {
  const { unit } = env.scope;
  for (const metric of node.metrics) metricOf(body, env, metric, "learn");
  const { choice } = node;
  if (choice.text === "") return;
  const found = lookup(env.scope, choice.text);
  if (found === undefined) {
    const steps = [...visible(env.scope)].filter(([, symbol]) => body.stepOf.has(symbol));
    const known = steps.map(([name]) => name);
    unit.sayUnknown(choice, "stage or `let`", known);
    return;
  }
  const { symbol } = found;
  unit.bind(choice, symbol);
  if (symbol.kind === "stage" && found.through.length === 0) {
    unit.facts.credits.set(node, { stage: symbol, scope: undefined });
    return;
  }
  const value = body.stepOf.get(symbol)?.node;
  const recalled = value?.kind === "let" ? recalledIn(unit, value.value) : undefined;
  if (recalled !== undefined) unit.facts.credits.set(node, recalled);
  else if (unit.facts.doubtful.has(symbol) || unit.facts.ambiguous.has(symbol)) return;
  else {
    const what =
      symbol.kind === "stage"
        ? "a stage inside another body, one for each item"
        : symbol.kind === "let"
          ? "a value that no stage chose"
          : describe(symbol);
    unit.report(
      knowledge.notAChoice,
      choice,
      { name: choice.text, what },
      symbol.place === undefined ? {} : { labels: [{ ...symbol.place, message: "declared here" }] },
    );
  }
}

/** The stage of `best(research.plan[k]) ?? …`. */
function recalledIn(
  unit: Unit,
  node: tree.Expression,
): { readonly stage: Symbol; readonly scope: tree.Expression | undefined } | undefined {
  if (node.kind === "parenthesized") return recalledIn(unit, node.of);
  if (node.kind === "binary" && node.operator === "??") return recalledIn(unit, node.left);
  const recalled = node.kind === "call" ? unit.facts.recalls.get(node) : undefined;
  return recalled?.symbol.kind === "stage" ? { stage: recalled.symbol, scope: recalled.scope } : undefined;
}

/** A metric of the pipeline's subnet; `undefined` where an error stands. */
function metricOf(body: PipelineBody, env: Env, name: tree.Name, what: string): Symbol | undefined {
  const { metrics } = env;
  const { unit } = env.scope;
  if (name.text === "") return undefined;
  if (metrics === undefined) {
    // A subnet that is not known has been said; one that is not named is the problem here.
    const first = body.steps.find(({ node }) => node.kind === "observe" || node.kind === "learn")?.node;
    const isFirst = first !== undefined && first.start <= name.start && name.end <= first.end;
    if (body.node.subnet === undefined && isFirst)
      unit.report(knowledge.noSubnet, name, { pipeline: body.symbol.name, what });
    return undefined;
  }
  const symbol = metrics.get(name.text);
  if (symbol !== undefined) {
    unit.bind(name, symbol);
    return symbol;
  }
  const suggestion = unit.facts.suggest(name.text, metrics.keys());
  unit.report(
    knowledge.unknownMetric,
    name,
    { name: name.text, subnet: body.node.subnet!.text, suggestion },
    unit.renaming(name, suggestion),
  );
  return undefined;
}
