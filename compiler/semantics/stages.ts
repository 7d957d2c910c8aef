/** A stage: calls joined by `or`, all of one type, and its settings. */
import type { Type } from "../../runtime/types.ts";
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import type * as tree from "../syntax/tree.ts";
import { callOf } from "./bodies.ts";
import { BUILTIN_FUNCTIONS } from "./builtins.ts";
import { resolveCallee } from "./callees.ts";
import { bindCall } from "./calls.ts";
import { itEnv } from "./declared.ts";
import { check, infer } from "./expressions.ts";
import { BROKEN, shown } from "./judging.ts";
import type { Symbol } from "./program.ts";
import { readSettings } from "./setting-blocks.ts";
import { fits } from "./types/fit.ts";
import { withoutOptional } from "./types/visit.ts";
import type { Env } from "./values.ts";
import { checkWait } from "./waits.ts";

export function checkStage(env: Env, node: tree.StageStatement, symbol: Symbol | undefined): void {
  const { unit } = env.scope;
  const results: Type[] = [];
  for (const [at, alternative] of node.alternatives.entries()) {
    if (alternative.kind === "missing") continue;
    if (alternative.kind === "none" && at > 0) continue;
    const call = callOf(alternative);
    if (call === undefined) {
      infer(env, alternative);
      unit.report(pipelines.notACall, alternative, {});
      continue;
    }
    const type = checkAlternative(env, call, node);
    if (type === undefined || type === BROKEN) continue;
    unit.facts.types.set(alternative, type);
    const [first] = results;
    if (first !== undefined && at > 0 && fits(type, first).verdict === "never") {
      const other = { ...unit.place(node.alternatives[0]!), message: `this gives ${shown(first)}` };
      unit.report(
        pipelines.badAlternative,
        alternative,
        { first: shown(first), other: shown(type) },
        { labels: [other] },
      );
    }
    results.push(type);
  }
  checkWait(unit, node, results[0], "The stage");
  if (node.settings === undefined) return;
  const made = symbol === undefined ? undefined : unit.facts.typeOfSymbol.get(symbol);
  const it = itEnv(
    unit,
    env.scope,
    made === undefined ? undefined : withoutOptional(made),
    node.settings,
    "tools",
    env.metrics,
  );
  readSettings("stage", node.settings, node.settings.entries, { unit, it });
}

function checkAlternative(env: Env, call: tree.CallExpression, node: tree.StageStatement): Type | undefined {
  const { unit } = env.scope;
  const callee = resolveCallee(unit, call);
  if (callee === undefined) {
    for (const argument of call.arguments) infer(env, argument.value);
    return undefined;
  }
  if (callee.kind !== "builtin") return bindCall(env, call, callee, check);
  if (BUILTIN_FUNCTIONS.get(callee.name)?.use !== "approval") {
    infer(env, call);
    unit.report(pipelines.notACall, call, {});
    return undefined;
  }
  for (const argument of call.arguments) {
    const type = infer(env, argument.value);
    if (type?.kind === "secret")
      unit.report(safety.secretLeak, argument, {
        path: [unit.file.text.slice(argument.start, argument.end)],
        where: "what a person is shown",
      });
  }
  return node.every === undefined ? { kind: "bool" } : { kind: "optional", of: { kind: "bool" } };
}
