/** `expect`: what must hold of the value just made, and what is said where it does not. */
import type { Expr } from "../plan.ts";
import type { Json } from "../types.ts";
import { type Attempt, accept, type Input } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { asksTheWorld, asText, evaluate, evaluateAsking, type Scope } from "./expression.ts";
import { invoke } from "./tool-call.ts";

/** Rejects with class `refused` where it does not hold: with what the check returned, for the next attempt to read. */
export async function checkExpected(attempt: Attempt, expect: Expr, value: Json): Promise<void> {
  const scope: Scope = { get: (name) => (name === "it" ? value : attempt.scope.get(name)) };
  let returned: Json = null;
  const ask = async (expression: Expr): Promise<Json> =>
    evaluateAsking(expression, scope, async (request) => {
      if (request.kind !== "call") throw new AttemptError("invalid", "an expect cannot ask the memory");
      const { name } = request.call.callee;
      const parameters = attempt.context.plan.tools[name]?.parameters ?? [];
      const input = accept(request.input, { kind: "record", fields: parameters }, name, "drop") as Input;
      returned = (await invoke(attempt, name, input, request.call.timeout)).value;
      return returned;
    });
  const held = asksTheWorld(expect) ? await ask(expect) : evaluate(expect, scope);
  if (held === true) return;
  const said = returned === null ? "" : ` The check returned: ${asText(returned).slice(0, 4000)}`;
  throw new AttemptError("refused", `what is expected of it does not hold.${said}`);
}
