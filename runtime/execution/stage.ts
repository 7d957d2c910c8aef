/**
 * One stage, from recall to value: its alternatives in order, each with the attempts that its retry policy gives. Only
 * `stage.started` and `stage.ended` are not written here: they share a write with the stages around (`scheduler.ts`).
 */
import type { Rendered } from "../knowledge/render.ts";
import type { Call, Expr, Plan, StageNode } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import type { Draft, FailureClass } from "../trail/record.ts";
import type { Json } from "../types.ts";
import { type Claim, canonical, canonicalArguments } from "../values/canonical.ts";
import { type Attempt, accept, asAttemptError, type Input, type Outcome, seconds } from "./attempt.ts";
import { AttemptError, Halt } from "./attempt-error.ts";
import { awaitValue, isApproval, waitOf } from "./awaiting.ts";
import type { RunContext, StageOrigin } from "./context.ts";
import { performEffect } from "./effect.ts";
import { type Choice, type Failure, failureEvidence, successEvidence } from "./evidence.ts";
import { checkExpected } from "./expectation.ts";
import { evaluate, type Scope } from "./expression.ts";
import type { KnownAttempts } from "./known-attempts.ts";
import { propose } from "./proposing.ts";
import { NOTHING_RECALLED, recallFor } from "./recalling.ts";
import { type RestoredStage, stageKey } from "./restored.ts";
import { type AttemptSettings, type Past, retryPolicy } from "./retry.ts";
import { claimToEvaluateAgain } from "./sentinel.ts";
import { invoke } from "./tool-call.ts";

export type StageResult =
  | {
      readonly status: "ok";
      readonly value: Json;
      readonly via: string;
      /** Which of the alternatives it was, and which attempt. */
      readonly alternative: number;
      readonly attempt: string;
      readonly attempts: number;
      readonly choice: Choice | undefined;
    }
  | { readonly status: "none" | "failed" | "cancelled"; readonly attempts: number; readonly failure: Failure }
  /** Nothing failed, and there is no value: `why` says so in words. */
  | { readonly status: "rehearsed"; readonly attempts: number; readonly why: string }
  | ParkedStage;

export interface ParkedStage {
  readonly status: "parked";
  readonly attempts: number;
  readonly why: string;
  /** Id of the approval that it waits for. */
  readonly wait?: string;
}

/** A claim stands in every record about it. */
const LONGEST_CLAIM = 32_768;

/** Never rejects but with what ends the whole run: the trail or the knowledge cannot go on. */
export function runStage(context: RunContext, node: StageNode, scopeKey: string, scope: Scope): Promise<StageResult> {
  const { peer, run, plan } = context.origin;
  const origin: StageOrigin = { peer, run, plan, stage: node.id, scope: scopeKey === "" ? undefined : scopeKey };
  const stage = new StageRun(context, node, origin, scopeKey, scope);
  return stage.run();
}

/** The result of a stage that has ended before: with what it chose, for credit, worked out anew from the same inputs. */
export function restoredResult(
  context: RunContext,
  node: StageNode,
  scopeKey: string,
  scope: Scope,
  known: RestoredStage,
): StageResult {
  if (known.status !== "ok") return known;
  const { value, attempt, alternative, echo } = known;
  const call = node.alternatives[alternative];
  const claim = call && claimOf(context.plan, call, value, () => inputOf(context.plan, call, scope));
  return { ...known, choice: claim && choiceOf(node, scopeKey, call, claim, attempt, echo) };
}

class StageRun {
  readonly #context: RunContext;
  readonly #node: StageNode;
  readonly #origin: StageOrigin;
  readonly #scopeKey: string;
  readonly #scope: Scope;
  /** What was tried before, where the run goes on in the middle of the stage. */
  readonly #known: KnownAttempts | undefined;
  /** The number of the last attempt. */
  #attempts: number;
  #recalled: Rendered = NOTHING_RECALLED;
  /** Id of the approval that it waits for. */
  #wait: string | undefined;

  constructor(context: RunContext, node: StageNode, origin: StageOrigin, scopeKey: string, scope: Scope) {
    this.#context = context;
    this.#node = node;
    this.#origin = origin;
    this.#scopeKey = scopeKey;
    this.#scope = scope;
    this.#known = context.restored?.attempts.get(stageKey(node.id, scopeKey));
    this.#attempts = this.#known?.count ?? 0;
  }

