/** A tool is called: for its stage, for the stage's agent, or for the check of `expect`. */
import type { Proposal } from "../models/model.ts";
import type { Expr, StageNode } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import { callKey } from "../tools/cached.ts";
import type { ToolContext } from "../tools/tool.ts";
import type { Draft, Origin } from "../trail/record.ts";
import type { Json, Type } from "../types.ts";
import { holdsFiles } from "../values/files.ts";
import { type Attempt, accept, asAttemptError, type Input, seconds } from "./attempt.ts";
import { AttemptError, NotStarted } from "./attempt-error.ts";
import { NOTHING as NOT_BEGUN, type Settle } from "./budget/budget.ts";
import type { Charge } from "./budget/limits.ts";
import { Cancellation } from "./cancellation.ts";
import type { RunContext } from "./context.ts";
import { evaluate, type Scope } from "./expression.ts";

export interface Invoked {
  readonly value: Json;
  readonly cost?: number;
}

/** Who calls a tool: an attempt of a stage, or what asks from outside of one (a source, a late score). */
export interface Caller {
  readonly context: Pick<
    RunContext,
    | "plan"
    | "clock"
    | "cancellation"
    | "budget"
    | "nextId"
    | "note"
    | "append"
    | "outputOf"
    | "tool"
    | "cache"
    | "checkpoints"
    | "folder"
    | "files"
  >;
  readonly origin: Origin;
  readonly node: Pick<StageNode, "id">;
  readonly seed: number;
}

/**
 * `input` fits the tool's parameters; `timeout` is in seconds. Rejects with `AttemptError`, or with what ends the run. An
 * effect is only called by `performEffect`: its start and its result are on the disk before anything follows, and it ends
 * in its own time even where the run is cancelled, since nobody could tell what became of it otherwise. `cache`, where it
 * is said, goes before what the tool says.
 */
export async function invoke(
  attempt: Caller,
  name: string,
  input: Input,
  timeout: number | undefined,
  { effect = false, cache }: { readonly effect?: boolean; readonly cache?: boolean | undefined } = {},
): Promise<Invoked> {
  const { context, origin } = attempt;
  const { plan, clock, cancellation } = context;
  const declared = plan.tools[name];
  if (declared === undefined) throw new AttemptError("error", `the plan has no tool ${name}`);
  if (declared.effect !== effect) throw new AttemptError("error", `${name} is an effect, and only a stage can call it`);
  const call = context.nextId();
  const began = clock.elapsed();
  /** To wait for where it is an effect's. */
  const write = (draft: Draft): Promise<unknown> | undefined => {
    if (effect) return context.append([draft]);
    context.note(draft);
    return undefined;
  };
  const note = (of: string, message: string): void => context.note({ ...origin, kind: "event", name: of, message });
  let lines = 0;
  const ended = (ok: boolean, more: object): Promise<unknown> | undefined => {
    const left = lines - SETTINGS.tools.logLines;
    if (left > 0) note("log", `… ${left} more ${left === 1 ? "line" : "lines"} of ${name}`);
    const elapsed = seconds(clock.elapsed() - began);
    return write({
      ...origin,
      kind: "tool.ended",
      tool: name,
      call,
      ok,
      elapsed,
      ...(effect ? { effect } : {}),
      ...more,
    });
  };
  let isBegun = false;
  const begin = (): Promise<unknown> | undefined => {
    isBegun = true;
    return write({ ...origin, kind: "tool.started", tool: name, call, ...(effect ? { effect } : {}) });
  };
  let isCalled = false;
  let settle: Settle = () => {};
  try {
    const key = !effect && (cache ?? declared.cache) === true ? await callKey(declared, input, plan.root) : undefined;
    const known = key === undefined ? undefined : await context.cache.get(key);
    if (known !== undefined) {
      begin();
      const value = accept(known, declared.result, "the earlier result", "drop");
      ended(true, { cached: true });
      return { value };
    }
    const charge = { kind: "tool", name } as const;
    let left = timeout;
    if (context.budget.limits(charge)) ({ settle, left } = await reserve(context, charge, timeout));
    if (!effect) begin();
    const tool = await context.tool(name);
    const { checkpoint: every } = declared;
    const folder =
      every === undefined || origin.run === undefined
        ? undefined
        : context.checkpoints.open(origin.run, attempt.node.id, origin.scope ?? "");
    const own = context.folder();
    const toolContext: ToolContext = {
      seed: attempt.seed,
      stage: attempt.node.id,
      run: origin.run ?? "",
      ...(folder === undefined ? {} : { checkpoint: { folder, every: every! } }),
      folder: own.path,
      log: (line: string) => {
        lines += 1;
        if (lines <= SETTINGS.tools.logLines) note("log", line.slice(0, 2000));
      },
    };
    if (effect) {
      // What cannot be called, or is not to be, has not begun.
      cancellation.signal.throwIfAborted();
      await begin();
    }
    isCalled = true;
    const { value, cost: asked } = await (effect ? new Cancellation(NEVER) : cancellation).within(
      clock,
      effect ? timeout : left,
      async (signal) => {
        try {
          const { parameters, result: type } = declared;
          const takesFiles = parameters.some((parameter) => holdsFiles(parameter.type));
          const given = takesFiles ? await context.files.given(input, parameters, own) : input;
          // Its time may be over before it has what it needs.
          signal.throwIfAborted();
          const asked = performance.now();
          const calling = tool.call(given, toolContext, signal);
          // Up to its first `await` a function in TypeScript has the process for itself.
          const held = seconds(performance.now() - asked);
          if (held > SETTINGS.tools.blockedSeconds)
            note("blocked", `${name} held the process for ${held.toFixed(1)} s, in which nothing else went on`);
          const result = await calling;
          const value = accept(result.value, type, "the result", "drop", true);
          return { ...result, value: holdsFiles(type) ? await context.files.kept(value, type, "the result") : value };
        } finally {
          own.remove();
        }
      },
      () => note("late", `${name} ended after its time was over; its result is dropped`),
    );
    const cost = (declared.spent === undefined ? asked : spent(declared.spent, value)) ?? declared.cost;
    settle({ money: cost });
    const paid = cost === undefined ? {} : { cost };
    if (key !== undefined) await context.cache.put(key, value);
    if (effect) await ended(true, { ...paid, ...(await context.outputOf(value)) });
    else ended(true, paid);
    return { value, ...paid };
  } catch (error) {
    const failure = asAttemptError(error);
    const isStarted = isCalled && !(failure instanceof NotStarted);
    settle(isStarted ? {} : NOT_BEGUN);
    // What failed may have been paid for all the same.
    const paid = isStarted && declared.cost !== undefined ? { cost: declared.cost } : {};
    if (isBegun) await ended(false, { ...paid, class: failure.class, error: failure.message });
    if (effect && isBegun && !isStarted)
      await context.append([{ ...origin, kind: "effect", tool: name, call, state: "undone", why: failure.message }]);
    throw failure;
  }
}

/** What limits the tool has room for a call; `left` is what the wait has left of its time, in seconds. */
async function reserve(
  { budget, clock, cancellation }: Caller["context"],
  charge: Charge,
  timeout: number | undefined,
): Promise<{ readonly settle: Settle; readonly left: number | undefined }> {
  const began = clock.elapsed();
  const settle = await budget.reserve(charge, cancellation.signal, timeout);
  const waited = seconds(clock.elapsed() - began);
  return { settle, left: timeout === undefined ? undefined : Math.max(0, timeout - waited) };
}

/** The signal of a call that nothing cancels but its own deadline. */
const NEVER = new AbortController().signal;

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
