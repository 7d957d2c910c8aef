/** A run goes on from what is on record, wherever it was cut off. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../runtime/clock.ts";
import { AttemptError } from "../../../runtime/execution/attempt-error.ts";
import { runPlan } from "../../../runtime/execution/execute.ts";
import { restoredRun, runHeads, takeRun } from "../../../runtime/execution/restored.ts";
import type { Plan } from "../../../runtime/plan.ts";
import type { Tool } from "../../../runtime/tools/tool.ts";
import { artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft, Record } from "../../../runtime/trail/record.ts";
import { noKnowledge, run, written } from "./fakes.ts";
import {
  AT,
  call,
  FLOAT,
  field,
  learn,
  letNode,
  literal,
  name,
  observe,
  planOf,
  SHAPE,
  STRING,
  stage,
  TOOLS,
  typescript,
} from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-resume-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const resumed = async (plan: Plan, records: readonly Record[], more: Parameters<typeof run>[2] = {}) =>
  run(plan, store, {
    ...more,
    resume: (await restoredRun(records, records.find(({ run }) => run !== undefined)!.run!, artifactsOf(store)))!,
  });

const best = { op: "recalled", which: "best", stage: "work.plan" } as const;
const taskNames = { op: "field", of: name("net"), name: "tasks" } as const;

/** Fan-out, a failure that counts against a choice, a `let` from memory, a condition that does not hold, and learning. */
const whole = planOf(
  [
    letNode("chosen", { op: "binary", operator: "??", left: best, right: literal({ x: 0.5, kind: "normal" }) }),
    stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
    stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]),
    stage("again", call("tool", "loss", { x: field(name("chosen"), "x"), shape: name("chosen") }), ["chosen"]),
    {
      kind: "for",
      variable: "task",
      type: { kind: "json" },
      over: { kind: "list", list: taskNames },
      needs: [],
      at: AT,
      body: [
        stage("named", call("tool", "failsFor", { name: field(name("task"), "name") }), ["task"]),
        stage("after", call("tool", "echo", { value: field(name("named"), "name") }), ["named"], { type: STRING }),
      ],
    },
    { kind: "when", condition: literal(false), needs: [], at: AT, body: [stage("never", call("tool", "fails"))] },
    stage("lost", call("tool", "fails"), ["plan"], { orNone: true }),
    observe("loss", field(name("score"), "loss"), ["score"]),
    learn("plan", ["loss"]),
    learn("chosen", ["loss"], { stage: "work.plan" }),
  ],
  {
    tools: {
      ...TOOLS,
      echo: typescript("arithmetic.ts", "echo", { kind: "record", fields: [{ name: "value", type: STRING }] }, STRING),
    },
  },
);

const endsOf = (drafts: readonly Draft[]) =>
  drafts.flatMap((draft) =>
    draft.kind === "stage.ended"
      ? [JSON.stringify([draft.stage, draft.scope, draft.status, draft.output, draft.error])]
      : [],
  );
const saidOf = (drafts: readonly Draft[]) =>
  drafts.flatMap((draft) =>
    draft.kind === "score"
      ? [JSON.stringify([draft.metric, draft.value])]
      : draft.kind === "evidence" && draft.metric !== undefined
        ? [JSON.stringify([draft.stage, draft.claim, draft.metric, draft.value, draft.echo])]
        : [],
  );

