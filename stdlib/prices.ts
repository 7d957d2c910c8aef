/**
 * Known list prices of models, in dollars a million tokens, each with the day on which it was read. They change: a
 * model's own `price` goes before these, and a model that is not here has no price until it is given one.
 */
export interface Price {
  readonly read: number;
  readonly write: number;
}

/** Read, write, and when that was so. What costs more beyond some length of prompt is left out. */
type Row = readonly [read: number, write: number, asOf: string];

/** By provider and model; a dated name (`claude-haiku-4-5-20251001`) has the price of the name without its date. */
const PRICES: { readonly [provider: string]: { readonly [model: string]: Row } } = {
  // platform.claude.com, models and pricing
  anthropic: {
    "claude-fable-5-1": [10, 50, "2026-10-10"],
    "claude-opus-5-5": [4, 20, "2026-10-10"],
    "claude-opus-5": [5, 25, "2026-10-10"],
    "claude-opus-4-5": [5, 25, "2026-10-10"],
    "claude-opus-4-1": [15, 75, "2026-10-10"],
    "claude-sonnet-5-5": [2, 10, "2026-10-10"],
    "claude-sonnet-5": [2, 10, "2026-10-10"],
    "claude-sonnet-4-5": [3, 15, "2026-10-10"],
    "claude-haiku-4-5": [1, 5, "2026-10-10"],
  },
  // developers.openai.com, models and pricing
  openai: {
    "gpt-5": [1.25, 10, "2026-03-21"],
    "gpt-5-mini": [0.25, 2, "2026-10-10"],
    "gpt-5-nano": [0.05, 0.4, "2026-10-10"],
    "gpt-4.1": [2, 8, "2026-03-21"],
    "gpt-4.1-mini": [0.4, 1.6, "2026-03-21"],
    "gpt-4o": [2.5, 10, "2026-05-31"],
    "gpt-4o-mini": [0.15, 0.6, "2026-05-31"],
  },
};

export function priceOf(provider: string, model: string): Price | undefined {
  if (provider === "embedded") return { read: 0, write: 0 };
  const known = Object.hasOwn(PRICES, provider) ? PRICES[provider]! : {};
  const undated = model.replace(/-\d{8}$|-\d{4}-\d{2}-\d{2}$/, "");
  if (!Object.hasOwn(known, undated)) return undefined;
  const [read, write] = known[undated]!;
  return { read, write };
}
