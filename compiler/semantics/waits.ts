/** `every d within e`: how often something is asked again, and for how long. */
import type { Type } from "../../runtime/types.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { quantityOf } from "./constants.ts";
import type { Unit } from "./facts.ts";
import { sayUnfit, shown } from "./judging.ts";
import { fits } from "./types/fit.ts";

/** `every d within e` stand together, and ask what may not be there yet. */
export function checkWait(
  unit: Unit,
  node: { readonly every: tree.Expression | undefined; readonly within: tree.Expression | undefined } & tree.Span,
  type: Type | undefined,
  what: string,
): void {
  if (node.every === undefined) {
    if (node.within !== undefined) sayIdleClause(unit, "within", node.within, type?.kind === "optional");
    return;
  }
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

/** A clause of what is asked again, where nothing is. `missing`: whether what is asked may have no value yet. */
export function sayIdleClause(unit: Unit, word: "within" | "take", clause: tree.Span, missing: boolean): void {
  const { text } = unit.file;
  const at = clauseAt(unit, word, clause);
  const gap = gapBefore(unit, at);
  const fix = missing
    ? unit.replacement("Write `every 1m` before it", gap, " every 1m ")
    : unit.replacement(`Remove \`${text.slice(at.start, at.end)}\``, { ...at, start: gap.start }, "");
  unit.report(pipelines.clauseWithoutEvery, at, { word }, { fixes: [fix] });
}

/** A clause with the word that it begins with. */
export function clauseAt({ file }: Unit, word: string, { start, end }: tree.Span): tree.Span {
  return { start: file.text.lastIndexOf(word, start - 1), end };
}

/** The space before it. */
export function gapBefore({ file }: Unit, { start }: tree.Span): tree.Span {
  return { start: file.text.slice(0, start).trimEnd().length, end: start };
}

export function checkDuration(unit: Unit, node: tree.Expression, what: string): void {
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
