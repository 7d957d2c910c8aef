import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Drift, Regimes } from "../../../../runtime/knowledge/drift/regimes.ts";

type Said = { readonly drift: Drift } | { readonly return: readonly [regime: number, same: number] };

function told(all: readonly Said[]): Regimes {
  const regimes = new Regimes();
  for (const one of all) {
    if ("drift" in one) regimes.drift(one.drift);
    else regimes.return(...one.return);
  }
  return regimes;
}

const regime = fc.integer({ min: 0, max: 6 });
const said: fc.Arbitrary<Said> = fc.oneof(
  fc
    .record({
      regime,
      since: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
      version: fc.constantFrom(undefined, "1", "2"),
    })
    .map((drift) => ({ drift })),
  fc.tuple(regime, regime).map((both) => ({ return: both })),
);

describe("the regimes of a stage", () => {
  it("depend on which records there are, not on their order or number", () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 20 }), fc.nat(), (all, seed) => {
        const shuffled = [...all, ...all.filter((_, i) => (i + seed) % 3 === 0)]
          .map((one, i) => [((i + 1) * (seed + 7)) % 31, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one);
        expect(told(shuffled).all()).toEqual(told(all).all());
      }),
    );
  });

  it("two alarms raised in the same regime open the same next one, and the earlier doubt holds", () => {
    const regimes = told([{ drift: { regime: 0, since: 7 } }, { drift: { regime: 0, since: 5 } }]);
    expect(regimes.current).toBe(1);
    expect(regimes.all()[0]).toMatchObject({ since: 5, same: 0 });
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
      { drift: { regime: 1, since: 3 } },
      { drift: { regime: 2, version: "1", was: "2" } },
    ]);
    expect(regimes.all().map(({ version }) => version)).toEqual(["1", "2", "2", "1"]);
    expect([regimes.of("2"), regimes.of("1"), regimes.of("3"), regimes.of(undefined)]).toEqual([2, 3, 3, 3]);
  });
});
