/** The type of every expression. What is written is also checked against what is wanted, where something is. */
import type { Type } from "../../runtime/types.ts";
import * as calls from "../diagnostics/catalogue/calls.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type { DiagnosticDefinition, Place } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";
import { BUILTIN_FUNCTIONS } from "./builtins.ts";
import { resolveCallee } from "./callees.ts";
import { bindCall } from "./calls.ts";
import { BROKEN, sayUnfit, sentence, shown } from "./judging.ts";
import { wayOfSecret } from "./leaks.ts";
import { describe } from "./naming.ts";
import { recalledCall } from "./recalled.ts";
import { inferRecord } from "./records.ts";
import { fits } from "./types/fit.ts";
import { common, type Judgement, literalOf, optional } from "./types/make.ts";
import { binary, index, isKey, unary } from "./types/operators.ts";
import { isNumber, withoutOptional } from "./types/visit.ts";
import { type Denoted, denoteMember, denoteName, type Env, valueOf } from "./values.ts";

/**
 * Whether the value fits, or may; else says so. `what` begins the sentence ("The argument `step`"), `declared` is where
 * the wanted type is written. Without a wanted type (an error stands there) the value is only read.
 */
export function check(
  env: Env,
  node: tree.Expression,
  wanted: Type | undefined,
  what: string,
  declared?: tree.Span | Place,
): boolean {
  const goal = wanted === BROKEN ? undefined : wanted;
  const { unit } = env.scope;
  const before = unit.facts.diagnostics.length;
  const actual = infer(env, node, goal);
  if (actual === undefined || unit.facts.diagnostics.length > before) return false;
  if (goal === undefined) return wanted !== undefined;
  const fit = fits(actual, goal);
  if (fit.verdict !== "never") return true;
  const place = declared === undefined ? undefined : "file" in declared ? declared : unit.place(declared);
  sayUnfit(
    unit,
    node,
    actual,
    goal,
    fit,
    what,
    place === undefined ? [] : [{ ...place, message: `${shown(goal)} is wanted here` }],
  );
  return false;
}

/** The type, `undefined` where an error stands. `wanted` tells a literal what it is to be; it is not checked here. */
export function infer(env: Env, node: tree.Expression, wanted?: Type): Type | undefined {
  const type = inferred(env, node, wanted);
  if (type !== undefined) env.scope.unit.facts.types.set(node, type);
  return type;
}

function inferred(env: Env, node: tree.Expression, wanted: Type | undefined): Type | undefined {
  switch (node.kind) {
    case "missing":
      return undefined;
    case "bool":
      return literalOf(node.value);
    case "none":
      return { kind: "none" };
    case "number":
      return { kind: node.unit, low: node.value, high: node.value };
    case "string":
      return stringType(env, node);
    case "name-expression":
    case "member":
      return valueOf(env, denote(env, node), node);
    case "index":
      return indexType(env, node);
    case "call":
      return callType(env, node);
    case "list":
      return listType(env, node, wanted === undefined ? undefined : withoutOptional(wanted));
    case "record":
      return inferRecord(env, node, wanted, check);
    case "unary": {
      const operand = infer(env, node.operand);
      return operand === undefined ? undefined : judged(env, node, unary(node.operator, operand));
    }
    case "binary":
      return binaryType(env, node, wanted);
    case "parenthesized":
      return infer(env, node.of, wanted);
    default:
      env.scope.unit.report(types.badOperands, node, { reason: `${FORMS[node.kind]} stands only in settings.` });
      return undefined;
  }
}

const FORMS = { range: "A range", repeat: "`x`", amount: "An amount", per: "`per`" } as const;

// Names and members ---------------------------------------------------------------------------------------------------

/** A name or a chain of members, which may name a namespace on its way. */
export function denote(env: Env, node: tree.Expression): Denoted | undefined {
  const { facts } = env.scope.unit;
  if (node.kind === "name-expression") return denoteName(env, node.name);
  if (node.kind !== "member") {
    const type = infer(env, node);
    return type === undefined ? undefined : { symbol: undefined, type };
  }
  const of = denote(env, node.of);
  if (of === undefined) return undefined;
  if (of.type !== undefined) facts.types.set(node.of, of.type);
  return denoteMember(env, of, node.name);
}

/** What a hole names. */
function denotePath(env: Env, path: tree.Path): Denoted | undefined {
  const [first, ...rest] = path.names;
  let at = first === undefined ? undefined : denoteName(env, first);
  for (const name of rest) {
    if (at === undefined) return undefined;
    at = denoteMember(env, at, name);
  }
  return at;
}

