/** Puts the declared types where a serialised plan only names them: each one object, shared by all who mean it. */
import type { Agent, Field, Metric, Node, Pipeline, Plan, Subnet, Tool, Type } from "../plan.ts";

/** Throws an `Error` with a sentence where a name means nothing, or a type contains itself. */
export function link(plan: Plan): Plan {
  const linked = new Map<string, Type>();
  const open = new Set<string>();

  const named = (name: string): Type => {
    const known = linked.get(name);
    if (known !== undefined) return known;
    const declared = Object.hasOwn(plan.types, name) ? plan.types[name] : undefined;
    if (declared === undefined) throw new Error(`the plan names a type ${name} that it does not declare`);
    if (open.has(name)) throw new Error(`the plan's type ${name} contains itself`);
    open.add(name);
    const result = type(declared);
    open.delete(name);
    linked.set(name, result);
    return result;
  };
  const type = (of: Type): Type => {
    switch (of.kind) {
      case "named":
        return named(of.name);
      case "optional":
      case "list":
      case "map":
        return { ...of, of: type(of.of) };
      case "record":
        return { ...of, fields: of.fields.map(field) };
      case "choice":
        return { ...of, arms: of.arms.map((arm) => ({ ...arm, fields: arm.fields.map(field) })) };
      case "union":
        return { ...of, members: of.members.map(type) };
      default:
        return of;
    }
  };
  const field = (of: Field): Field => ({ ...of, type: type(of.type) });
  const node = (of: Node): Node => {
    switch (of.kind) {
      case "stage":
      case "let":
        return { ...of, type: type(of.type) };
      case "for":
        return { ...of, type: type(of.type), body: of.body.map(node) };
      case "when":
        return { ...of, body: of.body.map(node) };
      default:
        return of;
    }
  };
  const signature = <T extends Agent | Tool>(of: T): T => ({
    ...of,
    parameters: of.parameters.map(field),
    result: type(of.result),
  });
  const metric = (of: Metric): Metric => ({ ...of, type: type(of.type) });

  return {
    ...plan,
    types: mapValues(plan.types, (_, name) => named(name)),
    subnets: mapValues(plan.subnets, (subnet: Subnet) => ({ ...subnet, metrics: mapValues(subnet.metrics, metric) })),
    agents: mapValues(plan.agents, signature),
    tools: mapValues(plan.tools, signature),
    pipelines: mapValues(plan.pipelines, (pipeline: Pipeline) => ({
      ...pipeline,
      parameters: pipeline.parameters.map(field),
      body: pipeline.body.map(node),
    })),
  };
}

function mapValues<T, U>(
  of: { readonly [key: string]: T },
  change: (value: T, key: string) => U,
): { [key: string]: U } {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(value, key)]));
}
