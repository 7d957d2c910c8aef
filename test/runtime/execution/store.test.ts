/** Runs over the real trail and the real knowledge, in a store on disk. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import { runPlan } from "../../../runtime/execution/execute.ts";
import type { RunOptions, RunSummary } from "../../../runtime/execution/run.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Kind, KnownRecord, Record } from "../../../runtime/trail/record.ts";
import { call, FLOAT, field, learn, letNode, literal, name, observe, planOf, SHAPE, stage } from "./plans.ts";

const folders: string[] = [];
const newStore = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "gang-store-"));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

async function mine(
  plan: Plan,
  store: string,
  more: Partial<RunOptions> = {},
): Promise<{ summary: RunSummary; records: readonly Record[]; of<K extends Kind>(kind: K): KnownRecord<K>[] }> {
  const trail = await openTrail({ directory: store, peers: ["main"] });
  const knowledge = await openKnowledge({ source: trail, clock: systemClock });
  try {
    const summary = await runPlan(plan, {
      trail,
      knowledge,
      clock: systemClock,
      store,
      cycles: 1,
      peer: "main",
      seed: 1,
      signal: new AbortController().signal,
      ...more,
    });
    const { records } = await trail.since({});
    return { summary, records, of: (kind) => records.filter((record) => record.kind === kind) as never };
  } finally {
    await knowledge.close();
    await trail.close();
  }
}

const search = planOf([
  stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
  stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]),
  observe("loss", field(name("score"), "loss"), ["score"]),
  learn("plan", ["loss"]),
]);
const lossesOf = (records: readonly KnownRecord<"score">[]): number[] => records.map((record) => record.value);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("cycle after cycle", () => {
  test("what was learned is recalled, recorded as shown, and makes the next choices better; the next process goes on with it", async () => {
    const store = newStore();
    const { of, summary } = await mine(search, store, { cycles: 30 });
    expect(summary.runs.map((run) => run.status)).toEqual(new Array(30).fill("ok"));
    const losses = lossesOf(of("score"));
    expect(mean(losses.slice(-8))).toBeLessThan(0.5 * mean(losses.slice(0, 8)));
    const recalls = of("recall").filter((recall) => recall.stage === "work.plan");
    expect(recalls[0]).toMatchObject({ shown: [], known: 0 });
    expect(recalls.at(-1)!.shown.length).toBeGreaterThan(3);
    const again = await mine(search, store, { cycles: 5, seed: 2 });
    expect(mean(lossesOf(again.of("score")).slice(-5))).toBeLessThan(0.5 * mean(losses.slice(0, 8)));
  });

  test("the same seed over the same store makes the same choices", async () => {
    const chosen = async (seed: number) =>
      (await mine(search, newStore(), { cycles: 6, seed }))
        .of("evidence")
        .filter((e) => e.stage === "work.plan")
        .map((e) => e.chosen);
    const [first, same, other] = [await chosen(5), await chosen(5), await chosen(6)];
    expect(first).toHaveLength(6);
    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test("a `let` from best is credited to the stage it names, as an echo of its claim", async () => {
    const store = newStore();
    await mine(search, store, { cycles: 4 });
    const fallback = { x: 0.5, kind: "normal" };
    const best = { op: "recalled", which: "best", stage: "work.plan" } as const;
    const using = planOf(
      [
        letNode("chosen", { op: "binary", operator: "??", left: best, right: literal(fallback) }),
        stage("again", call("tool", "loss", { x: field(name("chosen"), "x"), shape: name("chosen") }), ["chosen"]),
        observe("loss", field(name("again"), "loss"), ["again"]),
        learn("chosen", ["loss"], { stage: "work.plan" }),
      ],
      {},
      {},
    );
    const plan = { ...using, pipelines: { work: search.pipelines.work!, use: using.pipelines.work! } };
    const before = await mine(plan, newStore(), { pipeline: "use" });
    expect(before.of("evidence").filter((e) => e.stage === "work.plan")).toMatchObject([
      { ok: true, echo: false, verified: true },
    ]);
    const { of } = await mine(plan, store, { pipeline: "use" });
    const evidence = of("evidence").filter((e) => e.stage === "work.plan");
    expect(evidence).toHaveLength(5);
    expect(evidence.at(-1)).toMatchObject({ ok: true, echo: true, metric: "loss" });
    expect(evidence.slice(0, 4).map((e) => e.claim)).toContain(evidence.at(-1)!.claim);
  });
});

test("a run killed in the middle shows the stage that had started and not ended, and all that was acknowledged", async () => {
  const store = newStore();
  const plan = planOf([
    stage("one", call("tool", "start", { value: literal(1) })),
    stage("two", call("tool", "never"), ["one"], { type: FLOAT }),
    stage("three", call("tool", "start", { value: literal(1) }), ["two"]),
  ]);
  writeFileSync(join(store, "plan.json"), JSON.stringify(plan));
  const child = spawn(
    process.execPath,
    [resolve(import.meta.dirname, "../../fixtures/run-plan.ts"), join(store, "plan.json"), store],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const acknowledged: string[] = [];
  await new Promise<void>((done) => {
    child.stdout.on("data", (text: Buffer) => {
      acknowledged.push(...text.toString().trim().split("\n"));
      if (acknowledged.includes("stage.started work.two")) done();
    });
  });
  child.kill("SIGKILL");
  await new Promise((done) => child.on("close", done));

  const trail = await openTrail({ directory: store, peers: ["main"] });
  const { records } = await trail.since({});
  await trail.close();
  const seen = records.map((record) => `${record.kind} ${record.stage ?? ""}`.trim());
  for (const line of acknowledged) expect(seen).toContain(line);
  const stages = seen.filter((line) => line.startsWith("stage."));
  expect(stages).toEqual(["stage.started work.one", "stage.ended work.one", "stage.started work.two"]);
  expect(seen).toContain("run.started");
  expect(seen).not.toContain("run.ended");
});
