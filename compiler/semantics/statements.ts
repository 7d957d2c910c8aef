/** The statements of a pipeline, each after those whose values it reads. */
import type { Type } from "../../runtime/types.ts";
import * as knowledge from "../diagnostics/catalogue/knowledge.ts";
import * as loops from "../diagnostics/catalogue/loops.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { callOf, findReads, type PipelineBody, type Step } from "./bodies.ts";
import { BUILTIN_FUNCTIONS } from "./builtins.ts";
import { resolveCallee } from "./callees.ts";
import { bindCall } from "./calls.ts";
import { plainText, quantityOf } from "./constants.ts";
import { itEnv, metricsOf } from "./declared.ts";
import { check, infer, keyOf } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, sayUnfit, shown } from "./judging.ts";
import { describe } from "./naming.ts";
import { byDependency } from "./order.ts";
import type { Symbol } from "./program.ts";
import { lookup, visible } from "./scope.ts";
import { readSettings } from "./setting-values.ts";
import { fits } from "./types/fit.ts";
import { isNumber, withoutOptional } from "./types/visit.ts";
import { sayUnbuilt } from "./unbuilt.ts";
import type { Env } from "./values.ts";

interface Place {
  readonly unit: Unit;
  readonly body: PipelineBody;
  readonly metrics: ReadonlyMap<string, Symbol> | undefined;
}

export function checkPipeline(body: PipelineBody): void {
  const { unit, node } = body;
  const subnet = subnetOf(unit, node);
  const place: Place = { unit, body, metrics: subnet === undefined ? undefined : metricsOf(unit, subnet) };
  findReads(body);
  readBlock("pipeline", node.body, unit);
  const { order, cycles } = byDependency(body.steps, (step) => dependencies(body, step));
  for (const cycle of cycles) sayCycle(unit, cycle);
  const circular = new Set(cycles.flat());
  for (const step of order) if (!circular.has(step) || step.node.kind === "stage") checkStep(place, step);
}

function readBlock(kind: "pipeline" | "for" | "when", block: tree.Block, unit: Unit): void {
  const entries = block.items.filter((item) => item.kind === "setting");
  readSettings(kind, block, entries, { unit });
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
  const labels = rest.slice(0, 8).map((step) => ({ ...step.symbol!.place!, message: "and this" }));
  const shortened = named.length > 12 ? [...named.slice(0, 6), ...named.slice(-5)] : named;
  unit.report(
    pipelines.cyclicReference,
    first.symbol.place,
    { names: shortened.map((step) => step.symbol!.name) },
    { labels },
  );
}

function checkStep(place: Place, step: Step): void {
  const env: Env = { scope: step.scope, calls: "none", metrics: place.metrics };
  switch (step.node.kind) {
    case "stage":
      checkStage(place, env, step.node, step.symbol);
      return;
    case "let":
      checkLet(place, env, step.node, step.symbol);
      return;
    case "for":
      checkFor(place, env, step, step.node);
      return;
    case "when":
      readBlock("when", step.node.body, place.unit);
      checkCondition(env, step.node.condition);
      return;
    case "observe":
      checkObserve(place, env, step, step.node);
      return;
    case "learn":
      checkLearn(place, env, step.node);
      return;
  }
}

// Stages ------------------------------------------------------------------------------------------------------------------------

function checkStage(place: Place, env: Env, node: tree.StageStatement, symbol: Symbol | undefined): void {
  const { unit } = place;
  const results: Type[] = [];
  for (const [at, alternative] of node.alternatives.entries()) {
    if (alternative.kind === "missing") continue;
    if (alternative.kind === "none" && at > 0) continue;
    const call = callOf(alternative);
    if (call === undefined) {
      infer(env, alternative);
      unit.report(pipelines.notACall, alternative, {});
      continue;
    }
    const type = checkAlternative(env, call, node);
    if (type === undefined || type === BROKEN) continue;
    unit.facts.types.set(alternative, type);
    const [first] = results;
    if (first !== undefined && at > 0 && fits(type, first).verdict === "never") {
      const other = { ...unit.place(node.alternatives[0]!), message: `this gives ${shown(first)}` };
      unit.report(
        pipelines.badAlternative,
        alternative,
        { first: shown(first), other: shown(type) },
        { labels: [other] },
      );
    }
    results.push(type);
  }
  checkWait(unit, node, results[0], "The stage");
  if (node.every !== undefined) sayUnbuilt(unit, "wait", node.every);
  if (node.settings === undefined) return;
  const made = symbol === undefined ? undefined : unit.facts.typeOfSymbol.get(symbol);
  const it = itEnv(
    unit,
    env.scope,
    made === undefined ? undefined : withoutOptional(made),
    node.settings,
    "tools",
    env.metrics,
  );
  readSettings("stage", node.settings, node.settings.entries, { unit, it });
}

