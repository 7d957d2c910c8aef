/** Every declaration's settings and providers, each in the scope that belongs to it. */

import type { Type } from "../../runtime/types.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import type * as tree from "../syntax/tree.ts";
import { nextId } from "../table.ts";
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";
import { readProvider } from "./providers.ts";
import { fileScope, type Scope } from "./scope.ts";
import { servedTool } from "./servers.ts";
import { readSettings, requireSettings } from "./setting-blocks.ts";
import type { Env } from "./values.ts";

export function checkDeclarations(unit: Unit): void {
  for (const node of unit.file.items) checkDeclaration(unit, node);
}

function checkDeclaration(unit: Unit, node: tree.Item): void {
  switch (node.kind) {
    case "subnet":
      checkSubnet(unit, node);
      return;
    case "model":
      readProvider(unit, node.value, "model");
      if (node.settings !== undefined) readSettings("model", node.settings, node.settings.entries, { unit });
      return;
    case "agent":
      checkAgent(unit, node);
      return;
    case "tool":
      checkTool(unit, node);
      return;
    case "tools":
      readProvider(unit, node.value, "tools");
      if (node.settings !== undefined) readSettings("tools", node.settings, node.settings.entries, { unit });
      return;
    case "retry":
      requireSettings("retry", node.settings.entries, unit, node.name);
      readSettings("retry", node.settings, node.settings.entries, { unit });
      return;
    case "backend":
      readProvider(unit, node.value, "backend");
      if (node.settings !== undefined) readSettings("backend", node.settings, node.settings.entries, { unit });
      return;
    case "recall":
      readSettings("recall", node.settings, node.settings.entries, { unit, evidence: evidenceEnv(unit) });
      return;
    case "route":
      for (const rule of node.rules) checkRule(unit, rule);
  }
}

function checkSubnet(unit: Unit, node: tree.SubnetDecl): void {
  const symbol = unit.facts.symbols.get(node.name);
  const metrics = symbol === undefined ? undefined : metricsOf(unit, symbol);
  const own = node.members.filter((member) => member.kind === "setting");
  readSettings("subnet", node, own, { unit });
  // The metrics of one without a name cannot be told.
  if (metrics === undefined) return;
  for (const member of node.members) {
    if (member.kind !== "metric") continue;
    const entries = member.settings?.entries ?? [];
    requireSettings("metric", entries, unit, member.name);
    if (member.settings !== undefined) readSettings("metric", member.settings, entries, { unit, metrics });
  }
}

/** The metrics of a subnet by name. */
export function metricsOf(unit: Unit, subnet: Symbol): ReadonlyMap<string, Symbol> | undefined {
  const group = unit.facts.members.get(subnet)?.get("metrics");
  return group === undefined ? undefined : unit.facts.members.get(group);
}

function checkAgent(unit: Unit, node: tree.AgentDecl): void {
  const symbol = unit.facts.symbols.get(node.name);
  const entries = node.settings?.entries ?? [];
  requireSettings("agent", entries, unit, node.name);
  if (node.settings === undefined || symbol === undefined) return;
  const parameters: Env = {
    scope: { unit, parent: undefined, names: unit.facts.parameters.get(symbol) ?? new Map() },
    calls: "none",
  };
  unit.facts.scopes.push({ file: unit.file, span: node, scope: parameters.scope });
  readSettings("agent", node.settings, entries, { unit, parameters });
}

function checkTool(unit: Unit, node: tree.ToolDecl): void {
  const symbol = unit.facts.symbols.get(node.name);
  const callable = symbol === undefined ? undefined : unit.facts.callables.get(symbol);
  readProvider(unit, node.value, "tool");
  if (node.settings !== undefined) {
    const it = itEnv(unit, fileScope(unit), callable?.result, node.settings, "none");
    readSettings("tool", node.settings, node.settings.entries, { unit, it });
  }
}

