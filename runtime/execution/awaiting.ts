/**
 * A stage that waits for what is not there yet: a tool that gives nothing so far, or a person. It is asked once as it starts;
 * then its run is parked, and what asks again (`waits.ts`) writes down what came, with which the run goes on.
 */
import type { Call, StageNode, Tool } from "../plan.ts";
import type { Json } from "../types.ts";
import { type Attempt, accept, asAttemptError, type Input } from "./attempt.ts";
import { AttemptError, Halt } from "./attempt-error.ts";
import { asText, closed, evaluate } from "./expression.ts";
import { stageKey } from "./restored.ts";
import { invoke } from "./tool-call.ts";

/** An approval without `every … within …` is looked for this often, and waits for as long as it takes (seconds). */
const UNHURRIED = { every: 60, within: 100 * 365 * 86_400 };

export function isApproval(tool: Tool | undefined): boolean {
  return tool?.from.kind === "builtin" && tool.from.name === "approve";
}

/** Whether the stage waits, and how. */
export function waitOf(node: StageNode, tools: { readonly [name: string]: Tool }): StageNode["wait"] {
  return node.wait ?? (isApproval(tools[node.alternatives[0]!.callee.name]) ? UNHURRIED : undefined);
}

/** The value; rejects with `Halt` while there is none, and with `AttemptError` once its time has passed. */
export async function awaitValue(
  attempt: Attempt,
  call: Call,
  wait: NonNullable<StageNode["wait"]>,
  input: () => Input,
): Promise<Json> {
  const { context, node, scope, scopeKey, origin } = attempt;
  const { plan, clock, restored } = context;
  const tool = plan.tools[call.callee.name];
  const approval = isApproval(tool);
  const known = restored?.waits.get(stageKey(node.id, scopeKey));
  const what = approval ? "a person's approval" : call.callee.name;
  if (known !== undefined) {
    const { outcome } = known;
    if (outcome === undefined) throw new Halt("parked", `waits for ${what}`);
    if (outcome.value === undefined) throw new AttemptError("timeout", `${what} gave nothing in its time`);
    return accept(outcome.value, node.type, what, "drop");
  }
  let asked: Json;
  if (approval) asked = Object.fromEntries(call.arguments.map(({ name, value }) => [name, evaluate(value, scope)]));
  else {
    try {
      const { value } = await invoke(attempt, call.callee.name, input(), call.timeout ?? tool?.timeout);
      if (value !== null) return value;
    } catch (error) {
      const failure = asAttemptError(error);
      if (context.cancellation.cancelled) throw failure;
      const message = `${what} failed (${failure.message}): it is asked again`;
      context.note({ kind: "event", ...origin, name: "wait.failed", message });
    }
    asked = closed({ op: "call", call }, scope) as unknown as Json;
  }
  if (context.dry) throw new Halt("rehearsed", `it waits for ${what}`);
  const until = new Date(clock.now() + wait.within * 1000).toISOString();
  const more = approval ? `: ${asText(asked).slice(0, 200)}` : `, asked again every ${wait.every} s until ${until}`;
  await context.append([
    {
      kind: "waiting",
      ...origin,
      for: approval ? "approval" : "value",
      pipeline: context.pipeline,
      ...(context.subnetName === "" ? {} : { subnet: context.subnetName }),
      path: plan.source[0]?.path ?? "",
      every: wait.every,
      until,
      ...(await context.outputOf(asked)),
    },
  ]);
  throw new Halt("parked", `waits for ${what}${more}`);
}
