import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Ranked } from "../../../runtime/knowledge/knowledge.ts";
import type { Expr, ForNode, Node } from "../../../runtime/plan.ts";
import { canonical } from "../../../runtime/values/canonical.ts";
import { noKnowledge, run } from "./fakes.ts";
import { AT, call, field, learn, letNode, literal, name, observe, planOf, SHAPE, STRING, stage } from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-learning-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const choose = stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] });
const score = stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]);
const loss = field(name("score"), "loss");
const about = async (body: readonly Node[], of = "work.plan") =>
  (await run(planOf(body), store)).of("evidence").filter((evidence) => evidence.stage === of);
const forTasks = (body: readonly Node[]): ForNode => ({
  kind: "for",
  variable: "task",
  type: { kind: "record", fields: [{ name: "name", type: STRING }] },
  over: { kind: "list", list: literal([{ name: "a" }, { name: "b" }]) },
  needs: [],
  body,
  at: AT,
});

describe("what a run lets the memory know", () => {
  test("a value outside the metric's range is infeasible: no success, and no value", async () => {
    const evidence = await about([
      choose,
      score,
      observe("bounded", { op: "binary", operator: "+", left: loss, right: literal(7) }, ["score"]),
      learn("plan", ["bounded"]),
    ]);
    expect(evidence).toMatchObject([{ ok: false, class: "infeasible", metric: "bounded", verified: true }]);
    expect(evidence[0]).not.toMatchObject({ value: expect.anything() });
  });

  test("so is one beyond all that the memory takes: what came out worst leaves evidence, too", async () => {
    const evidence = await about([
      choose,
      score,
      observe("loss", { op: "binary", operator: "+", left: loss, right: literal(1e16) }, ["score"]),
      learn("plan", ["loss"]),
    ]);
    expect(evidence).toMatchObject([{ ok: false, class: "infeasible", metric: "loss" }]);
  });

  test("in a fan-out each item's choice is credited with its own score, in its own scope", async () => {
    const { of } = await run(
      planOf([forTasks([choose, score, observe("loss", loss, ["score"]), learn("plan", ["loss"])])]),
      store,
    );
    const evidence = of("evidence").filter((one) => one.stage === "work.plan");
    expect(evidence.map((one) => one.scope).sort()).toEqual(["a", "b"]);
    for (const { scope, value } of evidence) expect(of("score").find((one) => one.scope === scope)!.value).toBe(value);
  });

  test("a choice made before a fan-out is credited with the mean of what its items measured", async () => {
    const each = stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]);
    const { of } = await run(
      planOf([choose, forTasks([each, observe("loss", loss, ["score"])]), learn("plan", ["loss"])]),
      store,
    );
    const scores = of("score").map((one) => one.value);
    expect(scores).toHaveLength(2);
    expect(of("evidence").filter((one) => one.stage === "work.plan")).toMatchObject([
      { ok: true, value: (scores[0]! + scores[1]!) / 2 },
    ]);
  });

  test("an agent that nothing is learned from earns a success of its own opinion, and a failure where it failed", async () => {
    expect(await about([{ ...choose, measured: [] }])).toMatchObject([{ ok: true, verified: false }]);
  });

  test("a failure reaches the choice through a `let`, a `when` and several stages, once", async () => {
    const evidence = await about([
      choose,
      letNode("half", { op: "binary", operator: "/", left: field(name("plan"), "x"), right: literal(2) }, ["plan"]),
      {
        kind: "when",
        condition: { op: "binary", operator: ">=", left: name("half"), right: literal(0) },
        needs: ["half"],
        body: [
          stage("inner", call("tool", "double", { value: name("half") }), ["half"]),
          stage("bad", call("tool", "fails"), ["inner"]),
        ],
        at: AT,
      },
      stage("after", call("tool", "start", { value: literal(1) }), ["bad"]),
    ]);
    expect(evidence).toMatchObject([{ ok: false, class: "error" }]);
  });

  test("the world's failures, and those of stages that do not depend on it, are not held against a choice", async () => {
    expect(
      await about([
        choose,
        stage("apart", call("tool", "fails")),
        score,
        observe("loss", loss, ["score"]),
        learn("plan", ["loss"]),
      ]),
    ).toMatchObject([{ ok: true, metric: "loss" }]);
  });

  test("a claim that its attempt had been shown is an echo", async () => {
    const shape = { x: 0.5, kind: "normal" };
    const { claim, chosen, niche } = canonical(shape, SHAPE);
    const shown = { claim, chosen, niche, anti: false, strength: 0.5, values: {}, evaluations: 1 } as unknown as Ranked;
    const knowledge = noKnowledge({
      recall: async () => ({ patterns: [shown], antipatterns: [], known: 1, generation: 0 }),
      best: async () => ({ claim, value: shape, strength: 0.5, attempt: "earlier" }),
    });
    const best: Expr = { op: "recalled", which: "best", stage: "work.plan" };
    const body = [
      choose,
      letNode("known", best),
      stage("score", call("tool", "loss", { x: field(name("known"), "x"), shape: name("known") }), ["known"]),
      observe("loss", loss, ["score"]),
      learn("known", ["loss"], { stage: "work.plan" }),
    ];
    const { of } = await run(planOf(body), store, { knowledge });
    expect(of("recall").find((recall) => recall.stage === "work.plan")).toMatchObject({
      shown: [{ claim, strength: 0.5 }],
      known: 1,
    });
    expect(of("evidence").filter((one) => one.stage === "work.plan")).toMatchObject([
      { claim, echo: true, metric: "loss", ok: true },
    ]);
  });

  test("`best` is what it was as the cycle began, whatever its items learn meanwhile", async () => {
    const asked: unknown[] = [];
    const began = Date.now();
    const knowledge = noKnowledge({
      best: async ({ scope, asOf, now }) => {
        asked.push(scope, now === asOf && asOf! >= began && asOf! <= Date.now());
        return { claim: "", value: { x: asked.length / 10, kind: "normal" }, strength: 0.5, attempt: undefined };
      },
    });
    const best: Expr = { op: "recalled", which: "best", stage: "work.plan", scope: literal("elsewhere") };
    const body = [choose, letNode("known", best, ["plan"]), letNode("again", best, ["known"])];
    const echo = stage("show", call("tool", "start", { value: field(name("again"), "x") }), ["again"]);
    const { of } = await run(planOf([forTasks([...body, echo])]), store, { knowledge });
    expect(asked).toEqual(["elsewhere", true]);
    const shown = of("stage.ended").filter((ended) => ended.stage === "work.show");
    expect(shown.map(({ output }) => output)).toEqual([{ value: 0.2 }, { value: 0.2 }]);
  });

  test("a stage asks the memory in its arguments and in its `expect`, once a cycle, and on record", async () => {
    const asked: string[] = [];
    const knowledge = noKnowledge({
      metric: async ({ which, metric }) => {
        asked.push(`${which} ${metric}`);
        return 0.25;
      },
    });
    const best: Expr = { op: "metric", which: "best", metric: "loss" };
    const it: Expr = { op: "index", of: name("it"), key: literal("value") };
    const below: Expr = { op: "binary", operator: "<=", left: it, right: best };
    const { of, summary } = await run(
      planOf([
        stage("one", call("tool", "double", { value: best })),
        stage("two", call("tool", "start", { value: best }), [], { expect: below }),
      ]),
      store,
      { knowledge },
    );
    expect(asked).toEqual(["best loss"]);
    expect(summary.runs).toMatchObject([{ status: "ok" }]);
    expect(of("stage.ended").map(({ stage, output }) => [stage, output])).toEqual(
      expect.arrayContaining([
        ["work.one", { value: 0.5 }],
        ["work.two", { value: 0.25 }],
      ]),
    );
    expect(of("memory")).toHaveLength(1);
  });

  test("origin is the runtime's: peer, run, plan and attempt stand in every record of a stage", async () => {
    const { of, summary } = await run(
      planOf([choose, score, observe("loss", loss, ["score"]), learn("plan", ["loss"])]),
      store,
      { peer: "explorer-1" },
    );
    const { run: id } = summary.runs[0]!;
    for (const kind of [
      "stage.started",
      "stage.ended",
      "recall",
      "attempt.started",
      "attempt.ended",
      "tool.started",
      "evidence",
      "score",
    ] as const) {
      for (const record of of(kind))
        expect(record, kind).toMatchObject({ peer: "explorer-1", run: id, plan: "0".repeat(64) });
    }
    for (const kind of ["attempt.started", "attempt.ended", "tool.started", "tool.ended", "evidence"] as const) {
      for (const record of of(kind)) expect(record.attempt, kind).toMatch(new RegExp(`^${id}:\\d+$`));
    }
  });
});
