/** An item that was begun with another plan (a changed program, a peer with other settings) is begun anew; its effects are not. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import { pendingIn } from "../../../runtime/execution/pending.ts";
import { takeRun } from "../../../runtime/execution/restored.ts";
import type { Plan } from "../../../runtime/plan.ts";
import type { Tool } from "../../../runtime/tools/tool.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft, Record } from "../../../runtime/trail/record.ts";
import { written } from "./fakes.ts";
import { answering, MARKET, marketPlan, mine, sent, setMarket } from "./market.ts";
import { call, field, name, record, STRING, stage, typescript } from "./plans.ts";

let store = "";
let paid: string[] = [];
const folders: string[] = [];
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "gang-anew-"));
  folders.push(store);
  paid = [];
  setMarket({ requests: () => [{ id: "a" }] });
});
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

const RECEIPT = record(["receipt", STRING]);
const paying = stage("paid", call("tool", "pay", { id: field(name("request"), "id") }), ["request"], { type: RECEIPT });
const after = stage(
  "sent",
  call("tool", "answer", { id: field(name("paid"), "receipt") }),
  ["request", "paid"],
  sent.kind === "stage" ? { type: sent.type } : {},
);
const planNamed = (hash: string, more: Partial<Plan["tools"][string]> = {}): Plan => ({
  ...marketPlan([answering([paying, after])], {
    tools: {
      ...MARKET,
      pay: typescript("market.ts", "answer", record(["id", STRING]), RECEIPT, { effect: true, ...more }),
      find: typescript("market.ts", "answer", record(["id", STRING]), { kind: "optional", of: RECEIPT }),
    },
  }),
  hash,
});
const tool = (of: string, does: (id: string) => { receipt: string } | null): [string, Tool] => [
  of,
  { name: of, call: async ({ id }) => ({ value: does(String(id)) }) },
];
const tools = new Map([
  tool("pay", (id) => {
    paid.push(id);
    return { receipt: `receipt of ${id}` };
  }),
  tool("find", (id) => (paid.includes(id) ? { receipt: `found for ${id}` } : null)),
]);
const statuses = (records: readonly Record[]) =>
  records.flatMap((one) => (one.kind === "run.ended" ? [[one.plan, one.status]] : []));

test("what was done for it stays done, over as many plans as there were, with what it gave", async () => {
  for (const plan of ["first", "second", "third"]) {
    const stop = new AbortController();
    setMarket({ requests: () => [{ id: "a" }], answer: () => new Promise(() => stop.abort()) });
    await mine(planNamed(plan), store, systemClock, { tools, signal: stop.signal });
  }
  const asked: string[] = [];
  setMarket({ requests: () => [{ id: "a" }], answer: (id: string) => void asked.push(id) });
  const { records } = await mine(planNamed("fourth"), store, systemClock, { tools });
  expect(paid).toEqual(["a"]);
  expect(asked).toEqual(["receipt of a"]);
  expect(statuses(records)).toEqual([
    ...["first", "second", "third"].map((plan) => [plan, "cancelled"]),
    ["fourth", "ok"],
  ]);
});

/** As a process leaves it that is killed in the middle of the effect. */
async function killedIn(plan: string, run: string): Promise<void> {
  const trail = await openTrail({ directory: store, peers: ["main"] });
  const origin = { peer: "main", run, plan };
  const drafts: Draft[] = [
    { kind: "run.started", ...origin, pipeline: "work", cycle: 0, seed: 1, item: "a", output: { id: "a" }, hash: "0" },
    { kind: "stage.started", ...origin, stage: "work.paid" },
    { kind: "tool.started", ...origin, stage: "work.paid", tool: "pay", call: `${run}:1`, effect: true },
  ];
  await trail.append(drafts);
  await trail.close();
}

test("of what was cut off its `confirm` is asked", async () => {
  await killedIn("first", "run-1");
  paid.push("a");
  const { records } = await mine(planNamed("second", { confirm: "find" }), store, systemClock, { tools });
  expect(paid).toEqual(["a"]);
  expect(statuses(records)).toEqual([["second", "ok"]]);
});

test("once it is done, an earlier run of it does not go on", async () => {
  const stop = new AbortController();
  setMarket({ requests: () => [{ id: "a" }], answer: () => new Promise(() => stop.abort()) });
  const first = await mine(planNamed("first"), store, systemClock, { tools, signal: stop.signal });
  const { run } = first.of("run.started")[0]!;
  const again = async () => {
    const trail = await openTrail({ directory: store, peers: ["main"] });
    const { outcome } = await takeRun(store, trail, run!);
    await trail.close();
    return outcome;
  };
  setMarket({ requests: () => [{ id: "a" }] });
  const { records } = await mine(planNamed("second"), store, systemClock, { tools });
  expect(statuses(records).at(-1)).toEqual(["second", "ok"]);
  expect(await again()).toBe("ended");
});

