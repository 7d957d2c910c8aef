/**
 * One stage, from recall to value: its alternatives in order, each with the attempts that its retry policy gives. Only
 * `stage.started` and `stage.ended` are not written here: they share a write with the stages around (`scheduler.ts`).
 */
import type { RecallQuery } from "../knowledge/knowledge.ts";
import { type Rendered, renderRecalled } from "../knowledge/render.ts";
import type { Proposal } from "../models/model.ts";
import { areNear, knownSpaceOf } from "../models/space.ts";
import type { Call, Expr, Plan, StageNode } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import { SETTINGS } from "../settings.ts";
import type { Draft, FailureClass } from "../trail/record.ts";
import { TrailError } from "../trail/trail.ts";
import type { Json, Type } from "../types.ts";
import { type Claim, canonical, canonicalArguments } from "../values/canonical.ts";
import { validate } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import type { RunContext, StageOrigin } from "./context.ts";
import { type Choice, type Failure, failureEvidence, successEvidence } from "./evidence.ts";
import { asksTheWorld, asText, evaluate, evaluateAsking, type Scope } from "./expression.ts";
import { renderPrompt } from "./prompt.ts";
import { type AttemptSettings, retryPolicy, type Tried } from "./retry.ts";

export type StageResult =
  | {
      readonly status: "ok";
      readonly value: Json;
      readonly via: string;
      readonly attempts: number;
      readonly choice: Choice | undefined;
    }
  | { readonly status: "none" | "failed" | "cancelled"; readonly attempts: number; readonly failure: Failure };

/** A claim stands in every record about it. */
const LONGEST_CLAIM = 32_768;

/** What a failure's message may take in a record. */
const LONGEST_MESSAGE = 4000;

type Input = { readonly [name: string]: Json };

/** What one attempt came to, with what it chose where it got so far. */
interface Outcome {
  readonly value?: Json;
  readonly claim?: Claim;
  readonly cost?: number;
  readonly failure?: AttemptError;
}

/** Never rejects but with what ends the whole run: the trail or the knowledge cannot go on. */
export async function runStage(
  context: RunContext,
  node: StageNode,
  scopeKey: string,
  scope: Scope,
): Promise<StageResult> {
  const origin: StageOrigin = { ...context.origin, stage: node.id, ...(scopeKey === "" ? {} : { scope: scopeKey }) };
  const stage = new StageRun(context, node, origin, scopeKey, scope);
  return stage.run();
}

class StageRun {
  readonly #context: RunContext;
  readonly #node: StageNode;
  readonly #origin: StageOrigin;
  readonly #scopeKey: string;
  readonly #scope: Scope;
  #attempts = 0;
  #recalled: Rendered = NOTHING_RECALLED;

  constructor(context: RunContext, node: StageNode, origin: StageOrigin, scopeKey: string, scope: Scope) {
    this.#context = context;
    this.#node = node;
    this.#origin = origin;
    this.#scopeKey = scopeKey;
    this.#scope = scope;
  }

