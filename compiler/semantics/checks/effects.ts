/** What happens in the world happens once, and what is secret stays where it belongs. */
import * as safety from "../../diagnostics/catalogue/safety.ts";
import type { PipelineBody } from "../bodies.ts";
import type { Unit } from "../facts.ts";
import { shown } from "../judging.ts";
import type { ReadSetting, Symbol } from "../program.ts";
import { fits } from "../types/fit.ts";
import { optional } from "../types/make.ts";
import { calls, declared, hasSyntaxErrors, settingOfSymbol, valueOfSymbol } from "./reading.ts";

/** Neither `retry` nor `or` may follow an effect, and nothing asks it again. */
export function checkEffects(body: PipelineBody): void {
  const { unit } = body;
  for (const { step, callee, at } of calls(body)) {
    if (!unit.facts.callables.get(callee)?.effect) continue;
    const { node } = step;
    const next = node.alternatives[at + 1];
    const cached = step.symbol === undefined ? undefined : cacheOf(unit, step.symbol);
    // Of alternatives without effects before it, it may well be.
    if (cached !== undefined && at === 0) unit.report(safety.cachedEffect, cached.node, { name: callee.name });
    const retry = step.symbol === undefined ? undefined : settingOfSymbol(unit.facts, step.symbol, "retry");
    const say = (span: { start: number; end: number }, how: string): void =>
      unit.report(
        safety.effectRetried,
        span,
        { name: callee.name, how },
        callee.place === undefined ? {} : { labels: [{ ...callee.place, message: "the effect" }] },
      );
    if (next !== undefined && next.kind !== "none") say(next, "another call follows it when it fails");
    if (node.every !== undefined) say(node.every, "it would be asked again and again");
    if (retry?.value.kind === "symbol" && attemptsOf(unit, retry.value.symbol) > 1)
      say(retry.node, `\`${retry.value.symbol.name}\` would try it again`);
  }
}

/** Of tools that are effects, as they are declared. */
export function checkCachedEffects(units: readonly Unit[]): void {
  for (const { unit, symbol } of declared(units, "tool")) {
    const cached = unit.facts.callables.get(symbol)?.effect ? cacheOf(unit, symbol) : undefined;
    if (cached !== undefined) unit.report(safety.cachedEffect, cached.node, { name: symbol.name });
  }
}

/** The setting by which a tool or a stage is answered from what is known. */
function cacheOf({ facts }: Unit, symbol: Symbol): ReadSetting | undefined {
  const setting = settingOfSymbol(facts, symbol, "cache");
  return setting?.value.kind === "constant" && setting.value.value === true ? setting : undefined;
}

function attemptsOf(unit: Unit, retry: Symbol): number {
  const ladder = valueOfSymbol(unit.facts, retry, "ladder");
  return ladder?.kind === "ladder" ? ladder.rungs.reduce((sum, rung) => sum + rung.times, 0) : 1;
}

/** No effect in the hands of an agent, and no secret that a model would fill. */
export function checkAgentTools(units: readonly Unit[]): void {
  for (const { unit, symbol } of declared(units, "agent")) {
    const setting = settingOfSymbol(unit.facts, symbol, "tools");
    if (setting?.value.kind !== "tools") continue;
    for (const { tool, bound } of setting.value.tools) {
      const callable = unit.facts.callables.get(tool);
      if (callable === undefined) continue;
      const span = spanOf(setting.node.value, unit, tool);
      if (callable.effect) unit.report(safety.effectByAgent, span, { agent: symbol.name, tool: tool.name });
      for (const parameter of callable.parameters) {
        if (parameter.type.kind !== "secret" || bound.some(({ name }) => name === parameter.name)) continue;
        unit.report(safety.unboundSecret, span, { agent: symbol.name, tool: tool.name, parameter: parameter.name });
      }
    }
  }
}

function spanOf(
  list: import("../../syntax/tree.ts").Expression,
  unit: Unit,
  tool: Symbol,
): { readonly start: number; readonly end: number } {
  if (list.kind !== "list") return list;
  for (const item of list.items) {
    const of = item.kind === "call" ? item.callee : item;
    const name = of.kind === "name-expression" || of.kind === "member" ? of.name : undefined;
    if (name !== undefined && unit.facts.symbols.get(name) === tool) return item;
  }
  return list;
}

/** A `confirm` takes any of the effect's parameters and gives its result as `T?`. */
export function checkConfirmations(units: readonly Unit[]): void {
  // Where the text is broken, so may the signatures be that are compared.
  const broken = new Set(units.filter(hasSyntaxErrors));
  for (const { unit, symbol } of declared(units, "tool")) {
    const setting = settingOfSymbol(unit.facts, symbol, "confirm");
    const effect = unit.facts.callables.get(symbol);
    const confirm = setting?.value.kind === "symbol" ? unit.facts.callables.get(setting.value.symbol) : undefined;
    if (setting === undefined || effect === undefined || confirm === undefined || broken.has(unit)) continue;
    const reason = unfitting(effect, confirm);
    if (reason !== undefined)
      unit.report(safety.badConfirm, setting.node.value, { tool: symbol.name, confirm: confirm.symbol.name, reason });
  }
}

type Callable = import("../program.ts").Callable;

function unfitting(effect: Callable, confirm: Callable): string | undefined {
  if (!effect.effect) return "it is no effect, so there is nothing to confirm";
  for (const parameter of confirm.parameters) {
    const own = effect.parameters.find(({ name }) => name === parameter.name);
    if (own === undefined) return `the effect has no parameter \`${parameter.name}\``;
    if (fits(own.type, parameter.type).verdict === "never")
      return `its \`${parameter.name}\` is ${shown(parameter.type)}, the effect's ${shown(own.type)}`;
  }
  if (effect.result === undefined) return undefined;
  const wanted = optional(effect.result);
  if (confirm.result === undefined || fits(confirm.result, wanted).verdict === "never") {
    return `it gives ${confirm.result === undefined ? "nothing" : shown(confirm.result)}, not ${shown(wanted)}`;
  }
  return confirm.result.kind === "optional" || confirm.result.kind === "json"
    ? undefined
    : `it always gives a value; it must be able to say that nothing happened: ${shown(wanted)}`;
}
