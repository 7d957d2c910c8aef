/** What of the evidence a watch is told of. */
import { describe, expect, it } from "vitest";
import { openKnowledge } from "../../../../runtime/knowledge/open.ts";
import type { Record as TrailRecord } from "../../../../runtime/trail/record.ts";
import { DAY, evidence, fakeTrail, NOW, stamped, type Told } from "../trail.ts";

const place = { subnet: "n", stage: "p.s" };

async function watched(told: readonly Told[], also: readonly string[] = [], changes: readonly TrailRecord[] = []) {
  // Each is newer than the one before.
  const records = told.map((one, i) => evidence({ ...one, time: NOW - DAY + i }));
  const knowledge = await openKnowledge({
    source: fakeTrail(...records, ...changes),
    clock: { now: () => NOW },
    trustEvery: 0,
  });
  try {
    await knowledge.refresh();
    const claims = also.map((chosen) => records.find((one) => one.kind === "evidence" && one.chosen === chosen)!);
    const { scopes, ...rest } = await knowledge.watch({
      ...place,
      also: claims.map((one) => (one.kind === "evidence" ? one.claim! : "")),
    });
    return { ...rest, scopes, claims: [...(scopes.get("")?.claims.keys() ?? [])].sort(), knowledge };
  } finally {
    await knowledge.close();
  }
}

/** Three peers find of 24 claims what they are, but for what their instruments add. */
const honest: readonly Told[] = Array.from({ length: 24 }, (_, x) =>
  ["a", "b", "c"].map((peer, i) => ({ k: { x }, peer, value: x + ((x * 7 + i * 5) % 11) / 10 })),
).flat();
/** A peer that contradicts them everywhere, which nobody believes. */
const lies = Array.from({ length: 12 }, (_, x) => ({ k: { x }, peer: "mallory", value: 23 - x + 100 }));

describe("a watch is told of", () => {
  it("claims that were evaluated several times, and of others only where it asks for them", async () => {
    const told = [
      { k: { x: 1 }, value: 1 },
      { k: { x: 1 }, peer: "b", value: 1 },
      { k: { x: 2 }, value: 2 },
      { k: { x: 3 }, value: 3 },
    ];
    expect((await watched(told)).claims).toEqual(['{"x":1}']);
    expect((await watched(told, ['{"x":3}'])).claims).toEqual(['{"x":1}', '{"x":3}']);
  });

  it("two scopes apart: a claim evaluated once in each was not evaluated again", async () => {
    const told = ["one", "two"].map((scope) => ({ k: { x: 1 }, scope, value: 1 }));
    expect((await watched(told)).scopes.size).toBe(0);
  });

  it("nothing that a distrusted peer says: it raises no alarm", async () => {
    const found = await watched([...honest, ...lies]);
    expect(found.alarm).toBeUndefined();
    expect(found.scopes.get("")).toEqual((await watched(honest)).scopes.get(""));
  });

  it("the newest evaluations, among which a distrusted peer's, however many, take no room", async () => {
    const flood = Array.from({ length: 3000 }, () => ({ k: { x: 3 }, peer: "mallory", value: 999 }));
    const [before, after] = [await watched([...honest, ...lies]), await watched([...honest, ...lies, ...flood])];
    expect(after.claims).toHaveLength(24);
    expect(after.scopes.get("")!.tests).toBe(before.scopes.get("")!.tests);
    expect(after.scopes.get("")!.tests).toBeGreaterThan(0);
  });

  it("the best claim of each past regime, however much was evaluated since", async () => {
    const peers = ["a", "b"];
    const evaluated = (regime: number, times: number, best: number): Told[] =>
      Array.from({ length: times }, (_, i) =>
        [1, 2].map((x) => ({ k: { x }, peer: peers[i % 2]!, regime, value: (x === best ? 9 : 5) + (i % 3) / 10 })),
      ).flat();
    const told = [...evaluated(0, 20, 1), ...evaluated(1, 1100, 2), { k: { x: 2 }, peer: "a", regime: 2, value: 7 }];
    const moved = [0, 1].flatMap((regime) =>
      peers.map((peer) => stamped({ kind: "drift", peer, stage: "p.s", subnet: "n", regime })),
    );
    const { scopes } = await watched(told, [], moved);
    expect(scopes.get("")!.past.map(({ regime, claim }) => [regime, claim])).toEqual([
      [1, '{"x":2}'],
      [0, '{"x":1}'],
    ]);
  });
});
