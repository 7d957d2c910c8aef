import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Expr, ForNode, Node, WhenNode } from "../../../runtime/plan.ts";
import { run } from "./fakes.ts";
import {
  AT,
  call,
  field,
  learn,
  letNode,
  literal,
  name,
  observe,
  planOf,
  record,
  SHAPE,
  STRING,
  stage,
  TOOLS,
  typescript,
} from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-scheduler-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const value = (of: string) => field(name(of), "value");
const forTasks = (body: readonly Node[], more: Partial<ForNode> = {}): ForNode => ({
  kind: "for",
  variable: "task",
  type: { kind: "record", fields: [{ name: "name", type: STRING }] },
  over: { kind: "list", list: field(name("net"), "tasks") },
  needs: [],
  body,
  at: AT,
  ...more,
});
const when = (condition: WhenNode["condition"], body: readonly Node[]): WhenNode => ({
  kind: "when",
  condition,
  needs: [],
  body,
  at: AT,
});

const chain = [
  stage("one", call("tool", "start", { value: literal(3) })),
  stage("two", call("tool", "double", { value: value("one") }), ["one"]),
  stage("three", call("tool", "double", { value: value("two") }), ["two"]),
];

describe("a chain", () => {
  test("hands each output to the next, and records all of it", async () => {
    const { summary, of } = await run(planOf(chain), store);
    expect(summary.runs).toMatchObject([{ pipeline: "work", cycle: 0, status: "ok" }]);
    expect(of("stage.ended").map((ended) => [ended.stage, ended.status, ended.output])).toEqual([
      ["work.one", "ok", { value: 3 }],
      ["work.two", "ok", { value: 6 }],
      ["work.three", "ok", { value: 12 }],
    ]);
    for (const kind of [
      "stage.started",
      "recall",
      "attempt.started",
      "tool.started",
      "tool.ended",
      "attempt.ended",
      "evidence",
    ] as const) {
      expect(of(kind), kind).toHaveLength(3);
    }
    expect(of("event")).toMatchObject([{ name: "log", message: "starting at 3" }]);
  });

  test("writes the end of a stage and the start of the next as one batch", async () => {
    const { trail } = await run(planOf(chain), store);
    expect(trail.batches.map((batch) => batch.map((draft) => `${draft.kind} ${draft.stage ?? ""}`.trim()))).toEqual([
      ["stage.started work.one"],
      ["stage.ended work.one", "stage.started work.two"],
      ["stage.ended work.two", "stage.started work.three"],
      ["stage.ended work.three"],
      ["run.ended"],
    ]);
  });

  test("a stage that failed leaves those after it skipped, with the reason", async () => {
    const { summary, of } = await run(
      planOf([
        stage("one", call("tool", "fails")),
        stage("two", call("tool", "double", { value: name("one") }), ["one"]),
        stage("apart", call("tool", "start", { value: literal(1) })),
      ]),
      store,
    );
    expect(summary.runs).toMatchObject([{ status: "failed", error: "work.one: the feed is stale" }]);
    const ended = Object.fromEntries(of("stage.ended").map((record) => [record.stage, record]));
    expect(ended["work.one"]).toMatchObject({ status: "failed", class: "error", error: "the feed is stale" });
    expect(ended["work.two"]).toMatchObject({ status: "skipped", error: "because work.one failed" });
    expect(ended["work.apart"]).toMatchObject({ status: "ok" });
  });

  test("`or` tries the next alternative, `or none` ends without a value", async () => {
    const { summary, of } = await run(
      planOf([
        stage("one", [call("tool", "fails"), call("tool", "start", { value: literal(2) })]),
        stage("two", call("tool", "fails"), [], { orNone: true }),
        letNode("sum", { op: "binary", operator: "??", left: name("two"), right: value("one") }, ["one", "two"]),
        stage("three", call("tool", "double", { value: name("sum") }), ["sum"]),
      ]),
      store,
    );
    expect(summary.runs).toMatchObject([{ status: "ok" }]);
    const ended = Object.fromEntries(of("stage.ended").map((record) => [record.stage, record]));
    expect(ended["work.one"]).toMatchObject({ status: "ok", via: "start", attempts: 2 });
    expect(ended["work.two"]).toMatchObject({ status: "none" });
    expect(ended["work.three"]).toMatchObject({ output: { value: 4 } });
  });
});

