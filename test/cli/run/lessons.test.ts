import { describe, expect, test } from "vitest";
import { learnersOf, stagesOf } from "../../../cli/run/lessons.ts";
import type { LearnNode, Node, Plan, StageNode } from "../../../runtime/plan.ts";

const at = [0, 1, 1, 1] as const;
const base = { needs: [], at: [...at] as [number, number, number, number] };
const learn = (stage: string, ...metrics: string[]): LearnNode => ({
  kind: "learn",
  choice: "x",
  stage,
  metrics,
  ...base,
});
const stage = (name: string): StageNode => ({
  ...{ kind: "stage", name, id: `p.${name}`, alternatives: [], orNone: false, type: { kind: "bool" } },
  ...{ recall: "all", measured: [] },
  ...base,
});

const body: readonly Node[] = [
  stage("a"),
  {
    kind: "for",
    variable: "t",
    type: { kind: "json" },
    over: { kind: "list", list: { op: "literal", value: [] } },
    body: [stage("b"), learn("p.b", "m")],
    ...base,
  },
  { kind: "when", condition: { op: "literal", value: true }, body: [stage("c"), learn("p.b", "n", "m")], ...base },
];

describe("a plan", () => {
  test("tells its stages in the order written, those inside included", () =>
    expect(stagesOf(body)).toEqual(["a", "b", "c"]));

  test("tells which stages learn, and from what", () => {
    const plan = { pipelines: { p: { subnet: "s", body } } } as unknown as Plan;
    expect(learnersOf(plan, ["p"])).toEqual([{ stage: "p.b", subnet: "s", metrics: ["m", "n"] }]);
  });

  test("tells which claims it could choose: what another program left in the store is not shown as its best", () => {
    const asking = { ...stage("b"), alternatives: [{ callee: { kind: "agent", name: "guess" } }] } as unknown as Node;
    const plan = {
      agents: { guess: { result: { kind: "record", fields: [{ name: "x", type: { kind: "bool" } }] } } },
      pipelines: { p: { subnet: "s", body: [asking, learn("p.b", "m")] } },
    } as unknown as Plan;
    const admits = learnersOf(plan, ["p"])[0]!.admits!;
    expect([admits({ x: true }), admits({ a: 1 })]).toEqual([true, false]);
  });
});
