/**
 * What must hold of the score, over random trails, on the SQL that is shipped. `GANG_TRAILS` sets how many trails each
 * property is tried on.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Knowledge, Ranked, RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { Record as TrailRecord } from "../../../runtime/trail/record.ts";
import { type Asked, standings } from "./oracle.ts";
import { DAY, evidence, type FakeTrail, fakeTrail, NOW, stamped, type Told } from "./trail.ts";

type Evidence = Extract<TrailRecord, { kind: "evidence" }>;
const RUNS = { numRuns: Number(process.env.GANG_TRAILS ?? 25) };

const WEEK = { seconds: 7 * 24 * 3600 };
const ALL: RecallQuery = {
  subnet: "n",
  stage: "p.s",
  scope: null,
  from: ["patterns", "antipatterns"],
  top: 1000,
  halflife: WEEK,
  now: NOW,
};

/** One store a time of asking; each trail is told to it as a stage and peers of its own, which is faster than a store each. */
const stores = new Map<number, Promise<{ knowledge: Knowledge; trail: FakeTrail }>>();
let stages = 0;

async function rank(records: readonly TrailRecord[], more: Partial<RecallQuery> = {}): Promise<Ranked[]> {
  const now = more.now ?? NOW;
  if (!stores.has(now)) {
    const trail = fakeTrail();
    const opening = openKnowledge({ source: trail, clock: { now: () => now }, trustEvery: 0 });
    stores.set(
      now,
      opening.then((knowledge) => ({ knowledge, trail })),
    );
  }
  const { knowledge, trail } = await stores.get(now)!;
  const stage = `p.s${++stages}`;
  trail.push(...records.map((record) => ({ ...record, stage, peer: `${stage} ${record.peer}` })));
  await knowledge.refresh();
  const { patterns, antipatterns } = await knowledge.recall({ ...ALL, ...more, stage });
  return [...patterns, ...antipatterns];
}

afterAll(async () => {
  for (const opening of stores.values()) await (await opening).knowledge.close();
});

const terms = (ranked: readonly Ranked[]) =>
  new Map(
    ranked.map(({ claim, P, N, C, z, reliability, quality, strength, anti }) => [
      claim,
      { P, N, C, z, reliability, quality, strength, anti },
    ]),
  );

function expectSame(actual: ReadonlyMap<string, object>, expected: ReadonlyMap<string, object>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [claim, standing] of expected) {
    for (const [term, value] of Object.entries(standing)) {
      const found = (actual.get(claim) as Record<string, unknown>)[term];
      if (typeof value === "number") expect(found, term).toBeCloseTo(value, 9);
      else expect(found, term).toBe(value);
    }
  }
}

/** An attempt: what is told of it, a record a metric. */
const attempt = fc.record({
  k: fc.integer({ min: 0, max: 4 }),
  peer: fc.constantFrom("a", "b", "c", "d"),
  scope: fc.constantFrom("", "btc", "eth"),
  minutesAgo: fc.integer({ min: 0, max: 40 * 24 * 60 }),
  regime: fc.constantFrom(0, 0, 0, 1),
  ok: fc.boolean(),
  echo: fc.boolean(),
  verified: fc.boolean(),
  again: fc.boolean(),
  values: fc.subarray(["real", "proxy", "other"] as const),
  // Often the same: then the median deviation is 0.
  value: fc.oneof(fc.constant(3), fc.integer({ min: -1000, max: 1000 })).map((v) => v / 8),
});
const trails = fc.array(attempt, { minLength: 1, maxLength: 30 }).map((attempts) =>
  attempts.flatMap(({ k, minutesAgo, values, value, again, ok, ...rest }, i): Evidence[] => {
    const base: Told = {
      ...rest,
      ok,
      k: { x: k },
      attempt: `t${i}`,
      time: NOW - minutesAgo * 60_000,
      ...(ok ? {} : { class: "error" }),
    };
    const said: Told[] = !ok || values.length === 0 ? [base] : [];
    if (ok) {
      for (const metric of values) {
        const direction = metric === "other" ? 1 : -1;
        const weight = metric === "other" ? 0.5 : 1;
        said.push({
          ...base,
          metric,
          direction,
          weight,
          value: value + metric.length,
          ...(metric === "proxy" ? { proxy: "real" } : {}),
        });
      }
      // A correction, later than what it corrects.
      if (again && said[0]!.value !== undefined) said.push({ ...said[0]!, value: value / 2, time: base.time! + 1000 });
    }
    return said.map((told) => evidence(told) as Evidence);
  }),
);

