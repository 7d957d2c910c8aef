/**
 * Evaluates the plan's expressions. Pure and total: a missing value gives none (`null`), what cannot be computed throws
 * an `AttemptError` with a sentence. What needs the world (`best`, a call inside an `expect`) is yielded as a request,
 * so that one evaluator serves both those that may wait and those that must not.
 */
import type { Aggregate, BinaryOp, Call, Expr } from "../plan.ts";
import { secretMark } from "../tools/secret-arguments.ts";
import type { Json } from "../types.ts";
import { shown } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";

/** Names in scope. `undefined`: no such name, which reads as missing. */
export interface Scope {
  get(name: string): Json | undefined;
}

export type Request =
  | {
      readonly kind: "recalled";
      readonly which: "best" | "last";
      readonly stage: string;
      readonly scope: string | undefined;
    }
  | { readonly kind: "metric"; readonly which: "best" | "last"; readonly metric: string }
  | { readonly kind: "call"; readonly call: Call; readonly input: { readonly [name: string]: Json } };

type Evaluation = Generator<Request, Json, Json>;

/** For expressions without requests (`asksTheWorld` tells). */
export function evaluate(expression: Expr, scope: Scope): Json {
  // Most are one of these two, and need no generator.
  if (expression.op === "literal") return expression.value;
  if (expression.op === "name") return scope.get(expression.name) ?? null;
  const step = walk(expression, scope).next();
  if (step.done !== true) throw new AttemptError("invalid", "this value cannot be asked for here");
  return step.value;
}

export async function evaluateAsking(
  expression: Expr,
  scope: Scope,
  answer: (request: Request) => Promise<Json>,
): Promise<Json> {
  const evaluation = walk(expression, scope);
  let step = evaluation.next();
  while (step.done !== true) step = evaluation.next(await answer(step.value));
  return step.value;
}

/** Whether evaluating it may make a request. */
export function asksTheWorld(expression: Expr): boolean {
  return (
    expression.op === "recalled" ||
    expression.op === "metric" ||
    expression.op === "call" ||
    children(expression).some(asksTheWorld)
  );
}

/** The expression with the values of all names in it: what can be told without the world is told. For a later evaluation. */
export function closed(expression: Expr, scope: Scope): Expr {
  if (!needsTheWorld(expression)) return { op: "literal", value: evaluate(expression, scope) };
  return withParts(expression, (part) => closed(part, scope));
}

/** The expression with another in the place of each of its `children`. */
export function withParts(expression: Expr, inner: (part: Expr) => Expr): Expr {
  switch (expression.op) {
    case "field":
    case "aggregate":
      return { ...expression, of: inner(expression.of) };
    case "index":
      return { ...expression, of: inner(expression.of), key: inner(expression.key) };
    case "list":
      return { ...expression, items: expression.items.map(inner) };
    case "record":
      return { ...expression, fields: expression.fields.map((field) => ({ ...field, value: inner(field.value) })) };
    case "unary":
      return { ...expression, operand: inner(expression.operand) };
    case "binary":
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case "template":
      return { ...expression, parts: expression.parts.map((part) => (typeof part === "string" ? part : inner(part))) };
    case "recalled":
      return expression.scope === undefined ? expression : { ...expression, scope: inner(expression.scope) };
    case "call": {
      const { call } = expression;
      const given = call.arguments.map((argument) => ({ ...argument, value: inner(argument.value) }));
      return { ...expression, call: { ...call, arguments: given } };
    }
    default:
      return expression;
  }
}

/** A secret too is the world's: it is resolved at the last moment, and never written down. */
function needsTheWorld(expression: Expr): boolean {
  return (
    expression.op === "secret" ||
    expression.op === "recalled" ||
    expression.op === "metric" ||
    expression.op === "call" ||
    children(expression).some(needsTheWorld)
  );
}

/** The names that an expression reads. */
export function namesIn(expression: Expr, names = new Set<string>()): Set<string> {
  if (expression.op === "name") names.add(expression.name);
  for (const child of children(expression)) namesIn(child, names);
  return names;
}

/** The names that it cannot do without: all but those that only `count`, `sum` or the left side of a `??` reads. */
export function requiredBy(expression: Expr, names = new Set<string>()): Set<string> {
  if (expression.op === "aggregate" && (expression.function === "count" || expression.function === "sum")) return names;
  if (expression.op === "binary" && expression.operator === "??") return requiredBy(expression.right, names);
  if (expression.op === "name") names.add(expression.name);
  for (const child of children(expression)) requiredBy(child, names);
  return names;
}

