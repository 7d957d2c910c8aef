/** Who answers: ladders that agents climb, and what the embedded model can search. */

import { unclimbedLadder } from "../../diagnostics/catalogue/pipelines.ts";
import { notSearchable } from "../../diagnostics/catalogue/types.ts";
import type * as tree from "../../syntax/tree.ts";
import type { Facts, Unit } from "../facts.ts";
import { isBroken } from "../judging.ts";
import type { LadderRung, SettingValue, Symbol } from "../program.ts";
import { spaceProblem } from "../types/space.ts";
import { bodiesOf, calls, declared, hasErrors, peersOf, valueOfSymbol } from "./reading.ts";

/** What a setting is in the file, and in each peer that changes it. */
function variants(facts: Facts, units: readonly Unit[], symbol: Symbol, name: string): SettingValue[] {
  const own = valueOfSymbol(facts, symbol, name);
  const found = own === undefined ? [] : [own];
  for (const { node } of peersOf(units)) {
    for (const setting of facts.settings.get(node.settings) ?? [])
      if (setting.owner === symbol && setting.name === name) found.push(setting.value);
  }
  return found;
}

/** Which retries may rule which agents, over all peers. */
export function checkLadders(units: readonly Unit[]): void {
  const facts = units[0]?.facts;
  if (facts === undefined) return;
  const climbing = new Map<Symbol, Set<Symbol>>();
  const climbed = new Set<Symbol>();
  for (const body of facts.pipelines.values()) {
    for (const { step, callee } of calls(body)) {
      const own = step.symbol === undefined ? [] : variants(facts, units, step.symbol, "retry");
      const retries = [
        ...own,
        ...(own.length > 0 ? [] : routed(units, step.node.name.text, callee.name)),
        ...variants(facts, units, body.symbol, "retry"),
      ];
      if (callee.kind !== "agent") continue;
      for (const value of retries) {
        if (value.kind !== "symbol") continue;
        climbed.add(value.symbol);
        const set = climbing.get(callee) ?? new Set();
        climbing.set(callee, set.add(value.symbol));
      }
    }
  }
  sayUnclimbed(facts, units, climbed);
  saySpaces(facts, units, climbing);
}

function routed(units: readonly Unit[], stage: string, tool: string): SettingValue[] {
  const found: SettingValue[] = [];
  for (const unit of units) {
    for (const item of unit.file.items) {
      if (item.kind !== "route") continue;
      for (const rule of item.rules) {
        const last = rule.target?.names.at(-1)?.text;
        if (rule.settings === undefined || !(rule.star || last === stage || last === tool)) continue;
        const value = unit.facts.settings.get(rule.settings)?.find((setting) => setting.name === "retry")?.value;
        if (value !== undefined) found.push(value);
      }
    }
  }
  return found;
}

function rungsOf(facts: Facts, units: readonly Unit[], retry: Symbol): LadderRung[] {
  return variants(facts, units, retry, "ladder").flatMap((value) => (value.kind === "ladder" ? value.rungs : []));
}

/** Only models make a ladder: one of `self` alone is a number of attempts, and tools have those too. */
function sayUnclimbed(facts: Facts, units: readonly Unit[], climbed: ReadonlySet<Symbol>): void {
  for (const { unit, node, symbol } of declared(units, "retry")) {
    if (climbed.has(symbol) || bodiesOf(unit).length === 0 || hasErrors(unit)) continue;
    if (rungsOf(facts, units, symbol).every((rung) => rung.model === "self")) continue;
    unit.report(unclimbedLadder, node.name, { name: symbol.name });
  }
}

function saySpaces(facts: Facts, units: readonly Unit[], climbing: ReadonlyMap<Symbol, ReadonlySet<Symbol>>): void {
  for (const { unit, node, symbol } of declared(units, "agent")) {
    const result = facts.callables.get(symbol)?.result;
    if (result === undefined || isBroken(result)) continue;
    const why = embeddedFor(facts, units, symbol, climbing.get(symbol) ?? new Set());
    if (why === undefined) continue;
    const problem = spaceProblem(result);
    if (problem === undefined) continue;
    const labels = why.place === undefined ? [] : [{ ...why.place, message: "the embedded model" }];
    unit.report(
      notSearchable,
      node.result,
      { agent: symbol.name, path: problem.path, reason: problem.reason },
      { labels },
    );
  }
}

/** The first embedded model that may answer for an agent, in the file or in a peer. */
function embeddedFor(
  facts: Facts,
  units: readonly Unit[],
  agent: Symbol,
  retries: ReadonlySet<Symbol>,
): Pick<Symbol, "place"> | undefined {
  for (const value of variants(facts, units, agent, "model")) {
    if (value.kind === "provider" && value.call.provider === "embedded") return { place: agent.place };
    if (value.kind === "symbol" && isEmbedded(facts, value.symbol)) return value.symbol;
  }
  for (const retry of retries) {
    for (const { model } of rungsOf(facts, units, retry))
      if (model !== "self" && isEmbedded(facts, model)) return model;
  }
  return undefined;
}

function isEmbedded(facts: Facts, model: Symbol): boolean {
  const node = model.node as tree.ModelDecl | undefined;
  return node?.kind === "model" && facts.providers.get(node.value)?.provider === "embedded";
}
