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
  if (node.every === undefined) return;
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
