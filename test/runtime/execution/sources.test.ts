/** A source: each item once, in the order given, each a run with a deadline of its own. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import { DrivenClock } from "./driven-clock.ts";
import { answering, type Mined, marketPlan, mine, sent, setMarket } from "./market.ts";
import { call, field, literal, name, planOf, stage } from "./plans.ts";

const folders: string[] = [];
const newStore = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "gang-source-"));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

const plan = marketPlan([answering([sent])]);
const ids = (...of: readonly (string | number)[]) => of.map((id) => ({ id: String(id) }));
const itemsOf = ({ of }: Mined) => of("run.started").map(({ item }) => item);
const messages = ({ of }: Mined, name: string) =>
  of("event").flatMap((event) => (event.name === name ? [event.message] : []));

describe("the items of a source", () => {
  test("are runs of their own, in the order given, with the item on record", async () => {
    setMarket({ requests: () => ids("c", "a", "b") });
    const mined = await mine(plan, newStore(), systemClock);
    expect(itemsOf(mined)).toEqual(["c", "a", "b"]);
    expect(mined.of("run.started")[0]).toMatchObject({ pipeline: "work", item: "c", output: { id: "c" } });
    expect(mined.of("run.ended")[0]).toMatchObject({ status: "ok", pipeline: "work" });
    expect(mined.of("stage.ended").map(({ output, scope }) => [output, scope])).toContainEqual([
      { ticket: "ticket of c" },
      undefined,
    ]);
  });

  test("are done once: not again by a later poll, nor by a later process", async () => {
    const store = newStore();
    let polls = 0;
    setMarket({ requests: () => (++polls === 1 ? ids(1, 2) : ids(1, 2, 3)) });
    const clock = new DrivenClock();
    const mined = await clock.drive(mine(plan, store, clock, { cycles: 3 }));
    expect(polls).toBe(3);
    expect(itemsOf(mined)).toEqual(["1", "2", "3"]);
    setMarket({ requests: () => ids(3, 4, 1) });
    expect(itemsOf(await mine(plan, store, systemClock))).toEqual(["1", "2", "3", "4"]);
    expect(readdirSync(join(store, "claims"))).toEqual([]);
  });

  test("are done once by two peers of one process, and a failed one is not done again", async () => {
    const store = newStore();
    const asked: string[] = [];
    setMarket({
      requests: () => ids(1, 2, 3, 4),
      answer: (id: string) => {
        asked.push(id);
        if (id === "2") throw new Error("the feed is stale");
        return undefined;
      },
    });
    const { openTrail } = await import("../../../runtime/trail/local.ts");
    const { runPlan } = await import("../../../runtime/execution/execute.ts");
    const { noKnowledge } = await import("./fakes.ts");
    const trail = await openTrail({ directory: store, peers: ["one", "two"] });
    const run = (peer: string) =>
      runPlan(plan, {
        ...{ trail, knowledge: noKnowledge(), clock: systemClock, store, cycles: 1, peer, seed: 1 },
        signal: new AbortController().signal,
      });
    const runs = (await Promise.all([run("one"), run("two")])).flatMap((summary) => summary.runs);
    await trail.close();
    expect(asked.toSorted()).toEqual(["1", "2", "3", "4"]);
    expect(runs.filter(({ status }) => status === "failed")).toHaveLength(1);
    await mine(plan, store, systemClock);
    expect(asked).toHaveLength(4);
  });

  test("that have no key, the key of another, or another type are said, and the others are done", async () => {
    setMarket({ requests: () => [{ id: "" }, { id: "a" }, { id: "a" }, { id: 7 }, "b", { id: "c" }] });
    const mined = await mine(plan, newStore(), systemClock);
    expect(itemsOf(mined)).toEqual(["a", "c"]);
    const said = messages(mined, "source.item").join("\n");
    expect(said).toContain("an item has no key");
    expect(said).toContain("two items have the key a");
    expect(said).toMatch(/item 4.*id/);
    expect(said).toContain("item 5");
  });

  test("a poll that fails is said, and tried again later and later", async () => {
    const at: number[] = [];
    const clock = new DrivenClock();
    setMarket({
      requests: () => {
        at.push(clock.passed / 1000);
        if (at.length < 4) throw new Error("connection refused");
        return ids(1);
      },
    });
    const mined = await clock.drive(mine(plan, newStore(), clock, { cycles: 5 }));
    expect(at).toEqual([0, 4, 12, 28, 30]);
    expect(messages(mined, "source.failed")).toHaveLength(3);
    expect(messages(mined, "source.failed")[0]).toContain("requests: connection refused");
    expect(itemsOf(mined)).toEqual(["1"]);
  });

  test("a poll that brings nothing new leaves no trace", async () => {
    const clock = new DrivenClock();
    setMarket({ requests: () => ids(1) });
    const mined = await clock.drive(mine(plan, newStore(), clock, { cycles: 4 }));
    expect(mined.of("tool.started").filter(({ tool }) => tool === "requests")).toHaveLength(1);
  });
});

describe("the time of an item", () => {
  test("ends its run, and does not end another: a slow one never delays a quick one", async () => {
    const clock = new DrivenClock();
    const ended: [string, number][] = [];
    setMarket({
      requests: () => [{ id: "slow", patience: 5 }, ...ids(1, 2, 3)],
      answer: (id: string) => (id === "slow" ? new Promise(() => {}) : void ended.push([id, clock.passed])),
    });
    const mined = await clock.drive(mine(plan, newStore(), clock));
    expect(ended).toEqual([
      ["1", 0],
      ["2", 0],
      ["3", 0],
    ]);
    const slow = mined.of("run.ended").find(({ item }) => item === "slow");
    expect(slow).toMatchObject({ status: "failed", error: "the time for its item was over", elapsed: 5 });
    expect(mined.of("stage.ended").find(({ run }) => run === slow?.run)).toMatchObject({ class: "timeout" });
  });

  test("may be a time; what waits its turn too long is not begun in vain", async () => {
    const clock = new DrivenClock("2026-03-01T12:00:00.000Z");
    setMarket({ requests: () => ids("a", "b"), answer: () => new Promise(() => {}) });
    const until = { op: "literal", value: "2026-03-01T12:00:10.000Z" } as const;
    const { over } = answering([]);
    if (over.kind !== "source") throw new Error("no source");
    const one = marketPlan([answering([sent], { over: { ...over, within: until }, parallel: 1 })]);
    const mined = await clock.drive(mine(one, newStore(), clock));
    expect(clock.passed).toBe(10_000);
    expect(mined.of("run.ended").map(({ item, error }) => [item, error])).toEqual([
      ["a", "the time for its item was over"],
      ["b", "the time for its item was over"],
    ]);
    expect(mined.of("stage.started")).toHaveLength(1);
  });
});

describe("a source beside other pipelines", () => {
  test("is asked until the others are done, and never waits for them", async () => {
    const clock = new DrivenClock();
    const at: number[] = [];
    let next = 0;
    setMarket({
      requests: () => ids(next++),
      answer: async (id: string) => {
        if (id === "think") await clock.sleep(9_000);
        else at.push(clock.passed / 1000);
      },
    });
    const both = marketPlan([answering([sent])]);
    const thinking = planOf([stage("think", call("tool", "answer", { id: literal("think") }))], { tools: both.tools });
    const plans = {
      ...both,
      pipelines: { think: { ...thinking.pipelines.work!, subnet: "net" }, ...both.pipelines },
    };
    await clock.drive(mine(plans, newStore(), clock));
    expect(at).toEqual([0, 2, 4, 6, 8]);
  });

  test("a stage in it is known outside as a map with the one item", async () => {
    setMarket({ requests: () => ids("a") });
    const outside = stage(
      "after",
      call("tool", "answer", { id: field({ op: "index", of: name("sent"), key: literal("a") }, "ticket") }),
      ["sent"],
    );
    const mined = await mine(marketPlan([answering([sent]), outside]), newStore(), systemClock);
    expect(mined.of("stage.ended").find(({ stage }) => stage === "work.after")?.output).toEqual({
      ticket: "ticket of ticket of a",
    });
  });
});

test("of hundreds of items in a row none is left out", async () => {
  let next = 0;
  setMarket({ requests: () => (next < 200 ? ids(...Array.from({ length: 50 }, () => next++)) : []) });
  const clock = new DrivenClock();
  const mined = await clock.drive(mine(plan, newStore(), clock, { cycles: 5 }));
  expect(new Set(itemsOf(mined)).size).toBe(200);
  expect(mined.of("run.ended").every(({ status }) => status === "ok")).toBe(true);
});
