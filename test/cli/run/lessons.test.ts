import { describe, expect, test } from "vitest";
import { learnersOf, stagesOf, Tally } from "../../../cli/run/lessons.ts";
import type { LearnNode, Node, Plan, StageNode } from "../../../runtime/plan.ts";
import type { Record } from "../../../runtime/trail/record.ts";

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
});

describe("the tally", () => {
  let seq = 0;
  const evidence = (value: number, time: string, more: object = {}): Record =>
    ({
      ...{
        v: 1,
        process: "p",
        seq: ++seq,
        id: `${seq}`,
        time,
        kind: "evidence",
        peer: "main",
        stage: "p.b",
        subnet: "s",
      },
      ...{
        claim: "c",
        chosen: "{}",
        niche: "",
        regime: 0,
        ok: true,
        metric: "m",
        value,
        direction: -1,
        verified: true,
        echo: false,
      },
      ...more,
    }) as Record;

  test("counts evaluations by stage, scope and metric", () => {
    const tally = new Tally();
    for (const record of [
      evidence(1, "1"),
      evidence(2, "2"),
      evidence(3, "3", { scope: "eth" }),
      evidence(4, "4", { metric: "n" }),
    ])
      tally.add(record);
    expect(tally.scopes("p.b")).toEqual(["", "eth"]);
    expect(tally.of("p.b", "", "m")?.evaluations).toBe(2);
    expect(tally.of("p.b", "eth", "m")?.evaluations).toBe(1);
    expect(tally.of("p.b", "", "n")?.evaluations).toBe(1);
    expect(tally.of("p.c", "", "m")).toBeUndefined();
  });

  test("keeps the earliest values, in whatever order the processes' records come", () => {
    const tally = new Tally();
    for (const minute of [7, 3, 9, 1, 8, 2, 6, 5, 4]) tally.add(evidence(minute, `0${minute}`));
    expect(tally.of("p.b", "", "m")?.first.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5]);
  });

  test("leaves out what was not measured", () => {
    const tally = new Tally();
    const { metric, value, direction, ...failure } = evidence(1, "1") as Record & {
      metric: string;
      value: number;
      direction: number;
    };
    tally.add({ ...failure, ok: false } as Record);
    expect([metric, value, direction]).toEqual(["m", 1, -1]);
    expect(tally.scopes("p.b")).toEqual([]);
  });

  test("counts what another reads through it", async () => {
    const tally = new Tally();
    const source = { since: async () => ({ records: [evidence(1, "1")], cursor: { p: 1 }, problems: [] }) };
    expect((await tally.over(source).since({})).cursor).toEqual({ p: 1 });
    expect(tally.of("p.b", "", "m")?.evaluations).toBe(1);
  });
});
