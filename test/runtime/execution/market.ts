/** A pipeline that answers requests, over a real store: for tests of sources and late scores. */

import type { Clock } from "../../../runtime/clock.ts";
import { runPlan } from "../../../runtime/execution/execute.ts";
import type { RunOptions, RunSummary } from "../../../runtime/execution/run.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { ForNode, Node, Plan, Type } from "../../../runtime/plan.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Kind, KnownRecord, Record } from "../../../runtime/trail/record.ts";
import { AT, call, FLOAT, field, name, planOf, record, STRING, stage, TOOLS, typescript } from "./plans.ts";

export const REQUEST: Type = {
  kind: "record",
  fields: [
    { name: "id", type: STRING },
    { name: "patience", type: { kind: "optional", of: { kind: "duration" } } },
  ],
};

const optional = (of: Type): Type => ({ kind: "optional", of });

export const MARKET: Plan["tools"] = {
  ...TOOLS,
  requests: typescript("market.ts", "requests", record(), { kind: "list", of: REQUEST }),
  answer: typescript("market.ts", "answer", record(["id", STRING]), record(["ticket", STRING])),
  pollScore: typescript("market.ts", "pollScore", record(["ticket", STRING]), optional(FLOAT)),
  version: typescript("market.ts", "version", record(), STRING),
};

export const sent = stage("sent", call("tool", "answer", { id: field(name("request"), "id") }), ["request"]);

/** `for request in requests() every 2s by request.id within request.patience`. */
export const answering = (body: readonly Node[], more: Partial<ForNode> = {}): ForNode => ({
  kind: "for",
  variable: "request",
  type: REQUEST,
  over: { kind: "source", call: call("tool", "requests"), every: 2, within: field(name("request"), "patience") },
  by: field(name("request"), "id"),
  needs: [],
  body,
  at: AT,
  ...more,
});

export const marketPlan = (body: readonly Node[], more: Partial<Plan> = {}): Plan =>
  planOf(body, { tools: MARKET, ...more });

export function setMarket(market: object): void {
  (globalThis as unknown as { market: object }).market = market;
}

export interface Mined {
  readonly summary: RunSummary;
  readonly records: readonly Record[];
  of<K extends Kind>(kind: K): KnownRecord<K>[];
}

/** One process over the store, with the records of all. */
export async function mine(plan: Plan, store: string, clock: Clock, more: Partial<RunOptions> = {}): Promise<Mined> {
  const trail = await openTrail({ directory: store, peers: ["main"], clock });
  const knowledge = await openKnowledge({ source: trail, clock });
  try {
    const summary = await runPlan(plan, {
      ...{ trail, knowledge, clock, store, cycles: 1, peer: "main", seed: 1 },
      signal: new AbortController().signal,
      ...more,
    });
    const { records } = await trail.since({});
    return { summary, records, of: (kind) => records.filter((record) => record.kind === kind) as never };
  } finally {
    await knowledge.close();
    await trail.close();
  }
}