function stringType(env: Env, node: tree.StringLiteral): Type | undefined {
  if (node.parts.length === 0) return literalOf("");
  const only = node.parts[0]!;
  if (node.parts.length === 1 && only.kind === "text") return literalOf(only.value);
  for (const part of node.parts) if (part.kind === "hole") checkHole(env, part);
  return { kind: "string" };
}

/** Anything but a secret may stand in a text; a metric is described. */
function checkHole(env: Env, hole: tree.StringHole): void {
  const { unit } = env.scope;
  const denoted = denotePath(env, hole.path);
  if (denoted === undefined) return;
  if (denoted.symbol?.kind === "metric" && denoted.type === undefined) return;
  const type = valueOf(env, denoted, hole.path);
  if (type?.kind !== "secret") return;
  const path = [hole.path.names.map((name) => name.text).join(".")];
  const labels = [
    ...wayOfSecret(unit, denoted.symbol),
    { ...unit.place(hole), message: "here it would leave, in the text" },
  ];
  unit.report(safety.secretLeak, hole, { path, where: "this text" }, { labels });
}

// Operators -------------------------------------------------------------------------------------------------------------

function binaryType(env: Env, node: tree.BinaryExpression, wanted: Type | undefined): Type | undefined {
  const fallback = node.operator === "??";
  const inferredLeft = infer(env, node.left, fallback && wanted !== undefined ? optional(wanted) : undefined);
  const left =
    fallback && inferredLeft !== undefined && isOfItems(env, node.left) ? optional(inferredLeft) : inferredLeft;
  const goal = fallback ? (left === undefined ? wanted : withoutOptional(left)) : literalGoal(node, left);
  const right = infer(env, node.right, goal);
  if (left === undefined || right === undefined) return fallback ? right : undefined;
  if (left.kind === "secret" || right.kind === "secret") {
    const secret = left.kind === "secret" ? node.left : node.right;
    env.scope.unit.report(safety.secretLeak, node, {
      path: [env.scope.unit.file.text.slice(secret.start, secret.end)],
      where: `the operator \`${node.operator}\``,
    });
    return undefined;
  }
  return judged(env, node, binary(node.operator, left, right));
}

/** A record compared with something is meant to be of its type. */
function literalGoal(node: tree.BinaryExpression, left: Type | undefined): Type | undefined {
  return node.right.kind === "record" || node.right.kind === "list" ? left : undefined;
}

function judged(
  env: Env,
  node: tree.Span,
  judgement: Judgement,
  definition: DiagnosticDefinition<{ readonly reason: string }> = types.badOperands,
): Type | undefined {
  if (judgement.ok) return judgement.type;
  env.scope.unit.report(
    definition,
    node,
    { reason: sentence(judgement.reason) },
    judgement.help === undefined ? {} : { help: judgement.help },
  );
  return undefined;
}

/** `m[k]`, where `k` may be a record that has a `name` or a `key`. */
function indexType(env: Env, node: tree.IndexExpression): Type | undefined {
  const of = infer(env, node.of);
  const key = infer(env, node.index);
  if (of === undefined || key === undefined) return undefined;
  const container = withoutOptional(of);
  if (container.kind !== "map" && container.kind !== "list" && container.kind !== "json") {
    env.scope.unit.report(types.notIndexable, node, { type: shown(of) });
    return undefined;
  }
  return judged(env, node, index(of, container.kind === "map" ? (keyOf(key) ?? key) : key));
}

/** The type of that by which an item is known: its `name` or `key`, or itself. */
export function keyOf(item: Type): Type | undefined {
  if (isKey(item)) return item;
  if (item.kind !== "record") return undefined;
  const field = item.fields.find(({ name }) => name === "name") ?? item.fields.find(({ name }) => name === "key");
  return field !== undefined && isKey(field.type) ? field.type : undefined;
}

function listType(env: Env, node: tree.ListLiteral, wanted: Type | undefined): Type | undefined {
  const goal = wanted?.kind === "list" ? wanted.of : undefined;
  const found: Type[] = [];
  let broken = false;
  for (const item of node.items) {
    if (goal !== undefined) {
      if (!check(env, item, goal, "This item")) broken = true;
      continue;
    }
    const type = infer(env, item);
    if (type === undefined) broken = true;
    else if (type.kind === "secret") {
      env.scope.unit.report(safety.secretLeak, item, {
        path: [env.scope.unit.file.text.slice(item.start, item.end)],
        where: "a list",
      });
      broken = true;
    } else found.push(type);
  }
  if (broken) return undefined;
  const count = { least: node.items.length, most: node.items.length };
  if (goal !== undefined) return { kind: "list", of: goal, ...count };
  return { kind: "list", of: found.length === 0 ? { kind: "json" } : common(found), ...count };
}

