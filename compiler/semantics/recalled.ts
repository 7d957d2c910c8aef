/** `best(…)` and `last(…)`: of a stage of any pipeline of the file, of one item of it, or of a metric. */
import type { Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { BROKEN, shown } from "./judging.ts";
import { describe } from "./naming.ts";
import type { Symbol } from "./program.ts";
import { lookup } from "./scope.ts";
import { optional } from "./types/make.ts";
import { isNumber, withoutOptional } from "./types/visit.ts";
import type { Env } from "./values.ts";

type Infer = (env: Env, node: tree.Expression) => Type | undefined;

/** `T?` for a stage of type `T`, or for a metric's values. Nothing is waited for, so this is no edge of the graph. */
export function recalledCall(
  env: Env,
  node: tree.CallExpression,
  which: "best" | "last",
  infer: Infer,
): Type | undefined {
  const { unit } = env.scope;
  const argument = node.arguments[0];
  if (argument === undefined || node.arguments.length > 1) {
    unit.report(types.badOperands, node, { reason: `\`${which}\` takes one stage or metric.` });
    return undefined;
  }
  const { target, scope } = splitRecalled(argument.value);
  if (scope !== undefined) checkKey(env, scope, infer);
  const symbol = resolveRecalled(env, target);
  if (symbol === undefined) return undefined;
  if (scope !== undefined && isSingle(env, symbol)) {
    const { name } = symbol;
    unit.report(types.badOperands, scope, {
      reason: `\`${name}\` stands in no \`for\`, so it has no items to choose from.`,
    });
    return undefined;
  }
  unit.facts.recalls.set(node, { which, symbol, scope });
  const type = unit.facts.typeOfSymbol.get(symbol);
  if (type === undefined || type === BROKEN || unit.facts.ambiguous.has(symbol)) return undefined;
  if (symbol.kind === "metric") return isNumber(type) ? optional({ kind: type.kind }) : undefined;
  unit.facts.types.set(target, type);
  return optional(type);
}

/** Whether a stage has one value a cycle, and not one for each item. */
function isSingle(env: Env, symbol: Symbol): boolean {
  const { pipelines } = env.scope.unit.facts;
  const body = symbol.parent === undefined ? undefined : pipelines.get(symbol.parent);
  if (symbol.kind !== "stage" || body === undefined) return false;
  let around = body.stepOf.get(symbol)?.around;
  while (around !== undefined && around.node.kind !== "for") around = around.around;
  return around === undefined;
}

/** `research.plan[k]`: the stage, and the item. */
function splitRecalled(node: tree.Expression): {
  readonly target: tree.Expression;
  readonly scope: tree.Expression | undefined;
} {
  if (node.kind === "parenthesized") return splitRecalled(node.of);
  return node.kind === "index" ? { target: node.of, scope: node.index } : { target: node, scope: undefined };
}

function checkKey(env: Env, scope: tree.Expression, infer: Infer): void {
  const key = infer(env, scope);
  if (key === undefined) return;
  const plain = withoutOptional(key);
  const named = plain.kind === "record" && plain.fields.some((field) => field.name === "name" || field.name === "key");
  if (plain.kind === "string" || plain.kind === "choice" || plain.kind === "int" || plain.kind === "json" || named)
    return;
  env.scope.unit.report(types.badOperands, scope, {
    reason: `An item is known by its name or key; this is ${shown(key)}.`,
  });
}

/** The stage or metric that is named; `undefined` where an error stands, which has then been said. */
function resolveRecalled(env: Env, node: tree.Expression): Symbol | undefined {
  const { unit } = env.scope;
  if (node.kind === "name-expression") {
    const { name } = node;
    if (name.text === "") return undefined;
    const found = lookup(env.scope, name.text)?.symbol;
    const symbol = found?.kind === "stage" ? found : env.metrics?.get(name.text);
    if (symbol !== undefined) {
      unit.bind(name, symbol);
      return symbol;
    }
    if (found !== undefined) {
      unit.bind(name, found);
      unit.sayWrongKind(name, found, "a stage or a metric");
    } else unit.sayUnknown(name, "stage or metric", recallable(env));
    return undefined;
  }
  if (node.kind === "member") return memberRecalled(env, node);
  if (node.kind !== "missing")
    unit.report(names.wrongKind, node, {
      name: unit.file.text.slice(node.start, node.end),
      actual: "a value",
      wanted: "a stage or a metric",
    });
  return undefined;
}

function memberRecalled(env: Env, node: tree.MemberExpression): Symbol | undefined {
  const { unit } = env.scope;
  const [first, ...rest] = pathOf(node) ?? [];
  if (first === undefined) {
    const name = unit.file.text.slice(node.start, node.end);
    unit.report(names.unknownName, node, { name, what: "pipeline", suggestion: undefined });
    return undefined;
  }
  const local = lookup(env.scope, first.text)?.symbol;
  if (local?.kind === "stage") {
    unit.bind(first, local);
    unit.report(
      names.wrongKind,
      node,
      {
        name: unit.file.text.slice(node.start, node.end),
        actual: "a part of what a stage gave",
        wanted: "a whole stage",
      },
      {
        help: `Take the whole and read from it: \`let found = best(${first.text})\`, then \`found.${rest[0]?.text}\`.`,
      },
    );
    return undefined;
  }
  let symbol = unit.find(first.text);
  if (symbol === undefined) {
    unit.sayUnknown(first, "pipeline", unit.namesOf("pipeline"));
    return undefined;
  }
  unit.bind(first, symbol);
  for (const name of rest) {
    if (name.text === "") return undefined;
    const members: ReadonlyMap<string, Symbol> | undefined = unit.facts.members.get(symbol);
    const member = members?.get(name.text);
    if (member === undefined) {
      const what = symbol.kind === "pipeline" ? `stage of \`${symbol.name}\`` : "stage or metric";
      unit.sayUnknown(name, what, members?.keys() ?? []);
      return undefined;
    }
    unit.bind(name, member);
    symbol = member;
  }
  if (symbol.kind === "stage" || symbol.kind === "metric") return symbol;
  unit.report(names.wrongKind, node, { name: symbol.name, actual: describe(symbol), wanted: "a stage or a metric" });
  return undefined;
}

function pathOf(node: tree.Expression): tree.Name[] | undefined {
  if (node.kind === "name-expression") return [node.name];
  if (node.kind !== "member") return undefined;
  const before = pathOf(node.of);
  return before === undefined ? undefined : [...before, node.name];
}

function* recallable(env: Env): Iterable<string> {
  for (let at: typeof env.scope | undefined = env.scope; at !== undefined; at = at.parent)
    if (at.frame?.kind === "pipeline") yield* at.frame.stages.keys();
  if (env.metrics !== undefined) yield* env.metrics.keys();
}
