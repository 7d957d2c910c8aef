/** Who answers: ladders that agents climb, and what the embedded model can search. */

import { unclimbedLadder } from "../../diagnostics/catalogue/pipelines.ts";
import { notSearchable } from "../../diagnostics/catalogue/types.ts";
import type * as tree from "../../syntax/tree.ts";
import type { Step } from "../bodies.ts";
import type { Facts, Unit } from "../facts.ts";
import { isBroken } from "../judging.ts";
import type { LadderRung, ReadSetting, SettingValue, Symbol } from "../program.ts";
import { spaceProblem } from "../types/space.ts";
import { bodiesOf, calls, declared, hasErrors, peersOf, valueOfSymbol } from "./reading.ts";

/** Settings as they are in the file, and as peers and routes change them. */
interface Variants {
  readonly facts: Facts;
  readonly peers: ReadonlyMap<Symbol, readonly ReadSetting[]>;
  /** Retries of routes, by the last name of what they route; `*` for the rest. */
  readonly routes: ReadonlyMap<string, SettingValue>;
}

function variantsOf(facts: Facts, units: readonly Unit[]): Variants {
  const peers = new Map<Symbol, ReadSetting[]>();
  for (const { node } of peersOf(units)) {
    for (const setting of facts.settings.get(node.settings) ?? []) {
      if (setting.owner === undefined) continue;
      const known = peers.get(setting.owner);
      if (known === undefined) peers.set(setting.owner, [setting]);
      else known.push(setting);
    }
  }
  const routes = new Map<string, SettingValue>();
  for (const { settings, target } of units
    .flatMap((unit) => unit.file.items)
    .flatMap((item) => (item.kind === "route" ? item.rules : []))) {
    const read = settings === undefined ? undefined : facts.settings.get(settings);
    const retry = read?.find(({ name }) => name === "retry")?.value;
    if (retry !== undefined) routes.set(target?.names.at(-1)?.text ?? "*", retry);
  }
  return { facts, peers, routes };
}

function variants({ facts, peers }: Variants, symbol: Symbol, name: string): SettingValue[] {
  const own = valueOfSymbol(facts, symbol, name);
  const changed = (peers.get(symbol) ?? []).filter((setting) => setting.name === name).map(({ value }) => value);
  return own === undefined ? changed : [own, ...changed];
}

/** Which retries may rule which agents, over all peers. */
export function checkLadders(units: readonly Unit[]): void {
  const facts = units[0]?.facts;
  if (facts === undefined) return;
  const all = variantsOf(facts, units);
  const climbing = new Map<Symbol, Set<Symbol>>();
  const climbed = new Set<Symbol>();
  for (const body of facts.pipelines.values()) {
    for (const { step, callee } of calls(body)) {
      if (callee.kind !== "agent") continue;
      const retries = climbing.get(callee) ?? new Set<Symbol>();
      climbing.set(callee, retries);
      for (const value of ruling(all, step, callee, body.symbol)) {
        if (value.kind !== "symbol") continue;
        climbed.add(value.symbol);
        retries.add(value.symbol);
      }
    }
  }
  sayUnclimbed(all, units, climbed);
  saySpaces(all, units, climbing);
}

/** The retries that may rule a stage: the nearest that is set (stage, route, pipeline), and what peers put in its place. */
function ruling(all: Variants, step: Step, callee: Symbol, pipeline: Symbol): SettingValue[] {
  const own = step.symbol === undefined ? [] : variants(all, step.symbol, "retry");
  if (step.symbol !== undefined && valueOfSymbol(all.facts, step.symbol, "retry") !== undefined) return own;
  const routed = all.routes.get(step.symbol?.name ?? "") ?? all.routes.get(callee.name) ?? all.routes.get("*");
  return routed === undefined ? [...own, ...variants(all, pipeline, "retry")] : [...own, routed];
}

function rungsOf(all: Variants, retry: Symbol): LadderRung[] {
  return variants(all, retry, "ladder").flatMap((value) => (value.kind === "ladder" ? value.rungs : []));
}

/** Only models make a ladder: one of `self` alone is a number of attempts, and tools have those too. */
function sayUnclimbed(all: Variants, units: readonly Unit[], climbed: ReadonlySet<Symbol>): void {
  const silent = new Set(units.filter((unit) => bodiesOf(unit).length === 0 || hasErrors(unit)));
  for (const { unit, node, symbol } of declared(units, "retry")) {
    if (climbed.has(symbol) || silent.has(unit)) continue;
    if (rungsOf(all, symbol).every((rung) => rung.model === "self")) continue;
    unit.report(unclimbedLadder, node.name, { name: symbol.name });
  }
}

function saySpaces(all: Variants, units: readonly Unit[], climbing: ReadonlyMap<Symbol, ReadonlySet<Symbol>>): void {
  for (const { unit, node, symbol } of declared(units, "agent")) {
    const result = all.facts.callables.get(symbol)?.result;
    if (result === undefined || isBroken(result)) continue;
    const why = embeddedFor(all, symbol, climbing.get(symbol) ?? new Set());
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
function embeddedFor(all: Variants, agent: Symbol, retries: ReadonlySet<Symbol>): Pick<Symbol, "place"> | undefined {
  for (const value of variants(all, agent, "model")) {
    if (value.kind === "provider" && value.call.provider === "embedded") return { place: agent.place };
    if (value.kind === "symbol" && isEmbedded(all.facts, value.symbol)) return value.symbol;
  }
  for (const retry of retries) {
    for (const { model } of rungsOf(all, retry)) if (model !== "self" && isEmbedded(all.facts, model)) return model;
  }
  return undefined;
}

function isEmbedded(facts: Facts, model: Symbol): boolean {
  const node = model.node as tree.ModelDecl | undefined;
  return node?.kind === "model" && facts.providers.get(node.value)?.provider === "embedded";
}