describe("wherever it was cut off", () => {
  test("no stage that ended is run again, none is lost, and all comes out as in a run that was never cut off", async () => {
    const uninterrupted = (await run(whole, store)).trail.drafts;
    expect(endsOf(uninterrupted).filter((end) => end.includes('"ok"'))).toHaveLength(7);
    for (let cut = 2; cut < uninterrupted.length - 1; cut++) {
      const before = uninterrupted.slice(0, cut);
      // What is known has grown meanwhile: the run must not see it.
      const knowledge = noKnowledge({
        best: async () => ({ claim: "c", value: { x: 0.9, kind: "normal" }, strength: 1, attempt: undefined }),
      });
      const asked = before.some(({ kind }) => kind === "memory");
      const { trail } = await resumed(whole, written(before), asked ? { knowledge } : {});
      const ended = before.flatMap((draft) =>
        draft.kind === "stage.ended" && draft.status !== "skipped" ? [`${draft.stage} ${draft.scope}`] : [],
      );
      for (const draft of trail.drafts)
        if (draft.kind === "stage.started")
          expect(ended, `cut at ${cut}`).not.toContain(`${draft.stage} ${draft.scope}`);
      const all = [...before, ...trail.drafts];
      expect(endsOf(all).sort(), `cut at ${cut}`).toEqual(endsOf(uninterrupted).sort());
      expect(saidOf(all).sort(), `cut at ${cut}`).toEqual(saidOf(uninterrupted).sort());
      expect(all.filter(({ kind }) => kind === "run.ended")).toMatchObject([{ status: "failed" }]);
      const attempts = all.flatMap((draft) => (draft.kind === "attempt.started" ? [draft.attempt] : []));
      expect(new Set(attempts).size).toBe(attempts.length);
    }
  });

  test("twice as well: the turns tell the order, not the names of the processes", async () => {
    const first = (await run(whole, store)).trail.drafts.slice(0, 12);
    const second = (await resumed(whole, written(first))).trail.drafts.slice(0, 6);
    const records = written(first, second).map((record) => ({
      ...record,
      process: record.process === "p0" ? "z" : "a",
    }));
    expect(runHeads(records)).toMatchObject([{ turns: 2, status: "open", process: "a" }]);
    const { trail, summary } = await resumed(whole, records);
    expect(summary.runs).toMatchObject([{ status: "failed" }]);
    expect(trail.drafts.find(({ kind }) => kind === "run.started")).toMatchObject({ resumed: true, turn: 3 });
  });

  test("it says what it does not do again", async () => {
    const { trail } = await run(whole, store);
    const { of } = await resumed(whole, written(trail.drafts.slice(0, -1)));
    const said = of("event").map(({ message }) => message);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^goes on; 9 ended before, not run again: .*named \(3\)/);
  });
});

test("a cancelled run goes on with what was cancelled; a failed one tries again what failed", async () => {
  const plan = planOf([
    stage("one", call("tool", "start", { value: literal(1) }), [], { type: { kind: "json" } }),
    stage("two", call("tool", "mended"), ["one"], { type: FLOAT }),
    stage("three", call("tool", "start", { value: literal(3) }), ["two"], { type: { kind: "json" } }),
  ]);
  const failing = { ...plan, tools: { ...TOOLS, mended: TOOLS.fails! } };
  const mended = {
    ...plan,
    tools: { ...TOOLS, mended: typescript("mended.ts", "mended", { kind: "record", fields: [] }, FLOAT) },
  };
  const { trail, summary } = await run(failing, store);
  expect(summary.runs).toMatchObject([{ status: "failed" }]);
  const again = await resumed(mended, written(trail.drafts));
  expect(again.of("stage.ended").map(({ stage, status }) => [stage, status])).toEqual([
    ["work.two", "ok"],
    ["work.three", "ok"],
  ]);

  const stop = new AbortController();
  const waiting = { ...plan, tools: { ...TOOLS, mended: TOOLS.never! } };
  const cancelled = await run(waiting, store, {
    signal: stop.signal,
    onRecord: (draft) => {
      if (draft.kind === "tool.started" && draft.tool === "mended") stop.abort();
    },
  });
  expect(cancelled.summary.runs).toMatchObject([{ status: "cancelled" }]);
  const on = await resumed(mended, written(cancelled.trail.drafts));
  expect(on.of("stage.ended").map(({ stage, status }) => [stage, status])).toEqual([
    ["work.two", "ok"],
    ["work.three", "ok"],
  ]);
});