const NONE: readonly Expr[] = [];

export function children(expression: Expr): readonly Expr[] {
  switch (expression.op) {
    case "field":
    case "aggregate":
      return [expression.of];
    case "index":
      return [expression.of, expression.key];
    case "list":
      return expression.items;
    case "record":
      return expression.fields.map((field) => field.value);
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "template":
      return expression.parts.filter((part) => typeof part !== "string");
    case "recalled":
      return expression.scope === undefined ? [] : [expression.scope];
    case "call":
      return expression.call.arguments.map((argument) => argument.value);
    default:
      return NONE;
  }
}

function* walk(expression: Expr, scope: Scope): Evaluation {
  switch (expression.op) {
    case "literal":
      return expression.value;
    case "name":
      return scope.get(expression.name) ?? null;
    case "field": {
      return fieldOfEach(yield* walk(expression.of, scope), expression.name, expression.each ?? 0);
    }
    case "index": {
      const of = yield* walk(expression.of, scope);
      const key = yield* walk(expression.key, scope);
      if (of === null || key === null) return null;
      if (Array.isArray(of) && typeof key === "number") return of[key] ?? null;
      const name = keyOf(key);
      if (Array.isArray(of)) return of.find((item: Json) => keyOf(item) === name) ?? null;
      return isObject(of) && name !== undefined && Object.hasOwn(of, name) ? (of[name] ?? null) : null;
    }
    case "list": {
      const items: Json[] = [];
      for (const item of expression.items) items.push(yield* walk(item, scope));
      return items;
    }
    case "record": {
      const fields: { [key: string]: Json } = {};
      for (const { name, value } of expression.fields) {
        const item = yield* walk(value, scope);
        if (item !== null) fields[name] = item;
      }
      return fields;
    }
    case "unary": {
      const operand = yield* walk(expression.operand, scope);
      if (operand === null) return null;
      if (expression.operator === "not")
        return typeof operand === "boolean" ? !operand : fail(`not needs true or false, but has ${shown(operand)}`);
      return typeof operand === "number" ? -operand + 0 : fail(`- needs a number, but has ${shown(operand)}`);
    }
    case "binary":
      return yield* binary(expression.operator, expression.left, expression.right, scope);
    case "template": {
      let text = "";
      for (const part of expression.parts) text += typeof part === "string" ? part : asText(yield* walk(part, scope));
      return text;
    }
    case "aggregate":
      return aggregate(expression.function, yield* walk(expression.of, scope));
    case "recalled": {
      const key = expression.scope === undefined ? undefined : keyOf(yield* walk(expression.scope, scope));
      return yield { kind: "recalled", which: expression.which, stage: expression.stage, scope: key };
    }
    case "metric":
      return yield { kind: "metric", which: expression.which, metric: expression.metric };
    case "call": {
      const input: { [name: string]: Json } = {};
      for (const { name, value } of expression.call.arguments) input[name] = yield* walk(value, scope);
      return yield { kind: "call", call: expression.call, input };
    }
    case "secret":
      return secretMark(expression.name);
  }
}

function* binary(operator: BinaryOp, leftSide: Expr, rightSide: Expr, scope: Scope): Evaluation {
  const left = yield* walk(leftSide, scope);
  // These three look at their right side only where the left one does not settle it.
  if (operator === "??") return left ?? (yield* walk(rightSide, scope));
  if (operator === "and" && left === false) return false;
  if (operator === "or" && left === true) return true;
  const right = yield* walk(rightSide, scope);
  if (operator === "==") return equal(left, right);
  if (operator === "!=") return !equal(left, right);
  if (operator === "and" || operator === "or") {
    const settles = operator === "or";
    if (left === settles || right === settles) return settles;
    if (left === null || right === null) return null;
    return typeof left === "boolean" && typeof right === "boolean"
      ? right
      : fail(`${operator} needs true or false on both sides`);
  }
  if (left === null || right === null) return null;
  if (operator === "<" || operator === "<=" || operator === ">" || operator === ">=")
    return compare(operator, left, right);
  return arithmetic(operator, left, right);
}

