/** The attempt of a stage that asks an agent: its prompt, its tools, and its answer as a value of its type. */
import type { Rendered } from "../knowledge/render.ts";
import type { Proposal } from "../models/model.ts";
import type { Call, Plan } from "../plan.ts";
import type { Json } from "../types.ts";
import { canonical } from "../values/canonical.ts";
import { type Attempt, accept, asAttemptError, type Input, type Outcome, seconds } from "./attempt.ts";
import type { Scope } from "./expression.ts";
import { renderPrompt } from "./prompt.ts";
import type { AttemptSettings, Past } from "./retry.ts";
import { offered } from "./tool-call.ts";

export async function propose(
  attempt: Attempt,
  call: Call,
  input: Input,
  settings: AttemptSettings,
  history: readonly Past[],
  recalled: Rendered,
): Promise<Outcome> {
  const { context, node, origin } = attempt;
  const { plan, clock, cancellation, knowledge, subnetName } = context;
  const agent = plan.agents[call.callee.name]!;
  // What did not lead to an answer was paid for too.
  let cost: number | undefined;
  const paid = (): Pick<Outcome, "cost"> => (cost === undefined ? {} : { cost: Number(cost.toFixed(9)) });
  try {
    const modelName = settings.model!;
    const model = await context.model(modelName);
    const { shown, text } = recalled;
    const over = Math.min(
      cancellation.until ?? Number.POSITIVE_INFINITY,
      clock.now() + (call.timeout ?? Number.POSITIVE_INFINITY) * 1000,
    );
    const until = over === Number.POSITIVE_INFINITY ? undefined : over;
    const request: Proposal = {
      stage: node.id,
      scope: attempt.scopeKey,
      doc: agent.doc,
      prompt: renderPrompt(agent.prompt, agentScope(plan, input), text, settings.note),
      type: agent.result,
      temperature: settings.temperature,
      seed: attempt.seed,
      patterns: shown.filter(({ anti }) => !anti),
      antipatterns: shown.filter(({ anti }) => anti),
      observations: (limit) => knowledge.observations({ subnet: subnetName, stage: node.id, limit }),
      history: history.map((tried) => ({ value: tried.value, class: tried.class, error: tried.error })),
      tools: agent.tools.map(({ tool, bound }) => offered(attempt, tool, bound, until)),
      turns: agent.turns,
      reserve: (signal) =>
        context.budget.reserve(
          { kind: "model", name: modelName },
          signal,
          call.timeout && call.timeout - seconds(clock.elapsed() - began),
        ),
      onTurn: ({ number, inputTokens, outputTokens, cachedTokens, cachingTokens, ...rest }) => {
        if (rest.cost !== undefined) cost = (cost ?? 0) + rest.cost;
        context.note({
          kind: "turn",
          ...origin,
          model: modelName,
          number,
          ...(inputTokens === undefined ? {} : { input_tokens: inputTokens }),
          ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
          ...(cachedTokens === undefined ? {} : { cached_tokens: cachedTokens }),
          ...(cachingTokens === undefined ? {} : { caching_tokens: cachingTokens }),
          ...rest,
        });
      },
    };
    const began = clock.elapsed();
    const answer = await cancellation.within(
      clock,
      call.timeout,
      (signal) => model.propose(request, signal),
      () =>
        context.note({
          kind: "event",
          ...origin,
          name: "late",
          message: `${call.callee.name} answered after its time was over; the answer is dropped`,
        }),
    );
    const value = accept(answer.value, agent.result, "the answer", "refuse");
    return { value, claim: canonical(value, agent.result), ...paid() };
  } catch (error) {
    return { failure: asAttemptError(error), ...paid() };
  }
}

/** An agent sees its parameters and the file, never its caller's names. */
function agentScope(plan: Plan, input: Input): Scope {
  return {
    get: (name) =>
      Object.hasOwn(input, name)
        ? input[name]
        : Object.hasOwn(plan.subnets, name)
          ? subnetValue(plan, name)
          : undefined,
  };
}

/** What the file's names of subnets mean in expressions: their tasks by name, and what their metrics are. */
export function subnetValue(plan: Plan, name: string): Json {
  const subnet = plan.subnets[name]!;
  const metrics = Object.entries(subnet.metrics).map(([metric, { direction, doc }]) => [
    metric,
    `${metric} (${direction < 0 ? "lower" : "higher"} is better)${doc === undefined ? "" : `: ${doc}`}`,
  ]);
  return { tasks: subnet.tasks, metrics: Object.fromEntries(metrics) as Json };
}
