/**
 * What must hold, whatever comes: each property over random trails, on the SQL that is shipped. `GANG_TRAILS=200` tries
 * each on 200 of them; 12 unless said.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Draft, Record as TrailRecord } from "../../../runtime/trail/record.ts";
import { standings } from "./oracle.ts";
import { DAY, evidence, NOW, stamped, type Told } from "./trail.ts";
import { closeStores, type Evidence, expectSame, RUNS, rank, terms, told, trails, WEEK } from "./trails.ts";

afterAll(closeStores);

/** What happened besides evidence: the subnet moved, some of the last evidence is in doubt, it came back; records were forgotten. */
const changes = fc.record({
  change: fc.constantFrom("none", "moved", "doubted", "returned"),
  doubted: fc.integer({ min: 0, max: 7 * 24 * 60 }),
  forgotten: fc.integer({ min: 0, max: 3 }),
});

describe("what must hold", () => {
  it("the roll-up is what a full recomputation gives, to 1e-9, also after drift, late scores and forgetting", async () => {
    const all = {
      op: "binary",
      operator: "!=",
      left: { op: "name", name: "peer" },
      right: { op: "literal", value: "" },
    } as const;
    await fc.assert(
      fc.asyncProperty(trails, fc.integer({ min: 1, max: 7 }), changes, async (records, size, happened) => {
        const { change, forgotten } = happened;
        const since = NOW - happened.doubted * 60_000;
        const events: TrailRecord[] = [];
        // Two say it: of four, that is enough.
        const both = (draft: Draft) => ["a", "b"].map((peer) => stamped({ ...draft, peer }));
        const about = { peer: "", stage: "p.s", subnet: "n" };
        if (change !== "none") {
          const doubt = change === "doubted" ? { since: new Date(since).toISOString() } : {};
          events.push(...both({ kind: "drift", ...about, regime: 0, ...doubt }));
        }
        if (change === "returned") events.push(...both({ kind: "return", ...about, regime: 1, same: 0 }));
        const gone = records.filter((_, i) => forgotten > 0 && i % 4 === forgotten);
        const named = gone.map(({ process, seq, id }) => ({ process, seq, id, hash: "" }));
        if (gone.length > 0) events.push(stamped({ kind: "forgotten", peer: "a", records: named, artifacts: [] }));

        const shuffled = records.toSorted((a, b) => ((a.seq * 5) % 11) - ((b.seq * 5) % 11));
        const parts = Array.from({ length: Math.ceil(shuffled.length / size) }, (_, i) =>
          shuffled.slice(i * size, (i + 1) * size),
        );
        // Half of it comes before, half after what is told of it.
        const middle = Math.ceil(parts.length / 2);
        const { ranked } = await told([...parts.slice(0, middle), events, ...parts.slice(middle)]);
        const left = records.filter(
          (record) =>
            !gone.includes(record) && !(change === "doubted" && record.regime === 0 && Date.parse(record.time) > since),
        );
        for (const halflife of [WEEK, { seconds: 3600 }]) {
          const kept = terms(await ranked({ halflife }));
          // A filter that lets everything through is answered from the single pieces of evidence.
          expectSame(kept, terms(await ranked({ halflife, where: all })));
          const regime = change === "moved" || change === "doubted" ? 1 : 0;
          const expected = standings(left, { now: NOW, halflife, scope: null, regime });
          for (const [claim, { P, N, C, z }] of kept) {
            const one = expected.get(claim)!;
            expectSame(
              new Map([[claim, { P, N, C, z }]]),
              new Map([[claim, { P: one.P, N: one.N, C: one.C, z: one.z }]]),
            );
          }
        }
      }),
      RUNS,
    );
  });

  it("of a stage with one scope and one metric, what is kept is brought up to date with each piece of news", async () => {
    const all = {
      op: "binary",
      operator: "!=",
      left: { op: "name", name: "peer" },
      right: { op: "literal", value: "" },
    } as const;
    await fc.assert(
      fc.asyncProperty(trails, fc.integer({ min: 1, max: 7 }), fc.nat(), async (records, size, seed) => {
        // Of every second trail an attempt stands in one row, and all values are verified: nothing is to be merged.
        const isSimple = seed % 2 === 0;
        const said = records.filter(({ metric }) => metric === undefined || metric === "real");
        const plain = said
          .filter(({ attempt }, i) => !isSimple || said.findIndex((one) => one.attempt === attempt) === i)
          .map(
            (record): Evidence => ({
              ...record,
              ...{ scope: "", regime: 0, verified: record.verified || (isSimple && record.value !== undefined) },
            }),
          );
        fc.pre(plain.length > 0);
        const shuffled = plain.toSorted((a, b) => ((a.seq * (seed + 5)) % 11) - ((b.seq * (seed + 5)) % 11));
        const gone = shuffled.filter((_, i) => (i + seed) % 5 === 0);
        const named = gone.map(({ process, seq, id }) => ({ process, seq, id, hash: "" }));
        const forgotten = stamped({ kind: "forgotten", peer: "a", records: named, artifacts: [] });
        const parts: TrailRecord[][] = [];
        for (let start = 0; start < shuffled.length; start += size) parts.push(shuffled.slice(start, start + size));
        parts.splice(Math.ceil(parts.length / 2), 0, [forgotten]);
        // Each part is followed by a recall. Where trust is not renewed with it, the claims with news alone are made again.
        const lasting = await told(parts, {}, Infinity);
        for (const halflife of [WEEK, { seconds: 3600 }, WEEK]) {
          const kept = terms(await lasting.ranked({ halflife }));
          expectSame(kept, terms(await lasting.ranked({ halflife, where: all })));
        }
        const { ranked } = await told(parts);
        const left = shuffled.filter((record) => !gone.includes(record));
        for (const halflife of [WEEK, { seconds: 3600 }, WEEK]) {
          const kept = terms(await ranked({ halflife }));
          expectSame(kept, terms(await ranked({ halflife, where: all })));
          const expected = standings(left, { now: NOW, halflife, scope: null, regime: 0 });
          for (const [claim, { P, N, C, z }] of kept) {
            const one = expected.get(claim)!;
            expectSame(
              new Map([[claim, { P, N, C, z }]]),
              new Map([[claim, { P: one.P, N: one.N, C: one.C, z: one.z }]]),
            );
          }
        }
      }),
      RUNS,
    );
  });

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

  holds("a confirmation by a new peer with an agreeing value never lowers r", async (records, seed) => {
    // Every peer finds of a claim what the claim is.
    const x = ({ chosen }: { readonly chosen: string }): number => (JSON.parse(chosen) as { x: number }).x;
    const agreeing = records.map((record) => (record.value === undefined ? record : { ...record, value: x(record) }));
    const before = await rank(agreeing);
    const one = before[seed % before.length];
    if (one === undefined) return;
    const more = evidence({ k: { x: x(one) }, peer: "new", metric: "real", direction: -1, value: x(one) });
    const after = (await rank([...agreeing, more])).find(({ claim }) => claim === one.claim)!;
    expect(after.reliability).toBeGreaterThanOrEqual(one.reliability - 1e-12);
  });

  it("two peers once each beat any repetition by one peer of equal trust", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (times) => {
        const both = ["a", "b"].map((peer) => evidence({ k: { x: 1 }, peer }));
        const again = Array.from({ length: times }, () => evidence({ k: { x: 2 }, peer: "c" }));
        const [first, second] = await rank([...both, ...again]);
        expect(first!.chosen).toBe('{"x":1}');
        expect(first!.reliability).toBeCloseTo(0.553, 3);
        expect(second!.reliability).toBeLessThanOrEqual(0.5);
      }),
      RUNS,
    );
  });

  holds("merging A and B is merging B and A", async (records, seed) => {
    const [a, b] = [0, 1].map((side) => records.filter((_, i) => ((i * 7 + seed) % 5 < 2 ? 0 : 1) === side));
    const [ab, ba] = [await told([a!, b!]), await told([b!, a!])];
    expectSame(terms(await ab.ranked()), terms(await ba.ranked()));
    const regimes = ({ knowledge, stage }: typeof ab) => knowledge.regimes({ subnet: "n", stage });
    expect(regimes(ab)).toEqual(regimes(ba));
  });

  holds("the same seed gives the same order", async (records, seed) => {
    // Told twice, since what was asked before is not asked again.
    const [one, other] = [await told([records]), await told([records])];
    const order = async (of: typeof one, noise: number) =>
      (await of.ranked({ explore: { amount: 0.5, seed: noise } })).map(({ claim }) => claim);
    const first = await order(one, seed);
    expect(await order(other, seed)).toEqual(first);
    expect([...(await order(other, seed + 1))].sort()).toEqual([...first].sort());
  });

  holds("reading never reinforces", async (records) => {
    const { knowledge, stage, ranked } = await told([records]);
    const place = { subnet: "n", stage };
    // With another `top` each: not what is remembered of the question before.
    const before = await ranked({ top: 998 });
    for (let i = 0; i < 3; i++) {
      await knowledge.best({ ...place, scope: "", now: NOW });
      await knowledge.observations({ ...place, limit: 100 });
      await knowledge.watch(place);
      await knowledge.peers();
      await knowledge.refresh();
      await ranked({ halflife: { seconds: 3600 * (i + 1) } });
    }
    expect(await ranked({ top: 999 })).toEqual(before);
  });

  holds("without news r and anti return to 1/3, q to 1/2", async (records) => {
    for (const one of await rank(records, { now: NOW + 300 * DAY })) {
      expect(one.reliability).toBeCloseTo(1 / 3, 6);
      expect(one.quality).toBeCloseTo(1 / 2, 6);
      if (one.anti) expect(one.strength).toBeCloseTo(1 / 3, 6);
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
