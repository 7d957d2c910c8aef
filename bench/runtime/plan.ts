/** Plans of stages that do nothing, for `ours.ts` and `growth.ts`. */
import type { Expr, Pipeline, Plan, Position, StageNode, Tool } from "../../runtime/plan.ts";
import type { Type } from "../../runtime/types.ts";

export const AT: Position = [0, 1, 1, 1];

/** What the source `orders` gives. */
export const ORDER: Type = { kind: "record", fields: [{ name: "id", type: { kind: "string" } }] };

export function stageOf(
  name: string,
  value: Expr = { op: "literal", value: 1 },
  needs: readonly string[] = [],
): StageNode {
  const call = {
    callee: { kind: "tool", name: "nothing" },
    arguments: [{ name: "value", value }],
    backends: ["local"],
    at: AT,
  } as const;
  return {
    ...{ kind: "stage", name, id: `work.${name}`, alternatives: [call], orNone: false, type: { kind: "int" } },
    ...{ needs, recall: "none", measured: [], at: AT },
  };
}

const toolOf = (name: string, more: Pick<Tool, "parameters" | "result">): Tool => ({
  from: { kind: "typescript", file: "nothing.ts", export: name, nulls: [] },
  ...more,
  ...{ effect: false, limits: [], at: AT },
});

/** With the tools of `nothing.ts`. */
export function planOf(pipeline: Pick<Pipeline, "body">): Plan {
  return {
    ...{
      format: "gang-plan",
      version: 1,
      hash: "0".repeat(64),
      source: [{ path: "bench.gang", hash: "0".repeat(64) }],
    },
    ...{ root: import.meta.dirname, types: {}, subnets: {}, models: {}, agents: {}, retries: {}, recalls: {} },
    ...{ backends: {}, secrets: [], peers: {}, tests: [], unbuilt: [] },
    tools: {
      nothing: toolOf("nothing", { parameters: [{ name: "value", type: { kind: "int" } }], result: { kind: "int" } }),
      orders: toolOf("orders", { parameters: [], result: { kind: "list", of: ORDER } }),
    },
    pipelines: { work: { parameters: [], limits: [], parallel: 4, at: AT, ...pipeline } },
  };
}