  async run(): Promise<StageResult> {
    try {
      this.#recalled = await recallFor(this.#context, this.#node, this.#scopeKey, this.#origin);
      let failure: Failure = { class: "error", error: "it has nothing to try" };
      const wait = waitOf(this.#node, this.#context.plan.tools);
      const { alternatives } = this.#node;
      for (let index = 0; index < alternatives.length; index++) {
        const call = alternatives[index]!;
        const result = await (wait !== undefined && index === 0
          ? this.#awaited(call, wait)
          : this.#alternative(call, index));
        if (!("failed" in result)) return result;
        failure = result.failed;
        if (this.#context.cancellation.cancelled) break;
      }
      const status = failure.class === "cancelled" ? "cancelled" : this.#node.orNone ? "none" : "failed";
      return { status, attempts: this.#attempts, failure };
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
      const wait = error.why === "parked" ? this.#wait : undefined;
      return {
        status: error.why,
        attempts: this.#attempts,
        why: error.message,
        ...(wait === undefined ? {} : { wait }),
      };
    }
  }

  /** A value as soon as there is one; its attempt is the wait. */
  async #awaited(call: Call, wait: NonNullable<StageNode["wait"]>): Promise<StageResult | FailedAlternative> {
    const context = this.#context;
    this.#attempts += 1;
    const known = context.restored?.waits.get(stageKey(this.#node.id, this.#scopeKey));
    const id = known?.id ?? context.nextId();
    if (isApproval(context.plan.tools[call.callee.name])) this.#wait = id;
    const attempt: Attempt = {
      context,
      node: this.#node,
      scopeKey: this.#scopeKey,
      scope: this.#scope,
      origin: { ...this.#origin, attempt: id },
      seed: this.#seed("attempt", this.#attempts),
    };
    try {
      const input = (): Input => inputOf(context.plan, call, this.#scope);
      const value = await awaitValue(attempt, call, wait, input);
      const claim = claimOf(context.plan, call, value, input);
      const choice = claim && choiceOf(this.#node, this.#scopeKey, call, claim, id, false);
      return { status: "ok", value, via: call.callee.name, alternative: 0, attempt: id, attempts: 1, choice };
    } catch (error) {
      if (error instanceof Halt) throw error;
      return failed(...reasonOf(error));
    }
  }

  /** A value, or the error of the last attempt. */
  async #alternative(call: Call, index: number): Promise<StageResult | FailedAlternative> {
    const { plan, clock, cancellation } = this.#context;
    const retry = call.retry === undefined ? undefined : plan.retries[call.retry];
    const agent = call.callee.kind === "agent" ? plan.agents[call.callee.name] : undefined;
    const rungs =
      agent === undefined
        ? undefined
        : this.#context.usable((retry?.ladder ?? [agent.model]).map((rung) => (rung === "self" ? agent.model : rung)));
    if (rungs?.length === 0) return failed("no_key", `no model of ${call.callee.name} can be used on this machine`);
    const policy = retryPolicy(retry, rungs, this.#seed("retry", call.callee.name));
    const history: Past[] = [...(this.#known?.tried.get(index) ?? [])];
    for (let settings = policy.next(history); settings !== undefined; settings = policy.next(history)) {
      if (settings.delay > 0) {
        try {
          await clock.sleep(settings.delay, cancellation.signal);
        } catch (error) {
          return failed(...reasonOf(error));
        }
      }
      let input: Input;
      try {
        // Anew for each attempt: a tool may change what it was given.
        input = inputOf(plan, call, this.#scope);
      } catch (error) {
        return failed(...reasonOf(error));
      }
      const result = await this.#attempt(call, index, input, settings, history);
      if (!("tried" in result)) return result;
      history.push(result.tried);
      if (cancellation.cancelled) break;
    }
    const last = history.at(-1);
    return failed(last?.class ?? "error", last?.error ?? "it was not tried");
  }

  async #attempt(
    call: Call,
    index: number,
    input: Input,
    settings: AttemptSettings,
    history: readonly Past[],
  ): Promise<StageResult | { readonly tried: Past }> {
    const { clock } = this.#context;
    this.#attempts += 1;
    const id = this.#context.nextId();
    const { peer, run, plan, stage, scope } = this.#origin;
    const origin = { peer, run, plan, stage, scope, attempt: id };
    const began = clock.elapsed();
    const attempt: Attempt = {
      context: this.#context,
      node: this.#node,
      scopeKey: this.#scopeKey,
      scope: this.#scope,
      origin,
      seed: this.#seed("attempt", this.#attempts),
    };
    const isAgent = call.callee.kind === "agent";
    const again = isAgent && this.#attempts === 1 ? await this.#again(attempt, call, settings) : undefined;
    this.#note({
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: origin.stage,
      scope: origin.scope,
      attempt: origin.attempt,
      kind: "attempt.started",
      number: this.#attempts,
      callee: call.callee.name,
      alternative: index === 0 ? undefined : index,
      reevaluates: again?.claim,
      model: again === undefined ? settings.model : undefined,
      temperature: again === undefined ? settings.temperature : undefined,
      backend: call.backends[0] ?? "local",
      note: settings.note,
    });
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(attempt, call, input, settings, history, again);
      if (this.#node.expect !== undefined && outcome.failure === undefined)
        outcome = await expected(attempt, this.#node.expect, outcome);
    } catch (error) {
      if (error instanceof Halt) {
        const elapsed = seconds(clock.elapsed() - began);
        this.#note({
          ...origin,
          kind: "attempt.ended",
          ok: false,
          elapsed,
          class: "interrupted",
          error: error.message,
        });
      }
      throw error;
    }
    const { failure, claim, value } = outcome;
    const ended: Draft = {
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: origin.stage,
      scope: origin.scope,
      attempt: origin.attempt,
      kind: "attempt.ended",
      ok: failure === undefined,
      elapsed: seconds(clock.elapsed() - began),
      cost: outcome.cost,
      // The value that won stands in `stage.ended`; here only what was not taken.
      output: failure === undefined || JSON.stringify(value ?? null).length > 16_384 ? undefined : value,
      class: failure?.class,
      error: failure?.message,
      retry_after: failure?.retryAfter,
    };
    const choice = claim && this.#choice(call, claim, id, again !== undefined);
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
    const via = call.callee.name;
    return { status: "ok", value: value!, via, alternative: index, attempt: id, attempts: this.#attempts, choice };
  }

  async #again(attempt: Attempt, { callee }: Call, settings: AttemptSettings): Promise<Claim | undefined> {
    const { agents, models } = this.#context.plan;
    return claimToEvaluateAgain(attempt, models[settings.model!], agents[callee.name]!.result, this.#recalled.shown);
  }

  #outcome(
    attempt: Attempt,
    call: Call,
    input: Input,
    settings: AttemptSettings,
    history: readonly Past[],
    again: Claim | undefined,
  ): Outcome | Promise<Outcome> {
    if (again !== undefined) return { value: JSON.parse(again.chosen) as Json, claim: again };
    return call.callee.kind === "agent"
      ? propose(attempt, call, input, settings, history, this.#recalled)
      : this.#callTool(attempt, call, input);
  }

  #callTool(attempt: Attempt, { callee: { name }, timeout }: Call, input: Input): Promise<Outcome> {
    const tool = this.#context.plan.tools[name]!;
    const claim = canonicalArguments(input, tool.parameters);
    const own = timeout ?? tool.timeout;
    const done = tool.effect
      ? performEffect(attempt, name, input, own)
      : invoke(attempt, name, input, own, { cache: this.#node.cache });
    return done.then(
      ({ value, cost }) => ({ claim, value, cost }),
      (error: unknown) => ({ claim, failure: asAttemptError(error) }),
    );
  }

  /** Nothing where what was chosen is too long to be told as a claim. */
  #choice(call: Call, claim: Claim, attempt: string, again: boolean): Choice | undefined {
    const choice = choiceOf(this.#node, this.#scopeKey, call, claim, attempt, again || this.#wasShown(claim.claim));
    if (choice === undefined) {
      const message = `what ${call.callee.name} chose is longer than ${LONGEST_CLAIM} characters, and cannot be learned from`;
      this.#note({ ...this.#origin, kind: "event", attempt, name: "claim.too_long", message });
    }
    return choice;
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

/** The same outcome where what is expected holds. */
async function expected(attempt: Attempt, expect: Expr, outcome: Outcome): Promise<Outcome> {
  try {
    await checkExpected(attempt, expect, outcome.value!);
    return outcome;
  } catch (error) {
    return { ...outcome, failure: asAttemptError(error) };
  }
}

function choiceOf(
  node: StageNode,
  scope: string,
  call: Call,
  claim: Claim,
  attempt: string,
  echo: boolean,
): Choice | undefined {
  if (claim.chosen.length > LONGEST_CLAIM) return undefined;
  const answerable = call.callee.kind === "agent" || node.measured.length > 0;
  return { ...claim, stage: node.id, scope, attempt, echo, answerable };
}

/** What was chosen: an agent's answer, a tool's arguments. */
function claimOf(plan: Plan, { callee }: Call, value: Json, input: () => Input): Claim | undefined {
  if (callee.kind === "agent") {
    const agent = plan.agents[callee.name];
    return agent && canonical(value, agent.result);
  }
  const tool = plan.tools[callee.name];
  // What a person says is nothing that the program chose.
  return tool === undefined || isApproval(tool) ? undefined : canonicalArguments(input(), tool.parameters);
}

/** The arguments, evaluated and brought to the callee's parameters. Throws `AttemptError`. */
export function inputOf(plan: Plan, { callee, arguments: args }: Call, scope: Scope): Input {
  const declared = callee.kind === "agent" ? plan.agents[callee.name] : plan.tools[callee.name];
  if (declared === undefined) throw new AttemptError("error", `the plan has no ${callee.kind} ${callee.name}`);
  const given: { [name: string]: Json } = {};
  for (const { name, value } of args) given[name] = evaluate(value, scope);
  return accept(given, { kind: "record", fields: declared.parameters }, callee.name, "drop") as Input;
}

interface FailedAlternative {
  readonly failed: Failure;
}

const failed = (failure: FailureClass, error: string): FailedAlternative => ({ failed: { class: failure, error } });

function reasonOf(error: unknown): [FailureClass, string] {
  const { class: kind, message } = asAttemptError(error);
  return [kind, message];
}
