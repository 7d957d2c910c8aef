/** `test "…" for p { … }`: what is given, what is run, what is expected. */
import { duplicateName } from "../diagnostics/catalogue/names.ts";
import { idleGiven } from "../diagnostics/catalogue/pipelines.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { walk } from "../syntax/visit.ts";
import type { PipelineBody } from "./bodies.ts";
import { BUILTIN_FUNCTIONS } from "./builtins.ts";
import { resolveCallee } from "./callees.ts";
import { valueOfSymbol } from "./checks/reading.ts";
import { plainText } from "./constants.ts";
import { metricsOf } from "./declared.ts";
import { check, checkCondition } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";
import type { Env } from "./values.ts";

export function checkTest(unit: Unit, node: tree.TestDecl): void {
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
  const called = calledBy(body);
  for (const step of node.steps) {
    if (step.kind === "given") checkGiven(unit, env, given, step);
    if (step.kind === "given") sayIdle(unit, body, called, step.name);
    if (step.kind === "run") checkRun(unit, body, step);
    if (step.kind === "expect") checkCondition(env, step.condition);
  }
}

const GIVABLE: ReadonlySet<Symbol["kind"]> = new Set(["stage", "let", "item", "parameter", "agent", "tool"]);

function checkGiven(unit: Unit, env: Env, given: ReadonlyMap<string, Symbol>, step: tree.GivenStep): void {
  const { name } = step;
  const symbol = given.get(name.text) ?? unit.find(name.text);
  if (symbol === undefined) {
    if (name.text !== "") unit.sayUnknown(name, "stage, item, agent or tool", given.keys());
    return;
  }
  unit.bind(name, symbol);
  if (!GIVABLE.has(symbol.kind)) {
    unit.sayWrongKind(name, symbol, "a stage, a `let`, an item, a parameter, an agent or a tool");
    return;
  }
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
  // An agent or a tool is given what it gives.
  const type = unit.facts.typeOfSymbol.get(symbol) ?? unit.facts.callables.get(symbol)?.result;
  check(env, value, type, `\`${name.text}\``, symbol.place);
}

/** What the pipeline calls, in stages and in expressions, and what its agents and effects may call. */
function calledBy({ unit, node }: PipelineBody): ReadonlySet<Symbol> {
  const { facts } = unit;
  const called = new Set<Symbol>();
  walk(node, (inner) => {
    const callee = inner.kind === "call" ? facts.callees.get(inner) : undefined;
    if (callee !== undefined) called.add(callee);
  });
  for (const callee of called) {
    const tools = valueOfSymbol(facts, callee, "tools");
    if (tools?.kind === "tools") for (const { tool } of tools.tools) called.add(tool);
    const confirm = valueOfSymbol(facts, callee, "confirm");
    if (confirm?.kind === "symbol") called.add(confirm.symbol);
  }
  return called;
}

function sayIdle(unit: Unit, body: PipelineBody, called: ReadonlySet<Symbol>, name: tree.Name): void {
  const symbol = unit.facts.symbols.get(name);
  if ((symbol?.kind === "agent" || symbol?.kind === "tool") && !called.has(symbol))
    unit.report(idleGiven, name, { name: name.text, pipeline: body.symbol.name });
}

/** A test is known by its title: to `--filter`, and to whoever reads what came of it. */
export function checkTitles(unit: Unit): void {
  const first = new Map<string, tree.TestDecl>();
  for (const node of unit.file.items) {
    const title = node.kind === "test" ? plainText(node.title) : undefined;
    if (node.kind !== "test" || title === undefined) continue;
    const known = first.get(title);
    if (known === undefined) first.set(title, node);
    else {
      const labels = [{ ...unit.place(known.title), message: "the first one" }];
      unit.report(duplicateName, node.title, { name: title, what: "test", first: "test" }, { labels });
    }
  }
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
