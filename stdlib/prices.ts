/** List prices of models as of 1 November 2026, in dollars a million tokens. A model's own `price` goes before these. */

export interface Price {
  readonly read: number;
  readonly write: number;
}

/** By provider and model; a dated name (`claude-haiku-4-5-20251001`) has the price of the name without its date. */
const PRICES: { readonly [provider: string]: { readonly [model: string]: Price } } = {
  anthropic: {
    "claude-haiku-4-5": { read: 1, write: 5 },
    "claude-sonnet-4-5": { read: 3, write: 15 },
    "claude-opus-4-5": { read: 5, write: 25 },
    "claude-opus-4-1": { read: 15, write: 75 },
  },
  openai: {
    "gpt-5": { read: 1.25, write: 10 },
    "gpt-5-mini": { read: 0.25, write: 2 },
    "gpt-5-nano": { read: 0.05, write: 0.4 },
    "gpt-4.1": { read: 2, write: 8 },
    "gpt-4.1-mini": { read: 0.4, write: 1.6 },
    "gpt-4o": { read: 2.5, write: 10 },
    "gpt-4o-mini": { read: 0.15, write: 0.6 },
  },
};

export function priceOf(provider: string, model: string): Price | undefined {
  if (provider === "embedded") return { read: 0, write: 0 };
  const known = PRICES[provider];
  if (known === undefined) return undefined;
  const undated = model.replace(/-\d{8}$|-\d{4}-\d{2}-\d{2}$/, "");
  return Object.hasOwn(known, undated) ? known[undated] : undefined;
}