const DRIFT = stamped({ kind: "drift", peer: "a", stage: "p.s", subnet: "n", regime: 0 });

describe("the SQL and the formula agree to 1e-9", () => {
  const questions: [string, Partial<RecallQuery>][] = [
    ["a half-life of a week", {}],
    ["one of an hour", { halflife: { seconds: 3600 } }],
    ["one of five evaluations", { halflife: { evaluations: 5 } }],
    ["from one scope", { scope: "btc" }],
  ];
  it.each(questions)("%s", async (_, question) => {
    await fc.assert(
      fc.asyncProperty(trails, fc.boolean(), async (records, drifted) => {
        const asked: Asked = {
          now: NOW,
          halflife: question.halflife ?? WEEK,
          scope: question.scope ?? null,
          regime: drifted ? 1 : 0,
        };
        const expected = new Map(
          [...standings(records, asked)]
            .filter(([, { P, N }]) => P > N || N > 0)
            .map(([claim, { r, q, strength, anti, ...rest }]) => [
              claim,
              {
                ...rest,
                reliability: r,
                quality: q,
                strength: rest.P > rest.N ? strength : anti,
                anti: !(rest.P > rest.N),
              },
            ]),
        );
        expectSame(terms(await rank(drifted ? [...records, DRIFT] : records, question)), expected);
      }),
      RUNS,
    );
  });
});

/** Where random trails seldom come: a constant that is a little off shows. */
describe("the SQL and the formula agree at the edges", () => {
  const by = (peer: string, x: number, value: number) => evidence({ k: { x }, peer, value }) as Evidence;
  const cases: [string, Evidence[]][] = [
    [
      "a value 2.5 scales from the median of three peers, and two that are 2.6 apart, count as disagreement",
      [
        ...[0, 1, 4].map((x) => by("a", x, x)),
        ...["a", "b"].map((peer) => by(peer, 2, 2)),
        by("c", 2, 4.5),
        by("b", 3, 4.3),
        by("d", 3, 1.7),
      ],
    ],
    [
      "where most values are equal, a tenth of the mean deviation is the scale",
      [3, 3, 3, 3, 3, 13, 103, 203, 303].map((value, x) => by("a", x, value)),
    ],
    [
      "values of one metric in two scopes of different scale",
      ["btc", "eth"].flatMap((scope, i) =>
        [0, 1, 2, 4].map((x) => evidence({ k: { x }, peer: `p${x % 2}`, scope, value: x * (i + 1) }) as Evidence),
      ),
    ],
  ];
  it.each(cases)("%s", async (_, records) => {
    const asked = { now: NOW, halflife: WEEK, scope: null, regime: 0 };
    const expected = [...standings(records, asked)].map(
      ([claim, { P, N, C, z, q }]) => [claim, { P, N, C, z, quality: q }] as const,
    );
    expectSame(terms(await rank(records)), new Map(expected));
  });
});

describe("evidence that is kept added up is what a full recomputation gives", () => {
  it("however it comes, after drift and late scores", async () => {
    const all = {
      op: "binary",
      operator: ">=",
      left: { op: "name", name: "age" },
      right: { op: "literal", value: 0 },
    } as const;
    await fc.assert(
      fc.asyncProperty(trails, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (records, size, drifted) => {
        const trail = fakeTrail();
        const knowledge = await openKnowledge({ source: trail, clock: { now: () => NOW }, trustEvery: 0 });
        const ranked = async (more: Partial<RecallQuery>) => {
          const { patterns, antipatterns } = await knowledge.recall({ ...ALL, ...more });
          return terms([...patterns, ...antipatterns]);
        };
        try {
          const shuffled = records.toSorted((a, b) => ((a.seq * 5) % 11) - ((b.seq * 5) % 11));
          for (let from = 0; from < shuffled.length; from += size) {
            trail.push(...shuffled.slice(from, from + size));
            if (drifted && from === 0) trail.push(DRIFT);
            await knowledge.refresh();
            await ranked({ halflife: { seconds: 3600 } });
          }
          // A filter that lets everything through is answered from the single pieces of evidence.
          for (const halflife of [WEEK, { seconds: 3600 }])
            expectSame(await ranked({ halflife }), await ranked({ halflife, where: all }));
        } finally {
          await knowledge.close();
        }
      }),
      { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 3) },
    );
  });
});

