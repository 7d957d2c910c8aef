/** Settings as they are written, read by the table of what each takes. */
import type { Limit } from "../../runtime/plan.ts";
import type { Type } from "../../runtime/types.ts";
import * as cost from "../diagnostics/catalogue/cost.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { SELF } from "./builtins.ts";
import { bindArguments } from "./calls.ts";
import { constantOf, plainText, quantityOf } from "./constants.ts";
import { check, infer } from "./expressions.ts";
import type { SettingsOwner, Unit } from "./facts.ts";
import { isBroken, sayUnfit, shown } from "./judging.ts";
import { kinds } from "./naming.ts";
import type { BoundTool, LadderRung, ReadSetting, SettingValue, Symbol } from "./program.ts";
import { readProvider } from "./providers.ts";
import { fileScope } from "./scope.ts";
import { servedTool } from "./servers.ts";
import { type OwnerKind, SETTINGS, type SettingDefinition, settingOf, type Takes } from "./settings.ts";
import { fits } from "./types/fit.ts";
import { isNumber, isPlain } from "./types/visit.ts";
import { sayUnbuiltSetting } from "./unbuilt.ts";
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

const OWNERS: { readonly [Owner in OwnerKind]: string } = {
  subnet: "A subnet",
  metric: "A metric",
  model: "A model",
  agent: "An agent",
  tool: "A tool",
  tools: "A namespace of tools",
  retry: "A retry",
  backend: "A backend",
  route: "A route",
  recall: "A recall",
  pipeline: "A pipeline",
  stage: "A stage",
  for: "A `for`",
  when: "A `when`",
};

/** Reads the entries, records them under `node`, and says what is unknown, double or missing. */
export function readSettings(
  kind: OwnerKind,
  node: SettingsOwner,
  entries: readonly tree.Setting[],
  around: Surroundings,
): readonly ReadSetting[] {
  const { unit } = around;
  const read: ReadSetting[] = [];
  const seen = new Map<string, tree.Setting>();
  for (const entry of entries) {
    const [name, ...rest] = entry.path.names;
    if (name === undefined || name.text === "") continue;
    if (sayDouble(unit, seen, name.text, entry)) continue;
    const definition = rest.length > 0 ? undefined : settingOf(kind, name.text);
    if (definition === undefined) {
      sayUnknown(unit, kind, entry.path);
      continue;
    }
    const value = readValue(definition, entry.value, around);
    if (value === undefined) continue;
    sayUnbuiltSetting(unit, kind, name.text, entry);
    read.push({ name: name.text, owner: around.owner, node: entry, value });
  }
  unit.facts.settings.set(node, read);
  return read;
}

/** Says which settings a declaration cannot do without. */
export function requireSettings(kind: OwnerKind, entries: readonly tree.Setting[], unit: Unit, name: tree.Name): void {
  // A setting without a name is probably the one that is missing.
  if (name.text === "" || entries.some(({ path }) => path.names[0]?.text === "")) return;
  for (const definition of SETTINGS[kind]) {
    if (!definition.required || entries.some(({ path }) => path.names[0]?.text === definition.name)) continue;
    unit.report(names.missingSetting, name, {
      owner: OWNERS[kind],
      name: definition.name,
      example: definition.example,
    });
  }
}

export function sayDouble(unit: Unit, seen: Map<string, tree.Setting>, name: string, entry: tree.Setting): boolean {
  const first = seen.get(name);
  seen.set(name, first ?? entry);
  if (first === undefined) return false;
  unit.report(
    names.duplicateSetting,
    entry.path,
    { name },
    { labels: [{ ...unit.place(first.path), message: "the first one" }] },
  );
  return true;
}

/** `written`: the setting's name, or a path where only a name can stand. */
export function sayUnknown(unit: Unit, kind: OwnerKind, written: tree.Name | tree.Path): void {
  const parts = written.kind === "path" ? written.names.map(({ text }) => text) : [written.text];
  const known = SETTINGS[kind].map((row) => row.name);
  const suggestion = unit.facts.suggest(parts.at(-1)!, known);
  const data = {
    name: parts.join("."),
    owner: OWNERS[kind],
    suggestion,
    known: known.length === 0 ? "none" : known.map((one) => `\`${one}\``).join(", "),
  };
  unit.report(names.unknownSetting, written, data, unit.renaming(written, suggestion));
}

// Values --------------------------------------------------------------------------------------------------------------------

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

function bad(unit: Unit, { name, what, example }: SettingDefinition, node: tree.Span): undefined {
  unit.report(types.badSettingValue, node, { setting: name, wanted: what, example });
}

