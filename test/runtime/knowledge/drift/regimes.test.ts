import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Drift, Regimes } from "../../../../runtime/knowledge/drift/regimes.ts";

const DAY = 24 * 3600 * 1000;
/** What is said, and evidence. Without a peer: by one that is alone. */
type Said =
  | { readonly drift: Partial<Drift> & { readonly regime: number } }
  | { readonly return: readonly [regime: number, same: number]; readonly peer?: string; readonly time?: number }
  | { readonly spoken: readonly [peer: number, regime?: number, time?: number] };

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];

function told(all: readonly Said[]): Regimes {
  const regimes = new Regimes((peer) => NAMES[peer]!);
  for (const one of all) {
    if ("drift" in one) regimes.drift({ peer: "a", time: 10 * DAY, ...one.drift });
    else if ("return" in one) {
      const [regime, same] = one.return;
      regimes.return({ regime, same, peer: one.peer ?? "a", time: one.time ?? 10 * DAY });
    } else regimes.speaks(one.spoken[1] ?? 0, one.spoken[0], one.spoken[2] ?? 10 * DAY);
  }
  return regimes;
}

const regime = fc.integer({ min: 0, max: 3 });
const peer = fc.constantFrom(...NAMES.slice(0, 3));
const time = fc.integer({ min: 0, max: 6 }).map((days) => 8 * DAY + (days * DAY) / 2);
const said: fc.Arbitrary<Said> = fc.oneof(
  fc
    .record({
      ...{ regime, peer, time },
      since: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
      version: fc.constantFrom(undefined, "1", "2"),
    })
    .map((drift) => ({ drift })),
  fc.record({ return: fc.tuple(regime, regime), peer, time }),
  fc.tuple(fc.integer({ min: 0, max: 3 }), regime, time).map((spoken) => ({ spoken })),
);