function checkAlternative(env: Env, call: tree.CallExpression, node: tree.StageStatement): Type | undefined {
  const { unit } = env.scope;
  const callee = resolveCallee(unit, call);
  if (callee === undefined) {
    for (const argument of call.arguments) infer(env, argument.value);
    return undefined;
  }
  if (callee.kind !== "builtin") return bindCall(env, call, callee, check);
  if (BUILTIN_FUNCTIONS.get(callee.name)?.use !== "approval") {
    infer(env, call);
    unit.report(pipelines.notACall, call, {});
    return undefined;
  }
  for (const argument of call.arguments) {
    const type = infer(env, argument.value);
    if (type?.kind === "secret")
      unit.report(safety.secretLeak, argument, {
        path: [unit.file.text.slice(argument.start, argument.end)],
        where: "what a person is shown",
      });
  }
  sayUnbuilt(unit, "approve", call.callee);
  return node.every === undefined ? { kind: "bool" } : { kind: "optional", of: { kind: "bool" } };
}

/** `every d within e` stand together, and ask what may not be there yet. */
function checkWait(
  unit: Unit,
  node: { readonly every: tree.Expression | undefined; readonly within: tree.Expression | undefined } & tree.Span,
  type: Type | undefined,
  what: string,
): void {
  if (node.every === undefined) return;
  checkDuration(unit, node.every, "`every`");
  if (node.within === undefined) {
    unit.report(
      pipelines.everyWithoutWithin,
      node.every,
      { what },
      { fixes: [unit.replacement("Add `within 1h`", { start: node.every.end, end: node.every.end }, " within 1h")] },
    );
    return;
  }
  checkDuration(unit, node.within, "`within`");
  if (type === undefined || type.kind === "optional" || type.kind === "json" || type.kind === "none") return;
  unit.report(pipelines.nothingToWaitFor, node.every, { name: what, type: shown(type) });
}

function checkDuration(unit: Unit, node: tree.Expression, what: string): void {
  if (node.kind === "missing") return;
  const found = quantityOf(node);
  if (found === undefined) {
    unit.report(types.notConstant, node, { what });
    return;
  }
  const actual: Type = { kind: found.kind, low: found.value, high: found.value };
  const wanted: Type = { kind: "duration" };
  const fit = fits(actual, wanted);
  if (fit.verdict === "never") sayUnfit(unit, node, actual, wanted, fit, what, []);
}

// Values and bodies -----------------------------------------------------------------------------------------------------------

function checkLet({ unit }: Place, env: Env, node: tree.LetStatement, symbol: Symbol | undefined): void {
  const type = infer(env, node.value);
  if (type === undefined || symbol === undefined) return;
  if (type.kind !== "secret") unit.facts.typeOfSymbol.set(symbol, type);
  else
    unit.report(safety.secretLeak, node.value, {
      path: [unit.file.text.slice(node.value.start, node.value.end)],
      where: `the \`let\` \`${node.name.text}\``,
    });
}

function checkCondition(env: Env, node: tree.Expression): void {
  const type = infer(env, node);
  if (type === undefined || type.kind === "bool" || type.kind === "literal") return;
  const { unit } = env.scope;
  if (type.kind === "optional" && (type.of.kind === "bool" || type.of.kind === "literal")) {
    const fixes = [
      unit.replacement("Take `false` where it is missing", { start: node.end, end: node.end }, " ?? false"),
    ];
    unit.report(types.missingValue, node, { what: "The condition", type: shown(type) }, { fixes });
    return;
  }
  unit.report(types.notACondition, node, { type: shown(type) });
}