describe("bodies", () => {
  test("a failed item stops no other, and outside the stage is a map of those that ended", async () => {
    const { summary, of } = await run(
      planOf([
        forTasks([stage("inner", call("tool", "failsFor", { name: field(name("task"), "name") }))]),
        letNode("n", { op: "aggregate", function: "count", of: name("inner") }, ["inner"]),
        stage("after", call("tool", "start", { value: name("n") }), ["n"]),
      ]),
      store,
    );
    expect(of("stage.ended").map((record) => [record.stage, record.scope, record.status])).toEqual(
      expect.arrayContaining([
        ["work.inner", "a", "ok"],
        ["work.inner", "b", "failed"],
        ["work.inner", "c", "ok"],
        ["work.after", undefined, "ok"],
      ]),
    );
    expect(of("stage.ended").at(-1)).toMatchObject({ output: { value: 2 } });
    expect(summary.runs[0]).toMatchObject({ status: "failed", error: "work.inner of b: b is bad" });
  });

  test("where every item failed, what reads the map is skipped, with the reason", async () => {
    const inner = stage("inner", call("tool", "fails"));
    const body = (items: readonly string[]): Node[] => [
      forTasks([inner], { over: { kind: "list", list: literal([...items]) }, variable: "item" }),
      letNode("n", { op: "aggregate", function: "mean", of: name("inner") }, ["inner"]),
      stage("after", call("tool", "start", { value: name("n") }), ["n"]),
    ];
    const { of } = await run(planOf(body(["a", "b"])), store);
    expect(of("stage.ended").at(-1)).toMatchObject({
      stage: "work.after",
      status: "skipped",
      error: expect.stringContaining("work.inner of a"),
    });
    const none = await run(planOf(body([])), store);
    expect(none.of("stage.ended").at(-1)).toMatchObject({ stage: "work.after", status: "failed" });
  });

  describe("where every item failed, there is an answer to", () => {
    const inner = name("inner");
    const aggregate = (of: "mean" | "count" | "sum"): Expr => ({ op: "aggregate", function: of, of: inner });
    const orElse = (left: Expr, right: Expr): Expr => ({ op: "binary", operator: "??", left, right });
    const one: Expr = { op: "index", of: inner, key: literal("a") };
    const read = (value: Expr, as: (value: Expr) => Node) => [
      forTasks([stage("inner", call("tool", "fails"))]),
      as(value),
    ];
    const given = (value: Expr): Node => stage("after", call("tool", "start", { value }), ["inner"]);

    test.each<[string, Expr, number]>([
      ["how many there are", aggregate("count"), 0],
      ["their sum", aggregate("sum"), 0],
      ["their mean, or else", orElse(aggregate("mean"), literal(7)), 7],
      ["one of them, or else", orElse(one, literal(7)), 7],
    ])("%s", async (_, value, expected) => {
      const { summary, of } = await run(planOf(read(value, given)), store);
      expect(of("stage.ended").at(-1)).toMatchObject({ stage: "work.after", output: { value: expected } });
      expect(summary.runs[0]).toMatchObject({ status: "failed" });
    });

    test("a `when` that asks for it", async () => {
      const empty: Expr = { op: "binary", operator: "==", left: aggregate("count"), right: literal(0) };
      const guarded = (condition: Expr): Node => ({
        kind: "when",
        condition,
        needs: ["inner"],
        at: AT,
        body: [stage("after", call("tool", "start", { value: literal(3) }))],
      });
      const { of } = await run(planOf(read(empty, guarded)), store);
      expect(of("stage.ended").at(-1)).toMatchObject({ stage: "work.after", status: "ok" });
    });

    test("nothing where it is read beside a value that is needed", async () => {
      const both: Expr = { op: "binary", operator: "+", left: aggregate("count"), right: aggregate("mean") };
      const { of } = await run(planOf(read(both, given)), store);
      expect(of("stage.ended").at(-1)).toMatchObject({ stage: "work.after", status: "skipped" });
    });

    test("nothing where a stage failed that stands in no `for`", async () => {
      const body = [stage("inner", call("tool", "fails")), given(orElse(inner, literal(7)))];
      const { of } = await run(planOf(body), store);
      expect(of("stage.ended").at(-1)).toMatchObject({ stage: "work.after", status: "skipped" });
    });
  });

  test("three deep, outside it is a map of maps of maps, and what fails there is held against all it rests on", async () => {
    const inner = stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] });
    const over = (variable: string, items: readonly string[], body: readonly Node[]): ForNode =>
      forTasks(body, { variable, over: { kind: "list", list: literal([...items]) } });
    const nested = over("one", ["a", "b"], [over("two", ["c"], [over("three", ["d", "e"], [inner])])]);
    const x: Expr = { op: "field", of: name("plan"), name: "x", each: 3 };
    const { of } = await run(
      planOf([nested, letNode("all", x, ["plan"]), stage("after", call("tool", "fails", {}), ["all"])]),
      store,
    );
    const plans = of("stage.ended").filter((ended) => ended.stage === "work.plan");
    expect(plans.map((ended) => ended.scope).sort()).toEqual(["a/c/d", "a/c/e", "b/c/d", "b/c/e"]);
    const blamed = of("evidence").filter((evidence) => evidence.stage === "work.plan" && !evidence.ok);
    expect(blamed.map((evidence) => evidence.scope).sort()).toEqual(["a/c/d", "a/c/e", "b/c/d", "b/c/e"]);
    const again = await run(
      planOf(
        [
          nested,
          { ...observe("loss", literal(1), ["plan"]) },
          letNode("all", x, ["plan"]),
          stage("show", call("tool", "echo", { value: name("all") }), ["all"]),
        ],
        {
          tools: {
            ...TOOLS,
            echo: typescript("arithmetic.ts", "echo", record(["value", { kind: "json" }]), { kind: "json" }),
          },
        },
      ),
      store,
    );
    expect(again.of("stage.ended").find((ended) => ended.stage === "work.show")!.output).toEqual({
      a: { c: { d: expect.any(Number), e: expect.any(Number) } },
      b: { c: { d: expect.any(Number), e: expect.any(Number) } },
    });
  });

  test("keys that hold a slash are told apart, however deep: what one item did is not another's", async () => {
    const parts = [
      { name: "a", parts: [{ name: "b/c" }, { name: "b%2Fc" }] },
      { name: "a/b", parts: [{ name: "c" }] },
    ];
    const start = stage("one", call("tool", "start", { value: literal(1) }));
    const inner = forTasks([start], { variable: "part", over: { kind: "list", list: field(name("outer"), "parts") } });
    const outer = forTasks([{ ...inner, needs: ["outer"] }], {
      variable: "outer",
      over: { kind: "list", list: literal(parts) },
    });
    const { of } = await run(planOf([outer]), store);
    const scopes = of("stage.ended").map(({ scope }) => scope);
    expect(scopes.toSorted()).toEqual(["a/b%252Fc", "a/b%2Fc", "a/b/c"]);
  });

  test("a failure after it is not held against an item that had failed itself, whose value nobody read", async () => {
    const body = [
      stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
      stage("checked", call("tool", "failsFor", { name: field(name("task"), "name") }), ["task", "plan"]),
    ];
    const { of } = await run(planOf([forTasks(body), stage("after", call("tool", "fails"), ["checked"])]), store);
    const blamed = of("evidence").filter((evidence) => evidence.stage === "work.plan" && !evidence.ok);
    expect(blamed.map(({ scope, class: kind }) => `${scope} ${kind}`).sort()).toEqual([
      "a error",
      "b error",
      "c error",
    ]);
    expect(
      of("attempt.ended")
        .filter((ended) => !ended.ok)
        .map((ended) => ended.scope),
    ).toEqual(["b", undefined]);
  });

  test("`parallel` bounds how many items run side by side", async () => {
    const { of, trail } = await run(
      planOf([forTasks([stage("inner", call("tool", "start", { value: literal(1) }))], { parallel: 1 })]),
      store,
    );
    expect(of("stage.ended")).toHaveLength(3);
    let running = 0;
    for (const { kind } of trail.drafts) {
      if (kind === "stage.ended") running -= 1;
      if (kind === "stage.started") running += 1;
      expect(running).toBeLessThanOrEqual(1);
    }
  });

  test("`when` runs its stages or yields nothing, and says which", async () => {
    const { of, summary } = await run(
      planOf([
        when(literal(true), [stage("yes", call("tool", "start", { value: literal(1) }))]),
        when(literal(false), [stage("no", call("tool", "start", { value: literal(1) }))]),
        letNode("both", { op: "binary", operator: "??", left: field(name("no"), "value"), right: value("yes") }, [
          "yes",
          "no",
        ]),
        stage("after", call("tool", "start", { value: name("both") }), ["both"]),
      ]),
      store,
    );
    expect(summary.runs[0]).toMatchObject({ status: "ok" });
    const ended = Object.fromEntries(of("stage.ended").map((record) => [record.stage, record]));
    expect(ended["work.no"]).toMatchObject({ status: "skipped", error: "because its condition does not hold" });
    expect(ended["work.after"]).toMatchObject({ output: { value: 1 } });
  });

  test("ten thousand stages in a chain, and side by side", async () => {
    const length = 10_000;
    const long = Array.from({ length }, (_, i) =>
      i === 0
        ? stage("s0", call("tool", "start", { value: literal(0) }))
        : stage(`s${i}`, call("tool", "start", { value: value(`s${i - 1}`) }), [`s${i - 1}`]),
    );
    expect((await run(planOf(long), store)).of("stage.ended")).toHaveLength(length);
    const wide = [
      ...Array.from({ length }, (_, i) => stage(`s${i}`, call("tool", "double", { value: literal(i) }))),
      letNode(
        "all",
        { op: "list", items: [] },
        Array.from({ length }, (_, i) => `s${i}`),
      ),
    ];
    expect((await run(planOf(wide), store)).of("stage.ended")).toHaveLength(length);
  });
});

