/** What the trail tells of the time before a limit was first asked: calls begun, tokens, dollars. */
import type { Plan } from "../../plan.ts";
import type { Record } from "../../trail/record.ts";
import type { Trail } from "../../trail/trail.ts";
import type { Earlier } from "./ledger.ts";
import { type PoolName, poolName, spaceOf, unitsOf } from "./limits.ts";

type Amounts = { readonly [of in PoolName["of"]]: number };

/** Reads the whole trail, once for the pools that are new to a store. */
export function earlierIn(trail: Trail, plan: Plan, now: () => number): Earlier {
  return async (keys) => {
    const pools = keys.map((key) => ({ ...poolName(key), key, entries: [] as [number, number][] }));
    const pipelines = new Map<string, string>();
    const begun = new Map<string, Record>();
    const count = (record: Record, amounts: Amounts): void => {
      const at = Date.parse(record.time);
      const { run = "" } = record;
      const subjects = [...subjectsOf(plan, record), `pipeline ${pipelines.get(run) ?? ""}`, "machine"];
      for (const { subject, of, run: only, window, entries } of pools) {
        const index = subjects.indexOf(subject);
        if (index < 0 || (only !== undefined && only !== run)) continue;
        if (window !== undefined && at <= now() - window) continue;
        // Around a call, only those of models count as calls.
        if (of === "calls" && record.kind !== "turn" && !subject.startsWith("tool")) continue;
        const units = unitsOf(amounts[of], of);
        if (units > 0) entries.push([at, units]);
      }
    };
    const take = (records: readonly Record[]): void => {
      for (const record of records) {
        if (record.kind === "run.started") pipelines.set(record.run ?? "", record.pipeline);
        else if (record.kind === "tool.started") begun.set(record.call, record);
        else if (record.kind === "tool.ended") {
          begun.delete(record.call);
          if (record.cached !== true) count(record, { calls: 1, tokens: 0, money: record.cost ?? 0 });
        } else if (record.kind === "turn") {
          const tokens = (record.input_tokens ?? 0) + (record.output_tokens ?? 0);
          count(record, { calls: 1, tokens, money: record.cost ?? 0 });
        }
      }
    };
    take((await trail.since({}, take)).records);
    // Of what was cut off only the worst is known.
    for (const record of begun.values()) {
      const tool = record.kind === "tool.started" ? plan.tools[record.tool] : undefined;
      count(record, { calls: 1, tokens: 0, money: tool?.cost ?? 0 });
    }
    return new Map(pools.map(({ key, entries }) => [key, entries.sort(([a], [b]) => a - b)]));
  };
}

function subjectsOf(plan: Plan, record: Record): readonly string[] {
  if (record.kind === "turn") return [`model ${record.model}`];
  if (record.kind !== "tool.ended" && record.kind !== "tool.started") return [];
  const isServed = plan.tools[record.tool]?.from.kind === "mcp";
  return [isServed ? `tools ${spaceOf(record.tool)}` : `tool ${record.tool}`];
}
