/** What a plan says that this version cannot do. Said before anything runs; nothing of it is ever passed over in silence. */
import { FilterError } from "../knowledge/filter.ts";
import { statementOf } from "../knowledge/statement.ts";
import type { Expr, Node, Plan, Position } from "../plan.ts";
import { children } from "./expression.ts";

/** A sentence each, with file and line; empty where the plan can run. */
export function unsupported(plan: Plan, pipelines: readonly string[] = Object.keys(plan.pipelines)): string[] {
  const found = new Map<string, string>();
  const say = (at: Position, what: string): void => {
    const place = placeOf(plan, at);
    found.set(`${place}\0${what}`, `${place}: ${what} cannot be run by this version yet.`);
  };

  const expression = (of: Expr, at: Position): void => {
    if (of.op === "call") tool(of.call.callee.name, of.call.at);
    for (const child of children(of)) expression(child, at);
  };
  const tool = (name: string, at: Position): void => {
    const declared = plan.tools[name];
    if (declared === undefined) return;
    if (declared.from.kind === "builtin" && declared.from.name !== "approve")
      say(at, `the built-in ${declared.from.name}`);
  };
  const node = (of: Node): void => {
    switch (of.kind) {
      case "stage":
        if (of.wait !== undefined && of.alternatives[0]?.callee.kind === "agent")
          say(of.at, `${of.name}, an agent that is waited for,`);
        if (of.cache === true && of.alternatives.some(({ callee }) => callee.kind === "agent"))
          say(of.at, `the cache of ${of.name}, which asks an agent,`);
        for (const call of of.alternatives) {
          if (call.callee.kind === "tool") tool(call.callee.name, call.at);
          else agent(call.callee.name);
          if (call.backends.some((backend) => backend !== "local"))
            say(call.at, `the route of ${of.name} to ${call.backends.join(" or ")}`);
          for (const argument of call.arguments) expression(argument.value, call.at);
        }
        if (of.expect !== undefined) expression(of.expect, of.at);
        break;
      case "let":
        expression(of.value, of.at);
        break;
      case "for":
        if (of.over.kind === "source") {
          tool(of.over.call.callee.name, of.over.call.at);
          for (const argument of of.over.call.arguments) expression(argument.value, of.over.call.at);
        } else expression(of.over.list, of.at);
        of.body.forEach(node);
        break;
      case "when":
        expression(of.condition, of.at);
        of.body.forEach(node);
        break;
      case "observe":
        expression(of.value, of.at);
        break;
      case "learn":
        break;
    }
  };
  const agent = (name: string): void => {
    const declared = plan.agents[name];
    if (declared === undefined) return;
    for (const offered of declared.tools) {
      tool(offered.tool, declared.at);
      for (const binding of offered.bound) expression(binding.value, declared.at);
    }
    expression(declared.prompt, declared.at);
  };

  for (const name of pipelines) {
    const pipeline = plan.pipelines[name];
    if (pipeline === undefined) continue;
    const version = pipeline.subnet === undefined ? undefined : plan.subnets[pipeline.subnet]?.version;
    if (version !== undefined && "call" in version) tool(version.call.callee.name, version.call.at);
    pipeline.body.forEach(node);
  }
  for (const [name, recall] of Object.entries(plan.recalls)) {
    try {
      statementOf(recall);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      const place = recall.at === undefined ? `recall ${name}` : placeOf(plan, recall.at);
      found.set(`${place}\0${name}`, `${place}: ${error.message}`);
    }
  }
  // What the compiler said of a line that has been spoken of is the same thing in other words.
  const places = new Set([...found.keys()].map((key) => key.slice(0, key.indexOf("\0"))));
  for (const { what, at } of plan.unbuilt) {
    const place = placeOf(plan, at);
    if (!places.has(place)) found.set(`${place}\0${what}`, `${place}: ${what}`);
  }
  return [...found.values()];
}

const placeOf = ({ source }: Plan, [file, line]: Position): string => `${source[file]?.path ?? "?"}:${line}`;