function checkFor(place: Place, env: Env, step: Step, node: tree.ForStatement): void {
  const { unit } = place;
  readBlock("for", node.body, unit);
  const source = node.every !== undefined;
  const of = source ? checkSource(place, env, step, node) : infer(env, node.iterated);
  if (of === undefined) return;
  const list = source ? withoutOptional(of) : of;
  if (list.kind !== "list") {
    if (list.kind === "optional" && list.of.kind === "list")
      unit.report(types.missingValue, node.iterated, { what: "The list", type: shown(list) });
    else unit.report(types.notIterable, node.iterated, { type: shown(of) });
    return;
  }
  if (list.of === BROKEN) return;
  if (step.symbol !== undefined) unit.facts.typeOfSymbol.set(step.symbol, list.of);
  if (!source) checkBound(unit, env, node, list);
  checkKey(unit, step, node, list.of, env);
}

function checkSource({ unit }: Place, env: Env, step: Step, node: tree.ForStatement): Type | undefined {
  sayUnbuilt(unit, "source", { start: node.start, end: node.iterated.end });
  if (step.around !== undefined) unit.report(loops.sourceInside, node.name, {});
  checkDuration(unit, node.every!, "`every`");
  const call = callOf(node.iterated);
  if (call === undefined) {
    const type = infer(env, node.iterated);
    if (type !== undefined)
      unit.report(types.notIterable, node.iterated, { type: `${shown(type)}, where a tool should be called` });
    return undefined;
  }
  return infer({ ...env, calls: "tools" }, call);
}

function checkBound(unit: Unit, env: Env, node: tree.ForStatement, list: Type & { readonly kind: "list" }): void {
  if (node.max === undefined) {
    if (list.most !== undefined) return;
    const at = { start: (node.by ?? node.iterated).end, end: (node.by ?? node.iterated).end };
    unit.report(
      loops.unboundedFanOut,
      node.iterated,
      { type: shown(list) },
      { fixes: [unit.replacement("Add `max 16`", at, " max 16")] },
    );
    return;
  }
  if (node.max.kind === "missing") return;
  const most = quantityOf(node.max);
  infer(env, node.max);
  if (most === undefined || most.kind !== "int" || most.value < 1) {
    unit.report(types.badSettingValue, node.max, {
      setting: "max",
      wanted: "a whole number from 1 on",
      example: "max 16",
    });
  }
}

function checkKey(unit: Unit, step: Step, node: tree.ForStatement, item: Type, env: Env): void {
  if (step.inner === undefined) return;
  const inside: Env = { ...env, scope: step.inner };
  if (node.by === undefined) {
    if (keyOf(item) !== undefined || item.kind === "json") return;
    unit.report(loops.itemsWithoutKey, node.iterated, { type: shown(item) });
    return;
  }
  const key = infer(inside, node.by);
  if (
    key !== undefined &&
    key.kind !== "string" &&
    key.kind !== "choice" &&
    key.kind !== "int" &&
    key.kind !== "json"
  ) {
    unit.report(loops.badKey, node.by, { type: shown(key) });
  }
  if (node.within === undefined) return;
  const deadline = infer(inside, node.within);
  if (deadline === undefined || deadline.kind === "time" || deadline.kind === "duration") return;
  const wanted: Type = { kind: "duration" };
  sayUnfit(unit, node.within, deadline, wanted, fits(deadline, wanted), "`within`", []);
}

// Measuring and learning ----------------------------------------------------------------------------------------------------------

