/** Stages that wait: the run is parked, and goes on as the same run once there is a value, or its time has passed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { Outstanding, outstandingOf } from "../../../runtime/execution/outstanding.ts";
import { pendingIn } from "../../../runtime/execution/pending.ts";
import { takeRun } from "../../../runtime/execution/restored.ts";
import type { RunOptions } from "../../../runtime/execution/run.ts";
import type { StageNode } from "../../../runtime/plan.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { DrivenClock } from "./driven-clock.ts";
import { written } from "./fakes.ts";
import { answering, MARKET, type Mined, marketPlan, mine, setMarket } from "./market.ts";
import { AT, call, FLOAT, field, literal, name, SHAPE, stage } from "./plans.ts";

const folders: string[] = [];
const newStore = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "gang-waiting-"));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

const HOUR = 3600;
const counted: string[] = [];
const first = stage("first", call("tool", "answer", { id: literal("first") }));
const waits = (wait: StageNode["wait"], more: Partial<StageNode> = {}) =>
  stage("price", call("tool", "pollScore", { ticket: field(name("first"), "ticket") }), ["first"], {
    ...(wait === undefined ? {} : { wait }),
    type: FLOAT,
    ...more,
  });
const after = stage("after", call("tool", "start", { value: name("price") }), ["price"]);
const apart = stage("apart", call("tool", "answer", { id: literal("apart") }));
const plan = (wait: NonNullable<StageNode["wait"]>, more: Partial<StageNode> = {}) =>
  marketPlan([first, waits(wait, more), after, apart]);

const market = (score: () => number | null): void => {
  counted.length = 0;
  setMarket({ requests: () => [], score, answer: (id: string) => void counted.push(id) });
};
const endsOf = ({ of }: Mined) => of("run.ended").map(({ status }) => status);

describe("a stage that waits for a value", () => {
  test("parks the run when all else is done; a later run of the program lets it go on, as the same run", async () => {
    const store = newStore();
    const clock = new DrivenClock();
    let value: number | null = null;
    market(() => value);
    const parked = await clock.drive(mine(plan({ every: 60, within: 12 * HOUR }), store, clock));
    expect(parked.summary.runs).toMatchObject([{ status: "parked" }]);
    expect(parked.summary.runs[0]!.error).toContain("waits for pollScore, asked again every 60 s until");
    expect(parked.of("waiting")).toMatchObject([{ for: "value", stage: "work.price", every: 60 }]);
    expect(counted).toEqual(["first", "apart"]);

    value = 42;
    await clock.drive(clock.sleep(HOUR * 1000));
    const later = await clock.drive(mine(plan({ every: 60, within: 12 * HOUR }), store, clock));
    const run = parked.of("run.started")[0]!.run;
    const own = later.records.filter((record) => record.run === run);
    expect(own.flatMap((record) => (record.kind === "run.ended" ? [record.status] : []))).toEqual(["parked", "ok"]);
    const ended = own.flatMap((record) => (record.kind === "stage.ended" ? [[record.stage, record.output]] : []));
    expect(ended).toContainEqual(["work.price", 42]);
    expect(ended).toContainEqual(["work.after", { value: 42 }]);
    // The new cycle did its own stages; of the one that went on none was done again.
    expect(counted).toEqual(["first", "apart", "first", "apart"]);
  });

  test("whose time is over soon is sat out, and the run goes on in the same process", async () => {
    const clock = new DrivenClock();
    const at: number[] = [];
    market(() => (at.push(clock.passed / 1000) < 4 ? null : 7));
    const mined = await clock.drive(mine(plan({ every: 10, within: 55 }), newStore(), clock));
    expect(at).toEqual([0, 0, 10, 20]);
    expect(endsOf(mined)).toEqual(["parked", "ok"]);
    expect(mined.of("stage.ended").find(({ stage }) => stage === "work.after")).toMatchObject({ output: { value: 7 } });
  });

  test("fails when its time has passed without one; `or none` goes on without", async () => {
    const clock = new DrivenClock();
    market(() => null);
    const failed = await clock.drive(mine(plan({ every: 10, within: 25 }), newStore(), clock));
    expect(endsOf(failed)).toEqual(["parked", "failed"]);
    expect(failed.of("stage.ended").find(({ stage }) => stage === "work.price")).toMatchObject({
      status: "failed",
      class: "timeout",
      error: "pollScore gave nothing in its time",
    });
    const none = await clock.drive(mine(plan({ every: 10, within: 25 }, { orNone: true }), newStore(), clock));
    expect(none.of("stage.ended").find(({ stage }) => stage === "work.price")).toMatchObject({ status: "none" });
  });
});

test("a run that cannot go on, since the store has lost what its stages gave, is left, and said to be; the new cycle goes its way", async () => {
  const store = newStore();
  const clock = new DrivenClock();
  setMarket({ requests: () => [], score: () => null, answer: () => ({ ticket: "x".repeat(70_000) }) });
  const losing = plan({ every: 60, within: 12 * HOUR });
  const parked = await clock.drive(mine(losing, store, clock));
  expect(endsOf(parked)).toEqual(["parked"]);
  const { run } = parked.of("run.started")[0]!;
  const artifact = parked.of("stage.ended").find(({ stage }) => stage === "work.first")!.artifact!;
  rmSync(join(store, "artifacts", artifact.slice(0, 2), artifact));

  // The new cycle gives something else, or it would bring that back.
  market(() => 42);
  const left: unknown[] = [];
  const onRecord: RunOptions["onRecord"] = (draft) =>
    void (draft.kind === "event" && draft.name === "resume.left" && left.push(draft));
  const later = await clock.drive(mine(losing, store, clock, { onRecord }));
  expect(left).toMatchObject([
    { run, message: expect.stringMatching(/is no longer in the store \(artifact .*\)\. Hence it is left as it is\.$/) },
  ]);
  expect(later.summary.runs.map(({ status }) => status)).toEqual(["ok"]);
});

test("a run that could go on is taken once, however many of a process want it", async () => {
  const store = newStore();
  const clock = new DrivenClock();
  market(() => null);
  const parked = await clock.drive(mine(plan({ every: 60, within: 12 * HOUR }), store, clock));
  const { run } = parked.of("run.started")[0]!;
  const trail = await openTrail({ directory: store, peers: ["main"] });
  const outcomes = await Promise.all([1, 2, 3].map(() => takeRun(store, trail, run!)));
  expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(["running", "running", "taken"]);
  // While what it waits for is asked, nobody reads the answer too early.
  const outstanding = outstandingOf(trail);
  outstanding.busy.delete(run!);
  await outstanding.refresh();
  const [wait] = [...outstanding.waits.values()];
  outstanding.busy.add(wait!.id);
  expect(await takeRun(store, trail, run!)).toEqual({ outcome: "running" });
  outstanding.busy.delete(wait!.id);
  expect(await takeRun(store, trail, run!)).toMatchObject({ outcome: "taken" });
  await trail.close();
});

test("a run that parks again without what had come meanwhile can go on; one that had it waits for what is next", async () => {
  const origin = { peer: "main", run: "r", stage: "work.price" };
  const waiting = {
    kind: "waiting",
    ...origin,
    attempt: "r:1",
    for: "value",
    pipeline: "work",
    path: "main.gang",
  } as const;
  const began = { kind: "run.started", peer: "main", run: "r", pipeline: "work", cycle: 0, seed: 1 } as const;
  const parked = { kind: "run.ended", peer: "main", run: "r", status: "parked", elapsed: 0 } as const;
  const told: Draft[] = [
    began,
    { ...waiting, every: 60, until: new Date(0).toISOString() },
    parked,
    { kind: "waited", ...origin, attempt: "r:1", for: "value", found: true, output: 1 },
    { ...began, resumed: true, turn: 2 },
  ];
  const ended: Draft = { kind: "stage.ended", ...origin, status: "ok", attempts: 1, elapsed: 0, output: 1 };
  const ready = async (...drafts: readonly Draft[]) => {
    const records = written([...told, ...drafts]);
    const outstanding = new Outstanding({ since: async () => ({ records, cursor: {}, problems: [] }) });
    await outstanding.refresh();
    return [...outstanding.ready.keys()];
  };
  expect(await ready()).toEqual([]);
  expect(await ready(parked)).toEqual(["r"]);
  expect(await ready(ended, parked)).toEqual([]);
  expect(await ready({ ...parked, status: "failed" }, { ...began, turn: 3 }, parked)).toEqual([]);
});

describe("what is over while nobody runs", () => {
  test.each([
    ["the stage's time", 2 * HOUR, undefined, "pollScore gave nothing in its time"],
    ["its item's time", 12 * HOUR, 2 * HOUR, "the time for its item was over"],
  ] as const)("%s: it is listed as over, and settled as late by the next run", async (_, within, patience, error) => {
    const store = newStore();
    const clock = new DrivenClock();
    market(() => null);
    const body = [first, waits({ every: 60, within }), after];
    const late = patience === undefined ? marketPlan(body) : marketPlan([answering(body)]);
    if (patience !== undefined) setMarket({ requests: () => [{ id: "a", patience }], score: () => null });
    const parked = await clock.drive(mine(late, store, clock));
    const { run } = parked.of("run.started")[0]!;
    const pending = async () => pendingIn(parked.records, () => false, clock.now());
    const until = new Date(Date.parse(parked.of("waiting")[0]!.time) + 2 * HOUR * 1000).toISOString();
    expect(await pending()).toMatchObject([{ kind: "value", run, until, over: false }]);

    await clock.drive(clock.sleep(3 * HOUR * 1000));
    expect(await pending()).toMatchObject([{ kind: "value", run, until, over: true }]);
    const { records } = await clock.drive(mine(late, store, clock));
    const ended = records.filter((record) => record.run === run && record.kind === "run.ended");
    expect(ended).toMatchObject([{ status: "parked" }, { status: "failed", error: expect.stringContaining(error) }]);
  });
});

describe("an approval", () => {
  const approving = marketPlan(
    [
      stage("plan", call("agent", "chooser"), [], { type: SHAPE }),
      stage("go", call("tool", "approve", { shown: name("plan") }), ["plan"], { type: { kind: "bool" } }),
      {
        kind: "when",
        condition: name("go"),
        needs: ["go"],
        at: AT,
        body: [stage("sent", call("tool", "answer", { id: literal("sent") }))],
      },
    ],
    {
      tools: {
        ...MARKET,
        approve: {
          from: { kind: "builtin", name: "approve" },
          parameters: [],
          result: { kind: "bool" },
          effect: false,
          limits: [],
          at: AT,
        },
      },
    },
  );

  const say = async (store: string, run: string, answer: boolean): Promise<void> => {
    const trail = await openTrail({ directory: store, peers: ["anna"] });
    await trail.append([{ kind: "answered", peer: "anna", run, stage: "work.go", answer }]);
    await trail.close();
  };

  test.each([
    [true, ["sent"], "ok"],
    [false, [], "skipped"],
  ] as const)(
    "answered with %s: the run goes on, and the answer is evidence of that person",
    async (answer, done, status) => {
      const store = newStore();
      const clock = new DrivenClock();
      market(() => null);
      const parked = await clock.drive(mine(approving, store, clock));
      expect(endsOf(parked)).toEqual(["parked"]);
      expect(counted).toEqual([]);
      const waiting = parked.of("waiting")[0]!;
      const chosen = parked.of("stage.ended").find(({ stage }) => stage === "work.plan")!;
      expect(waiting).toMatchObject({ for: "approval", stage: "work.go", output: { shown: chosen.output } });

      await say(store, waiting.run!, answer);
      const later = await clock.drive(mine(approving, store, clock));
      expect(counted).toEqual(done);
      const own = later.records.filter(({ run }) => run === waiting.run);
      expect(own.flatMap((record) => (record.kind === "run.ended" ? [record.status] : []))).toEqual(["parked", "ok"]);
      expect(own).toContainEqual(expect.objectContaining({ kind: "stage.ended", stage: "work.sent", status }));
      expect(own).toContainEqual(
        expect.objectContaining({
          kind: "evidence",
          peer: "anna",
          stage: "work.plan",
          attempt: chosen.attempt,
          ok: answer,
          verified: true,
        }),
      );
    },
  );

  test("with cycle after cycle: the next one begins once it was answered", async () => {
    const store = newStore();
    const clock = new DrivenClock();
    market(() => null);
    const stop = new AbortController();
    const begun: string[] = [];
    const onRecord: RunOptions["onRecord"] = ({ kind, run }) => void (kind === "run.started" && begun.push(run!));
    const mined = clock.drive(mine(approving, store, clock, { cycles: "forever", signal: stop.signal, onRecord }));
    await vi.waitFor(() => expect(clock.passed).toBeGreaterThan(600_000), { timeout: 10_000 });
    expect(begun).toHaveLength(1);

    await say(store, begun[0]!, true);
    await vi.waitFor(() => expect(begun).toHaveLength(3), { timeout: 10_000 });
    const answered = clock.passed;
    await vi.waitFor(() => expect(clock.passed).toBeGreaterThan(answered + 600_000), { timeout: 10_000 });
    stop.abort();
    await mined;
    // It goes on as itself, and only then there is another.
    expect(begun[1]).toBe(begun[0]);
    expect(begun).toHaveLength(3);
    expect(counted).toEqual(["sent"]);
  });
});