test("so it is where the store has lost what its run gave: that is said, and nobody else is kept from going on", async () => {
  const stop = new AbortController();
  const long = "x".repeat(100_000);
  const giving = new Map([...tools, tool("pay", (id) => ({ receipt: `${long}${paid.push(id)}` }))]);
  setMarket({ requests: () => [{ id: "a" }], answer: () => new Promise(() => stop.abort()) });
  const plan = planNamed("first");
  const harmless = { ...plan, tools: { ...plan.tools, pay: { ...plan.tools.pay!, effect: false } } };
  await mine(harmless, store, systemClock, { tools: giving, signal: stop.signal });
  rmSync(join(store, "artifacts"), { recursive: true });
  setMarket({ requests: () => [{ id: "a" }, { id: "b" }] });
  const { records, of } = await mine(harmless, store, systemClock, { tools: giving });
  expect(statuses(records).slice(1)).toEqual([
    ["first", "ok"],
    ["first", "ok"],
  ]);
  expect(of("event").filter(({ name: called }) => called === "resume.left")).toMatchObject([
    { message: expect.stringMatching(/is no longer in the store \(artifact .*\)\. Hence its item is begun anew\.$/) },
  ]);
  expect(paid.toSorted()).toEqual(["a", "a", "b"]);
  expect(readdirSync(join(store, "claims"))).toEqual([]);
});

test("what an earlier run of it waits for is not listed: it leads to nothing", async () => {
  const records = (process: number, run: string): Draft[] => [
    { kind: "run.started", peer: "main", run, pipeline: "work", cycle: 0, seed: 1, item: "a", turn: process },
    ...(["approval", "score"] as const).map(
      (of): Draft => ({
        ...{ kind: "waiting", peer: "main", run, stage: "work.go", attempt: `${run}:${of}`, for: of },
        ...{ pipeline: "work", path: "main.gang", every: 60, until: "2100-01-01T00:00:00.000Z", metric: "m" },
      }),
    ),
  ];
  const first = written(records(1, "run-1"));
  const later = written(records(2, "run-2")).map((one) => ({ ...one, time: "2026-01-01T00:00:00.000Z" }));
  for (const all of [
    [...first, ...later],
    [...later, ...first],
  ])
    expect((await pendingIn(all, () => false, 0)).map(({ kind, run }) => `${kind} ${run}`).toSorted()).toEqual([
      "approval run-2",
      "score run-1",
      "score run-2",
    ]);
});

test("one that failed is tried again in its own run, and no effect with it", async () => {
  setMarket({ requests: () => [{ id: "a" }], answer: () => Promise.reject(new Error("not now")) });
  const failed = await mine(planNamed("first"), store, systemClock, { tools });
  expect(statuses(failed.records)).toEqual([["first", "failed"]]);
  setMarket({ requests: () => [] });
  const trail = await openTrail({ directory: store, peers: ["main"] });
  const taken = await takeRun(store, trail, failed.of("run.started")[0]!.run!);
  await trail.close();
  expect(taken).toMatchObject({ outcome: "taken" });
  const { records } = await mine(planNamed("first"), store, systemClock, {
    tools,
    resume: taken.outcome === "taken" ? taken.run : undefined!,
  });
  expect(statuses(records).at(-1)).toEqual(["first", "ok"]);
  expect(paid).toEqual(["a"]);
});

test("and else a person, once, whose answer is for all of its runs", async () => {
  await killedIn("first", "run-1");
  const parked = await mine(planNamed("second"), store, systemClock, { tools });
  expect(statuses(parked.records)).toEqual([["second", "parked"]]);
  expect(paid).toEqual([]);
  const listed = (records: readonly Record[]) => pendingIn(records, () => false, Date.now());
  const [asks, ...others] = await listed(parked.records);
  expect(others).toEqual([]);
  expect(asks).toMatchObject({ kind: "effect", run: parked.of("run.started")[1]!.run, tool: "pay" });
  const trail = await openTrail({ directory: store, peers: ["person"] });
  const { run, stage, call: of } = asks!;
  await trail.append([{ kind: "effect", peer: "person", run, stage, tool: "pay", call: of!, state: "undone" }]);
  await trail.close();
  const { records } = await mine(planNamed("second"), store, systemClock, { tools });
  expect(paid).toEqual(["a"]);
  expect(statuses(records).at(-1)).toEqual(["second", "ok"]);
  expect(await listed(records)).toEqual([]);
});
