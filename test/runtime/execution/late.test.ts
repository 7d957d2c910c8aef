/** Scores that come late: asked for again after the run, by whoever runs the program next, and credited to the attempt that earned them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ObserveNode } from "../../../runtime/plan.ts";
import { DrivenClock } from "./driven-clock.ts";
import { answering, type Mined, marketPlan, mine, sent, setMarket } from "./market.ts";
import { AT, call, field, learn, literal, name, SHAPE, stage } from "./plans.ts";

const folders: string[] = [];
const newStore = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "gang-late-"));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

const HOUR = 3600;
const observeLate = (late: Partial<NonNullable<ObserveNode["late"]>> = {}, metric = "loss"): ObserveNode => ({
  kind: "observe",
  metric,
  value: { op: "call", call: call("tool", "pollScore", { ticket: field(name("sent"), "ticket") }) },
  late: { every: 600, within: 2 * HOUR, take: "first", ...late },
  needs: ["sent"],
  at: AT,
});
const plan = (late: Partial<NonNullable<ObserveNode["late"]>> = {}, metric = "loss") =>
  marketPlan([
    stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: [metric] }),
    stage("sent", call("tool", "answer", { id: literal("a") }), ["plan"]),
    observeLate(late, metric),
    learn("plan", [metric]),
  ]);
const once = new AbortController().signal;

const lateEvidence = ({ of }: Mined) => of("evidence").filter(({ metric }) => metric !== undefined);

describe("a score that is not there yet", () => {
  test("is asked for by a later run, and becomes evidence for the attempt that earned it, at the time it was earned", async () => {
    const store = newStore();
    let value: number | null = null;
    setMarket({ requests: () => [], score: () => value });
    const clock = new DrivenClock();
    const first = await clock.drive(mine(plan(), store, clock));
    expect(first.of("score")).toEqual([]);
    expect(first.of("run.ended")).toMatchObject([{ status: "ok" }]);
    expect(first.of("waiting")).toMatchObject([{ for: "score", metric: "loss", every: 600, take: "first" }]);
    expect(first.of("credit")).toHaveLength(1);

    await clock.drive(clock.sleep(HOUR * 1000));
    value = 0.25;
    const second = await clock.drive(mine(plan(), store, clock));
    const [earned, other] = second.of("run.started");
    const chosen = second.of("stage.ended").find(({ run, stage }) => run === earned!.run && stage === "work.plan");
    expect(second.of("score").filter(({ run }) => run === earned!.run)).toMatchObject([
      { subnet: "net", metric: "loss", value: 0.25, feasible: true, at: first.of("waiting")[0]!.time },
    ]);
    const evidence = lateEvidence(second).find(({ run }) => run === earned!.run);
    expect(evidence).toMatchObject({
      stage: "work.plan",
      attempt: chosen!.attempt,
      ok: true,
      metric: "loss",
      value: 0.25,
      direction: -1,
      verified: true,
      at: first.of("credit")[0]!.time,
    });
    // The score of its own run was there at once.
    expect(second.of("score").map(({ run }) => run)).toContain(other!.run);
    expect(second.of("waited")).toHaveLength(2);

    const asked: string[] = [];
    setMarket({ requests: () => [], score: (ticket: string) => asked.push(ticket) / 10 });
    const third = await clock.drive(mine(plan(), store, clock));
    expect(asked).toHaveLength(1);
    expect(third.of("score")).toHaveLength(3);
  });

  test("is sat out where its time is over soon, and a miss is no evidence", async () => {
    const clock = new DrivenClock();
    const asked: number[] = [];
    setMarket({ requests: () => [], score: () => (asked.push(clock.passed / 1000) > 0 ? null : 0) });
    const mined = await clock.drive(mine(plan({ every: 20, within: 50 }), newStore(), clock));
    expect(asked).toEqual([0, 20, 40, 50]);
    expect(mined.of("waited")).toMatchObject([{ found: false }]);
    expect(lateEvidence(mined)).toEqual([]);
    // Of asking in vain nothing is kept.
    expect(mined.of("tool.started").filter(({ tool }) => tool === "pollScore")).toEqual([]);
  });

  test("`take last` keeps the last of several: each supersedes the one before", async () => {
    const clock = new DrivenClock();
    const values = [3, 3, 2, null, 5];
    setMarket({ requests: () => [], score: () => values.shift() ?? null });
    const mined = await clock.drive(mine(plan({ every: 10, within: 45, take: "last" }), newStore(), clock));
    const scores = mined.of("score");
    expect(scores.map(({ value }) => value)).toEqual([3, 2, 5]);
    expect(scores.map(({ supersedes }) => supersedes)).toEqual([undefined, [scores[0]!.id], [scores[1]!.id]]);
    expect(mined.of("waited")).toMatchObject([{ found: true }]);
    expect(lateEvidence(mined).map(({ value }) => value)).toEqual([3, 2, 5]);
  });

  test("outside of the metric's range it is infeasible", async () => {
    const clock = new DrivenClock();
    setMarket({ requests: () => [], score: () => 7 });
    const mined = await clock.drive(mine(plan({}, "bounded"), newStore(), clock));
    expect(mined.of("score")).toMatchObject([{ value: 7, feasible: false }]);
    expect(lateEvidence(mined)).toMatchObject([{ ok: false, class: "infeasible", metric: "bounded" }]);
    expect(lateEvidence(mined)[0]).not.toMatchObject({ value: expect.anything() });
  });

  test("what asks for it may fail: that is said once, and it is asked for again", async () => {
    const clock = new DrivenClock();
    const answers = [() => fail("offline"), () => fail("offline"), () => 4];
    const fail = (why: string): never => {
      throw new Error(why);
    };
    setMarket({ requests: () => [], score: () => answers.shift()!() });
    const mined = await clock.drive(mine(plan({ every: 10, within: 50 }), newStore(), clock));
    expect(mined.of("score")).toMatchObject([{ value: 4 }]);
    const said = mined.of("event").filter(({ name }) => name === "score.failed");
    expect(said.map(({ message }) => message)).toEqual(["loss could not be asked for: offline; it is asked for again"]);
  });

  test("every item of a source has its own", async () => {
    const clock = new DrivenClock();
    setMarket({
      requests: () => [{ id: "a" }, { id: "b" }],
      score: (ticket: string) => (ticket === "ticket of a" ? 1 : 2),
    });
    const each = marketPlan([
      answering([
        stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
        sent,
        observeLate(),
        learn("plan", ["loss"]),
      ]),
    ]);
    const mined = await clock.drive(mine(each, newStore(), clock, { signal: once }));
    const items = new Map(mined.of("run.started").map(({ run, item }) => [run, item]));
    expect(
      mined
        .of("score")
        .map(({ run, value }) => [items.get(run), value])
        .sort(),
    ).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(
      lateEvidence(mined)
        .map(({ run, value }) => [items.get(run), value])
        .sort(),
    ).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });
});

test("the subnet's version is asked for once a cycle, and stamps what is learned", async () => {
  const clock = new DrivenClock();
  let asked = 0;
  setMarket({ requests: () => [], score: () => 1, version: () => `v${++asked}` });
  const versioned = plan();
  const net = { ...versioned.subnets.net!, version: { call: call("tool", "version") } };
  const mined = await clock.drive(mine({ ...versioned, subnets: { net } }, newStore(), clock, { cycles: 2 }));
  expect(lateEvidence(mined).map(({ version }) => version)).toEqual(["v1", "v2"]);
});
