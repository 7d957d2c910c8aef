/** Numbers of a unit, ranges, limits, prices, rates: settings that are quantities. */
import type { Limit } from "../../runtime/plan.ts";
import type { Type } from "../../runtime/types.ts";
import * as cost from "../diagnostics/catalogue/cost.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type { Fix } from "../diagnostics/diagnostic.ts";
import { readNumber } from "../syntax/numbers.ts";
import type * as tree from "../syntax/tree.ts";
import { plainText, quantityOf } from "./constants.ts";
import type { Unit } from "./facts.ts";
import { sayUnfit, swapped } from "./judging.ts";
import type { SettingValue } from "./program.ts";
import type { SettingDefinition, Takes } from "./settings.ts";
import { fits } from "./types/fit.ts";
import { isNumber } from "./types/visit.ts";

const MONEY: Type = { kind: "money", low: 0, high: Number.MAX_VALUE };
const COUNT: Type = { kind: "int", low: 1, high: Number.MAX_SAFE_INTEGER };

/** What is written is not what the setting takes. */
export function sayBadValue(
  unit: Unit,
  { name, what, example }: SettingDefinition,
  node: tree.Span,
  fixes: readonly Fix[] = [],
): undefined {
  unit.report(types.badSettingValue, node, { setting: name, wanted: what, example }, { fixes });
}

/** `"5m"` was meant as `5m`. */
export function withoutQuotes(unit: Unit, node: tree.Expression, type: Type): Fix[] {
  const text = plainText(node);
  const reading = text === undefined ? undefined : readNumber(text);
  if (text === undefined || reading === undefined || !("value" in reading)) return [];
  const actual: Type = { kind: reading.unit, low: reading.value, high: reading.value };
  return fits(actual, type).verdict === "fits" ? [unit.replacement(`Write \`${text}\``, node, text)] : [];
}

/** A quantity of a unit; a wrong or missing unit is said as such. */
export function quantity(
  unit: Unit,
  definition: SettingDefinition,
  node: tree.Expression,
  type: Type,
): number | undefined {
  const found = quantityOf(node);
  if (found === undefined || !isNumber(type))
    return sayBadValue(unit, definition, node, withoutQuotes(unit, node, type));
  const actual: Type = { kind: found.kind, low: found.value, high: found.value };
  const fit = fits(actual, type);
  if (fit.verdict === "fits") return found.value;
  // Of the right unit and out of bounds: what it takes says more than the bounds.
  if (found.kind === type.kind) return sayBadValue(unit, definition, node);
  sayUnfit(unit, node, actual, type, fit, `\`${definition.name}\``, []);
  return undefined;
}

export function range(
  definition: SettingDefinition,
  takes: Takes & { kind: "range" },
  node: tree.Expression,
  unit: Unit,
): SettingValue | undefined {
  if (node.kind !== "range" || (node.step !== undefined && !takes.step)) return sayBadValue(unit, definition, node);
  const of: Type = { kind: takes.of };
  const low = quantity(unit, definition, node.low, of);
  const high = quantity(unit, definition, node.high, of);
  const step = node.step === undefined ? undefined : quantity(unit, definition, node.step, of);
  if (low === undefined || high === undefined || (node.step !== undefined && step === undefined)) return undefined;
  if (low > high || low < 0 || (step !== undefined && step <= 0)) {
    unit.report(
      types.badRange,
      node,
      { reason: low > high ? "The range is the wrong way round." : "The range goes below zero." },
      { help: `For example \`${definition.example}\`.`, fixes: swapped(unit, node.low, node.high) },
    );
    return undefined;
  }
  return { kind: "range", low, high, step };
}

export function limits(node: tree.Expression, unit: Unit): SettingValue | undefined {
  const read: Limit[] = [];
  for (const item of node.kind === "list" ? node.items : [node]) {
    const limit = readLimit(item);
    if (limit === undefined) {
      const said = item.kind === "missing" || (item.kind === "per" && item.window.kind === "missing");
      if (!said) unit.report(cost.badLimit, item, {});
      return undefined;
    }
    read.push(limit);
  }
  return { kind: "limits", limits: read };
}

function readLimit(node: tree.Expression): Limit | undefined {
  if (node.kind === "per") {
    const limit = readLimit(node.amount);
    const { window } = node;
    if (limit === undefined || limit.per !== "ever") return undefined;
    if (window.kind === "name-expression") return window.name.text === "cycle" ? { ...limit, per: "cycle" } : undefined;
    const length = quantityOf(window);
    return length?.kind === "duration" && length.value > 0 ? { ...limit, per: length.value } : undefined;
  }
  if (node.kind === "amount") {
    const noun = node.noun.text.replace(/s$/, "");
    if (node.number.unit !== "int" || (noun !== "call" && noun !== "token")) return undefined;
    return { amount: node.number.value, of: noun === "call" ? "calls" : "tokens", per: "ever" };
  }
  const money = quantityOf(node);
  return money?.kind === "money" && money.value >= 0 ? { amount: money.value, of: "money", per: "ever" } : undefined;
}

export function price(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const pair = readAndWrite(definition, node, unit, MONEY, ["cached", "caching"]);
  return pair === undefined ? undefined : { kind: "price", ...pair };
}

export function tokens(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const pair = readAndWrite(definition, node, unit, COUNT);
  return pair === undefined ? undefined : { kind: "tokens", ...pair };
}

/** `{ read: …, write: … }`, or one value for both; in the record there may be `more`. */
function readAndWrite<More extends string = never>(
  definition: SettingDefinition,
  node: tree.Expression,
  unit: Unit,
  type: Type,
  more: readonly More[] = [],
): ({ read: number; write: number } & { [name in More]?: number }) | undefined {
  if (node.kind !== "record") {
    const both = quantity(unit, definition, node, type);
    return both === undefined ? undefined : ({ read: both, write: both } as ReturnType<typeof readAndWrite<More>>);
  }
  const found = new Map<string, number>();
  for (const field of node.fields) {
    const { text } = field.name;
    if (!["read", "write", ...more].includes(text) || found.has(text)) return sayBadValue(unit, definition, field);
    const value = quantity(unit, definition, field.value, type);
    if (value === undefined) return undefined;
    found.set(field.name.text, value);
  }
  return found.has("read") && found.has("write")
    ? (Object.fromEntries(found) as ReturnType<typeof readAndWrite<More>>)
    : sayBadValue(unit, definition, node);
}

export function rate(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const free = quantityOf(node);
  if (free?.kind === "money" && free.value === 0) return { kind: "rate", perSecond: 0 };
  if (node.kind !== "per") return sayBadValue(unit, definition, node);
  const amount = quantity(unit, definition, node.amount, MONEY);
  const window = quantity(unit, definition, node.window, { kind: "duration" });
  if (amount === undefined || window === undefined) return undefined;
  return window > 0 ? { kind: "rate", perSecond: amount / window } : sayBadValue(unit, definition, node);
}

export function halflife(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind === "amount") {
    const evaluations = node.number.value;
    return /^evaluations?$/.test(node.noun.text) && node.number.unit === "int" && evaluations > 0
      ? { kind: "halflife", evaluations }
      : sayBadValue(unit, definition, node);
  }
  if (node.kind === "name-expression") return sayBadValue(unit, definition, node);
  const seconds = quantity(unit, definition, node, { kind: "duration" });
  if (seconds === undefined) return undefined;
  return seconds > 0 ? { kind: "halflife", seconds } : sayBadValue(unit, definition, node);
}
