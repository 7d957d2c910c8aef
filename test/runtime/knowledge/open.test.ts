import { afterEach, describe, expect, it } from "vitest";
import type { Knowledge, RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { Record as TrailRecord } from "../../../runtime/trail/record.ts";
import { DAY, evidence, type FakeTrail, fakeTrail, NOW, stamped } from "./trail.ts";

const opened: Knowledge[] = [];
afterEach(async () => {
  for (const knowledge of opened.splice(0)) await knowledge.close();
});

async function open(...records: readonly TrailRecord[]): Promise<{ knowledge: Knowledge; trail: FakeTrail }> {
  const trail = fakeTrail(...records);
  const knowledge = await openKnowledge({ source: trail, clock: { now: () => NOW }, trustEvery: 0 });
  opened.push(knowledge);
  await knowledge.refresh();
  return { knowledge, trail };
}

const asking = (more: Partial<RecallQuery> = {}): RecallQuery => ({
  subnet: "n",
  stage: "p.s",
  scope: "",
  from: ["patterns", "antipatterns"],
  top: 10,
  halflife: { seconds: 7 * 24 * 3600 },
  now: NOW,
  ...more,
});

describe("recall", () => {
  it("of an empty store is empty", async () => {
    const { knowledge } = await open();
    expect(await knowledge.recall(asking())).toEqual({ patterns: [], antipatterns: [], known: 0, generation: 0 });
  });

  it("ranks what was measured better before what was measured worse, and failures apart", async () => {
    const { knowledge } = await open(
      evidence({ k: { x: 1 }, value: 1 }),
      evidence({ k: { x: 2 }, value: 2 }),
      evidence({ k: { x: 3 }, value: 9 }),
      evidence({ k: { x: 4 }, ok: false, class: "error" }),
    );
    const { patterns, antipatterns, known } = await knowledge.recall(asking());
    expect(patterns.map(({ chosen }) => chosen)).toEqual(['{"x":3}', '{"x":2}', '{"x":1}']);
    expect(antipatterns.map(({ chosen }) => chosen)).toEqual(['{"x":4}']);
    expect(known).toBe(4);
    expect(patterns[0]).toMatchObject({ values: { m: 9 }, peers: 1, evaluations: 1, anti: false, z: 6 });
  });

  it("gives two peers who agree 0.553, and one who repeats itself 0.500", async () => {
    const { knowledge } = await open(
      evidence({ k: { x: 1 }, peer: "a" }),
      evidence({ k: { x: 1 }, peer: "b" }),
      ...Array.from({ length: 100 }, () => evidence({ k: { x: 2 }, peer: "c" })),
    );
    const { patterns } = await knowledge.recall(asking());
    expect(patterns.map(({ chosen }) => chosen)).toEqual(['{"x":1}', '{"x":2}']);
    expect(patterns[0]!.reliability).toBeCloseTo(0.553, 3);
    expect(patterns[1]!.reliability).toBeCloseTo(0.5, 10);
  });

  it("finds what came after its statements were planned, beyond what was known then", async () => {
    const { knowledge, trail } = await open(evidence({ k: { x: 1 }, value: 1 }));
    await knowledge.recall(asking());
    for (let i = 2; i < 40; i++) {
      trail.push(evidence({ k: { x: i }, value: i, peer: `peer-${i}`, scope: `scope-${i}`, stage: `p.s${i % 3}` }));
      await knowledge.refresh();
      const { patterns } = await knowledge.recall(asking({ stage: `p.s${i % 3}`, scope: `scope-${i}`, top: 100 }));
      expect(patterns.some(({ chosen }) => chosen === `{"x":${i}}`)).toBe(true);
    }
  });

  it("shows neighbours and what the program does not admit only once, or not at all", async () => {
    const { knowledge } = await open(...[1, 2, 5, 6, 9].map((x) => evidence({ k: { x }, value: x })));
    const { patterns } = await knowledge.recall(
      asking({
        admits: (chosen) => (chosen as { x: number }).x !== 9,
        near: (a, b) => Math.abs((a as { x: number }).x - (b as { x: number }).x) <= 1,
      }),
    );
    expect(patterns.map(({ chosen }) => chosen)).toEqual(['{"x":6}', '{"x":2}']);
  });

  it("orders the same way for the same seed, and otherwise for another", async () => {
    const { knowledge } = await open(...Array.from({ length: 20 }, (_, x) => evidence({ k: { x } })));
    const order = async (seed: number) =>
      (await knowledge.recall(asking({ top: 20, explore: { amount: 1, seed } }))).patterns.map(({ chosen }) => chosen);
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual(await order(2));
  });
});

describe("where", () => {
  const name = (text: string) => ({ op: "name", name: text }) as const;
  const is = (value: number | string | boolean) => ({ op: "literal", value }) as const;
  const versionOr = (text: string) =>
    ({ op: "binary", operator: "??", left: name("version"), right: is(text) }) as const;
  const records = () => [
    evidence({ k: { x: 1 }, peer: "a", value: 1, time: NOW - 10 * DAY }),
    evidence({ k: { x: 2 }, peer: "b'; drop table facts; --", value: 2 }),
    evidence({ k: { x: 3 }, peer: "c", ok: false, class: "error", version: "2" }),
  ];
  const cases: [string, NonNullable<RecallQuery["where"]>, string[]][] = [
    ["age < 7d", { op: "binary", operator: "<", left: name("age"), right: is(7 * 24 * 3600) }, ['{"x":2}', '{"x":3}']],
    [
      "peer == …",
      { op: "binary", operator: "==", left: name("peer"), right: is("b'; drop table facts; --") },
      ['{"x":2}'],
    ],
    [
      "peer != …",
      { op: "binary", operator: "!=", left: name("peer"), right: is("nobody") },
      ['{"x":2}', '{"x":1}', '{"x":3}'],
    ],
    ["not ok", { op: "unary", operator: "not", operand: name("ok") }, ['{"x":3}']],
    ['version == "2"', { op: "binary", operator: "==", left: name("version"), right: is("2") }, ['{"x":3}']],
    [
      "value > 1.5 or version == none",
      {
        op: "binary",
        operator: "and",
        left: { op: "binary", operator: ">", left: name("value"), right: is(1.5) },
        right: { op: "binary", operator: "==", left: name("version"), right: { op: "literal", value: null } },
      },
      ['{"x":2}'],
    ],
    [
      '(version ?? "2") == "2"',
      { op: "binary", operator: "==", left: versionOr("2"), right: is("2") },
      ['{"x":1}', '{"x":2}', '{"x":3}'],
    ],
    [
      "a text that stands in for another, of both of which nobody heard",
      { op: "binary", operator: "==", left: versionOr("x"), right: is("y") },
      [],
    ],
    ["trust > 0.6", { op: "binary", operator: ">", left: name("trust"), right: is(0.6) }, []],
  ];
  it.each(cases)("%s", async (_, where, expected) => {
    const { knowledge } = await open(...records());
    const { patterns, antipatterns } = await knowledge.recall(asking({ where }));
    expect([...patterns, ...antipatterns].map(({ chosen }) => chosen).sort()).toEqual([...expected].sort());
  });

  it.each([
    [{ op: "binary", operator: "<", left: name("peer"), right: is("b") }],
    [{ op: "binary", operator: "==", left: name("age"), right: is("b") }],
    [{ op: "binary", operator: ">", left: name("nonsense"), right: is(1) }],
    [name("age")],
    [{ op: "secret", name: "hotkey" }],
  ] as NonNullable<RecallQuery["where"]>[][])("refuses what makes no sense: %j", async (where) => {
    const { knowledge } = await open(...records());
    await expect(knowledge.recall(asking({ where: where! }))).rejects.toThrow(/recall's filter|no field/);
  });
});

describe("best, last, metric, observations", () => {
  it("best is the pattern of highest strength, in its scope where one is asked for, with the attempt that chose it", async () => {
    const { knowledge } = await open(
      evidence({ k: { x: 1 }, value: 1, scope: "btc", attempt: "t1" }),
      evidence({ k: { x: 2 }, value: 2, scope: "btc", attempt: "t2" }),
      evidence({ k: { x: 3 }, value: 9, scope: "eth", attempt: "t3" }),
    );
    const ask = { subnet: "n", stage: "p.s", now: NOW };
    expect(await knowledge.best({ ...ask, scope: "btc" })).toMatchObject({ value: { x: 2 }, attempt: "t2" });
    expect(await knowledge.best({ ...ask, scope: "eth" })).toMatchObject({ value: { x: 3 }, attempt: "t3" });
    expect(await knowledge.best({ ...ask, scope: "sol" })).toBeUndefined();
    expect(await knowledge.best({ ...ask, scope: "btc", admits: (v) => (v as { x: number }).x !== 2 })).toMatchObject({
      value: { x: 1 },
    });
  });

  it("last is the newest success", async () => {
    const { knowledge } = await open(
      evidence({ k: { x: 1 }, time: NOW - 2 * DAY }),
      evidence({ k: { x: 2 }, time: NOW - DAY, attempt: "t" }),
      evidence({ k: { x: 3 }, ok: false, class: "invalid" }),
    );
    expect(await knowledge.last({ subnet: "n", stage: "p.s", scope: "" })).toMatchObject({
      value: { x: 2 },
      attempt: "t",
    });
  });

  it("all three leave out what is newer than the moment that is asked about", async () => {
    const metric = { subnet: "n", metric: "m", which: "best" } as const;
    const score = (value: number, attempt: string, time: number) =>
      stamped({ kind: "score", peer: "a", run: "r", attempt, metric: "m", value, direction: 1, feasible: true }, time);
    const { knowledge } = await open(
      stamped({ kind: "run.started", peer: "a", run: "r", pipeline: "p", subnet: "n", cycle: 0, seed: 1 }),
      evidence({ k: { x: 1 }, value: 1, time: NOW - 3000, attempt: "t1" }),
      evidence({ k: { x: 2 }, value: 2, time: NOW - 2000, attempt: "t2" }),
      evidence({ k: { x: 3 }, value: 9, time: NOW - 1000, attempt: "t3" }),
      ...[1, 2, 9].map((value, i) => score(value, `t${i + 1}`, NOW - 3000 + i * 1000)),
    );
    const ask = { subnet: "n", stage: "p.s", scope: "" };
    for (const [asOf, x] of [
      [NOW - 3000, 1],
      [NOW - 2000, 2],
      [NOW - 1500, 2],
      [NOW, 3],
    ] as const) {
      expect(await knowledge.best({ ...ask, now: asOf, asOf })).toMatchObject({ value: { x }, attempt: `t${x}` });
      expect(await knowledge.last({ ...ask, asOf })).toMatchObject({ value: { x }, attempt: `t${x}` });
      expect(await knowledge.metric({ ...metric, asOf })).toBe(x === 3 ? 9 : x);
    }
    expect(await knowledge.best({ ...ask, now: NOW, asOf: NOW - 4000 })).toBeUndefined();
    expect(await knowledge.last({ ...ask, asOf: NOW - 4000 })).toBeUndefined();
    expect(await knowledge.metric({ ...metric, asOf: NOW - 4000 })).toBeUndefined();
  });

  it("a metric's best goes by its direction, without what is infeasible, and a correction replaces", async () => {
    const score = (value: number, more: object = {}) =>
      stamped({ kind: "score", peer: "a", run: "r", metric: "crps", value, direction: -1, feasible: true, ...more });
    const { knowledge } = await open(
      stamped({ kind: "run.started", peer: "a", run: "r", pipeline: "p", subnet: "n", cycle: 0, seed: 1 }),
      score(3, { attempt: "1" }),
      score(1, { attempt: "2" }),
      score(2, { attempt: "2" }),
      score(0, { attempt: "3", feasible: false }),
    );
    expect(await knowledge.metric({ subnet: "n", metric: "crps", which: "best" })).toBe(2);
    expect(await knowledge.metric({ subnet: "n", metric: "crps", which: "last" })).toBe(2);
    expect(await knowledge.metric({ subnet: "n", metric: "other", which: "best" })).toBeUndefined();
  });

  it("a score that does not say of which subnet it is, is of that of its run, whichever comes first", async () => {
    const score = { kind: "score", peer: "a", run: "r", metric: "m", direction: 1, feasible: true } as const;
    const { knowledge, trail } = await open(stamped({ ...score, value: 2 }));
    const last = () => knowledge.metric({ subnet: "n", metric: "m", which: "last" });
    expect(await last()).toBeUndefined();
    trail.push(stamped({ kind: "run.started", peer: "a", run: "r", pipeline: "p", subnet: "n", cycle: 0, seed: 1 }));
    await knowledge.refresh();
    expect(await last()).toBe(2);
    trail.push(stamped({ ...score, value: 3 }));
    await knowledge.refresh();
    expect(await last()).toBe(3);
  });

  it("what was measured is counted by scope and metric, with the earliest values in order of time", async () => {
    const minutes = [7, 3, 9, 1, 8, 2, 6, 5, 4];
    const { knowledge } = await open(
      evidence({ k: { x: 1 }, value: 5, scope: "eth", time: NOW - 50_000 }),
      ...minutes.map((m) => evidence({ k: { x: 1 }, value: m, direction: -1, time: NOW - DAY + m * 60_000 })),
      evidence({ k: { x: 1 }, value: 3, metric: "n", direction: 1 }),
      evidence({ k: { x: 1 }, ok: false, class: "error", scope: "sol" }),
    );
    expect(await knowledge.measured({ subnet: "n", stage: "p.s" })).toEqual([
      { scope: "", metric: "m", direction: -1, evaluations: 9, first: [1, 2, 3, 4, 5] },
      { scope: "", metric: "n", direction: 1, evaluations: 1, first: [3] },
      { scope: "eth", metric: "m", direction: 1, evaluations: 1, first: [5] },
    ]);
    expect(await knowledge.measured({ subnet: "n", stage: "p.other" })).toEqual([]);
  });

  it("observations are the newest of this regime, oldest first, higher is better", async () => {
    const { knowledge } = await open(
      evidence({ k: { x: 0 }, value: 5, direction: -1, time: NOW - 5 * DAY }),
      stamped({ kind: "drift", peer: "a", stage: "p.s", subnet: "n", regime: 0 }),
      stamped({ kind: "drift", peer: "b", stage: "p.s", subnet: "n", regime: 0 }),
      ...[1, 2, 3].map((x) => evidence({ k: { x }, value: x, direction: -1, regime: 1, time: NOW - (4 - x) * DAY })),
      evidence({ k: { x: 4 }, ok: false, class: "timeout", regime: 1 }),
    );
    expect(knowledge.regime({ subnet: "n", stage: "p.s" })).toBe(1);
    const seen = await knowledge.observations({ subnet: "n", stage: "p.s", limit: 3 });
    expect(seen.map(({ chosen }) => (chosen as { x: number }).x)).toEqual([2, 3, 4]);
    expect(seen.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(seen[0]!.value!).toBeGreaterThan(seen[1]!.value!);
    expect(seen[2]!.value).toBeNull();
  });
});

describe("forgetting", () => {
  const forgotten = (...records: readonly TrailRecord[]) =>
    stamped({
      kind: "forgotten",
      peer: "a",
      records: records.map(({ process, seq, id }) => ({ process, seq, id, hash: "" })),
      artifacts: [],
    });

  it("what is forgotten while a process runs no longer counts there, wherever it stands in the trail", async () => {
    const [good, bad, late] = [1, 9, 8].map((x) => evidence({ k: { x }, value: x }));
    const score = (value: number) =>
      stamped({ kind: "score", peer: "a", run: "r", metric: "m", value, direction: 1, feasible: true, subnet: "n" });
    const [low, high] = [score(1), score(9)];
    const { knowledge, trail } = await open(good!, bad!, low, high);
    const shown = async () => (await knowledge.recall(asking())).patterns.map(({ chosen }) => chosen);
    const best = () => knowledge.metric({ subnet: "n", metric: "m", which: "best" });
    expect([await shown(), await best()]).toEqual([['{"x":9}', '{"x":1}'], 9]);
    trail.push(forgotten(bad!, late!, high));
    await knowledge.refresh();
    expect([await shown(), await best()]).toEqual([['{"x":1}'], 1]);
    trail.push(late!);
    await knowledge.refresh();
    expect(await shown()).toEqual(['{"x":1}']);
    trail.push(evidence({ k: { x: 9 }, value: 9 }));
    await knowledge.refresh();
    expect(await shown()).toEqual(['{"x":9}', '{"x":1}']);
  });
});

describe("what comes from outside", () => {
  it("is refused where it does not hold together, and the rest is read", async () => {
    const good = evidence({ k: { x: 1 }, value: 1 });
    const { knowledge } = await open(
      { ...good, value: Infinity } as TrailRecord,
      { ...good, value: 1e16 } as TrailRecord,
      { ...good, claim: "0".repeat(64) } as TrailRecord,
      { ...good, verified: "yes" } as unknown as TrailRecord,
      { ...good, time: "yesterday" } as TrailRecord,
      good,
      evidence({ k: { x: 2 }, time: Date.UTC(2200, 0, 1) }),
      evidence({ k: { x: 3 }, ok: false, class: "rate_limit" }),
    );
    const { patterns, known } = await knowledge.recall(asking());
    expect(known).toBe(2);
    expect(patterns.find(({ chosen }) => chosen === '{"x":2}')!.newest).toBe(new Date(NOW).toISOString());
  });
});
