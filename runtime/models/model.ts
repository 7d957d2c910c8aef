import type { Observation, Ranked } from "../knowledge/knowledge.ts";
import type { FailureClass } from "../trail/record.ts";
import type { Json, Type } from "../types.ts";

/** What an agent asks of a model. Everything in it is data; a model never sees the plan. */
export interface Proposal {
  /** `pipeline.stage`, and the item of the fan-out. */
  readonly stage: string;
  readonly scope: string;
  /** What the program says of the agent. */
  readonly doc?: string | undefined;
  /** The rendered prompt, with what was recalled in it as escaped data. */
  readonly prompt: string;
  /** What must be answered: a search space for the embedded sampler, a JSON schema for a language model. */
  readonly type: Type;
  readonly temperature: number | undefined;
  /** Seed of this attempt: the same seed and the same record give the same proposal. */
  readonly seed: number;
  readonly patterns: readonly Ranked[];
  readonly antipatterns: readonly Ranked[];
  /** The newest evaluations of the stage, for models that search. */
  observations(limit: number): Promise<readonly Observation[]>;
  /** What this stage proposed before in this run, and why it was not taken. */
  readonly history: readonly {
    readonly value: Json | undefined;
    readonly class: FailureClass | undefined;
    readonly error: string | undefined;
  }[];
  /** Tools that the model may call; secrets are already bound. */
  readonly tools: readonly OfferedTool[];
  readonly turns: number;
  /** Awaited before every exchange, where something limits it; what it gives is told what the exchange came to. */
  reserve?(signal: AbortSignal): Promise<(came: Came) => void>;
  /** Called for every exchange, as it ends. */
  onTurn(turn: Turn): void;
}

export interface OfferedTool {
  readonly name: string;
  readonly doc: string | undefined;
  readonly parameters: Type;
  call(input: Json, signal: AbortSignal): Promise<Json>;
}

/** What an exchange came to, as far as that is known. */
export interface Came {
  readonly tokens?: number;
  /** Dollars. */
  readonly money?: number;
}

export interface Turn {
  /** From 1, of the attempt. */
  readonly number: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of `inputTokens`, what the provider's cache had, and what it took in; where there was any. */
  readonly cachedTokens?: number;
  readonly cachingTokens?: number;
  /** Dollars, where the model has a price. */
  readonly cost?: number;
  /** Seconds. */
  readonly latency: number;
  /** The provider's id of the request. */
  readonly request?: string;
  /** What was asked, in the first. */
  readonly prompt?: string;
  readonly answer?: Json;
  readonly class?: FailureClass;
  readonly error?: string;
}

export interface Answer {
  /** As the model gave it: validated by the caller. What it cost stands in its turns. */
  readonly value: Json;
}

/** Implementations: the embedded sampler, Anthropic, OpenAI and what speaks its protocol, a scripted one for tests. */
export interface Model {
  readonly name: string;
  /** Rejects with `AttemptError`. */
  propose(request: Proposal, signal: AbortSignal): Promise<Answer>;
}
