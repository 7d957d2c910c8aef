/** What one cycle of a pipeline can come to at most, read off the plan before anything runs. */
import type { Call, Expr, Node, Plan } from "../../runtime/plan.ts";

export interface Bounds {
  readonly attempts: number;
  /** Calls of language models, over all turns. The embedded sampler's are none. */
  readonly modelCalls: number;
}

const NOTHING: Bounds = { attempts: 0, modelCalls: 0 };

/** For a pipeline that reads a source: of one item. */
export function boundsOf(plan: Plan, pipeline: string): Bounds {
  return ofBody(plan, plan.pipelines[pipeline]!.body);
}

export function attemptsOf(plan: Plan, call: Call): number {
  const retry = call.retry === undefined ? undefined : plan.retries[call.retry];
  return retry?.attempts ?? (call.callee.kind === "agent" ? 3 : 1);
}

/** Items of a fan-out, at most; `undefined` where only the run will know. */
export function itemsOf(over: Extract<Node, { kind: "for" }>["over"]): number | undefined {
  if (over.kind === "source") return 1;
  const { list, max } = over;
  const known = list.op === "list" ? list.items.length : list.op === "literal" ? lengthOf(list) : undefined;
  return known === undefined ? max : Math.min(known, max ?? known);
}

function lengthOf({ value }: Extract<Expr, { op: "literal" }>): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}

function ofBody(plan: Plan, body: readonly Node[]): Bounds {
  return body.map((node) => ofNode(plan, node)).reduce(plus, NOTHING);
}

function ofNode(plan: Plan, node: Node): Bounds {
  switch (node.kind) {
    case "stage":
      // Every alternative may be needed; `expect` asks its tool once an attempt.
      return node.alternatives.map((call) => ofCall(plan, call)).reduce(plus, NOTHING);
    case "for":
      return times(ofBody(plan, node.body), itemsOf(node.over) ?? 1);
    case "when":
      return ofBody(plan, node.body);
    default:
      return NOTHING;
  }
}

function ofCall(plan: Plan, call: Call): Bounds {
  const attempts = attemptsOf(plan, call);
  if (call.callee.kind === "tool") return { attempts, modelCalls: 0 };
  const agent = plan.agents[call.callee.name]!;
  const retry = call.retry === undefined ? undefined : plan.retries[call.retry];
  const ladder = retry?.ladder ?? Array.from({ length: attempts }, () => "self");
  const asked = ladder.filter((rung) => plan.models[rung === "self" ? agent.model : rung]?.provider !== "embedded");
  return { attempts, modelCalls: asked.length * agent.turns };
}

function plus(a: Bounds, b: Bounds): Bounds {
  return { attempts: a.attempts + b.attempts, modelCalls: a.modelCalls + b.modelCalls };
}

function times({ attempts, modelCalls }: Bounds, count: number): Bounds {
  return { attempts: attempts * count, modelCalls: modelCalls * count };
}
