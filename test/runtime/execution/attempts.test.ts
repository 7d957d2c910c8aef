import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { retryPolicy, type Tried } from "../../../runtime/execution/retry.ts";
import type { Model } from "../../../runtime/models/model.ts";
import type { Plan } from "../../../runtime/plan.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { TrailError } from "../../../runtime/trail/trail.ts";
import { memoryTrail, run } from "./fakes.ts";
import { AT, call, FLOAT, field, literal, name, planOf, record, SHAPE, stage, TOOLS, typescript } from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-attempts-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const tried = (more: Partial<Tried> = {}): Tried => ({
  class: "error",
  error: "it failed",
  claim: undefined,
  retryAfter: undefined,
  ...more,
});
const rules = { attempts: 4, stall: "diverge" as const, backoff: { low: 1, high: 60 } };

describe("what to try next", () => {
  test("an agent has three attempts and a tool one, unless it says otherwise", () => {
    expect(retryPolicy(undefined, ["m"], 1).next([tried(), tried()])).toMatchObject({ number: 3, model: "m" });
    expect(retryPolicy(undefined, ["m"], 1).next([tried(), tried(), tried()])).toBeUndefined();
    expect(retryPolicy(undefined, undefined, 1).next([tried()])).toBeUndefined();
  });

  test("a ladder is climbed rung by rung, ever hotter", () => {
    const policy = retryPolicy(
      { ...rules, ladder: ["a", "b", "b"], temperature: { low: 0.1, high: 0.9, step: 0.5 } },
      ["a", "b", "b"],
      1,
    );
    const climbed = [0, 1, 2, 3].map((n) => policy.next(new Array(n).fill(tried({ class: "invalid" }))));
    expect(climbed.map((settings) => [settings?.model, settings?.temperature])).toEqual([
      ["a", 0.1],
      ["b", 0.6],
      ["b", 0.9],
      [undefined, undefined],
    ]);
  });

  test("back-off doubles up to its end, jittered by the seed, and never goes below what the world asked for", () => {
    const policy = retryPolicy({ ...rules, attempts: 20 }, undefined, 7);
    const delays = [1, 2, 3, 12].map((n) => policy.next(new Array(n).fill(tried()))!.delay);
    [1000, 2000, 4000, 60_000].forEach((full, i) => {
      expect(delays[i]).toBeGreaterThanOrEqual(full / 2);
      expect(delays[i]).toBeLessThanOrEqual(full);
    });
    expect(policy.next([tried()])!.delay).toBe(delays[0]);
    expect(policy.next([tried({ class: "rate_limit", retryAfter: 90 })])!.delay).toBe(90_000);
    expect(policy.next([tried({ class: "invalid" })])!.delay).toBe(0);
  });

  test("what `on` does not name, and what cannot pass, is not tried again", () => {
    const policy = retryPolicy({ ...rules, on: ["timeout"] }, undefined, 1);
    expect(policy.next([tried({ class: "timeout" })])).toBeDefined();
    expect(policy.next([tried({ class: "error" })])).toBeUndefined();
    for (const failure of ["cancelled", "no_key", "limit"] as const)
      expect(retryPolicy(rules, ["m"], 1).next([tried({ class: failure })])).toBeUndefined();
  });

  test("an answer given twice is told to diverge", () => {
    const policy = retryPolicy(rules, ["m"], 1);
    const refused = tried({ class: "refused", claim: "c" });
    expect(policy.next([refused])!.note).toBe("Your last answer was not taken: it failed");
    expect(policy.next([refused, refused])!.note).toContain("Choose something clearly different");
  });
});

