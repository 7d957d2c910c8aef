/** What is called: an agent, a tool, one of a namespace, a built-in function. Looked up once for every call. */
import * as calls from "../diagnostics/catalogue/calls.ts";
import type * as tree from "../syntax/tree.ts";
import { BUILTIN_FUNCTIONS, PROVIDER_SYMBOLS } from "./builtins.ts";
import type { Unit } from "./facts.ts";
import { describe } from "./naming.ts";
import type { Symbol } from "./program.ts";
import { servedTool } from "./servers.ts";

/** `undefined` where nothing was found, which has then been said, or where a namespace's tools are not known. */
export function resolveCallee(unit: Unit, node: tree.CallExpression): Symbol | undefined {
  const { callees } = unit.facts;
  if (callees.has(node)) return callees.get(node);
  const symbol = find(unit, node.callee);
  callees.set(node, symbol);
  return symbol;
}

function find(unit: Unit, callee: tree.Expression): Symbol | undefined {
  if (callee.kind === "name-expression") return findByName(unit, callee.name);
  if (callee.kind === "member" && callee.of.kind === "name-expression")
    return findMember(unit, callee.of.name, callee.name);
  if (callee.kind !== "missing")
    unit.report(calls.notCallable, callee, { name: unit.file.text.slice(callee.start, callee.end), actual: "a value" });
  return undefined;
}

function findByName(unit: Unit, name: tree.Name): Symbol | undefined {
  if (name.text === "") return undefined;
  const declared = unit.globals.get(name.text);
  // A name of the file goes before a built-in function, so that a tool may be called `count`.
  const symbol =
    declared ??
    BUILTIN_FUNCTIONS.get(name.text)?.symbol ??
    PROVIDER_SYMBOLS.get(name.text) ??
    unit.outer.get(name.text);
  if (symbol === undefined) {
    if (!unit.broken.has(name.text)) unit.sayUnknown(name, "agent or tool", callableNames(unit));
    return undefined;
  }
  unit.bind(name, symbol);
  if (symbol.kind === "agent" || symbol.kind === "tool" || symbol.kind === "builtin") return symbol;
  unit.report(
    calls.notCallable,
    name,
    { name: name.text, actual: describe(symbol) },
    symbol.place === undefined ? {} : { labels: [{ ...symbol.place, message: "declared here" }] },
  );
  return undefined;
}

function findMember(unit: Unit, namespace: tree.Name, name: tree.Name): Symbol | undefined {
  const symbol = unit.find(namespace.text);
  if (symbol === undefined) {
    unit.sayUnknown(namespace, "namespace of tools", callableNames(unit));
    return undefined;
  }
  unit.bind(namespace, symbol);
  if (symbol.kind !== "tools") {
    unit.report(
      calls.notCallable,
      { start: namespace.start, end: name.end },
      { name: `${namespace.text}.${name.text}`, actual: `of ${describe(symbol)}` },
    );
    return undefined;
  }
  return servedTool(unit, symbol, name);
}

function* callableNames(unit: Unit): Iterable<string> {
  yield* unit.namesOf("agent", "tool", "tools");
  yield* BUILTIN_FUNCTIONS.keys();
}
