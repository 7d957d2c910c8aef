/** What a model reads: the agent's prompt, what was learned, and why the last answer was not taken. */
import type { Expr } from "../plan.ts";
import { asText, evaluate, type Scope } from "./expression.ts";

/** `recalled` is the rendered block, empty where nothing is known. */
export function renderPrompt(prompt: Expr, scope: Scope, recalled: string, note: string | undefined): string {
  return [asText(evaluate(prompt, scope)), recalled, note ?? ""].filter((part) => part !== "").join("\n\n");
}