  async run(): Promise<StageResult> {
    this.#recalled = await this.#recall();
    let failure: Failure = { class: "error", error: "it has nothing to try" };
    for (const call of this.#node.alternatives) {
      const result = await this.#alternative(call);
      if (!("failed" in result)) return result;
      failure = result.failed;
      if (failure.class === "cancelled") break;
    }
    const status = failure.class === "cancelled" ? "cancelled" : this.#node.orNone ? "none" : "failed";
    return { status, attempts: this.#attempts, failure };
  }

  /** An agent is shown what fits into its prompt; a tool, whose arguments stand in the program, is shown nothing. */
  async #recall(): Promise<Rendered> {
    const { knowledge, clock, plan, subnetName } = this.#context;
    const began = clock.elapsed();
    const recall = plan.recalls[this.#node.recall];
    const agent = this.#node.alternatives.find((call) => call.callee.kind === "agent");
    // What tools are given stands in the program: for them the state of the cycle's start will do.
    if (agent !== undefined) await knowledge.refresh();
    const type = agent && plan.agents[agent.callee.name]?.result;
    const recalled = await knowledge.recall({
      subnet: subnetName,
      stage: this.#node.id,
      scope: this.#scopeKey,
      from: recall?.from ?? ["patterns", "antipatterns"],
      top: recall?.top ?? 10,
      halflife: recall?.halflife ?? { seconds: 7 * 86_400 },
      ...(recall?.where === undefined ? {} : { where: recall.where }),
      now: clock.now(),
      ...(type === undefined ? {} : admission(type)),
    });
    const rendered = agent === undefined ? NOTHING_RECALLED : renderRecalled(recalled, SETTINGS.recall.tokens);
    this.#note({
      kind: "recall",
      ...this.#origin,
      recall: this.#node.recall,
      shown: rendered.shown.map(({ claim, strength, anti }) => ({ claim, strength, ...(anti ? { anti } : {}) })),
      known: recalled.known,
      generation: recalled.generation,
      elapsed: seconds(clock.elapsed() - began),
    });
    return rendered;
  }

  /** A value, or the error of the last attempt. */
  async #alternative(call: Call): Promise<StageResult | FailedAlternative> {
    const { plan, clock, cancellation } = this.#context;
    const retry = call.retry === undefined ? undefined : plan.retries[call.retry];
    const agent = call.callee.kind === "agent" ? plan.agents[call.callee.name] : undefined;
    const rungs =
      agent === undefined
        ? undefined
        : this.#context.usable((retry?.ladder ?? [agent.model]).map((rung) => (rung === "self" ? agent.model : rung)));
    if (rungs?.length === 0) return failed("no_key", `no model of ${call.callee.name} can be used on this machine`);
    const policy = retryPolicy(retry, rungs, this.#seed("retry", call.callee.name));
    const history: (Tried & { readonly value: Json | undefined })[] = [];
    for (let settings = policy.next(history); settings !== undefined; settings = policy.next(history)) {
      if (settings.delay > 0) {
        try {
          await clock.sleep(settings.delay, cancellation.signal);
        } catch {
          return failed("cancelled", "the run was cancelled");
        }
      }
      let input: Input;
      try {
        // Anew for each attempt: a tool may change what it was given.
        input = this.#input(call);
      } catch (error) {
        return failed(...reasonOf(error));
      }
      const result = await this.#attempt(call, input, settings, history);
      if (!("tried" in result)) return result;
      history.push(result.tried);
    }
    const last = history.at(-1);
    return failed(last?.class ?? "error", last?.error ?? "it was not tried");
  }

  async #attempt(
    call: Call,
    input: Input,
    settings: AttemptSettings,
    history: readonly (Tried & { readonly value: Json | undefined })[],
  ): Promise<StageResult | { readonly tried: Tried & { readonly value: Json | undefined } }> {
    const { clock } = this.#context;
    this.#attempts += 1;
    const attempt = this.#context.nextId();
    const origin = { ...this.#origin, attempt };
    const began = clock.elapsed();
    this.#note({
      kind: "attempt.started",
      ...origin,
      number: this.#attempts,
      callee: call.callee.name,
      ...(settings.model === undefined ? {} : { model: settings.model }),
      ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
      backend: call.backends[0] ?? "local",
      ...(settings.note === undefined ? {} : { note: settings.note }),
    });
    const outcome =
      call.callee.kind === "agent"
        ? await this.#propose(call, input, settings, history, origin)
        : await this.#callTool(call, input, origin);
    const { failure, claim, value } = outcome;
    const ended: Draft = {
      kind: "attempt.ended",
      ...origin,
      ok: failure === undefined,
      elapsed: seconds(clock.elapsed() - began),
      ...(outcome.cost === undefined ? {} : { cost: outcome.cost }),
      // The value that won stands in `stage.ended`; here only what was not taken.
      ...(failure === undefined || value === undefined || JSON.stringify(value).length > 16_384
        ? {}
        : { output: value }),
      ...(failure === undefined ? {} : { class: failure.class, error: failure.message }),
    };
    const choice = claim && this.#choice(call, claim, attempt);
    if (failure !== undefined) {
      const evidence =
        choice === undefined
          ? undefined
          : failureEvidence(this.#context, choice, { class: failure.class, error: failure.message });
      this.#note(ended, ...(evidence === undefined ? [] : [evidence]));
      const { class: kind, message: error, retryAfter } = failure;
      return { tried: { class: kind, error, claim: claim?.claim, retryAfter, value } };
    }
    // Where a stage is learned from, its success is told once, by `learn`.
    if (choice === undefined || this.#node.measured.length > 0) this.#note(ended);
    else {
      const verified = call.callee.kind === "tool" || this.#node.expect !== undefined;
      this.#note(ended, successEvidence(this.#context, choice, verified));
    }
    return { status: "ok", value: value!, via: call.callee.name, attempts: this.#attempts, choice };
  }

  /** Nothing where what was chosen is too long to be told as a claim. */
  #choice(call: Call, claim: Claim, attempt: string): Choice | undefined {
    if (claim.chosen.length > LONGEST_CLAIM) {
      const message = `what ${call.callee.name} chose is longer than ${LONGEST_CLAIM} characters, and cannot be learned from`;
      this.#note({ kind: "event", ...this.#origin, attempt, name: "claim.too_long", message });
      return undefined;
    }
    return {
      ...claim,
      stage: this.#node.id,
      scope: this.#scopeKey,
      attempt,
      echo: this.#wasShown(claim.claim),
      answerable: call.callee.kind === "agent" || this.#node.measured.length > 0,
    };
  }

  async #propose(
    call: Call,
    input: Input,
    settings: AttemptSettings,
    history: readonly (Tried & { readonly value: Json | undefined })[],
    origin: StageOrigin & { readonly attempt: string },
  ): Promise<Outcome> {
    const { plan, clock, cancellation, knowledge, subnetName } = this.#context;
    const agent = plan.agents[call.callee.name]!;
    let claim: Claim | undefined;
    let value: Json | undefined;
    let cost: number | undefined;
    try {
      const modelName = settings.model!;
      const model = await this.#context.model(modelName);
      const { shown, text } = this.#recalled;
      const request: Proposal = {
        stage: this.#node.id,
        scope: this.#scopeKey,
        prompt: renderPrompt(agent.prompt, this.#agentScope(input), text, settings.note),
        type: agent.result,
        temperature: settings.temperature,
        seed: this.#seed("attempt", this.#attempts),
        patterns: shown.filter(({ anti }) => !anti),
        antipatterns: shown.filter(({ anti }) => anti),
        observations: (limit) => knowledge.observations({ subnet: subnetName, stage: this.#node.id, limit }),
        history: history.map((tried) => ({ value: tried.value, class: tried.class, error: tried.error })),
        tools: agent.tools.map(({ tool, bound }) => this.#offer(tool, bound, origin)),
        turns: agent.turns,
        onTurn: ({ number, inputTokens, outputTokens, ...rest }) =>
          this.#note({
            kind: "turn",
            ...origin,
            model: modelName,
            number,
            ...(inputTokens === undefined ? {} : { input_tokens: inputTokens }),
            ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
            ...rest,
          }),
      };
      const answer = await cancellation.within(
        clock,
        call.timeout,
        (signal) => model.propose(request, signal),
        () => this.#late(call, origin),
      );
      cost = answer.cost;
      value = accept(answer.value, agent.result, "the answer", "refuse");
      claim = canonical(value, agent.result);
      await this.#expect(value, origin);
      return { value, claim, ...(cost === undefined ? {} : { cost }) };
    } catch (error) {
      return {
        ...(value === undefined ? {} : { value }),
        ...(claim === undefined ? {} : { claim }),
        failure: asAttemptError(error),
      };
    }
  }

  async #callTool(call: Call, input: Input, origin: StageOrigin & { readonly attempt: string }): Promise<Outcome> {
    const tool = this.#context.plan.tools[call.callee.name]!;
    const claim = canonicalArguments(input, tool.parameters);
    try {
      const { value, cost } = await this.#invoke(call.callee.name, input, call.timeout ?? tool.timeout, origin);
      await this.#expect(value, origin);
      return { value, claim, ...(cost === undefined ? {} : { cost }) };
    } catch (error) {
      return { claim, failure: asAttemptError(error) };
    }
  }

  /** Calls a tool for the stage, for its agent or for its `expect`; `input` fits the tool's parameters. */
  async #invoke(
    name: string,
    input: Input,
    timeout: number | undefined,
    origin: StageOrigin & { readonly attempt: string },
  ): Promise<{ value: Json; cost?: number }> {
    const { plan, clock, cancellation } = this.#context;
    const declared = plan.tools[name];
    if (declared === undefined) throw new AttemptError("error", `the plan has no tool ${name}`);
    const call = this.#context.nextId();
    const began = clock.elapsed();
    this.#note({ kind: "tool.started", ...origin, tool: name, call });
    const note = (of: string, message: string): void => this.#note({ kind: "event", ...origin, name: of, message });
    let lines = 0;
    const ended = (ok: boolean, cost?: number, failure?: AttemptError): void => {
      const more = lines - SETTINGS.tools.logLines;
      if (more > 0) note("log", `… ${more} more ${more === 1 ? "line" : "lines"} of ${name}`);
      this.#note({
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
      const tool = await this.#context.tool(name);
      const toolContext = {
        seed: this.#seed("attempt", this.#attempts),
        stage: this.#node.id,
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

  #offer(
    name: string,
    bound: readonly { readonly name: string; readonly value: Expr }[],
    origin: StageOrigin & { readonly attempt: string },
  ): Proposal["tools"][number] {
    const declared = this.#context.plan.tools[name]!;
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
        const input = { ...(accept(given, parameters, "the arguments", "refuse") as Input) } as {
          [name: string]: Json;
        };
        for (const binding of bound) input[binding.name] = evaluate(binding.value, NOTHING);
        return (await this.#invoke(name, input, declared.timeout, origin)).value;
      },
    };
  }

  /** The arguments, evaluated and brought to the callee's parameters. */
  #input(call: Call): Input {
    const { plan } = this.#context;
    const declared = call.callee.kind === "agent" ? plan.agents[call.callee.name] : plan.tools[call.callee.name];
    if (declared === undefined)
      throw new AttemptError("error", `the plan has no ${call.callee.kind} ${call.callee.name}`);
    const given: { [name: string]: Json } = {};
    for (const { name, value } of call.arguments) given[name] = evaluate(value, this.#scope);
    return accept(given, { kind: "record", fields: declared.parameters }, call.callee.name, "drop") as Input;
  }

  async #expect(value: Json, origin: StageOrigin & { readonly attempt: string }): Promise<void> {
    const { expect } = this.#node;
    if (expect === undefined) return;
    const scope: Scope = { get: (name) => (name === "it" ? value : this.#scope.get(name)) };
    let returned: Json = null;
    const ask = async (expression: Expr): Promise<Json> =>
      evaluateAsking(expression, scope, async (request) => {
        if (request.kind !== "call") throw new AttemptError("invalid", "an expect cannot ask the memory");
        const { name } = request.call.callee;
        const parameters = this.#context.plan.tools[name]?.parameters ?? [];
        const input = accept(request.input, { kind: "record", fields: parameters }, name, "drop") as Input;
        returned = (await this.#invoke(name, input, request.call.timeout, origin)).value;
        return returned;
      });
    const held = asksTheWorld(expect) ? await ask(expect) : evaluate(expect, scope);
    if (held === true) return;
    const said = returned === null ? "" : ` The check returned: ${asText(returned).slice(0, 4000)}`;
    throw new AttemptError("refused", `what is expected of it does not hold.${said}`);
  }

  /** An agent sees its parameters and the file, never its caller's names. */
  #agentScope(input: Input): Scope {
    const globals = this.#context.plan.subnets;
    return {
      get: (name) =>
        Object.hasOwn(input, name)
          ? input[name]
          : Object.hasOwn(globals, name)
            ? subnetValue(this.#context.plan, name)
            : undefined,
    };
  }

  #late(call: Call, origin: StageOrigin): void {
    this.#note({
      kind: "event",
      ...origin,
      name: "late",
      message: `${call.callee.name} answered after its time was over; the answer is dropped`,
    });
  }

  #wasShown(claim: string): boolean {
    return this.#recalled.shown.some((ranked) => ranked.claim === claim);
  }

  #seed(purpose: string, part: string | number): number {
    return deriveSeed(this.#context.seed, this.#node.id, this.#scopeKey, purpose, part);
  }

  #note(...drafts: readonly Draft[]): void {
    this.#context.note(...drafts);
  }
}

