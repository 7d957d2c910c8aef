/** A tool is called: for its stage, for the stage's agent, or for the check of `expect`. */
import { after } from "../after.ts";
import type { Proposal } from "../models/model.ts";
import type { Expr, StageNode, Tool } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import { callKey } from "../tools/cached.ts";
import type { CallFolder } from "../tools/call-folder.ts";
import type { Tool as Callable, Called, ToolContext } from "../tools/tool.ts";
import type { Draft, Origin } from "../trail/record.ts";
import type { Json, Type } from "../types.ts";
import { holdsFiles } from "../values/files.ts";
import { type Attempt, accept, asAttemptError, type Input, seconds } from "./attempt.ts";
import { AttemptError, NotStarted } from "./attempt-error.ts";
import { NOTHING as NOT_BEGUN, type Settle } from "./budget/budget.ts";
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
export function invoke(
  attempt: Caller,
  name: string,
  input: Input,
  timeout: number | undefined,
  { effect = false, cache, call }: InvokeOptions = {},
): Promise<Invoked> {
  const { context } = attempt;
  const declared = context.plan.tools[name];
  if (declared === undefined) return Promise.reject(new AttemptError("error", `the plan has no tool ${name}`));
  if (declared.effect !== effect)
    return Promise.reject(new AttemptError("error", `${name} is an effect, and only a stage can call it`));
  return new ToolCall(attempt, name, declared, effect, call).run(input, timeout, cache);
}

interface InvokeOptions {
  readonly effect?: boolean;
  readonly cache?: boolean | undefined;
  /** What the call is known by, where the caller must know it, too. */
  readonly call?: string;
}

/** A call from its first record to its last. */
class ToolCall {
  readonly #caller: Caller;
  readonly #name: string;
  readonly #declared: Tool;
  readonly #effect: boolean;
  readonly #id: string;
  readonly #began: number;
  #lines = 0;
  /** Its start is on record. */
  #isBegun = false;
  /** The tool has been asked. */
  #isCalled = false;
  #settle: Settle | undefined;

  constructor(caller: Caller, name: string, declared: Tool, effect: boolean, call?: string) {
    this.#caller = caller;
    this.#name = name;
    this.#declared = declared;
    this.#effect = effect;
    this.#id = call ?? caller.context.nextId();
    this.#began = caller.context.clock.elapsed();
  }

  async run(input: Input, timeout: number | undefined, cache: boolean | undefined): Promise<Invoked> {
    const { context } = this.#caller;
    const name = this.#name;
    const declared = this.#declared;
    const effect = this.#effect;
    try {
      const isCached = !effect && (cache ?? declared.cache) === true;
      const key = isCached ? await callKey(declared, input, context.plan.root) : undefined;
      const known = key === undefined ? undefined : await context.cache.get(key);
      if (known !== undefined) {
        this.#begin();
        const value = accept(known, declared.result, "the earlier result", "drop");
        this.#end({ ok: true, cached: true });
        return { value };
      }
      let left = timeout;
      if (context.budget.limits({ kind: "tool", name })) left = await this.#reserve(timeout);
      if (!effect) this.#begin();
      const { clock } = context;
      // What cannot be called, or is not to be, has not begun.
      if (effect) await context.cancellation.within(clock, left, () => context.tool(name), NOBODY);
      const folder = context.folder();
      const time = effect ? timeout : left;
      const own = this.#contextOf(folder, effect ? time : this.#sooner(time));
      if (effect) {
        context.cancellation.signal.throwIfAborted();
        await this.#begin();
      }
      const cancellation = effect ? new Cancellation(new AbortController().signal) : context.cancellation;
      const { value, cost: asked } = await cancellation.within(
        clock,
        time,
        (signal) => this.#ask(input, own, folder, signal),
        () => this.#note("late", `${name} ended after its time was over; its result is dropped`),
      );
      const cost = (declared.spent === undefined ? asked : spent(declared.spent, value)) ?? declared.cost;
      this.#settle?.({ money: cost });
      if (key !== undefined) await context.cache.put(key, value);
      if (effect) await this.#end({ ok: true, cost, ...(await context.outputOf(value)) });
      else this.#end({ ok: true, cost });
      return cost === undefined ? { value } : { value, cost };
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<AttemptError> {
    const failure = asAttemptError(error);
    const isStarted = this.#isCalled && !(failure instanceof NotStarted);
    this.#settle?.(isStarted ? {} : NOT_BEGUN);
    // What failed may have been paid for all the same.
    const cost = isStarted ? this.#declared.cost : undefined;
    if (this.#isBegun) await this.#end({ ok: false, cost, class: failure.class, error: failure.message });
    if (this.#effect && this.#isBegun && !isStarted) {
      const { context, origin } = this.#caller;
      const about = { tool: this.#name, call: this.#id, state: "undone", why: failure.message } as const;
      await context.append([{ ...origin, kind: "effect", ...about }]);
    }
    return failure;
  }

  /** Room for the call under what limits the tool; resolves with what the wait has left of its time, in seconds. */
  async #reserve(timeout: number | undefined): Promise<number | undefined> {
    const { budget, clock, cancellation } = this.#caller.context;
    const began = clock.elapsed();
    this.#settle = await budget.reserve({ kind: "tool", name: this.#name }, cancellation.signal, timeout);
    const waited = seconds(clock.elapsed() - began);
    return timeout === undefined ? undefined : Math.max(0, timeout - waited);
  }

  /** What the tool gives, checked: at once, where it is open, answers at once, and no files are to be brought. */
  #ask(input: Input, own: ToolContext, folder: CallFolder, signal: AbortSignal): Called | Promise<Called> {
    const { files, tool } = this.#caller.context;
    const { parameters } = this.#declared;
    try {
      const takesFiles = parameters.some(({ type }) => holdsFiles(type));
      const called = after(tool(this.#name), (open) =>
        after(takesFiles ? files.given(input, parameters, folder) : input, (given) =>
          this.#call(open, given, own, signal),
        ),
      );
      const came = after(called, (result) => this.#checked(result));
      if (came instanceof Promise) return came.finally(() => folder.remove());
      folder.remove();
      return came;
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  #call(tool: Callable, input: Input, own: ToolContext, signal: AbortSignal): Called | Promise<Called> {
    // Its time may be over before it has what it needs.
    signal.throwIfAborted();
    this.#isCalled = true;
    const asked = performance.now();
    try {
      return tool.call(input, own, signal);
    } finally {
      // Up to its first `await` a function in TypeScript has the process for itself.
      const held = seconds(performance.now() - asked);
      if (held > SETTINGS.tools.blockedSeconds)
        this.#note("blocked", `${this.#name} held the process for ${held.toFixed(1)} s, in which nothing else went on`);
    }
  }

  #checked({ value, cost }: Called): Called | Promise<Called> {
    const { result: type } = this.#declared;
    const fitting = accept(value, type, "the result", "drop", true);
    if (!holdsFiles(type)) return { value: fitting, cost };
    return this.#caller.context.files.kept(fitting, type, "the result").then((kept) => ({ value: kept, cost }));
  }

  /** What a function that computes must end by: nobody else ends it at the deadline of its agent or its item. */
  #sooner(time: number | undefined): number | undefined {
    const { clock, cancellation } = this.#caller.context;
    if (cancellation.until === undefined) return time;
    return Math.min(time ?? Number.POSITIVE_INFINITY, (cancellation.until - clock.now()) / 1000);
  }

  #contextOf(folder: CallFolder, left: number | undefined): ToolContext {
    const { context, origin, node, seed } = this.#caller;
    const every = this.#declared.checkpoint;
    const run = origin.run ?? "";
    return {
      seed,
      stage: node.id,
      run,
      checkpoint:
        every === undefined || run === ""
          ? undefined
          : { folder: context.checkpoints.open(run, node.id, origin.scope ?? ""), every },
      folder: folder.path,
      left,
      effect: this.#effect,
      log: (line) => {
        this.#lines += 1;
        if (this.#lines <= SETTINGS.tools.logLines) this.#note("log", line.slice(0, 2000));
      },
    };
  }

  #begin(): Promise<unknown> | undefined {
    this.#isBegun = true;
    const { origin } = this.#caller;
    return this.#write({
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: origin.stage,
      scope: origin.scope,
      attempt: origin.attempt,
      kind: "tool.started",
      tool: this.#name,
      call: this.#id,
      effect: this.#effect ? true : undefined,
    });
  }

