/** Limits held against what a cycle must reserve at least, and can come to at most. */
import type { Limit, Model, Pipeline, Plan, Position, Tool } from "../../runtime/plan.ts";
import * as cost from "../diagnostics/catalogue/cost.ts";
import { type Diagnostic, type Label, type Place, report } from "../diagnostics/diagnostic.ts";
import { lower } from "../lowering/lower.ts";
import type { Program } from "../semantics/program.ts";
import { displayNumber } from "../semantics/types/display.ts";
import type * as tree from "../syntax/tree.ts";
import { isBounded, times } from "./amount.ts";
import { boundsOf, type PipelineBounds } from "./bounds.ts";

/** Of a program without errors; a program that limits nothing is not even lowered. */
export function limitDiagnostics(program: Program): readonly Diagnostic[] {
  const limited = limitedDeclarations(program);
  if (limited.length === 0 || program.diagnostics.some(({ severity }) => severity === "error")) return [];
  const plan = lower(program);
  return limited.flatMap(({ kind, name, limits }) => {
    if (kind === "pipeline") {
      const bounds = boundsOf(plan, name);
      return limits.flatMap(({ limit, place }) => judged(program, plan, name, bounds, limit, place));
    }
    const needs = kind === "tool" ? toolNeeds(plan.tools[name]) : modelNeeds(plan.models[name]);
    return limits.flatMap(({ limit, place }) => {
      const need = needs[limit.of];
      if (need <= limit.amount) return [];
      const shown = limit.of === "money" ? moneyText(need) : countText(need, limit.of);
      return [
        report(cost.limitTooLow, place, { limit: limitText(limit), who: `one call of \`${name}\``, need: shown }),
      ];
    });
  });
}

/** What one call must find free. */
type Needs = { readonly [of in Limit["of"]]: number };

function toolNeeds(tool: Tool | undefined): Needs {
  return { calls: tool === undefined ? 0 : 1, money: tool?.cost ?? 0, tokens: 0 };
}

function modelNeeds(model: Model | undefined): Needs {
  if (model === undefined || model.provider === "embedded") return { calls: 0, money: 0, tokens: 0 };
  const { read, write } = model.tokens;
  const { price = { read: 0, write: 0 } } = model;
  return { calls: 1, money: (read * price.read + write * price.write) / 1e6, tokens: read + write };
}

interface Limited {
  readonly kind: "pipeline" | "tool" | "model";
  readonly name: string;
  readonly limits: readonly { readonly limit: Limit; readonly place: Place }[];
}

/** A name may also stand for an import, which sets nothing. */
function limitable(
  node: tree.Item | undefined,
): { kind: Limited["kind"]; body: tree.Settings | tree.Block } | undefined {
  if (node?.kind === "pipeline") return { kind: "pipeline", body: node.body };
  if ((node?.kind !== "tool" && node?.kind !== "model") || node.settings === undefined) return undefined;
  return { kind: node.kind, body: node.settings };
}

function limitedDeclarations(program: Program): Limited[] {
  return [...new Set(program.globals.values())].flatMap((symbol) => {
    const owner = limitable(symbol.node as tree.Item | undefined);
    const setting = owner && program.settings(owner.body).find(({ name }) => name === "limit");
    if (owner === undefined || setting?.value.kind !== "limits") return [];
    const file = symbol.file!.path;
    const { value } = setting.node;
    const nodes = value.kind === "list" ? value.items : [value];
    const limits = setting.value.limits.map((limit, index) => {
      const { start, end } = nodes[index] ?? value;
      return { limit, place: { file, start, end } };
    });
    return [{ kind: owner.kind, name: symbol.name, limits }];
  });
}

const CYCLE = "the cheapest cycle";

function judged(
  program: Program,
  plan: Plan,
  name: string,
  { bounds, stages }: PipelineBounds,
  limit: Limit,
  place: Place,
): Diagnostic[] {
  const text = limitText(limit);
  if (limit.of === "calls") {
    const need = limit.per === "cycle" || limit.per === "ever" ? bounds.modelCalls.least : 0;
    if (need <= limit.amount) return [];
    return [report(cost.limitTooLow, place, { limit: text, who: CYCLE, need: countText(need, "calls") })];
  }
  if (limit.of !== "money") return [];
  if (bounds.reserve > limit.amount)
    return [report(cost.limitTooLow, place, { limit: text, who: CYCLE, need: moneyText(bounds.reserve) })];
  const cycles = cyclesIn(plan.pipelines[name]!, limit);
  const worst = times(bounds.cost.most, cycles);
  if (!isBounded(worst)) {
    const labels = [{ ...placeOf(program, worst.at), message: "here" }];
    return [report(cost.unboundedCost, place, { pipeline: name, limit: text, because: worst.because }, { labels })];
  }
  if (worst <= limit.amount) return [];
  const data = { pipeline: name, cycles, worst: moneyText(worst), limit: text };
  return [report(cost.worstAboveLimit, place, data, { labels: dearest(program, stages) })];
}

/** How many cycles a window sees for sure: where nothing says how often they come, one. */
function cyclesIn({ every }: Pipeline, { per }: Limit): number {
  return typeof per === "number" && every !== undefined ? Math.max(1, Math.ceil(per / every)) : 1;
}

/** The stage that most of the money goes to. */
function dearest(program: Program, stages: PipelineBounds["stages"]): Label[] {
  const costs = stages.map(({ bounds }) => (isBounded(bounds.cost.most) ? bounds.cost.most : 0));
  const most = Math.max(...costs);
  const stage = stages[costs.indexOf(most)];
  if (stage === undefined || most === 0) return [];
  return [{ ...placeOf(program, stage.at), message: `up to ${moneyText(most)} a cycle` }];
}

function placeOf({ files }: Program, [index, line, column, length]: Position): Place {
  const file = files[index]!;
  const start = file.lineStarts[line - 1]! + column - 1;
  return { file: file.path, start, end: start + length };
}

export function limitText({ amount, of, per }: Limit): string {
  const what = of === "money" ? displayNumber(amount, "money") : countText(amount, of);
  if (per === "ever") return what;
  return `${what} per ${typeof per === "number" ? displayNumber(per, "duration") : per}`;
}

const countText = (count: number, of: "calls" | "tokens"): string => `${count} ${count === 1 ? of.slice(0, -1) : of}`;

/** To the cent, and below one dollar to the second figure. */
export function moneyText(dollars: number): string {
  const rounded = dollars >= 1 ? Math.round(dollars * 100) / 100 : Number(dollars.toPrecision(2));
  return displayNumber(rounded, "money");
}
