/** Declared types and subnets, each after those that it names; what contains itself is an error. */
import type { Field, Json, Type } from "../../runtime/types.ts";
import * as knowledge from "../diagnostics/catalogue/knowledge.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { constantOf } from "./constants.ts";
import { infer } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, shown } from "./judging.ts";
import { byDependency } from "./order.ts";
import type { Symbol } from "./program.ts";
import { fileScope } from "./scope.ts";
import { resolveType } from "./type-nodes.ts";
import { common, join, named, optional } from "./types/make.ts";
import { isNumber } from "./types/visit.ts";

interface Declared {
  readonly unit: Unit;
  readonly node: tree.TypeDecl | tree.SubnetDecl;
  readonly symbol: Symbol;
}

export function resolveDeclaredTypes(units: readonly Unit[]): void {
  const declared = new Map<Symbol, Declared>();
  for (const unit of units) {
    for (const node of unit.file.items) {
      if (node.kind !== "type" && node.kind !== "subnet") continue;
      const symbol = unit.facts.symbols.get(node.name);
      if (symbol !== undefined) declared.set(symbol, { unit, node, symbol });
    }
  }
  const { order, cycles } = byDependency([...declared.values()], (one) => dependencies(one, declared));
  const recursive = new Set<Declared>();
  for (const cycle of cycles) sayRecursive(cycle, recursive);
  for (const one of order) {
    if (recursive.has(one)) one.unit.facts.typeOfSymbol.set(one.symbol, BROKEN);
    else if (one.node.kind === "type") resolveDeclaration(one.unit, one.node, one.symbol);
    else resolveSubnet(one.unit, one.node, one.symbol);
  }
}

function sayRecursive(cycle: readonly Declared[], recursive: Set<Declared>): void {
  for (const one of cycle) recursive.add(one);
  const [first, ...rest] = cycle;
  if (first === undefined) return;
  const labels = rest.map(({ symbol, unit }) => ({ ...unit.place(symbol.place!), message: "and this" })).slice(0, 8);
  first.unit.report(
    types.recursiveType,
    first.node.name,
    { names: cycle.map(({ symbol }) => symbol.name) },
    { labels },
  );
}

function resolveDeclaration(unit: Unit, node: tree.TypeDecl, symbol: Symbol): void {
  const type = resolveType(unit, node.type);
  if (type === undefined) {
    unit.facts.typeOfSymbol.set(symbol, BROKEN);
    return;
  }
  // A second name of a declared type is that type: `type A = B`.
  const whole = node.type.kind === "named-type" ? type : named(type, node.name.text, node.doc);
  unit.facts.typeOfSymbol.set(symbol, whole);
}

// What a declaration names ------------------------------------------------------------------------------------------------

function dependencies({ unit, node }: Declared, declared: ReadonlyMap<Symbol, Declared>): Declared[] {
  const found: Declared[] = [];
  const name = (path: tree.Path): void => {
    const symbol = unit.find(path.names[0]?.text ?? "");
    const one = symbol === undefined ? undefined : declared.get(symbol);
    if (one !== undefined) found.push(one);
  };
  if (node.kind === "type") namesOfType(node.type, name);
  else {
    for (const member of node.members) {
      if (member.kind === "metric") namesOfType(member.type, name);
      if (member.kind === "task") namesOfValue(member.value, name);
    }
  }
  return found;
}

function namesOfType(node: tree.TypeNode, visit: (path: tree.Path) => void): void {
  switch (node.kind) {
    case "named-type":
      visit(node.path);
      return;
    case "ranged-type":
      namesOfType(node.base, visit);
      return;
    case "optional-type":
    case "list-type":
    case "map-type":
      namesOfType(node.of, visit);
      return;
    case "record-type":
      namesOfFields(node.fields, visit);
      return;
    case "union-type":
      for (const arm of node.arms) {
        namesOfType(arm.type, visit);
        if (arm.fields !== undefined) namesOfFields(arm.fields, visit);
      }
  }
}