// Calls -----------------------------------------------------------------------------------------------------------------

function callType(env: Env, node: tree.CallExpression): Type | undefined {
  const { unit } = env.scope;
  const callee = resolveCallee(unit, node);
  if (callee === undefined) {
    for (const argument of node.arguments) infer(env, argument.value);
    return undefined;
  }
  if (callee.kind === "builtin") {
    switch (BUILTIN_FUNCTIONS.get(callee.name)?.use) {
      case "recalled":
        return recalledCall(env, node, callee.name as "best" | "last", infer);
      case "aggregate":
        return aggregateType(env, node, callee.name);
    }
  } else if (env.calls === "tools" && callee.kind !== "agent") {
    if (unit.facts.callables.get(callee)?.effect) {
      const how = "here it would be called as often as its value is asked for";
      unit.report(safety.effectRetried, node, { name: callee.name, how });
    }
    return bindCall(env, node, callee, check);
  }
  const what = callee.kind === "builtin" ? "a built-in function" : describe(callee);
  unit.report(calls.notCallable, node.callee, {
    name: unit.file.text.slice(node.callee.start, node.callee.end),
    actual: what,
  });
  return undefined;
}

/** `mean sum min max count` over a list or a map. All but `count` and `sum` may find nothing. */
function aggregateType(env: Env, node: tree.CallExpression, name: string): Type | undefined {
  const { unit } = env.scope;
  const argument = node.arguments[0];
  if (node.arguments.length !== 1 || argument === undefined) {
    unit.report(types.badOperands, node, { reason: `\`${name}\` takes one list or map.` });
    return undefined;
  }
  const of = infer(env, argument.value);
  if (of === undefined) return undefined;
  const collection = withoutOptional(of);
  if (collection.kind !== "list" && collection.kind !== "map") {
    unit.report(types.badOperands, argument, {
      reason: `\`${name}\` goes over a list or a map; this is ${shown(of)}.`,
    });
    return undefined;
  }
  if (name === "count") return { kind: "int" };
  const item = withoutOptional(collection.of);
  if (!isNumber(item)) {
    unit.report(types.badOperands, argument, {
      reason: `\`${name}\` is for numbers; these are ${shown(collection.of)}.`,
    });
    return undefined;
  }
  const type: Type = { kind: name === "mean" && item.kind === "int" ? "float" : item.kind };
  const filled =
    collection.kind === "list" ? (collection.least ?? 0) > 0 : of === collection && fansOut(env, argument.value);
  const sure = filled && collection.of.kind !== "optional";
  return name === "sum" || sure ? type : optional(type);
}

/**
 * Whether the map is of a stage in a `for` that has an item at least. Items that fail are not in it. Where all do, the
 * value is missing as a failed stage's is: a `when` stays closed, and a stage or an `observe` says what it lacks. What
 * counts them, or says what stands in for them, goes on with none.
 */
function fansOut(env: Env, node: tree.Expression): boolean {
  const { facts } = env.scope.unit;
  let at = node;
  while (at.kind === "member" || at.kind === "parenthesized") at = at.of;
  const symbol = at.kind === "name-expression" ? facts.symbols.get(at.name) : undefined;
  if (symbol?.kind !== "stage" || symbol.parent === undefined) return false;
  const around = facts.pipelines.get(symbol.parent)?.stepOf.get(symbol)?.around;
  if (around?.node.kind !== "for") return false;
  const list = facts.types.get(around.node.iterated);
  return list?.kind === "list" && (list.least ?? 0) > 0;
}

/** An aggregate over a map. All items of a fan-out may fail, so a `??` behind it is never idle. */
function isOfItems(env: Env, node: tree.Expression): boolean {
  if (node.kind === "parenthesized") return isOfItems(env, node.of);
  const [argument] = node.kind === "call" ? node.arguments : [];
  if (node.kind !== "call" || argument === undefined) return false;
  const callee = resolveCallee(env.scope.unit, node);
  if (callee?.kind !== "builtin" || !["mean", "min", "max"].includes(callee.name)) return false;
  return env.scope.unit.facts.types.get(argument.value)?.kind === "map";
}

/** What `when` and `expect` take. */
export function checkCondition(env: Env, node: tree.Expression): void {
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
