/**
 * One stage, from recall to value: its alternatives in order, each with the attempts that its retry policy gives. Only
 * `stage.started` and `stage.ended` are not written here: they share a write with the stages around (`scheduler.ts`).
 */
import type { Rendered } from "../knowledge/render.ts";
import type { Call, StageNode } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import type { Draft, FailureClass } from "../trail/record.ts";
import type { Json } from "../types.ts";
import type { Claim } from "../values/canonical.ts";
import { type Attempt, accept, asAttemptError, type Input, type Outcome, type Past, seconds } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import type { RunContext, StageOrigin } from "./context.ts";
import { type Choice, type Failure, failureEvidence, successEvidence } from "./evidence.ts";
import { checkExpected } from "./expectation.ts";
import { evaluate, type Scope } from "./expression.ts";
import { propose } from "./proposing.ts";
import { NOTHING_RECALLED, recallFor } from "./recalling.ts";
import { type AttemptSettings, retryPolicy } from "./retry.ts";
import { callTool } from "./tool-call.ts";

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
    this.#recalled = await recallFor(this.#context, this.#node, this.#scopeKey, this.#origin);
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
    const history: Past[] = [];
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
    history: readonly Past[],
  ): Promise<StageResult | { readonly tried: Past }> {
    const { clock } = this.#context;
    this.#attempts += 1;
    const id = this.#context.nextId();
    const origin = { ...this.#origin, attempt: id };
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
    const attempt: Attempt = {
      context: this.#context,
      node: this.#node,
      scopeKey: this.#scopeKey,
      scope: this.#scope,
      origin,
      seed: this.#seed("attempt", this.#attempts),
    };
    const outcome = await this.#outcome(attempt, call, input, settings, history);
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
    const choice = claim && this.#choice(call, claim, id);
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

  async #outcome(
    attempt: Attempt,
    call: Call,
    input: Input,
    settings: AttemptSettings,
    history: readonly Past[],
  ): Promise<Outcome> {
    const outcome =
      call.callee.kind === "agent"
        ? await propose(attempt, call, input, settings, history, this.#recalled)
        : await callTool(attempt, call, input);
    if (outcome.failure !== undefined) return outcome;
    try {
      await checkExpected(attempt, outcome.value!);
      return outcome;
    } catch (error) {
      return { ...outcome, failure: asAttemptError(error) };
    }
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

interface FailedAlternative {
  readonly failed: Failure;
}

const failed = (failure: FailureClass, error: string): FailedAlternative => ({ failed: { class: failure, error } });

function reasonOf(error: unknown): [FailureClass, string] {
  const { class: kind, message } = asAttemptError(error);
  return [kind, message];
}
