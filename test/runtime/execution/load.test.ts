import { expect, test } from "vitest";
import { planHash } from "../../../compiler/lowering/hash.ts";
import { applyOverrides, hashOf, planFrom } from "../../../runtime/execution/load.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { link } from "../../../runtime/values/link.ts";
import { AT, call, FLOAT, literal, planOf, record, stage } from "./plans.ts";

const base = planOf([stage("one", call("tool", "start", { value: literal({ at: [1, 2], value: null }) }))]);
const plan: Plan = { ...base, hash: planHash(base) };
const problem = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

test("a plan of another version, and what is no plan, is refused with a sentence", () => {
  expect(problem(() => planFrom({ ...plan, version: 2 }))).toBe(
    "The plan has version 2, and this version of Ganglion runs version 1: a newer gangc is needed to run it.",
  );
  expect(problem(() => planFrom([]))).toBe("This is not a plan: it does not say that its format is gang-plan.");
  expect(problem(() => planFrom({ ...plan, models: 3 }))).toMatch(/^The plan is not valid at models: /);
  expect(planFrom(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
});

test("the hash is the compiler's, and positions have no part in it", () => {
  expect(hashOf(plan)).toBe(plan.hash);
  expect(
    hashOf({ ...plan, root: "/elsewhere", agents: { chooser: { ...plan.agents.chooser!, at: [0, 9, 9, 9] } } }),
  ).toBe(plan.hash);
  expect(hashOf({ ...plan, agents: { chooser: { ...plan.agents.chooser!, turns: 2 } } })).not.toBe(plan.hash);
});

test("a peer's settings replace values, and the whole is validated again", () => {
  const changed = applyOverrides(plan, [
    { path: ["agents", "chooser", "turns"], value: 4 },
    { path: ["pipelines", "work", "every"], value: 60 },
    { path: ["pipelines", "work", "body", "one", "recall"], value: "recent" },
  ]);
  expect(changed.agents.chooser!.turns).toBe(4);
  expect(changed.pipelines.work!.every).toBe(60);
  expect(changed.hash).toBe(hashOf(changed));
  expect(changed.hash).not.toBe(plan.hash);
  expect(problem(() => applyOverrides(plan, [{ path: ["agents", "choser", "turns"], value: 4 }]))).toBe(
    "Nothing can be set at agents.choser.turns: there is no choser; did you mean chooser?",
  );
  expect(problem(() => applyOverrides(plan, [{ path: ["agents", "chooser", "turns"], value: "many" }]))).toMatch(
    /^The plan is not valid at agents.chooser.turns: /,
  );
});

test("named types become one object, and what means nothing is said", () => {
  const shared = record(["x", FLOAT]);
  const named = { kind: "named", name: "Shape" } as const;
  const tool = { ...plan.tools.start!, parameters: [{ name: "shape", type: named }], result: named, at: AT };
  const linked = link({ ...plan, types: { Shape: shared }, tools: { start: tool } });
  expect(linked.tools.start!.result).toEqual(shared);
  expect(linked.tools.start!.result).toBe(linked.types.Shape);
  expect(linked.tools.start!.parameters[0]!.type).toBe(linked.types.Shape);
  expect(problem(() => link({ ...plan, types: {}, tools: { start: tool } }))).toBe(
    "the plan names a type Shape that it does not declare",
  );
  expect(problem(() => link({ ...plan, types: { Shape: { kind: "optional", of: named } } }))).toBe(
    "the plan's type Shape contains itself",
  );
});
