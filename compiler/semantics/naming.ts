/** What a symbol is, in words. */
import type { Symbol, SymbolKind } from "./program.ts";

const WORDS: { readonly [Kind in SymbolKind]: string } = {
  subnet: "a subnet",
  metric: "a metric",
  task: "a task",
  type: "a type",
  model: "a model",
  agent: "an agent",
  tool: "a tool",
  tools: "a namespace of tools",
  retry: "a retry",
  backend: "a backend",
  recall: "a recall",
  secret: "a secret",
  pipeline: "a pipeline",
  peer: "a peer",
  parameter: "a parameter",
  stage: "a stage",
  let: "a `let`",
  item: "the variable of a `for`",
  field: "a field",
  builtin: "built in",
};

export function describe(symbol: Symbol): string {
  return WORDS[symbol.kind];
}

/** Without its article: for "a second model is named …". */
export function noun(symbol: Symbol): string {
  return WORDS[symbol.kind].replace(/^(a|an|the) /, "");
}

export function kinds(wanted: readonly SymbolKind[]): string {
  return wanted.map((kind) => WORDS[kind]).join(" or ");
}