/** The scope in which `it` is the value just made. */
export function itEnv(
  unit: Unit,
  parent: Scope,
  type: Type | undefined,
  span: tree.Span,
  calls: "none" | "tools",
  metrics?: ReadonlyMap<string, Symbol>,
): Env {
  const it: Symbol = {
    id: nextId(),
    kind: "item",
    name: "it",
    place: undefined,
    node: undefined,
    file: unit.file,
    doc: "The value just made.",
  };
  if (type !== undefined) unit.facts.typeOfSymbol.set(it, type);
  const scope: Scope = { unit, parent, names: new Map([["it", it]]) };
  unit.facts.scopes.push({ file: unit.file, span, scope });
  return { scope, calls, metrics };
}

/** The fields of the prelude's `Evidence`, each a name of its own. */
function evidenceEnv(unit: Unit): Env {
  const { facts } = unit;
  const found = facts.evidence;
  if (found !== undefined) return { scope: { unit, parent: undefined, names: found }, calls: "none" };
  const symbol = unit.outer.get("Evidence") ?? unit.globals.get("Evidence");
  const type = symbol === undefined ? undefined : facts.typeOfSymbol.get(symbol);
  const fields = new Map<string, Symbol>();
  if (type?.kind === "record") {
    for (const field of type.fields) {
      const of = facts.fieldSymbols.get(field);
      if (of !== undefined) fields.set(field.name, of);
    }
  }
  facts.evidence = fields;
  return { scope: { unit, parent: undefined, names: fields }, calls: "none" };
}

// Routes ----------------------------------------------------------------------------------------------------------------------

function checkRule(unit: Unit, rule: tree.RouteRule): void {
  if (rule.target !== undefined) resolveTarget(unit, rule.target);
  for (const backend of rule.backends) {
    if (backend.text === "" || unit.broken.has(backend.text)) continue;
    const symbol = unit.find(backend.text);
    if (symbol?.kind === "backend") unit.bind(backend, symbol);
    else if (symbol === undefined || symbol.kind === "builtin")
      unit.sayUnknown(backend, "backend", unit.visibleNamesOf("backend"));
    else unit.sayWrongKind(backend, symbol, "a backend");
  }
  if (rule.settings !== undefined) readSettings("route", rule.settings, rule.settings.entries, { unit });
}

/** A stage by its name (with its pipeline's where two have one), else a tool, `market.quote` included. */
function resolveTarget(unit: Unit, path: tree.Path): void {
  const [first, second] = path.names;
  if (first === undefined || first.text === "" || unit.broken.has(first.text)) return;
  const symbol = unit.find(first.text);
  if (second !== undefined) {
    if (symbol !== undefined) unit.bind(first, symbol);
    if (symbol?.kind === "tools") {
      servedTool(unit, symbol, second);
      return;
    }
    const member = symbol === undefined ? undefined : unit.facts.members.get(symbol)?.get(second.text);
    if (member?.kind === "stage") unit.bind(second, member);
    else
      sayNowhere(unit, path, second, symbol === undefined ? [] : [...(unit.facts.members.get(symbol)?.keys() ?? [])]);
    return;
  }
  const stages = stagesOf(unit);
  const target = stages.get(first.text) ?? (symbol?.kind === "tool" || symbol?.kind === "agent" ? symbol : undefined);
  if (target !== undefined) {
    unit.bind(first, target);
    return;
  }
  sayNowhere(unit, path, first, [...unit.namesOf("tool"), ...stages.keys()]);
}

const stagesByUnit = new WeakMap<Unit, Map<string, Symbol>>();

/** The stages of a file by their names, of several the first: made once, for there may be as many rules as pipelines. */
function stagesOf(unit: Unit): ReadonlyMap<string, Symbol> {
  let stages = stagesByUnit.get(unit);
  if (stages !== undefined) return stages;
  stages = new Map();
  for (const body of unit.facts.pipelines.values()) {
    if (body.unit !== unit) continue;
    for (const [name, { symbol }] of body.stages) if (!stages.has(name)) stages.set(name, symbol);
  }
  stagesByUnit.set(unit, stages);
  return stages;
}

function sayNowhere(unit: Unit, path: tree.Path, name: tree.Name, known: readonly string[]): void {
  const suggestion = unit.facts.suggest(name.text, known);
  unit.report(
    pipelines.routeToNothing,
    path,
    { name: path.names.map((part) => part.text).join("."), suggestion },
    unit.renaming(name, suggestion),
  );
}
