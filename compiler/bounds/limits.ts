/** Limits held against what a cycle must reserve at least, and can come to at most. */
import type { Limit, Model, Pipeline, Plan, Position, Tool } from "../../runtime/plan.ts";
import * as cost from "../diagnostics/catalogue/cost.ts";
import { type Diagnostic, type Label, type Place, report } from "../diagnostics/diagnostic.ts";
import { lower } from "../lowering/lower.ts";
import type { Program } from "../semantics/program.ts";
import { displayNumber } from "../semantics/types/display.ts";
import type * as tree from "../syntax/tree.ts";
import { isBounded, type Most, times } from "./amount.ts";
import { boundsOf, type PipelineBounds } from "./bounds.ts";
import { type Use, type Uses, usesOf } from "./uses.ts";

/** Of a program without errors; a program that limits nothing is not even lowered. */
export function limitDiagnostics(program: Program): readonly Diagnostic[] {
  const limited = limitedDeclarations(program);
  if (limited.length === 0 || program.diagnostics.some(({ severity }) => severity === "error")) return [];
  const plan = lower(program);
  const cycles = new Map<string, Cycle>();
  const uses = new Map<string, UseOf[]>();
  for (const pipeline of Object.keys(plan.pipelines)) {
    const bounds = boundsOf(plan, pipeline);
    const own = usesOf(plan, pipeline, bounds);
    cycles.set(pipeline, { ...bounds, uses: own });
    for (const [key, use] of own) {
      const known = uses.get(key);
      if (known === undefined) uses.set(key, [{ pipeline, ...use }]);
      else known.push({ pipeline, ...use });
    }
  }
  return limited.flatMap(({ kind, name, limits }) =>
    limits.flatMap(({ limit, place }) => {
      const found =
        kind === "pipeline"
          ? ofPipeline(program, plan, name, cycles.get(name)!, limit, place)
          : ofCallee(plan, uses.get(`${kind} ${name}`) ?? [], kind, name, limit, place);
      return found ?? [];
    }),
  );
}

type Cycle = PipelineBounds & { readonly uses: Uses };
type UseOf = Use & { readonly pipeline: string };

/** What one call must find free. */
type Needs = { readonly [of in Limit["of"]]: number };

function toolNeeds(tool: Tool | undefined): Needs {
  return { calls: tool === undefined ? 0 : 1, money: tool?.cost ?? 0, tokens: 0 };
}

function modelNeeds(model: Model | undefined): Needs {
  if (model === undefined || model.provider === "embedded") return { calls: 0, money: 0, tokens: 0 };
  const { read, write } = model.tokens;
  const { price = { read: 0, write: 0 } } = model;
  const reading = Math.max(price.read, price.caching ?? 0);
  return { calls: 1, money: (read * reading + write * price.write) / 1e6, tokens: read + write };
}

/** A limit of a tool or a model: held against one call, then against the cycle that needs it most. */
function ofCallee(
  plan: Plan,
  uses: readonly UseOf[],
  kind: "tool" | "model",
  name: string,
  limit: Limit,
  place: Place,
): Diagnostic | undefined {
  const { of } = limit;
  const need = (kind === "tool" ? toolNeeds(plan.tools[name]) : modelNeeds(plan.models[name]))[of];
  const one = tooLow(limit, place, `one call of \`${name}\``, need);
  if (one !== undefined || need === 0 || waits(limit)) return one;
  // What a model's call reserves it gives back, and so does a tool's that says what it spent.
  const isSettled = of !== "calls" && (kind === "model" || plan.tools[name]?.spent !== undefined);
  const surest = isSettled ? undefined : uses.toSorted((a, b) => b.least - a.least)[0];
  const cheapest = surest && tooLow(limit, place, `the cheapest cycle of \`${surest.pipeline}\``, surest.least * need);
  if (cheapest !== undefined) return cheapest;
  const bounded = uses.filter(({ most }) => Number.isFinite(most));
  const worst = bounded.toSorted((a, b) => b.most - a.most)[0];
  const spoken = { calls: "call", money: "spend on", tokens: "read and write with" }[of];
  return worst && aboveLimit(plan, worst.pipeline, limit, place, worst.most * need, `${spoken} \`${name}\``);
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

function ofPipeline(
  program: Program,
  plan: Plan,
  name: string,
  { bounds, stages, uses }: Cycle,
  limit: Limit,
  place: Place,
): Diagnostic | undefined {
  const who = "the cheapest cycle";
  switch (limit.of) {
    case "calls": {
      const error = waits(limit) ? undefined : tooLow(limit, place, who, bounds.modelCalls.least);
      return error ?? aboveLimit(plan, name, limit, place, bounds.modelCalls.most, "call models");
    }
    case "tokens": {
      const needs = [...uses].map(([key, { least }]) => (least === 0 ? 0 : modelNeeds(modelOf(plan, key)).tokens));
      const error = tooLow(limit, place, who, Math.max(0, ...needs));
      return error ?? aboveLimit(plan, name, limit, place, bounds.tokens.most, "read and write");
    }
    case "money": {
      const error = tooLow(limit, place, who, bounds.reserve);
      if (error !== undefined) return error;
      const { most } = bounds.cost;
      if (isBounded(most)) return aboveLimit(plan, name, limit, place, most, "cost", dearest(program, stages));
      const labels = [{ ...placeOf(program, most.at), message: "here" }];
      const { because, mend } = most;
      return report(cost.unboundedCost, place, { pipeline: name, limit: limitText(limit), because, mend }, { labels });
    }
  }
}

function modelOf({ models }: Plan, key: string): Model | undefined {
  return key.startsWith("model ") ? models[key.slice("model ".length)] : undefined;
}

function tooLow(limit: Limit, place: Place, who: string, need: number): Diagnostic | undefined {
  if (need <= limit.amount) return undefined;
  return report(cost.limitTooLow, place, { limit: limitText(limit), who, need: amountText(need, limit.of) });
}

function aboveLimit(
  plan: Plan,
  pipeline: string,
  limit: Limit,
  place: Place,
  most: Most,
  what: string,
  labels: readonly Label[] = [],
): Diagnostic | undefined {
  const cycles = cyclesIn(plan.pipelines[pipeline]!, limit);
  const worst = times(most, cycles);
  if (waits(limit) || !isBounded(worst) || worst <= limit.amount) return undefined;
  const amount = limit.of === "calls" ? (worst === 1 ? "once" : `${worst} times`) : amountText(worst, limit.of);
  const data = { who: pipeline, cycles, worst: `${what} ${amount}`, limit: limitText(limit) };
  return report(cost.worstAboveLimit, place, data, { labels });
}

/** Calls and tokens wait until a window has passed, and are late, not wrong. */
const waits = ({ of, per }: Limit): boolean => typeof per === "number" && of !== "money";

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

const amountText = (amount: number, of: Limit["of"]): string =>
  of === "money" ? moneyText(amount) : countText(amount, of);

const countText = (count: number, of: "calls" | "tokens"): string => `${count} ${count === 1 ? of.slice(0, -1) : of}`;

/** To the cent, and below one dollar to the second figure. */
export function moneyText(dollars: number): string {
  const rounded = dollars >= 1 ? Math.round(dollars * 100) / 100 : Number(dollars.toPrecision(2));
  return displayNumber(rounded, "money");
}
