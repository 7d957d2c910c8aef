/** Which tools a run may call, and which secrets it may pass to them: asked for before anything runs. */
import type { Call, Expr, Node, Plan } from "../plan.ts";
import { children } from "./expression.ts";

export interface Used {
  readonly tools: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

/** `mayCall`: whether a tool is really called; what only goes to others is not needed. */
export function usedBy(plan: Plan, pipelines: readonly string[], mayCall: (tool: string) => boolean): Used {
  const used = new Set<string>();
  const tools = new Set<string>();
  const isCalled = (tool: string): boolean => {
    const is = mayCall(tool);
    if (is) tools.add(tool);
    return is;
  };
  const asked = new Set<string>();
  const expression = (of: Expr): void => {
    if (of.op === "secret") used.add(of.name);
    if (of.op === "call") call(of.call);
    else for (const child of children(of)) expression(child);
  };
  const call = ({ callee, arguments: given }: Call): void => {
    if (callee.kind === "agent") agent(callee.name);
    else if (!isCalled(callee.name)) return;
    for (const { value } of given) expression(value);
  };
  const agent = (name: string): void => {
    if (asked.has(name)) return;
    asked.add(name);
    for (const { tool, bound } of plan.agents[name]?.tools ?? [])
      if (isCalled(tool)) for (const { value } of bound) expression(value);
  };
  const node = (of: Node): void => {
    switch (of.kind) {
      case "stage":
        of.alternatives.forEach(call);
        if (of.expect !== undefined) expression(of.expect);
        break;
      case "let":
      case "observe":
        expression(of.value);
        break;
      case "for":
        if (of.over.kind === "source") call(of.over.call);
        else expression(of.over.list);
        of.body.forEach(node);
        break;
      case "when":
        expression(of.condition);
        of.body.forEach(node);
        break;
      case "learn":
        break;
    }
  };
  for (const name of pipelines) {
    const pipeline = plan.pipelines[name];
    const version = pipeline?.subnet === undefined ? undefined : plan.subnets[pipeline.subnet]?.version;
    if (version !== undefined && "call" in version) call(version.call);
    pipeline?.body.forEach(node);
  }
  return { tools, secrets: used };
}
