/**
 * Every setting of the language, in one table: what it takes and what it does. The checker, lowering, completion,
 * hover and the reference read the same rows.
 */
import type { NumberKind, Type } from "../../runtime/types.ts";
import type { SymbolKind } from "./program.ts";

/** What stands before the `{`. */
export type OwnerKind =
  | "subnet"
  | "metric"
  | "model"
  | "agent"
  | "tool"
  | "tools"
  | "retry"
  | "backend"
  | "route"
  | "recall"
  | "pipeline"
  | "stage"
  | "for"
  | "when";

export type Takes =
  /** A value known beforehand. */
  | { readonly kind: "constant"; readonly type: Type }
  /** One of these words; with `many`, or several of them in a list. */
  | { readonly kind: "words"; readonly words: readonly string[]; readonly many?: true }
  /** The name of a declaration of one of these kinds. */
  | { readonly kind: "symbol"; readonly kinds: readonly SymbolKind[]; readonly text?: true }
  /** A range of quantities, `1s..60s`; with `step`, stepped. */
  | { readonly kind: "range"; readonly of: NumberKind; readonly step?: true }
  | { readonly kind: "ladder" | "limits" | "price" | "rate" | "tokens" | "halflife" | "tools" }
  /** Evaluated as it runs, and checked in the scope named: an agent's parameters, `it`, the fields of evidence. */
  | { readonly kind: "expression"; readonly scope: "parameters" | "it" | "evidence"; readonly type: Type };

export interface SettingDefinition {
  readonly name: string;
  readonly takes: Takes;
  /** What it takes, in words: "a duration", "one of `minimize`, `maximize`". */
  readonly what: string;
  readonly example: string;
  readonly doc: string;
  readonly required?: true;
}

const number = (kind: NumberKind, low?: number, high: number = Number.MAX_VALUE): Type =>
  low === undefined ? { kind } : { kind, low, high };
const constant = (type: Type): Takes => ({ kind: "constant", type });
const bool: Type = { kind: "bool" };
const one = (...kinds: SymbolKind[]): Takes => ({ kind: "symbol", kinds });

/** Failures that can be tried again, under the names that the trail has for them. */
const FAILURES = ["error", "invalid", "refused", "timeout", "rate_limit", "network", "quota"] as const;

const timeout: SettingDefinition = {
  name: "timeout",
  takes: constant(number("duration", 0.001)),
  what: "a duration",
  example: "timeout: 30m",
  doc: "How long one attempt may take. The nearest setting wins: stage, route, pipeline, tool.",
};
const limit: SettingDefinition = {
  name: "limit",
  takes: { kind: "limits" },
  what: "an amount per window, or a list of them",
  example: "limit: [$2 per cycle, 60 calls per 1m]",
  doc: "The most that may be spent or called in a window, over all peers of the store on this machine. Calls wait, money fails.",
};
const retry: SettingDefinition = {
  name: "retry",
  takes: one("retry"),
  what: "the name of a `retry`",
  example: "retry: escalate",
  doc: "How to try again. Without one an agent has three attempts, a tool one.",
};
const recall: SettingDefinition = {
  name: "recall",
  takes: one("recall"),
  what: "the name of a `recall`",
  example: "recall: winners",
  doc: "What is read of what was learned, before every attempt.",
};
const cache: SettingDefinition = {
  name: "cache",
  takes: constant(bool),
  what: "`true` or `false`",
  example: "cache: true",
  doc: "Whether the same arguments may be answered by an earlier result.",
};