describe("attempts in a run", () => {
  const expecting = (limit: number) =>
    stage("plan", call("agent", "chooser"), [], {
      type: SHAPE,
      expect: { op: "binary", operator: "<", left: field(name("it"), "x"), right: literal(limit) },
    });

  test("an answer that is not what was expected goes back, and is not given again; each is a record", async () => {
    const { of, summary } = await run(planOf([expecting(-1)]), store);
    expect(summary.runs[0]).toMatchObject({
      status: "failed",
      error: "work.plan: what is expected of it does not hold.",
    });
    expect(of("attempt.ended").map((ended) => [ended.ok, ended.class])).toEqual(new Array(3).fill([false, "refused"]));
    expect(new Set(of("attempt.ended").map((ended) => JSON.stringify(ended.output))).size).toBe(3);
    expect(of("evidence").map((evidence) => [evidence.ok, evidence.class])).toEqual(
      new Array(3).fill([false, "refused"]),
    );
    expect(of("attempt.started")[1]!.note).toContain("Your last answer was not taken");
  });

  test("a check that is a tool says what it returned", async () => {
    const check = { op: "call", call: call("tool", "double", { value: field(name("it"), "x") }) } as const;
    const { of } = await run(
      planOf([
        stage("plan", call("agent", "chooser"), [], {
          type: SHAPE,
          expect: { op: "binary", operator: "==", left: field(check, "value"), right: literal(-1) },
        }),
      ]),
      store,
    );
    expect(of("attempt.ended")[0]!.error).toMatch(/The check returned: \{"value":[\d.]+\}/);
    expect(of("tool.ended")).toHaveLength(3);
  });

  test("a tool that gives what it did not declare is invalid, with the reason", async () => {
    const { of } = await run(
      planOf([stage("one", call("tool", "wrong"))], {
        tools: {
          ...TOOLS,
          wrong: typescript("arithmetic.ts", "start", record(), record(["value", { kind: "string" }])),
        },
      }),
      store,
    );
    expect(of("stage.ended")).toMatchObject([
      { status: "failed", class: "invalid", error: "the result.value is missing" },
    ]);
  });

  test("a deadline ends a tool that does not listen", async () => {
    const { of } = await run(planOf([stage("one", call("tool", "never", {}, { timeout: 0.05 }))]), store);
    expect(of("stage.ended")).toMatchObject([
      { status: "failed", class: "timeout", error: "it took longer than 0.05 s" },
    ]);
    // The deadline is the tool's fault, as far as anybody knows.
    expect(of("evidence")).toMatchObject([{ ok: false, class: "timeout" }]);
  });

  test("a deadline, and a cancel, hold for what must be opened first; an effect that was not has not begun", async () => {
    const began = performance.now();
    const of = (more: Partial<Plan["tools"][string]>): Plan =>
      planOf([stage("one", call("tool", "slow", {}, { timeout: 0.05 }))], {
        tools: { ...TOOLS, slow: typescript("slow-to-load.ts", "one", record(), FLOAT, more) },
      });
    const late = await run(of({}), store);
    expect(late.of("stage.ended")).toMatchObject([{ status: "failed", class: "timeout" }]);
    expect(late.of("tool.ended")).toMatchObject([{ class: "timeout" }]);
    const effect = await run(of({ effect: true }), store);
    expect(effect.of("stage.ended")).toMatchObject([{ status: "failed", class: "timeout" }]);
    expect(effect.of("tool.started")).toEqual([]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    const cancelled = await run(planOf([stage("one", call("tool", "slow"))], { tools: of({}).tools }), store, {
      signal: stop.signal,
    });
    expect(cancelled.of("stage.ended")).toMatchObject([{ status: "cancelled" }]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test("an agent's deadline ends the tools that it has called", async () => {
    const asking = stage("plan", call("agent", "chooser", {}, { timeout: 0.1 }), [], { type: SHAPE });
    const plan = planOf([asking]);
    const chooser = { ...plan.agents.chooser!, tools: [{ tool: "never", bound: [] }] };
    const sampler: Model = {
      name: "sampler",
      propose: async ({ tools: [never] }, signal) => ({ value: await never!.call({}, signal) }),
    };
    const models = new Map([["sampler", sampler]]);
    const { of } = await run({ ...plan, agents: { chooser } }, store, { models });
    const late = ["timeout", "it took longer than 0.1 s"];
    expect(of("tool.ended").map(({ class: kind, error }) => [kind, error])).toEqual([late, late, late]);
  });

  test("a function that computes without a pause keeps all else waiting: the trace says for how long", async () => {
    const VALUE = record(["value", FLOAT]);
    const tools = { ...TOOLS, busy: typescript("arithmetic.ts", "busy", VALUE, VALUE) };
    const stages = [0.1, 1.1].map((time, index) =>
      stage(`s${index}`, call("tool", "busy", { value: literal(time) }), [], { type: VALUE }),
    );
    const { of } = await run(planOf(stages, { tools }), store);
    expect(of("event").filter(({ name }) => name === "blocked")).toMatchObject([
      { stage: "work.s1", message: expect.stringMatching(/^busy held the process for 1\.\d s, in which nothing else/) },
    ]);
  });

  test("a function that computes without a pause is ended at its deadline", async () => {
    const VALUE = record(["value", FLOAT]);
    const tools = { ...TOOLS, busy: typescript("arithmetic.ts", "busy", VALUE, VALUE) };
    const began = performance.now();
    const busy = call("tool", "busy", { value: literal(60) }, { timeout: 0.3 });
    const { of } = await run(planOf([stage("one", busy, [], { type: VALUE })], { tools }), store);
    const late = { ok: false, class: "timeout", error: "it took longer than 0.3 s" };
    expect(of("tool.ended")).toMatchObject([late]);
    expect(of("attempt.ended")).toMatchObject([late]);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test("… and at that of the agent that has called it", async () => {
    const VALUE = record(["value", FLOAT]);
    const asking = stage("plan", call("agent", "chooser", {}, { timeout: 0.3 }), [], { type: SHAPE });
    const plan = planOf([asking]);
    const tools = { ...TOOLS, busy: typescript("arithmetic.ts", "busy", VALUE, VALUE) };
    const chooser = { ...plan.agents.chooser!, tools: [{ tool: "busy", bound: [] }] };
    const sampler: Model = {
      name: "sampler",
      propose: async ({ tools: [busy] }, signal) => ({ value: await busy!.call({ value: 60 }, signal) }),
    };
    const began = performance.now();
    const { of } = await run({ ...plan, tools, agents: { chooser } }, store, {
      models: new Map([["sampler", sampler]]),
    });
    expect(of("attempt.ended").every(({ class: kind }) => kind === "timeout")).toBe(true);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test("an interrupted run ends as cancelled, with all that was under way; nothing is held against the choice", async () => {
    const controller = new AbortController();
    const trail = memoryTrail(async (drafts) => {
      if (drafts.some((draft) => draft.stage === "work.two")) setTimeout(() => controller.abort(), 10);
    });
    const { of, summary } = await run(
      planOf([
        stage("one", call("tool", "start", { value: literal(1) })),
        stage("two", call("tool", "never"), ["one"], { type: FLOAT }),
        stage("three", call("tool", "start", { value: name("two") }), ["two"]),
      ]),
      store,
      { trail, signal: controller.signal, cycles: 5 },
    );
    expect(summary.runs.map((entry) => entry.status)).toEqual(["cancelled"]);
    expect(of("stage.ended").map((ended) => [ended.stage, ended.status])).toEqual([
      ["work.one", "ok"],
      ["work.two", "cancelled"],
      ["work.three", "skipped"],
    ]);
    expect(of("run.ended")).toMatchObject([{ status: "cancelled" }]);
    expect(of("evidence")).toHaveLength(1);
  });

  test("a trail that cannot be written ends the run with its error", async () => {
    let appends = 0;
    const trail = memoryTrail(async () => {
      if (++appends === 2) throw new TrailError("No space is left.");
    });
    await expect(
      run(
        planOf([
          stage("one", call("tool", "start", { value: literal(1) })),
          stage("two", call("tool", "never"), ["one"]),
        ]),
        store,
        { trail },
      ),
    ).rejects.toThrow("No space is left.");
  });
});

test("a trail that fails while nothing is written cancels what runs, and ends the run with its error", async () => {
  const failure = new TrailError("The disk is gone.");
  let fail = (_: TrailError): void => {};
  const failed = new Promise<TrailError>((resolve) => {
    fail = resolve;
  });
  const trail = {
    ...memoryTrail(async (drafts) => void (drafts.at(-1)?.kind === "stage.started" && setTimeout(fail, 10, failure))),
    failed,
  };
  await expect(
    run(planOf([stage("one", call("tool", "never"), [], { type: FLOAT })]), store, { trail }),
  ).rejects.toThrow("The disk is gone.");
});

test("what a tool gives after its time is dropped, and that is said", async () => {
  const after = (milliseconds: number) =>
    stage("wait", call("tool", "slow", { milliseconds: literal(milliseconds) }, { timeout: 0.02 }), [], {
      orNone: true,
    });
  const tools = { ...TOOLS, slow: typescript("arithmetic.ts", "slow", record(["milliseconds", FLOAT]), FLOAT) };
  const rest = stage("rest", call("tool", "slow", { milliseconds: literal(120) }));
  const { of } = await run(planOf([after(60), rest], { tools }), store);
  expect(of("stage.ended").find((ended) => ended.stage === "work.wait")).toMatchObject({
    status: "none",
    class: "timeout",
  });
  expect(of("event")).toMatchObject([
    { name: "late", stage: "work.wait", message: "slow ended after its time was over; its result is dropped" },
  ]);
});

test("pipelines of a plan run side by side, each with its own runs", async () => {
  const slow = typescript("arithmetic.ts", "slow", record(["milliseconds", FLOAT]), FLOAT);
  const plan = planOf([stage("one", call("tool", "slow", { milliseconds: literal(60) }))], { tools: { slow } });
  const other = {
    ...plan.pipelines.work!,
    body: [{ ...stage("two", call("tool", "slow", { milliseconds: literal(1) })), id: "other.two" }],
  };
  const { of, summary } = await run({ ...plan, pipelines: { ...plan.pipelines, other } }, store, { cycles: 2 });
  expect(of("stage.ended").map((ended) => ended.stage)).toEqual(["other.two", "other.two", "work.one", "work.one"]);
  expect(summary.runs.map(({ pipeline, cycle, status }) => `${pipeline} ${cycle} ${status}`).sort()).toEqual([
    "other 0 ok",
    "other 1 ok",
    "work 0 ok",
    "work 1 ok",
  ]);
});

describe("a run is refused before anything happens", () => {
  const refused = async (plan: Parameters<typeof run>[0], more: Parameters<typeof run>[2] = {}) => {
    const trail = memoryTrail();
    const error = await run(plan, store, { ...more, trail }).catch((reason: unknown) => reason);
    expect(trail.drafts).toEqual([]);
    return error;
  };
  const one = stage("one", call("tool", "start", { value: literal(1) }));

  test("for what this version cannot do, with its place", async () => {
    const asked = stage("one", call("agent", "chooser"), [], { wait: { every: 60, within: 600 }, at: [0, 7, 3, 4] });
    const plan = planOf([asked], {
      unbuilt: [{ what: "share is not built yet", at: AT }],
    });
    expect(await refused(plan)).toMatchObject({
      fault: "program",
      problems: [
        "main.gang:7: one, an agent that is waited for, cannot be run by this version yet.",
        "main.gang:1: share is not built yet",
      ],
    });
  });

  test("for an agent without a usable model", async () => {
    const claude = {
      provider: "anthropic" as const,
      model: "claude",
      options: {},
      tokens: { read: 1, write: 1 },
      limits: [],
      at: AT,
    };
    const base = planOf([stage("plan", call("agent", "chooser"), [], { type: SHAPE })]);
    const { chooser } = base.agents;
    const plan = { ...base, models: { ...base.models, claude }, agents: { chooser: { ...chooser!, model: "claude" } } };
    expect(await refused(plan)).toMatchObject({
      fault: "environment",
      problems: [
        "The agent chooser has no model that it could use here (claude: its key is missing: ANTHROPIC_API_KEY is not set).",
      ],
    });
    // With another rung it runs, and says which it went without.
    const retry = { ...rules, ladder: ["self", "sampler"], at: AT };
    const climbing = {
      ...plan,
      retries: { climb: retry },
      pipelines: planOf([stage("plan", call("agent", "chooser", {}, { retry: "climb" }), [], { type: SHAPE })])
        .pipelines,
    };
    const { of, summary } = await run(climbing, store);
    expect(summary.runs[0]!.status).toBe("ok");
    expect(of("event")).toMatchObject([
      {
        name: "rung.skipped",
        message: "chooser goes without claude: its key is missing: ANTHROPIC_API_KEY is not set",
      },
    ]);
    expect(of("attempt.started")[0]).toMatchObject({ model: "sampler" });
  });

  test("for an unknown pipeline, and for input that does not fit", async () => {
    expect(await refused(planOf([one]), { pipeline: "wrok" })).toMatchObject({
      fault: "usage",
      problems: ["There is no pipeline wrok; there is work."],
    });
    const plan = planOf([one], {}, { parameters: [{ name: "n", type: { kind: "int" } }] });
    expect(await refused(plan, { input: { n: "many" } })).toMatchObject({
      fault: "usage",
      problems: ['The input does not fit: work.n must be a whole number, but is "many".'],
    });
  });
});

describe("cycles", () => {
  const one = stage("one", call("tool", "start", { value: literal(1) }));

  test("under --forever one starts each `every`; those that fall due during another are left out, and said", async () => {
    let now = 0;
    const controller = new AbortController();
    const starts: number[] = [];
    const clock = {
      now: () => now,
      elapsed: () => now,
      sleep: async (milliseconds: number) => {
        now += milliseconds;
      },
    };
    const onRecord = (draft: Draft): void => {
      if (draft.kind !== "run.started") return;
      starts.push(now / 1000);
      // The second cycle takes two and a half minutes.
      if (starts.length === 2) now += 150_000;
      if (starts.length === 4) controller.abort();
    };
    const { of } = await run(planOf([one], {}, { every: 60 }), store, {
      cycles: "forever",
      clock,
      onRecord,
      signal: controller.signal,
    });
    expect(starts).toEqual([0, 60, 240, 300]);
    expect(of("event").filter((event) => event.name === "cycle.left_out")).toMatchObject([
      { message: "work: 2 cycles fell due while another was under way, and are left out" },
    ]);
  });

  test("each has a seed of its own, from the run's; memory does not grow over five thousand of a run that goes on", async () => {
    const { of } = await run(planOf([one]), store, { cycles: 3 });
    expect(new Set(of("run.started").map((started) => started.seed)).size).toBe(3);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const trail = { ...memoryTrail(), append: async () => 1, note: () => {} };
    // While the run goes on: what it keeps hold of goes as it ends.
    const used: number[] = [];
    const enough = new AbortController();
    let ended = 0;
    const onRecord = ({ kind }: Draft): void => {
      if (kind !== "run.ended" || ++ended % 2500 !== 0) return;
      collect();
      if (used.push(process.memoryUsage().heapUsed) === 3) enough.abort();
    };
    await run(planOf([one]), store, { cycles: "forever", trail, onRecord, signal: enough.signal });
    expect(used.at(-1)! - used[0]!).toBeLessThan(1e6);
  });
});