describe("the regimes of a stage", () => {
  it("depend on which records there are, not on their order or number", () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), fc.nat(), (all, seed) => {
        const shuffled = [...all, ...all.filter((_, i) => (i + seed) % 3 === 0)]
          .map((one, i) => [((i + 1) * (seed + 7)) % 31, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one);
        expect(told(shuffled).all()).toEqual(told(all).all());
      }),
    );
  });

  it("two alarms raised in the same regime open the same next one, and the earlier doubt holds", () => {
    const since = 9 * DAY;
    const regimes = told([
      { drift: { regime: 0, since: since + 7 } },
      { drift: { regime: 0, since, time: 10 * DAY - 1 } },
    ]);
    expect(regimes.current).toBe(1);
    expect(regimes.all()[0]).toMatchObject({ since, same: 0 });
  });

  it("none is skipped, whatever number a record names", () => {
    expect(told([{ drift: { regime: 1_000_000 } }, { drift: { regime: 0 } }]).current).toBe(1);
  });

  it("one that returned counts as the newest that is the same, over several returns too", () => {
    const drifts = [0, 1, 2, 3].map((of) => ({ drift: { regime: of } }));
    const same = told([...drifts, { return: [2, 0] }, { return: [4, 2] }])
      .all()
      .map((one) => one.same);
    expect(same).toEqual([4, 1, 4, 3, 4]);
  });

  it("that a new version opened are known by it, and so is the one before", () => {
    const regimes = told([
      { drift: { regime: 0, version: "2", was: "1" } },
      { drift: { regime: 1 } },
      { drift: { regime: 2, version: "1", was: "2" } },
    ]);
    expect(regimes.all().map(({ version }) => version)).toEqual(["1", "2", "2", "1"]);
    expect([regimes.of("2"), regimes.of("1"), regimes.of("3"), regimes.of(undefined)]).toEqual([2, 3, 3, 3]);
  });

  const active = (count: number, more: readonly [regime?: number, time?: number] = []): Said[] =>
    Array.from({ length: count }, (_, i) => ({ spoken: [i, ...more] }));
  const ended = (...peers: string[]): Said[] => peers.map((peer) => ({ drift: { regime: 0, peer } }));

  it("one ends where enough of the active peers say so: one that is alone, two, and more than a quarter", () => {
    const current = (count: number, ...peers: string[]) => told([...active(count), ...ended(...peers)]).current;
    expect([current(0, "a"), current(1, "a")]).toEqual([1, 1]);
    expect([current(2, "a"), current(2, "a", "b"), current(3, "a"), current(3, "a", "c")]).toEqual([0, 1, 0, 1]);
    expect([current(8, "a", "b"), current(8, "a", "b", "h")]).toEqual([0, 1]);
  });

  it("one peer ends none, however often and of whatever time it says so, as long as another is active", () => {
    const times = [0, 5 * DAY, 9.5 * DAY, 10 * DAY, 10.9 * DAY];
    const alone = times.map((time): Said => ({ drift: { regime: 0, peer: "a", time, since: 0 } }));
    expect(told([...active(2), ...alone]).all()).toEqual([{ regime: 0, same: 0 }]);
    // Who has been silent for a day has no say.
    expect(told([...active(2), { drift: { regime: 0, peer: "a", time: 11.1 * DAY } }]).current).toBe(1);
    // Nor has who gave evidence in the next one only.
    expect(told([...active(1), ...active(2, [1]), ...ended("a")]).current).toBe(1);
  });

  it("words that are more than a day apart are not counted together", () => {
    const apart = (time: number) =>
      told([...active(2), { drift: { regime: 0 } }, { drift: { regime: 0, peer: "b", time } }]).current;
    expect([apart(10.9 * DAY), apart(8.9 * DAY)]).toEqual([1, 0]);
  });

  it("what is doubted is what enough of them doubt, and nothing that is older than a week", () => {
    const doubts = (...since: (number | undefined)[]) =>
      told([
        ...active(8),
        ...since.map((one, i): Said => ({ drift: { regime: 0, peer: NAMES[i]!, since: one } })),
      ]).all()[0]!.since;
    expect(doubts(0, 9 * DAY, 9.5 * DAY)).toBe(9.5 * DAY);
    expect(doubts(0, 9 * DAY, undefined)).toBeUndefined();
    expect(told([{ drift: { regime: 0, since: 0 } }]).all()[0]!.since).toBe(3 * DAY);
  });

  it("a flood of words says no more than the last of them, and is soon looked through", () => {
    const flood = Array.from(
      { length: 20_000 },
      (_, i): Said => ({ drift: { regime: 0, peer: "a", time: 9 * DAY + i * 4000 } }),
    );
    expect(told([...active(2), ...flood, ...ended("b")]).current).toBe(1);
    expect(told([...active(2), ...flood]).current).toBe(0);
  });

  it("a version is known where enough say it", () => {
    const version = (...said: string[]) =>
      told([...active(3), ...said.map((one, i): Said => ({ drift: { regime: 0, peer: NAMES[i]!, version: one } }))])
        .all()
        .at(-1)!.version;
    expect([version("2", "2", "evil"), version("evil", "2")]).toEqual(["2", undefined]);
  });

  it("to who says that a version began it, the next one has begun", () => {
    const regimes = told([...active(3), { drift: { regime: 0, peer: "a", version: "2" } }]);
    expect([regimes.current, regimes.of("2", "a"), regimes.of("2", "b"), regimes.of("1", "a")]).toEqual([0, 1, 0, 0]);
  });

  it("who gave evidence is known again where it was saved, also to what is said later", () => {
    const before = told([...active(3), { spoken: [4, 0, 2 * DAY] }]);
    const again = new Regimes((peer) => NAMES[peer]!);
    again.speaks(0, 2, DAY);
    again.restore(before.save());
    expect([...(JSON.parse(again.save()) as unknown[])].sort()).toEqual(
      [...(JSON.parse(before.save()) as unknown[])].sort(),
    );
    again.restore(told([{ spoken: [5, 0, 10 * DAY] }]).save());
    again.drift({ regime: 0, peer: "a", time: 10 * DAY });
    expect(again.current).toBe(0);
    again.drift({ regime: 0, peer: "f", time: 10 * DAY });
    expect(again.current).toBe(1);
  });

  it("a return needs as many", () => {
    const same = (...peers: string[]) =>
      told([...active(3), ...ended("a", "b"), ...peers.map((peer): Said => ({ return: [1, 0], peer }))]).all()[0]!.same;
    expect([same("c"), same("c", "a")]).toEqual([0, 1]);
  });

  it("what too few say of the current one is told, and no longer once it holds", () => {
    const before = told([...active(3), ...ended("a"), { return: [1, 0], peer: "b" }]);
    expect(before.unsettled).toMatchObject({ ended: [{ peer: "a" }], returns: [{ peer: "b", same: 0 }] });
    const after = told([
      ...active(3),
      ...ended("a", "b"),
      { return: [1, 0], peer: "b" },
      { return: [1, 0], peer: "c" },
    ]);
    expect(after.unsettled).toEqual({ ended: [], returns: [] });
  });
});