describe("a stage that was cut off between its attempts", () => {
  const { sampler } = planOf([]).models;
  const ladder = ["a", "b", "c", "d"];
  const climbing = planOf(
    [
      stage("plan", [call("agent", "chooser", {}, { retry: "climb" }), call("tool", "fallback")], [], {
        type: SHAPE,
        expect: { op: "binary", operator: "<", left: field(name("it"), "x"), right: literal(-1) },
      }),
    ],
    {
      models: Object.fromEntries(["sampler", ...ladder].map((rung) => [rung, sampler!])),
      retries: { climb: { attempts: 4, ladder, stall: "diverge", backoff: { low: 1, high: 30 }, at: AT } },
      tools: { ...TOOLS, fallback: typescript("arithmetic.ts", "fails", { kind: "record", fields: [] }, SHAPE) },
    },
  );
  const started = (drafts: readonly Draft[]) =>
    drafts.flatMap((draft) => (draft.kind === "attempt.started" ? [draft] : []));
  const failures = (drafts: readonly Draft[]) =>
    drafts.flatMap((draft) =>
      draft.kind === "evidence" ? [[draft.claim, draft.class]] : draft.kind === "attempt.ended" ? [draft.error] : [],
    );

  test("goes on at its rung and its number: no failure is made again, or told twice", async () => {
    const uninterrupted = (await run(climbing, store)).trail.drafts;
    expect(started(uninterrupted).map(({ number, model, alternative }) => [number, model, alternative])).toEqual([
      ...ladder.map((model, index) => [index + 1, model, undefined]),
      [5, undefined, 1],
    ]);
    expect(failures(uninterrupted)).toHaveLength(10);
    const settings = ({ number, model, note }: ReturnType<typeof started>[number]) => ({ number, model, note });
    for (let cut = 2; cut < uninterrupted.length - 2; cut++) {
      // An attempt's end and what it says of the claim are one write.
      if (uninterrupted[cut]!.kind === "evidence") continue;
      const before = uninterrupted.slice(0, cut);
      const { trail, of } = await resumed(climbing, written(before));
      const done = before.filter(({ kind }) => kind === "attempt.ended").length;
      expect(started(trail.drafts).map(settings), `cut at ${cut}`).toEqual(
        started(uninterrupted).map(settings).slice(done),
      );
      expect(failures([...before, ...trail.drafts]), `cut at ${cut}`).toEqual(failures(uninterrupted));
      expect(of("stage.ended")).toMatchObject([{ status: "failed", attempts: 5 }]);
    }
  });

  test("and was asked to come again later: it waits for as long, though another process was asked", async () => {
    const plan = planOf([stage("one", call("tool", "often", {}, { retry: "twice" }))], {
      retries: { twice: { attempts: 2, stall: "ignore", backoff: { low: 1, high: 2 }, at: AT } },
      tools: { ...TOOLS, often: TOOLS.never! },
    });
    const often: Tool = {
      name: "often",
      call: () => Promise.reject(new AttemptError("rate_limit", "too often", 90)),
    };
    const waits = (): { readonly clock: Clock; readonly waited: number[] } => {
      const waited: number[] = [];
      const clock = { ...systemClock, sleep: async (milliseconds: number) => void waited.push(milliseconds) };
      return { clock, waited };
    };
    const tools = new Map([["often", often]]);
    const whole = await run(plan, store, { clock: waits().clock, tools });
    expect(whole.of("attempt.ended")[0]).toMatchObject({ class: "rate_limit", retry_after: 90 });
    const { drafts } = whole.trail;
    const cut = drafts.findIndex((draft) => draft.kind === "attempt.started" && draft.number === 2);
    const { clock, waited } = waits();
    await resumed(plan, written(drafts.slice(0, cut)), { clock, tools });
    expect(waited).toEqual([90_000]);
  });

  test("by whoever ended the run: that attempt failed at nothing, and is made again", async () => {
    const plan = planOf([stage("one", call("tool", "often", {}, { retry: "thrice" }))], {
      retries: { thrice: { attempts: 3, stall: "ignore", backoff: { low: 0, high: 0 }, at: AT } },
      tools: { ...TOOLS, often: TOOLS.fails! },
    });
    const hanging = { ...plan, tools: { ...TOOLS, often: TOOLS.never! } };
    const failed = (await run(plan, store)).trail.drafts;
    const second = failed.findIndex((draft) => draft.kind === "attempt.started" && draft.number === 3);
    const stop = new AbortController();
    const { trail } = await resumed(hanging, written(failed.slice(0, second)), {
      signal: stop.signal,
      onRecord: ({ kind }) => {
        if (kind === "tool.started") stop.abort();
      },
    });
    expect(started(trail.drafts).map(({ number }) => number)).toEqual([3]);
    const { of } = await resumed(plan, written(failed.slice(0, second), trail.drafts));
    expect(of("attempt.started").map(({ number }) => number)).toEqual([3]);
    expect(of("stage.ended")).toMatchObject([{ status: "failed", class: "error", attempts: 3 }]);
  });

  test("in a run that had failed: it has all its attempts again, numbered on", async () => {
    const { trail } = await run(climbing, store);
    const { of } = await resumed(climbing, written(trail.drafts));
    expect(of("attempt.started").map(({ number, model }) => [number, model])).toEqual([
      ...ladder.map((model, index) => [index + 6, model]),
      [10, undefined],
    ]);
  });
});