/** A metric of the pipeline's subnet; `undefined` where an error stands. */
function metricOf({ unit, body, metrics }: Place, name: tree.Name, what: string): Symbol | undefined {
  if (name.text === "") return undefined;
  if (metrics === undefined) {
    // A subnet that is not known has been said; one that is not named is the problem here.
    if (body.node.subnet === undefined) unit.report(knowledge.noSubnet, name, { pipeline: body.symbol.name, what });
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

function checkObserve(place: Place, env: Env, step: Step, node: tree.ObserveStatement): void {
  const { unit } = place;
  const metric = metricOf(place, node.metric, "observe");
  const late = node.every !== undefined;
  const type = metric === undefined ? undefined : unit.facts.typeOfSymbol.get(metric);
  const inside: Env = late ? { ...env, calls: "tools" } : env;
  if (late) sayUnbuilt(unit, "late", node);
  if (metric !== undefined) observed(place, step, metric, node);
  if (node.take !== undefined && node.take.text !== "last" && node.take.text !== "first" && node.take.text !== "") {
    unit.report(names.unknownWord, node.take, {
      name: node.take.text,
      setting: "take",
      suggestion: undefined,
      words: "`first` or `last`",
    });
  }
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

function observed({ unit }: Place, step: Step, metric: Symbol, node: tree.ObserveStatement): void {
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
function checkLearn(place: Place, env: Env, node: tree.LearnStatement): void {
  const { unit } = place;
  for (const metric of node.metrics) metricOf(place, metric, "learn");
  const { choice } = node;
  if (choice.text === "") return;
  const found = lookup(env.scope, choice.text);
  if (found === undefined) {
    const steps = [...visible(env.scope)].filter(([, symbol]) => place.body.stepOf.has(symbol));
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
  const value = place.body.stepOf.get(symbol)?.node;
  const recalled = value?.kind === "let" ? recalledIn(unit, value.value) : undefined;
  if (recalled !== undefined) unit.facts.credits.set(node, recalled);
  else if (symbol.kind === "let" && !unit.facts.typeOfSymbol.has(symbol)) return;
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

// Tests -------------------------------------------------------------------------------------------------------------------------------

export function checkTest(unit: Unit, node: tree.TestDecl): void {
  sayUnbuilt(unit, "test", node.title);
  const name = node.pipeline;
  const pipeline = name === undefined ? undefined : unit.find(name.text);
  if (name !== undefined && pipeline !== undefined) unit.bind(name, pipeline);
  const body = pipeline === undefined ? undefined : unit.facts.pipelines.get(pipeline);
  if (name === undefined || body === undefined) {
    if (name !== undefined && name.text !== "" && !unit.broken.has(name.text))
      unit.sayUnknown(name, "pipeline", unit.namesOf("pipeline"));
    return;
  }
  const given = new Map<string, Symbol>(unit.facts.parameters.get(body.symbol) ?? []);
  for (const [symbol] of body.stepOf) if (!given.has(symbol.name)) given.set(symbol.name, symbol);
  const subnet = body.node.subnet === undefined ? undefined : unit.find(body.node.subnet.text);
  const env: Env = {
    scope: { unit, parent: undefined, names: given },
    calls: "none",
    metrics: subnet === undefined ? undefined : metricsOf(unit, subnet),
  };
  for (const step of node.steps) {
    if (step.kind === "given") checkGiven(unit, env, given, step);
    if (step.kind === "run") checkRun(unit, body, step);
    if (step.kind === "expect") checkCondition(env, step.condition);
  }
}

function checkGiven(unit: Unit, env: Env, given: ReadonlyMap<string, Symbol>, step: tree.GivenStep): void {
  const { name } = step;
  const symbol = given.get(name.text) ?? unit.find(name.text);
  if (symbol === undefined) {
    if (name.text !== "") unit.sayUnknown(name, "stage, item, agent or tool", given.keys());
    return;
  }
  unit.bind(name, symbol);
  const { value } = step;
  const callee = value.kind === "call" ? resolveCallee(unit, value) : undefined;
  if (callee?.kind === "builtin" && BUILTIN_FUNCTIONS.get(callee.name)?.use === "given") {
    const file =
      value.kind === "call" && value.arguments.length === 1 ? plainText(value.arguments[0]!.value) : undefined;
    if (file === undefined)
      unit.report(types.badSettingValue, value, {
        setting: callee.name,
        wanted: "the path of a file, in quotes",
        example: `${callee.name}("a.json")`,
      });
    return;
  }
  if (value.kind === "call" && callee === undefined) return;
  check(env, value, unit.facts.typeOfSymbol.get(symbol), `\`${name.text}\``, symbol.place);
}

function checkRun(unit: Unit, body: PipelineBody, step: tree.RunStep): void {
  const [first, second] = step.target.names;
  const name = second !== undefined && first?.text === body.symbol.name ? second : first;
  if (name === undefined || name.text === "") return;
  if (name === second && first !== undefined) unit.bind(first, body.symbol);
  const stage = body.stages.get(name.text)?.symbol;
  if (stage !== undefined) unit.bind(name, stage);
  else unit.sayUnknown(name, `stage of \`${body.symbol.name}\``, body.stages.keys());
}
