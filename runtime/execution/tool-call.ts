/** A tool is called: for its stage, for the stage's agent, or for the check of `expect`. */
import type { Proposal } from "../models/model.ts";
import type { Call, Expr } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import type { Json, Type } from "../types.ts";
import { canonicalArguments } from "../values/canonical.ts";
import { type Attempt, accept, asAttemptError, type Input, type Outcome, seconds } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { evaluate, type Scope } from "./expression.ts";

/** The attempt of a stage that calls a tool. */
export async function callTool(attempt: Attempt, call: Call, input: Input): Promise<Outcome> {
  const tool = attempt.context.plan.tools[call.callee.name]!;
  const claim = canonicalArguments(input, tool.parameters);
  try {
    const { value, cost } = await invoke(attempt, call.callee.name, input, call.timeout ?? tool.timeout);
    return { value, claim, ...(cost === undefined ? {} : { cost }) };
  } catch (error) {
    return { claim, failure: asAttemptError(error) };
  }
}

/** `input` fits the tool's parameters; `timeout` is in seconds. Rejects with `AttemptError`, or with what ends the run. */
export async function invoke(
  attempt: Attempt,
  name: string,
  input: Input,
  timeout: number | undefined,
): Promise<{ value: Json; cost?: number }> {
  const { context, origin } = attempt;
  const { plan, clock, cancellation } = context;
  const declared = plan.tools[name];
  if (declared === undefined) throw new AttemptError("error", `the plan has no tool ${name}`);
  const call = context.nextId();
  const began = clock.elapsed();
  context.note({ kind: "tool.started", ...origin, tool: name, call });
  const note = (of: string, message: string): void => context.note({ kind: "event", ...origin, name: of, message });
  let lines = 0;
  const ended = (ok: boolean, cost?: number, failure?: AttemptError): void => {
    const more = lines - SETTINGS.tools.logLines;
    if (more > 0) note("log", `… ${more} more ${more === 1 ? "line" : "lines"} of ${name}`);
    context.note({
      kind: "tool.ended",
      ...origin,
      tool: name,
      call,
      ok,
      elapsed: seconds(clock.elapsed() - began),
      ...(cost === undefined ? {} : { cost }),
      ...(failure === undefined ? {} : { class: failure.class, error: failure.message }),
    });
  };
  try {
    const tool = await context.tool(name);
    const toolContext = {
      seed: attempt.seed,
      stage: attempt.node.id,
      run: origin.run!,
      log: (line: string) => {
        lines += 1;
        if (lines <= SETTINGS.tools.logLines) note("log", line.slice(0, 2000));
      },
    };
    const result = await cancellation.within(
      clock,
      timeout,
      (signal) => tool.call(input, toolContext, signal),
      () => note("late", `${name} ended after its time was over; its result is dropped`),
    );
    const value = accept(result.value, declared.result, "the result", "drop");
    const cost = declared.spent === undefined ? result.cost : spent(declared.spent, value);
    ended(true, cost);
    return { value, ...(cost === undefined ? {} : { cost }) };
  } catch (error) {
    const failure = asAttemptError(error);
    ended(false, undefined, failure);
    throw failure;
  }
}

/** A tool in an agent's hands: without the parameters that the program has bound. */
export function offered(
  attempt: Attempt,
  name: string,
  bound: readonly { readonly name: string; readonly value: Expr }[],
): Proposal["tools"][number] {
  const declared = attempt.context.plan.tools[name]!;
  const fixed = new Set(bound.map((binding) => binding.name));
  const parameters: Type = {
    kind: "record",
    fields: declared.parameters.filter((parameter) => !fixed.has(parameter.name)),
  };
  return {
    name,
    doc: declared.doc,
    parameters,
    call: async (given) => {
      const input = { ...(accept(given, parameters, "the arguments", "refuse") as Input) } as { [name: string]: Json };
      for (const binding of bound) input[binding.name] = evaluate(binding.value, NOTHING);
      return (await invoke(attempt, name, input, declared.timeout)).value;
    },
  };
}

const NOTHING: Scope = { get: () => undefined };

function spent(expression: Expr, it: Json): number | undefined {
  const amount = evaluate(expression, { get: (name) => (name === "it" ? it : undefined) });
  return typeof amount === "number" && amount >= 0 ? amount : undefined;
}