function namesOfFields(fields: readonly tree.Parameter[], visit: (path: tree.Path) => void): void {
  for (const field of fields) {
    namesOfType(field.type, visit);
    if (field.default !== undefined) namesOfValue(field.default, visit);
  }
}

/** Only literals can stand in defaults and tasks, so only records name types. */
function namesOfValue(node: tree.Expression, visit: (path: tree.Path) => void): void {
  if (node.kind === "parenthesized") {
    namesOfValue(node.of, visit);
    return;
  }
  if (node.kind === "list") for (const item of node.items) namesOfValue(item, visit);
  if (node.kind !== "record") return;
  if (node.type !== undefined) visit(node.type);
  for (const field of node.fields) namesOfValue(field.value, visit);
}

// Subnets -----------------------------------------------------------------------------------------------------------------

function resolveSubnet(unit: Unit, node: tree.SubnetDecl, subnet: Symbol): void {
  const { facts } = unit;
  const tasks: { readonly name: string; readonly type: Type }[] = [];
  const values: Json[] = [];
  for (const member of node.members) {
    const symbol = member.kind === "setting" ? undefined : facts.symbols.get(member.name);
    if (symbol === undefined) continue;
    if (member.kind === "metric") resolveMetric(unit, member, symbol);
    if (member.kind !== "task") continue;
    const type = infer({ scope: fileScope(unit), calls: "none" }, member.value);
    const value = constantOf(facts, member.value);
    if (type === undefined) continue;
    if (value === undefined) {
      unit.report(types.notConstant, member.value, { what: "A task" });
      continue;
    }
    const named = { name: member.name.text, ...(value as { readonly [name: string]: Json }) };
    tasks.push({ name: member.name.text, type });
    values.push(named);
    facts.constants.set(symbol, named);
  }
  const members = facts.members.get(subnet);
  const all = members?.get("tasks");
  const one = members?.get("Task");
  if (all === undefined || one === undefined) return;
  const task = taskType(`${node.name.text}.Task`, tasks);
  facts.typeOfSymbol.set(one, task);
  facts.typeOfSymbol.set(all, { kind: "list", of: task, least: tasks.length, most: tasks.length });
  facts.constants.set(all, values);
  for (const symbol of facts.members.get(all)?.values() ?? []) facts.typeOfSymbol.set(symbol, task);
}

function resolveMetric(unit: Unit, node: tree.MetricDecl, symbol: Symbol): void {
  const type = resolveType(unit, node.type);
  if (type !== undefined && type !== BROKEN && !isNumber(type))
    unit.report(knowledge.badMetric, node.type, { name: node.name.text, type: shown(type) });
  else unit.facts.typeOfSymbol.set(symbol, type ?? BROKEN);
}

/** One record that every task fits: a field that some lack is optional, values that differ are joined. */
function taskType(name: string, tasks: readonly { readonly name: string; readonly type: Type }[]): Type {
  const names: Type = { kind: "choice", arms: tasks.map((task) => ({ value: task.name, fields: [] })) };
  const fields = new Map<string, { types: Type[]; field: Field }>();
  for (const { type } of tasks) {
    if (type.kind !== "record") continue;
    for (const field of type.fields) {
      const known = fields.get(field.name);
      if (known === undefined) fields.set(field.name, { types: [field.type], field });
      else known.types.push(field.type);
    }
  }
  const joined = [...fields.values()].map(({ types: found, field }) => {
    const type =
      found.reduce<Type | undefined>((sum, next) => (sum === undefined ? undefined : join(sum, next)), found[0]) ??
      common(found);
    return { ...field, type: found.length < tasks.length ? optional(type) : type };
  });
  const first: readonly Field[] = tasks.length === 0 ? [] : [{ name: "name", type: names }];
  return { kind: "record", fields: [...first, ...joined.filter((field) => field.name !== "name")], name };
}