describe("learning", () => {
  const measured = [
    stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
    stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]),
  ];

  test("an agent's choice earns one piece of evidence a metric, for the attempt that chose", async () => {
    const { of } = await run(
      planOf([...measured, observe("loss", field(name("score"), "loss"), ["score"]), learn("plan", ["loss"])]),
      store,
    );
    const attempt = of("attempt.started").find((started) => started.callee === "chooser")!.attempt;
    const about = of("evidence").filter((evidence) => evidence.stage === "work.plan");
    expect(about).toMatchObject([
      { attempt, ok: true, metric: "loss", direction: -1, verified: true, echo: false, value: of("score")[0]!.value },
    ]);
    expect(JSON.parse(about[0]!.chosen)).toEqual(of("stage.ended")[0]!.output);
  });

  test("a failure downstream counts against the choice it depends on, once", async () => {
    const { of } = await run(
      planOf([
        measured[0]!,
        stage("score", call("tool", "fails"), ["plan"]),
        observe("loss", field(name("score"), "loss"), ["score"]),
        learn("plan", ["loss"]),
      ]),
      store,
    );
    expect(of("evidence").filter((evidence) => evidence.stage === "work.plan")).toMatchObject([
      { ok: false, class: "error" },
    ]);
    expect(of("score")).toEqual([]);
  });
});
