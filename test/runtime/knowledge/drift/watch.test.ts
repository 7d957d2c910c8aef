import { describe, expect, it } from "vitest";
import { type Evaluation, watch } from "../../../../runtime/knowledge/drift/watch.ts";
import { deriveSeed, gaussian, random } from "../../../../runtime/random.ts";

let time = 0;
const said = (peer: string, value: number, more: Partial<Evaluation> = {}): Evaluation => {
  time += 1;
  const about = { scope: "", claim: "k", metric: "m", weight: 1, regime: 0 };
  return { ...about, attempt: `${time}`, time, peer, value, ...more };
};
/** Two peers who agree, and a yardstick of about 1. */
const settled = (more: Partial<Evaluation> = {}): Evaluation[] =>
  [10, 11, 9, 10, 11, 9, 10].map((value, i) => said(["a", "b", "c"][i % 3]!, value, more));

describe("an alarm", () => {
  it("is given when two peers find a claim far from what it was, and doubts what came since the last good test", () => {
    const before = settled();
    const first = said("a", 30);
    const surprised = watch([...before, first], 0);
    expect(surprised.alarm).toBeUndefined();
    expect(surprised.scopes.get("")).toMatchObject({ surprises: 1, doubted: { claim: "k", peer: "a" } });
    expect(watch([...before, first, said("b", 31)], 0).alarm).toMatchObject({ scope: "", good: before.at(-1)!.time });
  });

  it("that its first test leads to doubts what came since the yardstick was made", () => {
    const [author, ...yardstick] = settled().slice(0, 6);
    const found = watch([author!, ...yardstick, said("a", 30), said("b", 31)], 0);
    expect(found.scopes.get("")).toMatchObject({ tests: 2 });
    expect(found.alarm).toMatchObject({ good: yardstick.at(-1)!.time });
  });

  it("is not given by one peer alone where there are others, however often it is surprised", () => {
    expect(watch([...settled(), ...Array.from({ length: 20 }, () => said("a", 99))], 0).alarm).toBeUndefined();
  });

  it("is given by a peer that mines alone", () => {
    const alone = [...settled(), said("a", 30), said("a", 31)].map((one) => ({ ...one, peer: "a" }));
    expect(watch(alone, 0)).toMatchObject({ alone: true, alarm: { scope: "" } });
  });

  it("is not given by a surprise that the next test does not confirm", () => {
    const seen = watch([...settled(), said("a", 14), said("b", 10), said("c", 10)], 0);
    expect(seen.alarm).toBeUndefined();
    expect(seen.scopes.get("")).toMatchObject({ cusum: 0, surprises: 0, doubted: undefined });
  });

  it("needs four earlier re-evaluations, but they may be of another regime", () => {
    const fresh = [said("a", 10), said("b", 10), said("c", 30), said("a", 31)];
    expect(watch(fresh, 0).alarm).toBeUndefined();
    const later = fresh.map((one) => ({ ...one, regime: 1 }));
    expect(watch([...settled(), ...later], 1).alarm).toBeDefined();
  });

  it("is of the current regime only", () => {
    expect(watch([...settled(), said("a", 30), said("b", 31)], 1).alarm).toBeUndefined();
  });

  it("is not held up by evaluations that name an earlier regime in between", () => {
    const late = () => said("c", 10, { claim: "old" });
    const before = [late(), late(), ...settled({ regime: 1 })];
    const moved = [said("a", 30, { regime: 1 }), late(), said("b", 31, { regime: 1 })];
    expect(watch([...before, ...moved], 1).alarm).toBeDefined();
  });

  it("is not given because of an author whose value nobody confirms", () => {
    const liar = said("liar", 99, { claim: "lie" });
    const checks = ["a", "b", "c", "a", "b"].map((peer) => said(peer, 3, { claim: "lie" }));
    expect(watch([...settled(), liar, ...checks], 0).alarm).toBeUndefined();
  });
});

describe("a past regime's best claim", () => {
  it("is due until it has been evaluated, and then matches or does not", () => {
    const before = [
      ...settled({ claim: "best" }),
      ...settled({ claim: "worse" }).map((one) => ({ ...one, value: one.value - 9 })),
    ];
    const past = (...now: Evaluation[]) => watch([...before, ...now], 1).scopes.get("")?.past;
    expect(past()).toEqual([{ regime: 0, claim: "best", match: undefined }]);
    expect(past(said("a", 10.5, { claim: "best", regime: 1 }))).toMatchObject([{ match: true }]);
    expect(past(said("a", 30, { claim: "best", regime: 1 }))).toMatchObject([{ match: false }]);
  });
});

describe("over many searches in noise", () => {
  /** Peers evaluate five claims again and again; at `moves` all of them change. */
  function search(seed: number, moves: number, evaluations: number): number | undefined {
    const next = random(deriveSeed(seed, "watch"));
    const all: Evaluation[] = [];
    for (let i = 0; i < evaluations; i++) {
      const claim = Math.floor(next() * 5);
      const value = claim + (i >= moves ? 8 : 0) + gaussian(next);
      all.push(said(`p${Math.floor(next() * 4)}`, value, { claim: `${claim}` }));
      if (watch(all, 0).alarm !== undefined) return i;
    }
    return undefined;
  }

  it("false alarms are rare, and a move is soon seen", () => {
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    expect(seeds.filter((seed) => search(seed, Infinity, 60) !== undefined).length).toBeLessThanOrEqual(6);
    const delays = seeds.map((seed) => (search(seed, 40, 60) ?? Infinity) - 40).sort((a, b) => a - b);
    expect(delays[20]).toBeLessThanOrEqual(5);
  });
});
