/** The SQL that is shipped against the formula as plainly as it can be written (`oracle.ts`). */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { type Asked, standings } from "./oracle.ts";
import { evidence, NOW, stamped } from "./trail.ts";
import { closeStores, type Evidence, expectSame, RUNS, rank, terms, told, trails, WEEK } from "./trails.ts";

afterAll(closeStores);

const DRIFT = ["a", "b"].map((peer) => stamped({ kind: "drift", peer, stage: "p.s", subnet: "n", regime: 0 }));

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
        expectSame(terms(await rank(drifted ? [...records, ...DRIFT] : records, question)), expected);
      }),
      RUNS,
    );
  });
});

it("the voices of a claim are what its P, N and C are sums of, whatever the stage is like", async () => {
  await fc.assert(
    fc.asyncProperty(trails, fc.boolean(), fc.boolean(), async (records, drifted, scoped) => {
      const scope = scoped ? "btc" : null;
      const { knowledge, stage, ranked } = await told([drifted ? [...records, ...DRIFT] : records], { scope });
      const voices = await knowledge.voices({ subnet: "n", stage, scope, now: NOW, seconds: WEEK.seconds });
      for (const { claim, P, N, C, z, peers } of await ranked()) {
        const of = voices.filter((voice) => voice.claim === claim);
        const sum = (term: "s" | "f" | "c") => of.reduce((all, voice) => all + 2 * voice.trust * voice[term], 0);
        expect(new Set(of.map(({ peer }) => peer)).size).toBe(peers);
        expect(sum("s")).toBeCloseTo(P, 9);
        expect(sum("f")).toBeCloseTo(N, 9);
        expect(sum("c")).toBeCloseTo(C, 9);
        if (z === null) expect(of.every((voice) => voice.z === null)).toBe(true);
        else expect(of.some((voice) => Math.abs(voice.z! - z) < 1e-9)).toBe(true);
      }
    }),
    RUNS,
  );
});

/** Where random trails seldom come: a constant that is a little off shows. */
describe("after the subnet moved", () => {
  const before = ["a", "b", "c", "d"].flatMap((peer) =>
    [0, 1, 2, 3].map((x) => evidence({ k: { x }, peer, value: 100 - x ** 2 })),
  );
  const now = (peer: string, x: number, value: number) => evidence({ k: { x }, peer, value, regime: 1 });
  const order = async (...records: ReturnType<typeof now>[]): Promise<number[]> =>
    (await rank([...before, ...DRIFT, ...records])).map(({ chosen }) => (JSON.parse(chosen) as { x: number }).x);

  it("what was best stays a guess until something is measured", async () => {
    expect(await order()).toEqual([0, 1, 2, 3]);
  });

  it("one peer that measures it again tells what it is worth, however many measured it before", async () => {
    expect((await order(now("a", 0, 2), now("b", 4, 3), now("c", 5, 4))).at(-1)).toBe(0);
  });

  it("a claim that is good now ranks before those that were, on whatever scale it is measured now", async () => {
    expect((await order(now("a", 4, -9000), now("b", 5, -8000), now("c", 6, -7000)))[0]).toBe(6);
  });
});

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
