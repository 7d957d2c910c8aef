/** Expressions: what is known without running becomes a literal, names become what they mean. */
import type { Aggregate, Expr, Field, Json, Type } from "../../runtime/plan.ts";
import type { Symbol } from "../semantics/program.ts";
import { field as fieldOf } from "../semantics/types/operators.ts";
import { armsWithFields, withoutOptional } from "../semantics/types/visit.ts";
import type * as tree from "../syntax/tree.ts";
import { type Context, literal, type Named, type Surroundings } from "./context.ts";

const AGGREGATES: ReadonlySet<string> = new Set<Aggregate>(["mean", "sum", "min", "max", "count"]);

/** `around`: of the stage that it belongs to, for the tools that it calls. */
export function lowerExpression(
  context: Context,
  node: tree.Expression,
  file: tree.SourceFile,
  around?: Surroundings,
): Expr {
  const { program } = context;
  const lower = (inner: tree.Expression): Expr => lowerExpression(context, inner, file, around);
  switch (node.kind) {
    case "number":
    case "bool":
      return literal(node.value);
    case "none":
      return literal(null);
    case "string":
      return template(context, node);
    case "parenthesized":
      return lower(node.of);
    case "name-expression":
      return name(context, symbol(context, node.name));
    case "member":
      return member(context, node, lower);
    case "index":
      return { op: "index", of: lower(node.of), key: lower(node.index) };
    case "list":
      return constantOr(context, node, () => ({ op: "list", items: node.items.map(lower) }));
    case "record":
      return constantOr(context, node, () => record(context, node, lower));
    case "unary":
      return node.operator === "-" && node.operand.kind === "number"
        ? literal(-node.operand.value)
        : { op: "unary", operator: node.operator, operand: lower(node.operand) };
    case "binary":
      return { op: "binary", operator: node.operator, left: lower(node.left), right: lower(node.right) };
    case "call":
      return call(node);
    case "range":
    case "repeat":
    case "amount":
    case "per":
    case "missing":
      throw new Error(`a ${node.kind} is no value`);
  }

  function call(called: tree.CallExpression): Expr {
    const recalled = program.recalled(called);
    if (recalled !== undefined) {
      const { which, symbol: of, scope } = recalled;
      if (of.kind === "metric") return { op: "metric", which, metric: of.name };
      const base = { op: "recalled", which, stage: stageId(of) } as const;
      return scope === undefined ? base : { ...base, scope: lower(scope) };
    }
    const bound = program.boundCall(called);
    if (bound !== undefined) return { op: "call", call: context.call(bound, called, file, around) };
    const callee = called.callee.kind === "name-expression" ? called.callee.name.text : "";
    const [of] = called.arguments;
    if (AGGREGATES.has(callee) && of !== undefined) {
      return { op: "aggregate", function: callee as Aggregate, of: lower(of.value) };
    }
    throw new Error(`${callee} cannot be called in an expression`);
  }
}

/** `pipeline.stage`: what trail and knowledge know a stage by. */
export function stageId(stage: Symbol): string {
  return stage.parent === undefined ? stage.name : `${stage.parent.name}.${stage.name}`;
}

function symbol({ program }: Context, of: tree.Name): Symbol {
  const found = program.symbolOf(of);
  if (found === undefined) throw new Error(`${of.text} means nothing`);
  return found;
}

function constantOr({ program }: Context, node: tree.Expression, otherwise: () => Expr): Expr {
  const value = program.constant(node);
  return value === undefined ? otherwise() : literal(value);
}

function name(context: Context, meant: Symbol): Expr {
  if (meant.kind === "secret") return { op: "secret", name: context.declared(meant) };
  if (meant.kind === "subnet") return literal(subnetValue(context, meant));
  return { op: "name", name: meant.name };
}

type Lower = (node: tree.Expression) => Expr;

function member(context: Context, node: tree.MemberExpression, lower: Lower): Expr {
  const constant = context.program.constant(node);
  if (constant !== undefined) return literal(constant);
  return part(lower(node.of), node.name.text, mapsOf(context.program.typeOf(node.of)));
}

/** A field of an expression; of a literal it is taken at once. */
function part(of: Expr, field: string, each: number): Expr {
  if (of.op === "literal" && isRecord(of.value)) return literal(of.value[field] ?? null);
  return each > 0 ? { op: "field", of, name: field, each } : { op: "field", of, name: field };
}

/** How many fan-outs deep the items of a value lie. */
function mapsOf(type: Type | undefined): number {
  const of = type && withoutOptional(type);
  return of?.kind === "map" ? 1 + mapsOf(of.of) : 0;
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a subnet is as a value: its tasks by name and in order, and a sentence on each metric, for prompts. */
function subnetValue(context: Context, meant: Symbol): { readonly [key: string]: Json } {
  const subnet = context.tables.subnets[context.declared(meant)]!;
  const metrics = Object.entries(subnet.metrics).map(([key, { direction, doc }]) => {
    const goal = direction < 0 ? "less is better" : "more is better";
    return [key, doc === undefined ? `${key} (${goal})` : `${key} (${goal}): ${doc.replaceAll("\n", " ")}`];
  });
  return { tasks: subnet.tasks, metrics: Object.fromEntries(metrics) };
}

function template(context: Context, { parts }: tree.StringLiteral): Expr {
  if (parts.every((piece) => piece.kind === "text")) {
    return literal(parts.map((piece) => (piece.kind === "text" ? piece.value : "")).join(""));
  }
  return { op: "template", parts: parts.map((piece) => (piece.kind === "text" ? piece.value : hole(context, piece))) };
}

/** `${task.asset}`: the fields are read along the path, with its types. */
function hole(context: Context, { path: { names } }: tree.StringHole): Expr {
  const [first, ...rest] = names as readonly [tree.Name, ...tree.Name[]];
  const root = symbol(context, first);
  let expression = name(context, root);
  let type = context.program.typeOfSymbol(root);
  for (let deep = context.fannedOut(root); type !== undefined && deep > 0; deep--) type = { kind: "map", of: type };
  for (const { text } of rest) {
    expression = part(expression, text, mapsOf(type));
    const judged = type === undefined ? undefined : fieldOf(type, text);
    type = judged?.ok ? judged.type : undefined;
  }
  return expression;
}

/** A record literal with what it leaves out and its type gives a default for. */
function record(context: Context, node: tree.RecordLiteral, lower: Lower): Expr {
  const given: Named[] = node.fields.map(({ name: { text }, value }) => ({ name: text, value: lower(value) }));
  const names = new Set(given.map((field) => field.name));
  const type = context.program.typeOf(node);
  const declared = type === undefined ? [] : fieldsFor(withoutOptional(type), given);
  const presets = declared
    .filter((field) => field.default !== undefined && !names.has(field.name))
    .map((field): Named => ({ name: field.name, value: literal(field.default!) }));
  const fields = [...given, ...presets];
  const typeName = type !== undefined && "name" in type ? type.name : undefined;
  return typeName === undefined ? { op: "record", fields } : { op: "record", fields, type: typeName };
}

/** The fields of a record type, those of its choices included as far as the literal says which arm is meant. */
function fieldsFor(type: Type, given: readonly Named[]): readonly Field[] {
  if (type.kind !== "record") return [];
  return type.fields.flatMap((field) => {
    const chosen = given.find((one) => one.name === field.name)?.value;
    const value = chosen?.op === "literal" ? chosen.value : field.default;
    const arm = armsWithFields(field.type).find((one) => one.value === value);
    return arm === undefined ? [field] : [field, ...arm.fields];
  });
}
