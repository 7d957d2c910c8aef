/** `for x in list`, and `for x in source() every d`: the items, how many, and their keys. */
import type { Type } from "../../runtime/types.ts";
import * as loops from "../diagnostics/catalogue/loops.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { walk } from "../syntax/visit.ts";
import { callOf, namesRead, type Step } from "./bodies.ts";
import { quantityOf } from "./constants.ts";
import { infer, keyOf } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, sayUnfit, shown } from "./judging.ts";
import { describe } from "./naming.ts";
import { lookup } from "./scope.ts";
import { readBlock } from "./setting-blocks.ts";
import { fits } from "./types/fit.ts";
import { isKey } from "./types/operators.ts";
import { withoutOptional } from "./types/visit.ts";
import type { Env } from "./values.ts";
import { checkDuration, clauseAt, gapBefore, sayIdleClause } from "./waits.ts";

export function checkFor(env: Env, step: Step, node: tree.ForStatement): void {
  const { unit } = env.scope;
  readBlock("for", node.body, unit);
  const source = node.every !== undefined;
  if (!source && node.within !== undefined) sayIdleClause(unit, "within", node.within, false);
  const of = source ? checkSource(env, step, node) : infer(env, node.iterated);
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
  if (!source) checkBound(env, node, list);
  else if (node.max !== undefined) sayBound(unit, node.max);
  checkKey(env, step, node, list.of);
  if (!source) return;
  checkDeadline(env, step, node);
  sayEarly(step, node);
}

function checkSource(env: Env, step: Step, node: tree.ForStatement): Type | undefined {
  const { unit } = env.scope;
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

/** What a source is asked with, and what is asked of its items, is worked out where no cycle is yet. */
function sayEarly(step: Step, node: tree.ForStatement): void {
  const scope = step.inner ?? step.scope;
  const { unit } = scope;
  const early = [node.iterated, node.by, node.within].filter((of) => of !== undefined);
  const said = new Set<string>();
  const say = (at: tree.Span, name: string, what: string): void => {
    if (said.size === 0) unit.report(loops.sourceReads, at, { name, what });
    said.add(name);
  };
  const readName = (name: tree.Name): void => {
    const symbol = lookup(scope, name.text)?.symbol;
    if ((symbol?.kind === "stage" || symbol?.kind === "let") && symbol.parent !== undefined)
      say(name, name.text, `${describe(symbol)} of the cycle`);
  };
  for (const of of early) {
    namesRead(of, readName);
    walk(of, (inner) => {
      const recalled = inner.kind === "call" ? unit.facts.recalls.get(inner) : undefined;
      if (recalled !== undefined) say(inner, recalled.which, "asked of the memory within one");
    });
  }
}

function checkBound(env: Env, node: tree.ForStatement, list: Type & { readonly kind: "list" }): void {
  const { unit } = env.scope;
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

function sayBound(unit: Unit, bound: tree.Expression): void {
  const at = clauseAt(unit, "max", bound);
  const fixes = [unit.replacement("Remove `max`", { ...at, start: gapBefore(unit, at).start }, "")];
  unit.report(loops.boundOnSource, at, {}, { fixes });
}

function checkKey(env: Env, step: Step, node: tree.ForStatement, item: Type): void {
  const { unit } = env.scope;
  if (step.inner === undefined) return;
  const inside: Env = { ...env, scope: step.inner };
  if (node.by === undefined) {
    if (keyOf(item) !== undefined || item.kind === "json") return;
    unit.report(loops.itemsWithoutKey, node.iterated, { type: shown(item) });
    return;
  }
  const key = infer(inside, node.by);
  if (key !== undefined && !isKey(key) && key.kind !== "json") unit.report(loops.badKey, node.by, { type: shown(key) });
}

function checkDeadline(env: Env, step: Step, node: tree.ForStatement): void {
  if (node.within === undefined || step.inner === undefined) return;
  const { unit } = env.scope;
  const inside: Env = { ...env, scope: step.inner };
  const deadline = infer(inside, node.within);
  if (deadline === undefined || deadline.kind === "time" || deadline.kind === "duration") return;
  const wanted: Type = { kind: "duration" };
  sayUnfit(unit, node.within, deadline, wanted, fits(deadline, wanted), "`within`", []);
}