export const SETTINGS: { readonly [Owner in OwnerKind]: readonly SettingDefinition[] } = {
  subnet: [
    {
      name: "netuid",
      takes: constant(number("int", 0, 65_535)),
      what: "a whole number",
      example: "netuid: 50",
      doc: "The subnet's number on the chain.",
    },
    {
      name: "version",
      takes: { kind: "symbol", kinds: ["tool"], text: true },
      what: "a text, or the name of a tool that is asked once a cycle",
      example: 'version: "2026-11"',
      doc: "Stamps evidence. A new version opens a new regime.",
    },
  ],
  metric: [
    {
      name: "goal",
      takes: { kind: "words", words: ["minimize", "maximize"] },
      what: "`minimize` or `maximize`",
      example: "goal: minimize",
      doc: "Which values are better.",
      required: true,
    },
    {
      name: "proxy",
      takes: one("metric"),
      what: "another metric of the subnet",
      example: "proxy: crps",
      doc: "Counts until the metric named is known.",
    },
    {
      name: "weight",
      takes: constant(number("float", 0, 1e6)),
      what: "a number from 0 to 1e6",
      example: "weight: 2",
      doc: "How much it counts among the metrics that are learned from. 1 without it.",
    },
  ],
  model: [
    {
      name: "tokens",
      takes: { kind: "tokens" },
      what: "the most that one call may read and write",
      example: "tokens: { read: 32000, write: 4000 }",
      doc: "The most that one call may read and write.",
    },
    {
      name: "price",
      takes: { kind: "price" },
      what: "dollars a million tokens",
      example: "price: { read: $1, write: $5 }",
      doc: "Dollars a million tokens; `$0` at home. With `cached` and `caching` (`{ read: $1, write: $5, cached: $0.10, caching: $1.25 }`), what its provider's cache had and what it took in are counted so, and Anthropic is asked to cache.",
    },
    limit,
  ],
  agent: [
    {
      name: "model",
      takes: one("model"),
      what: "the name of a `model`",
      example: "model: sampler",
      doc: "Who answers first; a retry's ladder may lead to others.",
      required: true,
    },
    {
      name: "tools",
      takes: { kind: "tools" },
      what: "a list of tools",
      example: "tools: [grep, search(key: apify)]",
      doc: "What the model may call; what it must not fill is bound here.",
    },
    {
      name: "turns",
      takes: constant(number("int", 1, 1_000)),
      what: "a whole number from 1 on",
      example: "turns: 12",
      doc: "The most exchanges in one attempt.",
    },
    {
      name: "prompt",
      takes: { kind: "expression", scope: "parameters", type: { kind: "string" } },
      what: "a text",
      example: 'prompt: "…"',
      doc: "What the model is asked. Holes name the agent's parameters, or what the file declares.",
    },
  ],
  tool: [
    timeout,
    limit,
    {
      name: "cost",
      takes: constant(number("money", 0)),
      what: "an amount of money",
      example: "cost: $0.01",
      doc: "The most that a call can cost.",
    },
    {
      name: "spent",
      takes: { kind: "expression", scope: "it", type: { kind: "money" } },
      what: "an amount of money",
      example: "spent: it.spent",
      doc: "What a call did cost, from its result.",
    },
    cache,
    {
      name: "checkpoint",
      takes: constant(number("duration", 0.001)),
      what: "a duration",
      example: "checkpoint: 10m",
      doc: "How often a long job saves what it has.",
    },
    {
      name: "effect",
      takes: constant(bool),
      what: "`true` or `false`",
      example: "effect: true",
      doc: "It changes the world: at most once, never tried again, never in the hands of an agent.",
    },
    {
      name: "confirm",
      takes: one("tool"),
      what: "the name of a tool",
      example: "confirm: findCommit",
      doc: "After a crash in the middle of an effect, says whether it happened.",
    },
  ],
  tools: [timeout, limit],
  retry: [
    {
      name: "ladder",
      takes: { kind: "ladder" },
      what: "a list of models",
      example: "ladder: [self, quick x 2, deep]",
      doc: "Who answers, attempt by attempt. `self` is the agent's own model.",
      required: true,
    },
    {
      name: "temperature",
      takes: { kind: "range", of: "float", step: true },
      what: "a range of numbers",
      example: "temperature: 0.1..0.9 step 0.2",
      doc: "From the first attempt to the last.",
    },
    {
      name: "stall",
      takes: { kind: "words", words: ["ignore", "diverge"] },
      what: "`ignore` or `diverge`",
      example: "stall: diverge",
      doc: "What to do when a model proposes what was tried already.",
    },
    {
      name: "backoff",
      takes: { kind: "range", of: "duration" },
      what: "a range of durations",
      example: "backoff: 1s..60s",
      doc: "The wait before the second attempt, and the longest.",
    },
    {
      name: "on",
      takes: { kind: "words", words: FAILURES, many: true },
      what: "the failures to try again",
      example: "on: [timeout, rate_limit, invalid]",
      doc: "The failures that are tried again; without it, all that may pass.",
    },
  ],
  backend: [
    {
      name: "price",
      takes: { kind: "rate" },
      what: "money per time",
      example: "price: $2.20 per 1h",
      doc: "What it costs while a job runs.",
    },
    limit,
  ],
  route: [
    {
      name: "gpu",
      takes: constant(number("int", 0, 1_024)),
      what: "a whole number",
      example: "gpu: 1",
      doc: "How many GPUs a job needs.",
    },
    {
      name: "cpu",
      takes: constant(number("int", 1, 4_096)),
      what: "a whole number",
      example: "cpu: 8",
      doc: "How many cores a job needs.",
    },
    {
      name: "memory",
      takes: constant(number("size", 1)),
      what: "a size",
      example: "memory: 16GB",
      doc: "How much memory a job needs.",
    },
    {
      name: "disk",
      takes: constant(number("size", 1)),
      what: "a size",
      example: "disk: 100GB",
      doc: "How much disk a job needs.",
    },
    timeout,
    retry,
  ],
  recall: [
    {
      name: "from",
      takes: { kind: "words", words: ["patterns", "antipatterns"], many: true },
      what: "`patterns`, `antipatterns`, or both in a list",
      example: "from: [patterns, antipatterns]",
      doc: "What worked, what failed, or both.",
    },
    {
      name: "where",
      takes: { kind: "expression", scope: "evidence", type: bool },
      what: "a condition over evidence",
      example: "where: age < 14d and trust > 0.3",
      doc: "Filters evidence before it is ranked.",
    },
    {
      name: "top",
      takes: constant(number("int", 1, 1_000)),
      what: "a whole number from 1 on",
      example: "top: 10",
      doc: "How many claims are shown.",
    },
    {
      name: "halflife",
      takes: { kind: "halflife" },
      what: "a duration or a number of evaluations",
      example: "halflife: 7d",
      doc: "After this long, or this many evaluations, evidence counts half.",
    },
  ],
  pipeline: [
    {
      name: "every",
      takes: constant(number("duration", 0.001)),
      what: "a duration",
      example: "every: 60m",
      doc: "From one cycle's start to the next, under `--forever`; without it, the next starts when the one before is over, also where that waits.",
    },
    limit,
    retry,
    recall,
    timeout,
    {
      name: "parallel",
      takes: constant(number("int", 1, 1_000)),
      what: "a whole number from 1 on",
      example: "parallel: 8",
      doc: "How many items of a `for` run side by side: 4 of a list, 64 of a source, unless said.",
    },
  ],
  stage: [
    recall,
    retry,
    timeout,
    cache,
    {
      name: "expect",
      takes: { kind: "expression", scope: "it", type: bool },
      what: "a condition on `it`",
      example: "expect: it.score > 0.0",
      doc: "What must hold of the value just made; an agent's answer that does not hold goes back to it.",
    },
  ],
  for: [
    {
      name: "parallel",
      takes: constant(number("int", 1, 1_000)),
      what: "a whole number from 1 on",
      example: "parallel: 8",
      doc: "How many items run side by side: 4 of a list, 64 of a source, unless said here or by the pipeline.",
    },
  ],
  when: [],
};

const BY_NAME = new Map<OwnerKind, ReadonlyMap<string, SettingDefinition>>(
  (Object.keys(SETTINGS) as OwnerKind[]).map((owner) => [
    owner,
    new Map(SETTINGS[owner].map((row) => [row.name, row])),
  ]),
);

export function settingOf(owner: OwnerKind, name: string): SettingDefinition | undefined {
  return BY_NAME.get(owner)?.get(name);
}
