/** The statements of a pipeline, each after those whose values it reads. */
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import type * as tree from "../syntax/tree.ts";
import { lacks } from "../syntax/visit.ts";
import { expectedOf, findReads, namesRead, type PipelineBody, type Step } from "./bodies.ts";
import { metricsOf } from "./declared.ts";
import { checkCondition, infer } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { checkFor } from "./loops.ts";
import { checkLearn, checkObserve } from "./measuring.ts";
import { byDependency } from "./order.ts";
import type { Symbol } from "./program.ts";
import { lookup } from "./scope.ts";
import { readBlock } from "./setting-blocks.ts";
import { checkStage } from "./stages.ts";
import type { Env } from "./values.ts";

export function checkPipeline(body: PipelineBody): void {
  const { unit, node } = body;
  const subnet = subnetOf(unit, node);
  const metrics = subnet === undefined ? undefined : metricsOf(unit, subnet);
  findReads(body);
  readBlock("pipeline", node.body, unit);
  const { order, cycles } = byDependency(body.steps, (step) => dependencies(body, step));
  for (const cycle of cycles) sayCycle(unit, cycle);
  const circular = new Set(cycles.flat());
  for (const step of order) if (!circular.has(step) || step.node.kind === "stage") checkStep(body, step, metrics);
}

function subnetOf(unit: Unit, node: tree.PipelineDecl): Symbol | undefined {
  const name = node.subnet;
  if (name === undefined || name.text === "" || unit.broken.has(name.text)) return undefined;
  const symbol = unit.find(name.text);
  if (symbol?.kind === "subnet") {
    unit.bind(name, symbol);
    return symbol;
  }
  if (symbol === undefined) unit.sayUnknown(name, "subnet", unit.namesOf("subnet"));
  else unit.sayWrongKind(name, symbol, "a subnet");
  return undefined;
}

/** A step waits for those that it reads, and for the `for` or `when` around it. */
function dependencies(body: PipelineBody, step: Step): Step[] {
  const found = step.around === undefined ? [] : [step.around];
  for (const symbol of step.reads) {
    const giver = body.stepOf.get(symbol);
    if (giver !== undefined) found.push(giver);
  }
  return found;
}

function sayCycle(unit: Unit, cycle: readonly Step[]): void {
  const named = cycle.filter((step) => step.symbol !== undefined);
  const [first, ...rest] = named;
  if (first?.symbol?.place === undefined) return;
  if (rest.length === 0 && sayExpected(unit, first)) return;
  const labels = rest.slice(0, 8).map((step) => ({ ...step.symbol!.place!, message: "and this" }));
  unit.report(
    pipelines.cyclicReference,
    first.symbol.place,
    { names: named.map((step) => step.symbol!.name) },
    { labels },
  );
}

/** A stage that reads itself in its `expect`, where the value just made is `it`. */
function sayExpected(unit: Unit, { node, symbol, scope }: Step): boolean {
  if (node.kind !== "stage" || symbol === undefined) return false;
  const own: tree.Name[] = [];
  const add = (name: tree.Name): void => {
    if (lookup(scope, name.text)?.symbol === symbol) own.push(name);
  };
  for (const alternative of node.alternatives) namesRead(alternative, add);
  if (own.length > 0) return false;
  for (const expected of expectedOf(node)) namesRead(expected, add);
  const [first] = own;
  if (first === undefined) return false;
  const edits = own.map((name) => ({ ...unit.place(name), newText: "it" }));
  const details = { help: "In an `expect` the value just made is `it`.", fixes: [{ title: "Write `it`", edits }] };
  unit.report(pipelines.cyclicReference, first, { names: [symbol.name] }, details);
  return true;
}

function checkStep(body: PipelineBody, step: Step, metrics: ReadonlyMap<string, Symbol> | undefined): void {
  const env: Env = { scope: step.scope, calls: "none", metrics };
  switch (step.node.kind) {
    case "stage":
      checkStage(env, step.node, step.symbol);
      return;
    case "let":
      checkLet(env, step.node, step.symbol);
      return;
    case "for":
      checkFor(env, step, step.node);
      return;
    case "when":
      readBlock("when", step.node.body, body.unit);
      checkCondition(env, step.node.condition);
      return;
    case "observe":
      checkObserve(body, env, step, step.node);
      return;
    case "learn":
      checkLearn(body, env, step.node);
      return;
  }
}

function checkLet(env: Env, node: tree.LetStatement, symbol: Symbol | undefined): void {
  const { unit } = env.scope;
  const { diagnostics, doubtful } = unit.facts;
  const before = diagnostics.length;
  const type = infer(env, node.value);
  if (symbol !== undefined && (diagnostics.length > before || lacks(node.value))) doubtful.add(symbol);
  if (type === undefined || symbol === undefined) return;
  if (type.kind !== "secret") unit.facts.typeOfSymbol.set(symbol, type);
  else
    unit.report(safety.secretLeak, node.value, {
      path: [unit.file.text.slice(node.value.start, node.value.end)],
      where: `the \`let\` \`${node.name.text}\``,
    });
}
