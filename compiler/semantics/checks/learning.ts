/** What is learned must be observed where it is learned; what a subnet measures, someone must observe. */
import * as knowledge from "../../diagnostics/catalogue/knowledge.ts";
import type { PipelineBody, Step } from "../bodies.ts";
import { metricsOf } from "../declared.ts";
import type { Unit } from "../facts.ts";
import { byDependency } from "../order.ts";
import type { Symbol } from "../program.ts";
import type { Scope } from "../scope.ts";
import { declared, hasErrors, valueOfSymbol } from "./reading.ts";

export function checkLearning(body: PipelineBody): void {
  const { unit } = body;
  for (const step of body.steps) {
    if (step.node.kind !== "learn") continue;
    for (const name of step.node.metrics) {
      const metric = unit.facts.symbols.get(name);
      if (metric?.kind !== "metric" || isObserved(unit, step.scope, metric)) continue;
      // An `observe` of a name that is no metric has been said, and may be the one that is missed here.
      if (body.steps.some((other) => isMisspelt(unit, other))) continue;
      const elsewhere = body.steps.find(
        (other) => other.node.kind === "observe" && unit.facts.symbols.get(other.node.metric) === metric,
      );
      const labels =
        elsewhere?.node.kind === "observe"
          ? [{ ...unit.place(elsewhere.node.metric), message: "it is observed here, inside another body" }]
          : [];
      unit.report(knowledge.notObserved, name, { metric: name.text }, { labels });
    }
  }
}

function isMisspelt(unit: Unit, { node }: Step): boolean {
  return node.kind === "observe" && !unit.facts.symbols.has(node.metric);
}

function isObserved(unit: Unit, scope: Scope, metric: Symbol): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (unit.facts.observations.get(at)?.has(metric)) return true;
  }
  return false;
}

/** Of the subnets that are mined, and of the main file's where it has a pipeline: a file of subnets alone is there for others. */
export function checkObservations(units: readonly Unit[]): void {
  const facts = units[0]?.facts;
  if (facts === undefined || units.some((unit) => hasErrors(unit))) return;
  const seen = new Set<Symbol>();
  for (const inBody of facts.observations.values()) for (const metric of inBody.keys()) seen.add(metric);
  const mined = new Set<Symbol | undefined>();
  for (const body of facts.pipelines.values())
    mined.add(body.node.subnet === undefined ? undefined : facts.symbols.get(body.node.subnet));
  const isForOthers = ![...facts.pipelines.values()].some((body) => body.unit === units[0]);
  for (const { unit, symbol } of declared(units, "subnet")) {
    if (!mined.has(symbol) && (unit !== units[0] || isForOthers)) continue;
    for (const metric of metricsOf(unit, symbol)?.values() ?? []) {
      if (!seen.has(metric) && metric.place !== undefined)
        unit.report(knowledge.unobservedMetric, metric.place, { name: metric.name });
    }
  }
}

export function checkProxies(units: readonly Unit[]): void {
  for (const { unit, symbol } of declared(units, "subnet")) {
    const metrics = [...(metricsOf(unit, symbol)?.values() ?? [])];
    const proxy = (metric: Symbol): Symbol[] => {
      const value = valueOfSymbol(unit.facts, metric, "proxy");
      return value?.kind === "symbol" ? [value.symbol] : [];
    };
    for (const cycle of byDependency(metrics, proxy).cycles) {
      if (cycle[0]?.place !== undefined)
        unit.report(knowledge.cyclicProxy, cycle[0].place, { names: cycle.map(({ name }) => name) });
    }
  }
}