function constant(
  definition: SettingDefinition,
  type: Type,
  node: tree.Expression,
  { unit }: Surroundings,
): SettingValue | undefined {
  if (node.kind === "name-expression") return bad(unit, definition, node);
  const actual = infer({ scope: fileScope(unit), calls: "none" }, node);
  if (actual === undefined) return undefined;
  const fit = fits(actual, type);
  const value = constantOf(unit.facts, node);
  if (fit.verdict === "fits" && value !== undefined) return { kind: "constant", value, type };
  const units =
    isNumber(actual) && isNumber(type) && actual.kind !== type.kind && !(isPlain(actual.kind) && isPlain(type.kind));
  if (units) sayUnfit(unit, node, actual, type, fit, `\`${definition.name}\``, []);
  else bad(unit, definition, node);
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
    if (item.kind !== "name-expression") return bad(unit, definition, item);
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
  return found.length === 0 ? bad(unit, definition, node) : { kind: "words", words: found };
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

/** The declaration that `x`, or `market.quote`, names. */
function named(
  unit: Unit,
  node: tree.Expression,
  definition: SettingDefinition,
  wanted: readonly Symbol["kind"][],
  among?: ReadonlyMap<string, Symbol>,
): Symbol | undefined {
  if (node.kind === "member" && node.of.kind === "name-expression" && wanted.includes("tool"))
    return toolOf(unit, node.of.name, node.name);
  if (node.kind !== "name-expression") return bad(unit, definition, node);
  const { name } = node;
  if (name.text === "" || unit.broken.has(name.text)) return undefined;
  const symbol = among?.get(name.text) ?? unit.find(name.text);
  if (symbol === undefined) {
    const known = among?.keys() ?? unit.visibleNamesOf(...wanted);
    unit.sayUnknown(name, kinds(wanted).replace(/^an? /, ""), known);
    return undefined;
  }
  unit.bind(name, symbol);
  if (wanted.includes(symbol.kind)) return symbol;
  const labels = symbol.place === undefined ? [] : [{ ...symbol.place, message: "declared here" }];
  unit.sayWrongKind(name, symbol, kinds(wanted), { labels });
  return undefined;
}

function toolOf(unit: Unit, namespace: tree.Name, name: tree.Name): Symbol | undefined {
  const symbol = unit.find(namespace.text);
  if (symbol === undefined) {
    unit.sayUnknown(namespace, "namespace of tools", []);
    return undefined;
  }
  unit.bind(namespace, symbol);
  if (symbol.kind === "tools") return servedTool(unit, symbol, name);
  unit.sayWrongKind(namespace, symbol, "a namespace of tools");
  return undefined;
}

// Numbers, ranges and ladders ---------------------------------------------------------------------------------------------------

/** A quantity of a unit; a wrong or missing unit is said as such. */
function quantity(unit: Unit, definition: SettingDefinition, node: tree.Expression, type: Type): number | undefined {
  const found = quantityOf(node);
  if (found === undefined || !isNumber(type)) return bad(unit, definition, node);
  const actual: Type = { kind: found.kind, low: found.value, high: found.value };
  const fit = fits(actual, type);
  if (fit.verdict === "fits") return found.value;
  sayUnfit(unit, node, actual, type, fit, `\`${definition.name}\``, []);
  return undefined;
}

function range(
  definition: SettingDefinition,
  takes: Takes & { kind: "range" },
  node: tree.Expression,
  unit: Unit,
): SettingValue | undefined {
  if (node.kind !== "range" || (node.step !== undefined && !takes.step)) return bad(unit, definition, node);
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
      { help: `For example \`${definition.example}\`.` },
    );
    return undefined;
  }
  return { kind: "range", low, high, step };
}

function ladder(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind !== "list") return bad(unit, definition, node);
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
  if (times === undefined || times.kind !== "int" || times.value > 1_000) return bad(unit, definition, item);
  if (times.value < 1) {
    unit.report(pipelines.emptyRung, item, { rung: "This rung" });
    return undefined;
  }
  return model === undefined ? undefined : { model, times: times.value };
}

// Money, calls and tokens -------------------------------------------------------------------------------------------------------

function limits(node: tree.Expression, unit: Unit): SettingValue | undefined {
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

const MONEY: Type = { kind: "money", low: 0, high: Number.MAX_VALUE };
const COUNT: Type = { kind: "int", low: 1, high: Number.MAX_SAFE_INTEGER };

function price(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const pair = readAndWrite(definition, node, unit, MONEY);
  return pair === undefined ? undefined : { kind: "price", ...pair };
}

function tokens(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const pair = readAndWrite(definition, node, unit, COUNT);
  return pair === undefined ? undefined : { kind: "tokens", ...pair };
}

/** `{ read: …, write: … }`, or one value for both. */
function readAndWrite(
  definition: SettingDefinition,
  node: tree.Expression,
  unit: Unit,
  type: Type,
): { read: number; write: number } | undefined {
  if (node.kind !== "record") {
    const both = quantity(unit, definition, node, type);
    return both === undefined ? undefined : { read: both, write: both };
  }
  const found = new Map<string, number>();
  for (const field of node.fields) {
    if (field.name.text !== "read" && field.name.text !== "write") return bad(unit, definition, field);
    const value = quantity(unit, definition, field.value, type);
    if (value === undefined) return undefined;
    found.set(field.name.text, value);
  }
  const [read, write] = [found.get("read"), found.get("write")];
  return read === undefined || write === undefined || node.fields.length !== 2
    ? bad(unit, definition, node)
    : { read, write };
}

function rate(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  const free = quantityOf(node);
  if (free?.kind === "money" && free.value === 0) return { kind: "rate", perSecond: 0 };
  if (node.kind !== "per") return bad(unit, definition, node);
  const amount = quantity(unit, definition, node.amount, MONEY);
  const window = quantity(unit, definition, node.window, { kind: "duration" });
  if (amount === undefined || window === undefined) return undefined;
  return window > 0 ? { kind: "rate", perSecond: amount / window } : bad(unit, definition, node);
}

function halflife(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind === "amount") {
    const evaluations = node.number.value;
    return /^evaluations?$/.test(node.noun.text) && node.number.unit === "int" && evaluations > 0
      ? { kind: "halflife", evaluations }
      : bad(unit, definition, node);
  }
  if (node.kind === "name-expression") return bad(unit, definition, node);
  const seconds = quantity(unit, definition, node, { kind: "duration" });
  if (seconds === undefined) return undefined;
  return seconds > 0 ? { kind: "halflife", seconds } : bad(unit, definition, node);
}

// Tools and expressions ---------------------------------------------------------------------------------------------------------

function tools(definition: SettingDefinition, node: tree.Expression, unit: Unit): SettingValue | undefined {
  if (node.kind !== "list") return bad(unit, definition, node);
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