describe("what must hold", () => {
  const holds = (name: string, property: (records: Evidence[], seed: number) => Promise<void>) =>
    it(name, () => fc.assert(fc.asyncProperty(trails, fc.nat(), property), RUNS));

  holds("order does not matter, nor does delivering twice", async (records, seed) => {
    const shuffled = [...records, ...records.filter((_, i) => (i + seed) % 2 === 0)].sort(
      (a, b) => ((a.seq * (seed + 7)) % 13) - ((b.seq * (seed + 7)) % 13),
    );
    expectSame(terms(await rank(shuffled)), terms(await rank(records)));
    const order = async (all: readonly TrailRecord[]) => (await rank(all)).map(({ claim }) => claim);
    expect(await order(shuffled)).toEqual(await order(records));
  });

  holds("a confirmation by a new peer never lowers r, a contradiction never raises it", async (records, seed) => {
    const before = await rank(records);
    const one = before[seed % before.length];
    if (one === undefined) return;
    const reliability = async (told: Partial<Told>) => {
      const more = evidence({ k: JSON.parse(one.chosen), peer: "new", ...told });
      return (await rank([...records, more])).find(({ claim }) => claim === one.claim)!.reliability;
    };
    expect(await reliability({ ok: true })).toBeGreaterThanOrEqual(one.reliability - 1e-12);
    expect(await reliability({ ok: false, class: "error" })).toBeLessThanOrEqual(one.reliability + 1e-12);
  });

  holds("without news r and anti return to 1/3, q to 1/2", async (records) => {
    for (const one of await rank(records, { now: NOW + 300 * DAY })) {
      expect(one.reliability).toBeCloseTo(1 / 3, 6);
      expect(one.quality).toBeCloseTo(1 / 2, 6);
    }
  });

  holds("strength lies between 0 and 1, and every number is finite, at any half-life and age", async (records) => {
    for (const halflife of [{ seconds: 1e-9 }, { seconds: 1e12 }, { evaluations: 1e-9 }, { evaluations: 1e9 }]) {
      for (const now of [NOW, NOW + 36500 * DAY]) {
        for (const one of await rank(records, { halflife, now })) {
          expect(one.strength > 0 && one.strength < 1).toBe(true);
          for (const value of [one.P, one.N, one.C, one.z ?? 0, one.reliability, one.quality])
            expect(value).toSatisfy(Number.isFinite);
        }
      }
    }
  });

  holds(
    "shifting all times, renaming peers, scaling, shifting or flipping the metric change nothing",
    async (records) => {
      const expected = terms(await rank(records));
      const change = (by: (record: Evidence) => Partial<Evidence>) =>
        records.map((record) => ({ ...record, ...by(record) }) as Evidence);
      const shifted = change(({ time }) => ({ time: new Date(Date.parse(time) + DAY).toISOString() }));
      expectSame(terms(await rank(shifted, { now: NOW + DAY })), expected);
      expectSame(terms(await rank(change(({ peer }) => ({ peer: `${peer.charCodeAt(0) * 7}` })))), expected);
      const valued = (by: (value: number) => number, flip = 1) =>
        change(({ value, direction }) =>
          value === undefined ? {} : { value: by(value), direction: ((direction ?? 1) * flip) as 1 | -1 },
        );
      expectSame(terms(await rank(valued((v) => v * 1024))), expected);
      expectSame(terms(await rank(valued((v) => v + 4096))), expected);
      expectSame(terms(await rank(valued((v) => -v, -1))), expected);
    },
  );

  it("one liar of three, once or 100 times, is not first once re-evaluated", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 4, maxLength: 12 }),
        fc.constantFrom(1, 100),
        async (values, times) => {
          const honest = values.flatMap((value, x) =>
            ["a", "b"].map((peer) => evidence({ k: { x }, peer, value: value + x / 100 })),
          );
          const worst = values.indexOf(Math.min(...values));
          fc.pre(values.some((value) => value > values[worst]! + 1));
          const lies = Array.from({ length: times }, () => evidence({ k: { x: worst }, peer: "liar", value: 1e6 }));
          const [first] = await rank([...honest, ...lies]);
          expect(first!.chosen).not.toBe(`{"x":${worst}}`);
        },
      ),
      RUNS,
    );
  });
});
