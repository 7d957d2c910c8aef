/** Random trails, and what a knowledge makes of them. `GANG_TRAILS` sets on how many each property is tried: 12 unless said. */
import fc from "fast-check";
import { expect, vi } from "vitest";
import type { OpenKnowledge, Ranked, RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { Record as TrailRecord } from "../../../runtime/trail/record.ts";
import { evidence, type FakeTrail, fakeTrail, NOW, type Told } from "./trail.ts";

export type Evidence = Extract<TrailRecord, { kind: "evidence" }>;
export const RUNS = { numRuns: Number(process.env.GANG_TRAILS ?? 12) };
/** 200 trails take their time, and longer where other work is done. */
vi.setConfig({ testTimeout: 90_000 + RUNS.numRuns * 10_000 });

export const WEEK = { seconds: 7 * 24 * 3600 };
export const ALL: RecallQuery = {
  subnet: "n",
  stage: "p.s",
  scope: null,
  from: ["patterns", "antipatterns"],
  top: 1000,
  halflife: WEEK,
  now: NOW,
};

/** One store a time of asking, and one whose trust stays as it is first; each trail is told to it as a stage and peers of its own, which is faster than a store each. */
const stores = new Map<string, Promise<{ knowledge: OpenKnowledge; trail: FakeTrail }>>();
let stages = 0;

export async function rank(records: readonly TrailRecord[], more: Partial<RecallQuery> = {}): Promise<Ranked[]> {
  return (await told([records], more)).ranked();
}

/** A stage that is told in parts, and asked after each. */
export async function told(
  parts: readonly (readonly TrailRecord[])[],
  more: Partial<RecallQuery> = {},
  trustEvery = 0,
): Promise<{
  readonly knowledge: OpenKnowledge;
  readonly stage: string;
  ranked(also?: Partial<RecallQuery>): Promise<Ranked[]>;
}> {
  const now = more.now ?? NOW;
  const store = `${now} ${trustEvery}`;
  if (!stores.has(store)) {
    const trail = fakeTrail();
    const opening = openKnowledge({ source: trail, clock: { now: () => now }, trustEvery });
    stores.set(
      store,
      opening.then((knowledge) => ({ knowledge, trail })),
    );
  }
  const { knowledge, trail } = await stores.get(store)!;
  const stage = `p.s${++stages}`;
  const ranked = async (also: Partial<RecallQuery> = {}): Promise<Ranked[]> => {
    const { patterns, antipatterns } = await knowledge.recall({ ...ALL, ...more, ...also, stage });
    return [...patterns, ...antipatterns];
  };
  for (const [i, part] of parts.entries()) {
    trail.push(...part.map((record) => placed(record, stage)));
    await knowledge.refresh();
    if (i < parts.length - 1) await ranked();
  }
  return { knowledge, stage, ranked };
}

/** The record as one of this stage, and of no other: by another peer, under another id. */
function placed(record: TrailRecord, stage: string): TrailRecord {
  const own = (id: string): string => `${stage} ${id}`;
  const names = record.kind === "forgotten" ? { records: record.records.map((of) => ({ ...of, id: own(of.id) })) } : {};
  return { ...record, ...names, stage, peer: own(record.peer), id: own(record.id) } as TrailRecord;
}

/** To be called after all tests of a file. */
export async function closeStores(): Promise<void> {
  for (const opening of stores.values()) await (await opening).knowledge.close();
}

export const terms = (ranked: readonly Ranked[]) =>
  new Map(
    ranked.map(({ claim, P, N, C, z, reliability, quality, strength, anti }) => [
      claim,
      { P, N, C, z, reliability, quality, strength, anti },
    ]),
  );

export function expectSame(actual: ReadonlyMap<string, object>, expected: ReadonlyMap<string, object>): void {
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
export const trails = fc.array(attempt, { minLength: 1, maxLength: 30 }).map((attempts) =>
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