function compare(operator: "<" | "<=" | ">" | ">=", left: Json, right: Json): boolean {
  let order: number;
  if (typeof left === "number" && typeof right === "number") order = left - right;
  else if (typeof left === "string" && typeof right === "string") {
    const [a, b] = [Date.parse(left), Date.parse(right)];
    order = Number.isNaN(a) || Number.isNaN(b) ? (left < right ? -1 : left > right ? 1 : 0) : a - b;
  } else return fail(`${shown(left)} and ${shown(right)} cannot be compared`);
  return operator === "<" ? order < 0 : operator === "<=" ? order <= 0 : operator === ">" ? order > 0 : order >= 0;
}

function arithmetic(operator: "+" | "-" | "*" | "/", left: Json, right: Json): Json {
  if (typeof left === "number" && typeof right === "number") {
    if (operator === "/" && right === 0) return fail("a division by zero");
    const result =
      operator === "+"
        ? left + right
        : operator === "-"
          ? left - right
          : operator === "*"
            ? left * right
            : left / right;
    return Number.isFinite(result) ? result : fail(`${left} ${operator} ${right} is too large a number`);
  }
  // Times are texts, durations are seconds.
  const [from, to] = [
    typeof left === "string" ? Date.parse(left) : Number.NaN,
    typeof right === "string" ? Date.parse(right) : Number.NaN,
  ];
  if (operator === "-" && !Number.isNaN(from) && !Number.isNaN(to)) return (from - to) / 1000;
  if (operator === "+" && typeof left === "number" && !Number.isNaN(to)) return moment(to + left * 1000);
  if ((operator === "+" || operator === "-") && typeof right === "number" && !Number.isNaN(from)) {
    return moment(operator === "+" ? from + right * 1000 : from - right * 1000);
  }
  return fail(`${shown(left)} ${operator} ${shown(right)} has no meaning`);
}

function moment(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? fail("a time beyond the calendar") : date.toISOString();
}

function aggregate(which: Aggregate, of: Json): Json {
  if (of === null) return which === "count" || which === "sum" ? 0 : null;
  const items = (
    Array.isArray(of) ? of : isObject(of) ? Object.values(of) : fail(`${which} needs a list or a map`)
  ).filter((item) => item !== null);
  if (which === "count") return items.length;
  if (items.length > 0 && items.every((item) => typeof item === "string") && (which === "min" || which === "max")) {
    return items.reduce((a, b) => (compare(which === "min" ? "<=" : ">=", a, b) ? a : b));
  }
  let sum = 0;
  let least = Infinity;
  let most = -Infinity;
  for (const item of items) {
    if (typeof item !== "number") return fail(`${which} needs numbers, but has ${shown(item)}`);
    sum += item;
    if (item < least) least = item;
    if (item > most) most = item;
  }
  if (which === "sum") return sum;
  if (items.length === 0) return null;
  return which === "mean" ? sum / items.length : which === "min" ? least : most;
}

/** The field of each item, `deep` maps down; an item without it is left out. */
function fieldOfEach(of: Json, name: string, deep: number): Json {
  if (deep === 0) return fieldOf(of, name);
  if (!isObject(of)) return of === null ? null : fail(`${name} cannot be read from each item of ${shown(of)}`);
  const entries = Object.entries(of).map(([key, item]) => [key, fieldOfEach(item, name, deep - 1)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

function fieldOf(of: Json, name: string): Json {
  if (of === null) return null;
  // `subnet.tasks.lf_btc`: an item of a list by its name.
  if (Array.isArray(of)) return of.find((item: Json) => keyOf(item) === name) ?? null;
  if (!isObject(of)) return fail(`${shown(of)} has no field ${name}`);
  return Object.hasOwn(of, name) ? (of[name] ?? null) : null;
}

/** What an item is known by: itself, or its `name` or `key`. */
export function keyOf(item: Json): string | undefined {
  if (typeof item === "string") return item;
  if (typeof item === "number" || typeof item === "boolean") return String(item);
  if (!isObject(item)) return undefined;
  const name = item.name ?? item.key;
  return typeof name === "string" || typeof name === "number" ? String(name) : undefined;
}

function equal(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, i) => equal(item, right[i]))
    );
  }
  const [a, b] = [left as { readonly [key: string]: Json }, right as { readonly [key: string]: Json }];
  // Absent and null are the same.
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key] ?? null, b[key] ?? null));
}

/** A value in a text: what is missing reads `none`, structures as JSON. */
export function asText(value: Json): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(message: string): never {
  throw new AttemptError("invalid", message);
}
