/** What a plan does to the world, and who is given which secret. */
import type { Call, Expr, Node, Plan, Position } from "../../runtime/plan.ts";

export interface Effect {
  readonly stage: string;
  readonly tool: string;
  /** The tool that says, after a crash, whether it happened; absent: a person does. */
  readonly confirm?: string;
  readonly at: Position;
}

/** In the order in which stages stand. */
export function effectsOf(plan: Plan): readonly Effect[] {
  return Object.values(plan.pipelines).flatMap(({ body }) =>
    [...nodesIn(body)].flatMap((node) =>
      node.kind === "stage"
        ? node.alternatives.flatMap((call): Effect[] => {
            const tool = call.callee.kind === "tool" ? plan.tools[call.callee.name] : undefined;
            if (tool?.effect !== true) return [];
            const confirm = tool.confirm === undefined ? {} : { confirm: tool.confirm };
            return [{ stage: node.id, tool: call.callee.name, ...confirm, at: call.at }];
          })
        : [],
    ),
  );
}

/** A tool that is handed a secret, or an agent one of whose tools is: the agent can have it used, and never sees it. */
export interface Reach {
  readonly secret: string;
  readonly by: "tool" | "agent";
  readonly name: string;
  /** The tool's parameter that it is handed as. */
  readonly parameter: string;
  /** The stage that hands it over, or of an agent the tool that is bound to it. */
  readonly through: string;
  readonly at: Position;
}

/** By secret; each way once. */
export function reachOf(plan: Plan): readonly Reach[] {
  const found = new Map<string, Reach>();
  const note = (reach: Reach): void => {
    const key = JSON.stringify([reach.secret, reach.by, reach.name, reach.parameter, reach.through]);
    if (!found.has(key)) found.set(key, reach);
  };
  const call = ({ callee, arguments: given, at }: Call, through: string): void => {
    for (const { name: parameter, value } of given) {
      if (value.op === "secret")
        note({ secret: value.name, by: callee.kind, name: callee.name, parameter, through, at });
      for (const inner of callsIn(value)) call(inner, through);
    }
  };
  for (const [name, pipeline] of Object.entries(plan.pipelines)) {
    for (const node of nodesIn(pipeline.body)) {
      const through = node.kind === "stage" ? node.id : name;
      for (const made of callsOf(node)) call(made, through);
    }
  }
  for (const [name, { version }] of Object.entries(plan.subnets))
    if (version !== undefined && "call" in version) call(version.call, name);
  for (const [name, agent] of Object.entries(plan.agents)) {
    for (const { tool, bound } of agent.tools) {
      for (const { name: parameter, value } of bound) {
        if (value.op !== "secret") continue;
        const { name: secret } = value;
        note({ secret, by: "agent", name, parameter, through: tool, at: agent.at });
        note({ secret, by: "tool", name: tool, parameter, through: name, at: agent.at });
      }
    }
  }
  const order = new Map(plan.secrets.map((secret, index) => [secret, index]));
  return [...found.values()].sort((a, b) => (order.get(a.secret) ?? 0) - (order.get(b.secret) ?? 0));
}

/** All nodes of a body, those inside others after them. */
export function* nodesIn(body: readonly Node[]): Generator<Node> {
  for (const node of body) {
    yield node;
    if ("body" in node) yield* nodesIn(node.body);
  }
}

/** The calls that a node makes itself. */
function callsOf(node: Node): readonly Call[] {
  switch (node.kind) {
    case "stage":
      return node.expect === undefined ? node.alternatives : [...node.alternatives, ...callsIn(node.expect)];
    case "for":
      return node.over.kind === "source" ? [node.over.call] : callsIn(node.over.list);
    case "observe":
    case "let":
      return callsIn(node.value);
    default:
      return [];
  }
}

/** The calls in an expression, without those in their arguments. */
export function callsIn(expression: Expr): readonly Call[] {
  const found: Call[] = [];
  const open: Expr[] = [expression];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.op === "call") found.push(next.call);
    else open.push(...partsOf(next));
  }
  return found;
}

function partsOf(expression: Expr): readonly Expr[] {
  switch (expression.op) {
    case "field":
    case "aggregate":
      return [expression.of];
    case "index":
      return [expression.of, expression.key];
    case "list":
      return expression.items;
    case "record":
      return expression.fields.map(({ value }) => value);
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "template":
      return expression.parts.filter((part) => typeof part !== "string");
    case "recalled":
      return expression.scope === undefined ? [] : [expression.scope];
    default:
      return [];
  }
}