/** What may be recalled for an agent: values of its type, of neighbours only the better. */
function admission(type: Type): Pick<RecallQuery, "admits" | "near"> {
  const admits = (chosen: Json): boolean => validate(chosen, type, "").ok;
  const space = knownSpaceOf(type);
  return space === undefined ? { admits } : { admits, near: (a, b) => areNear(space, a, b) };
}

interface FailedAlternative {
  readonly failed: Failure;
}

const failed = (failure: FailureClass, error: string): FailedAlternative => ({ failed: { class: failure, error } });

const NOTHING_RECALLED: Rendered = { text: "", shown: [] };

const NOTHING: Scope = { get: () => undefined };

/** What the file's names of subnets mean in expressions: their tasks by name, and what their metrics are. */
export function subnetValue(plan: Plan, name: string): Json {
  const subnet = plan.subnets[name]!;
  const metrics = Object.entries(subnet.metrics).map(([metric, { direction, doc }]) => [
    metric,
    `${metric} (${direction < 0 ? "lower" : "higher"} is better)${doc === undefined ? "" : `: ${doc}`}`,
  ]);
  return { tasks: subnet.tasks, metrics: Object.fromEntries(metrics) as Json };
}

function accept(value: unknown, type: Type, path: string, unknown: "refuse" | "drop"): Json {
  const checked = validate(value, type, path, { unknown });
  if (checked.ok) return checked.value;
  throw new AttemptError("invalid", checked.reasons.join("; "));
}

function spent(expression: Expr, it: Json): number | undefined {
  const amount = evaluate(expression, { get: (name) => (name === "it" ? it : undefined) });
  return typeof amount === "number" && amount >= 0 ? amount : undefined;
}

/** What ends the run passes; anything else is a failure of this attempt. */
function asAttemptError(error: unknown): AttemptError {
  if (error instanceof TrailError) throw error;
  const message = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_MESSAGE);
  if (error instanceof AttemptError && error.message.length <= LONGEST_MESSAGE) return error;
  return error instanceof AttemptError
    ? new AttemptError(error.class, message, error.retryAfter)
    : new AttemptError("error", message);
}

function reasonOf(error: unknown): [FailureClass, string] {
  const { class: kind, message } = asAttemptError(error);
  return [kind, message];
}

const seconds = (milliseconds: number): number => Math.max(0, Math.round(milliseconds * 1000) / 1e6);
