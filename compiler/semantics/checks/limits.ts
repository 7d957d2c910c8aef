/** Limits in money: every model priced. What they allow is judged over the plan (`compiler/bounds`). */

import { priceOf } from "../../../stdlib/prices.ts";
import * as cost from "../../diagnostics/catalogue/cost.ts";
import type * as tree from "../../syntax/tree.ts";
import type { PipelineBody, Step } from "../bodies.ts";
import type { Facts } from "../facts.ts";
import type { Symbol } from "../program.ts";
import { calls, settingOfSymbol, valueOfSymbol } from "./reading.ts";

export function checkLimits(body: PipelineBody): void {
  const { unit, symbol } = body;
  const { facts } = unit;
  const setting = settingOfSymbol(facts, symbol, "limit");
  if (setting?.value.kind !== "limits") return;
  const money = setting.value.limits.filter((limit) => limit.of === "money");
  if (money.length === 0) return;
  const said = new Set<Symbol>();
  for (const { step, callee } of calls(body)) {
    if (callee.kind !== "agent") continue;
    for (const model of modelsOf(facts, body, step, callee)) {
      if (said.has(model) || priced(facts, model) !== undefined) continue;
      said.add(model);
      unit.report(
        cost.unpricedModel,
        setting.node,
        { pipeline: symbol.name, model: model.name },
        model.place === undefined ? {} : { labels: [{ ...model.place, message: "without a price" }] },
      );
    }
  }
}

/** The agent's own, and the rungs of what rules its stage. */
function modelsOf(facts: Facts, body: PipelineBody, step: Step, agent: Symbol): Symbol[] {
  const own = valueOfSymbol(facts, agent, "model");
  const retry =
    (step.symbol === undefined ? undefined : valueOfSymbol(facts, step.symbol, "retry")) ??
    valueOfSymbol(facts, body.symbol, "retry");
  const ladder = retry?.kind === "symbol" ? valueOfSymbol(facts, retry.symbol, "ladder") : undefined;
  const rungs = ladder?.kind === "ladder" ? ladder.rungs.flatMap(({ model }) => (model === "self" ? [] : [model])) : [];
  return own?.kind === "symbol" ? [own.symbol, ...rungs] : rungs;
}

interface Price {
  readonly read: number;
  readonly write: number;
}

/** Dollars a million tokens; a model that is no call of a provider has been said, and counts as free. */
function priced(facts: Facts, model: Symbol): Price | undefined {
  const node = model.node as tree.ModelDecl | undefined;
  const written = valueOfSymbol(facts, model, "price");
  if (written?.kind === "price") return written;
  const call = node?.kind === "model" ? facts.providers.get(node.value) : undefined;
  return call === undefined ? { read: 0, write: 0 } : priceOf(call.provider, call.texts[0] ?? "");
}