test("another plan is refused, and so is a run whose outputs are gone", async () => {
  const plan = planOf(
    [stage("big", call("tool", "big"), [], { type: STRING }), stage("after", call("tool", "fails"), ["big"])],
    { tools: { ...TOOLS, big: typescript("mended.ts", "big", { kind: "record", fields: [] }, STRING) } },
  );
  const { trail } = await run(plan, store);
  await expect(resumed({ ...plan, hash: "1".repeat(64) }, written(trail.drafts))).rejects.toThrow(
    /was begun with another plan \(000000000000, now 111111111111\)/,
  );
  await expect(resumed(plan, written(trail.drafts))).resolves.toMatchObject({
    summary: { runs: [{ status: "failed" }] },
  });
  for (const folder of readdirSync(join(store, "artifacts")))
    rmSync(join(store, "artifacts", folder), { recursive: true });
  await expect(resumed(plan, written(trail.drafts))).rejects.toThrow(/what work.big gave is no longer in the store/);
});

test("one process at a time lets a run go on, and none does while its own process lives or once it has ended", async () => {
  const own = mkdtempSync(join(store, "taken-"));
  const plan = planOf([stage("one", call("tool", "fails"))]);
  const options = { knowledge: noKnowledge(), clock: systemClock, store: own, cycles: 1, peer: "main", seed: 1 };
  const signal = new AbortController().signal;
  const first = await openTrail({ directory: own, peers: ["main"] });
  const second = await openTrail({ directory: own, peers: ["main"] });
  try {
    const { runs } = await runPlan(plan, { ...options, signal, trail: first });
    const id = runs[0]!.run;
    expect(await takeRun(own, second, "nothing")).toEqual({ outcome: "unknown" });
    const taken = await takeRun(own, second, id);
    expect(taken).toMatchObject({ outcome: "taken", run: { run: id, status: "failed", turns: 1 } });
    expect(await takeRun(own, first, id)).toEqual({ outcome: "running" });
    if (taken.outcome !== "taken") return;
    const mended = {
      ...plan,
      tools: { fails: typescript("mended.ts", "mended", { kind: "record", fields: [] }, FLOAT) },
    };
    await runPlan(mended, { ...options, signal, trail: second, resume: taken.run });
    expect(await takeRun(own, first, id)).toEqual({ outcome: "ended" });
    expect(readdirSync(join(own, "claims"))).toEqual([]);
  } finally {
    await first.close();
    await second.close();
  }
});
