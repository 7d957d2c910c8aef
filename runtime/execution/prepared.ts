/** What follows from a plan alone, worked out once however often this process runs it. */
import type { Node, Pipeline, Plan, StageNode } from "../plan.ts";
import { sha256 } from "../values/canonical.ts";
import { link } from "../values/link.ts";
import { type Graph, graphOf } from "./graph.ts";
import { unsupported } from "./unsupported.ts";

/** The models that an agent may ask, in their order. */
export interface Ladder {
  readonly pipeline: string;
  readonly agent: string;
  readonly rungs: readonly string[];
}

export interface Prepared {
  /** Linked. */
  readonly plan: Plan;
  /** As it is kept in the store, and the SHA-256 of that. */
  readonly content: string;
  readonly hash: string;
  /** By id. */
  readonly stages: ReadonlyMap<string, StageNode>;
  /** Every ladder that an agent climbs, each once. */
  readonly ladders: readonly Ladder[];
  graph(pipeline: string): Graph;
  /** What of these pipelines cannot be run; see `unsupported`. */
  unsupported(pipelines: readonly string[]): readonly string[];
}

const known = new WeakMap<Plan, Prepared>();

/** Throws as `link` does. The plan must not change any more. */
export function prepared(plan: Plan): Prepared {
  let own = known.get(plan);
  if (own === undefined) {
    own = prepare(link(plan));
    known.set(plan, own);
  }
  return own;
}

function prepare(plan: Plan): Prepared {
  const content = JSON.stringify(plan);
  const graphs = new Map<string, Graph>();
  const problems = new Map<string, readonly string[]>();
  const stages = Object.entries(plan.pipelines).map(([name, { body }]) => [name, stagesOf(body)] as const);
  return {
    plan,
    content,
    hash: sha256(content),
    stages: new Map(stages.flatMap(([, own]) => own.map((stage) => [stage.id, stage]))),
    ladders: stages.flatMap(([name, own]) => laddersOf(plan, name, own)),
    graph: (pipeline) => of(graphs, pipeline, () => graphOf((plan.pipelines[pipeline] as Pipeline).body)),
    unsupported: (pipelines) => of(problems, JSON.stringify(pipelines), () => unsupported(plan, pipelines)),
  };
}

function of<T>(made: Map<string, T>, key: string, make: () => T): T {
  const value = made.get(key) ?? make();
  made.set(key, value);
  return value;
}

function laddersOf(plan: Plan, pipeline: string, stages: readonly StageNode[]): readonly Ladder[] {
  const found = new Map<string, Ladder>();
  for (const { callee, retry } of stages.flatMap((stage) => stage.alternatives)) {
    const agent = callee.kind === "agent" ? plan.agents[callee.name] : undefined;
    if (agent === undefined) continue;
    const ladder = retry === undefined ? undefined : plan.retries[retry]?.ladder;
    const rungs = (ladder ?? [agent.model]).map((rung) => (rung === "self" ? agent.model : rung));
    found.set(JSON.stringify([callee.name, rungs]), { pipeline, agent: callee.name, rungs });
  }
  return [...found.values()];
}

function stagesOf(body: readonly Node[], stages: StageNode[] = []): readonly StageNode[] {
  for (const node of body) {
    if (node.kind === "stage") stages.push(node);
    else if ("body" in node) stagesOf(node.body, stages);
  }
  return stages;
}