  #end(came: Pick<Ended, "ok" | "cached" | "cost" | "class" | "error" | "output" | "artifact" | "hash">) {
    const left = this.#lines - SETTINGS.tools.logLines;
    if (left > 0) this.#note("log", `… ${left} more ${left === 1 ? "line" : "lines"} of ${this.#name}`);
    const { origin, context } = this.#caller;
    return this.#write({
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: origin.stage,
      scope: origin.scope,
      attempt: origin.attempt,
      kind: "tool.ended",
      tool: this.#name,
      call: this.#id,
      ok: came.ok,
      elapsed: seconds(context.clock.elapsed() - this.#began),
      effect: this.#effect ? true : undefined,
      cached: came.cached,
      cost: came.cost,
      output: came.output,
      artifact: came.artifact,
      hash: came.hash,
      class: came.class,
      error: came.error,
    });
  }

  /** To wait for where it is an effect's. */
  #write(draft: Draft): Promise<unknown> | undefined {
    const { context } = this.#caller;
    if (this.#effect) return context.append([draft]);
    context.note(draft);
    return undefined;
  }

  #note(name: string, message: string): void {
    const { context, origin } = this.#caller;
    context.note({ ...origin, kind: "event", name, message });
  }
}

type Ended = Extract<Draft, { kind: "tool.ended" }>;

const NOBODY = (): void => {};

/** A tool in an agent's hands: without the parameters that the program has bound. `until`: when the agent's time is over. */
export function offered(
  attempt: Attempt,
  name: string,
  bound: readonly { readonly name: string; readonly value: Expr }[],
  until?: number,
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
    call: async (given, signal) => {
      const input = { ...(accept(given, parameters, "the arguments", "refuse") as Input) } as { [name: string]: Json };
      for (const binding of bound) input[binding.name] = evaluate(binding.value, NOTHING);
      // The agent's own time ends what it has called.
      const cancellation = new Cancellation(signal, until);
      const caller = { ...attempt, context: { ...attempt.context, cancellation } };
      try {
        return (await invoke(caller, name, input, declared.timeout)).value;
      } finally {
        cancellation.release();
      }
    },
  };
}

const NOTHING: Scope = { get: () => undefined };

function spent(expression: Expr, it: Json): number | undefined {
  const amount = evaluate(expression, { get: (name) => (name === "it" ? it : undefined) });
  return typeof amount === "number" && amount >= 0 ? amount : undefined;
}
