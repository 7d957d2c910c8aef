/** How often a cycle calls each tool and each model: from what is called for sure to the last turn of the last rung. */
import type { Call, Plan, StageNode } from "../../runtime/plan.ts";
import { isBounded } from "./amount.ts";
import { attemptsOf, ladderOf, type PipelineBounds } from "./bounds.ts";
import { callsIn, nodesIn } from "./reach.ts";

export interface Use {
  readonly least: number;
  /** Infinite where an agent may call it as often as it likes. */
  readonly most: number;
}

/** By `tool name` and `model name`. What is asked for before and after a cycle is not in it. */
export type Uses = ReadonlyMap<string, Use>;

export function usesOf(plan: Plan, pipeline: string, { stages }: PipelineBounds): Uses {
  const uses = new Map<string, Use>();
  const nodes = new Map<string, StageNode>();
  for (const node of nodesIn(plan.pipelines[pipeline]!.body)) if (node.kind === "stage") nodes.set(node.id, node);
  for (const { id, runs } of stages) {
    const most = isBounded(runs.most) ? runs.most : Number.POSITIVE_INFINITY;
    for (const [key, once] of usesOfStage(plan, nodes.get(id)!)) {
      const known = uses.get(key) ?? { least: 0, most: 0 };
      const all = most === 0 ? 0 : most * once.most;
      uses.set(key, { least: known.least + runs.least * once.least, most: known.most + all });
    }
  }
  return uses;
}

function* usesOfStage(plan: Plan, { alternatives, orNone, wait, cache, expect }: StageNode): Iterable<[string, Use]> {
  // A call that a limit refuses is passed over where another, or `none`, stands behind it.
  const sure = alternatives.length === 1 && !orNone && cache !== true;
  const asks = wait === undefined ? 1 : Math.floor(wait.within / wait.every) + 1;
  const checks = expect === undefined ? [] : callsIn(expect);
  for (const call of alternatives) {
    yield* usesOfCall(plan, call, sure, asks);
    for (const check of checks) yield* usesOfCall(plan, check, false, asks * attemptsOf(plan, call));
  }
}

function* usesOfCall(plan: Plan, call: Call, sure: boolean, times: number): Iterable<[string, Use]> {
  const { kind, name } = call.callee;
  if (kind === "tool") {
    const least = sure && plan.tools[name]?.cache !== true ? 1 : 0;
    yield [`tool ${name}`, { least, most: attemptsOf(plan, call) * times }];
    return;
  }
  const { turns, tools } = plan.agents[name]!;
  const rungs = Map.groupBy(ladderOf(plan, call), (model) => model);
  let speaks = false;
  for (const [model, its] of rungs) {
    if (plan.models[model]!.provider === "embedded") continue;
    speaks = true;
    yield [`model ${model}`, { least: sure && rungs.size === 1 ? 1 : 0, most: its.length * turns * times }];
  }
  if (speaks) for (const { tool } of tools) yield [`tool ${tool}`, { least: 0, most: Number.POSITIVE_INFINITY }];
}
