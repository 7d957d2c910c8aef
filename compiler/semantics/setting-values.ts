/** What an entry says, read by the table of what each setting takes. */
import type { Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { SELF } from "./builtins.ts";
import { bindArguments } from "./calls.ts";
import { constantOf, plainText, quantityOf } from "./constants.ts";
import { check, infer } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import { isBroken, sayUnfit, shown } from "./judging.ts";
import type { BoundTool, LadderRung, SettingValue, Symbol } from "./program.ts";
import { readProvider } from "./providers.ts";
import { fileScope } from "./scope.ts";
import { named } from "./setting-names.ts";
import { halflife, limits, price, range, rate, sayBadValue, tokens, withoutQuotes } from "./setting-quantities.ts";
import type { SettingDefinition, Takes } from "./settings.ts";
import { fits } from "./types/fit.ts";
import { isNumber, isPlain } from "./types/visit.ts";
import type { Env } from "./values.ts";

/** What a setting's value may name, beside what the file declares. */
export interface Surroundings {
  readonly unit: Unit;
  /** The declaration that is set, where it is not the one that the block belongs to: in a peer. */
  readonly owner?: Symbol | undefined;
  readonly parameters?: Env;
  readonly it?: Env;
  readonly evidence?: Env;
  readonly metrics?: ReadonlyMap<string, Symbol> | undefined;
  /** A provider's call may stand for a model: in a peer. */
  readonly providers?: true;
}

/** `undefined` where the value is broken, which has then been said. */
export function readValue(
  definition: SettingDefinition,
  node: tree.Expression,
  around: Surroundings,
): SettingValue | undefined {
  if (node.kind === "missing") return undefined;
  const { takes } = definition;
  switch (takes.kind) {
    case "constant":
      return constant(definition, takes.type, node, around);
    case "words":
      return words(definition, takes, node, around.unit);
    case "symbol":
      return symbol(definition, takes, node, around);
    case "range":
      return range(definition, takes, node, around.unit);
    case "ladder":
      return ladder(definition, node, around.unit);
    case "limits":
      return limits(node, around.unit);
    case "price":
      return price(definition, node, around.unit);
    case "rate":
      return rate(definition, node, around.unit);
    case "tokens":
      return tokens(definition, node, around.unit);
    case "halflife":
      return halflife(definition, node, around.unit);
    case "tools":
      return tools(definition, node, around.unit);
    case "expression":
      return expression(definition, takes, node, around);
  }
}

function constant(
  definition: SettingDefinition,
  type: Type,
  node: tree.Expression,
  { unit }: Surroundings,
): SettingValue | undefined {
  if (node.kind === "name-expression") return sayBadValue(unit, definition, node);
  const actual = infer({ scope: fileScope(unit), calls: "none" }, node);
  if (actual === undefined) return undefined;
  const fit = fits(actual, type);
  const value = constantOf(unit.facts, node);
  if (fit.verdict === "fits" && value !== undefined) return { kind: "constant", value, type };
  const units =
    isNumber(actual) && isNumber(type) && actual.kind !== type.kind && !(isPlain(actual.kind) && isPlain(type.kind));
  if (units) sayUnfit(unit, node, actual, type, fit, `\`${definition.name}\``, []);
  else sayBadValue(unit, definition, node, withoutQuotes(unit, node, type));
  return undefined;
}

function words(
  definition: SettingDefinition,
  takes: Takes & { kind: "words" },
  node: tree.Expression,
  unit: Unit,
): SettingValue | undefined {
  const items = node.kind === "list" && takes.many ? node.items : [node];
  const found: string[] = [];
  for (const item of items) {
    if (item.kind !== "name-expression") return sayBadValue(unit, definition, item);
    const { text } = item.name;
    if (takes.words.includes(text)) {
      found.push(text);
      continue;
    }
    const suggestion = unit.facts.suggest(text, takes.words);
    const listed = takes.words.map((word) => `\`${word}\``).join(" or ");
    unit.report(
      names.unknownWord,
      item,
      { name: text, setting: definition.name, suggestion, words: listed },
      unit.renaming(item.name, suggestion),
    );
    return undefined;
  }
  return found.length === 0 ? sayBadValue(unit, definition, node) : { kind: "words", words: found };
}

function symbol(
  definition: SettingDefinition,
  takes: Takes & { kind: "symbol" },
  node: tree.Expression,
  around: Surroundings,
): SettingValue | undefined {
  const { unit } = around;
  const text = takes.text ? plainText(node) : undefined;
  if (text !== undefined) return { kind: "constant", value: text, type: { kind: "string" } };
  if (around.providers && node.kind === "call" && takes.kinds.includes("model")) {
    const call = readProvider(unit, node, "model");
    return call === undefined ? undefined : { kind: "provider", call };
  }
  const found = named(unit, node, definition, takes.kinds, takes.kinds.includes("metric") ? around.metrics : undefined);
  return found === undefined ? undefined : { kind: "symbol", symbol: found };
}

function ladder(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind !== "list") return sayBadValue(unit, definition, node);
  if (node.items.length === 0) {
    unit.report(pipelines.emptyRung, node, { rung: "A ladder without rungs" });
    return undefined;
  }
  const rungs: LadderRung[] = [];
  let broken = false;
  for (const item of node.items) {
    const rung = readRung(definition, item, unit);
    if (rung === undefined) broken = true;
    else rungs.push(rung);
  }
  return broken ? undefined : { kind: "ladder", rungs };
}

function readRung(definition: SettingDefinition, item: tree.Expression, unit: Unit): LadderRung | undefined {
  const of = item.kind === "repeat" ? item.of : item;
  const times = item.kind === "repeat" ? quantityOf(item.times) : { kind: "int" as const, value: 1 };
  const own = of.kind === "name-expression" && of.name.text === "self";
  if (own) unit.bind(of.name, SELF);
  const model = own ? ("self" as const) : named(unit, of, definition, ["model"]);
  if (times === undefined || times.kind !== "int" || times.value > 1_000) return sayBadValue(unit, definition, item);
  if (times.value < 1) {
    unit.report(pipelines.emptyRung, item, { rung: "This rung" });
    return undefined;
  }
  return model === undefined ? undefined : { model, times: times.value };
}

function tools(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind !== "list") return sayBadValue(unit, definition, node);
  const read: BoundTool[] = [];
  for (const item of node.items) {
    const of = item.kind === "call" ? item.callee : item;
    const tool = named(unit, of, definition, ["tool"]);
    const callable = tool === undefined ? undefined : unit.facts.callables.get(tool);
    if (tool === undefined) continue;
    const bound =
      item.kind !== "call" || callable === undefined
        ? []
        : [...bindArguments({ scope: fileScope(unit), calls: "none" }, item, callable, check)];
    read.push({ tool, bound: bound.map(([name, value]) => ({ name, value })) });
  }
  return { kind: "tools", tools: read };
}

function expression(
  definition: SettingDefinition,
  takes: Takes & { kind: "expression" },
  node: tree.Expression,
  around: Surroundings,
): SettingValue | undefined {
  const env = around[takes.scope];
  if (env === undefined) return undefined;
  const { unit } = around;
  if (takes.type.kind === "bool") {
    const actual = infer(env, node);
    if (actual === undefined || isBroken(actual)) return undefined;
    if (actual.kind !== "bool" && actual.kind !== "literal") {
      if (actual.kind === "optional" && actual.of.kind === "bool")
        unit.report(types.missingValue, node, { what: "The condition", type: shown(actual) });
      else unit.report(types.notACondition, node, { type: shown(actual) });
      return undefined;
    }
  } else if (!check(env, node, takes.type, `\`${definition.name}\``)) return undefined;
  return { kind: "expression", node };
}
