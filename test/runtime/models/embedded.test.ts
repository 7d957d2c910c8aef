import { describe, expect, test } from "vitest";
import type { Observation } from "../../../runtime/knowledge/knowledge.ts";
import { embeddedModel } from "../../../runtime/models/embedded.ts";
import type { Proposal } from "../../../runtime/models/model.ts";
import { gaussian, random } from "../../../runtime/random.ts";
import type { Json, Type } from "../../../runtime/types.ts";
import { canonical } from "../../../runtime/values/canonical.ts";

/** Four families, one of them with a field that matters. */
const TYPE: Type = {
  kind: "record",
  fields: [
    { name: "scale", type: { kind: "float", low: 0.1, high: 10, log: true }, default: 0.2 },
    {
      name: "family",
      type: {
        kind: "choice",
        arms: [
          { value: "flat", fields: [] },
          { value: "heavy", fields: [{ name: "tail", type: { kind: "float", low: 0, high: 1 }, default: 0.1 }] },
          { value: "square", fields: [{ name: "side", type: { kind: "int", low: 1, high: 9 }, default: 1 }] },
        ],
      },
    },
  ],
};

interface Shape {
  readonly scale: number;
  readonly family: string;
  readonly tail?: number;
  readonly side?: number;
}

/** Lowest, at 0, for heavy with scale 3 and tail 0.8. */
function loss({ scale, family, tail, side }: Shape): number {
  const own = family === "heavy" ? (tail! - 0.8) ** 2 * 4 : family === "square" ? 0.5 + Math.abs(side! - 5) / 10 : 1;
  return Math.log(scale / 3) ** 2 / 4 + own;
}

async function search(seed: number, evaluations: number, noise: number, explore: number): Promise<Shape[]> {
  const model = embeddedModel("sampler", { explore });
  const next = random(seed);
  const observations: Observation[] = [];
  const tried: Shape[] = [];
  for (let i = 0; i < evaluations; i++) {
    const { value } = await model.propose(
      request({ seed: seed * 1000 + i, observations: async () => observations }),
      new AbortController().signal,
    );
    tried.push(value as unknown as Shape);
    observations.push({
      chosen: value,
      scope: "",
      ok: true,
      value: -loss(value as unknown as Shape) + noise * gaussian(next),
      regime: 0,
      time: i,
      peer: "main",
    });
  }
  return tried;
}

function request(more: Partial<Proposal>): Proposal {
  return {
    stage: "work.plan",
    scope: "",
    prompt: "",
    type: TYPE,
    temperature: undefined,
    seed: 1,
    patterns: [],
    antipatterns: [],
    observations: async () => [],
    history: [],
    tools: [],
    turns: 1,
    onTurn: () => {},
    ...more,
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const propose = async (more: Partial<Proposal>): Promise<Json> =>
  (await embeddedModel("sampler", {}).propose(request(more), new AbortController().signal)).value;

describe("the embedded sampler", () => {
  test("tries the defaults first, once for each family", async () => {
    const first = (await search(1, 3, 0, 0.2)).map(({ family, ...rest }) => [family, rest]);
    expect(Object.fromEntries(first)).toMatchObject({ flat: {}, heavy: { tail: 0.1 }, square: { side: 1 } });
  });

  test("finds the family and its fields in noise, far better than chance", async () => {
    const seeds = [1, 2, 3, 4, 5, 6];
    const late = await Promise.all(
      seeds.map(async (seed) => mean((await search(seed, 50, 0.2, 0.1)).slice(-10).map(loss))),
    );
    const chance = await Promise.all(
      seeds.map(async (seed) => mean((await search(seed, 50, 0.2, 1)).slice(-10).map(loss))),
    );
    expect(mean(late)).toBeLessThan(0.4 * mean(chance));
  });

  test("in noise it evaluates its leaders again, and where there is none it does not", async () => {
    const repeatsOf = async (noise: number): Promise<number> => {
      const tried = await Promise.all([1, 2, 3, 4].map((seed) => search(seed, 40, noise, 0.1)));
      return mean(tried.map((shapes) => shapes.length - new Set(shapes.map((shape) => JSON.stringify(shape))).size));
    };
    expect(await repeatsOf(0.3)).toBeGreaterThan(6);
    expect(await repeatsOf(0)).toBeLessThan(6);
  });

  test("gives the same proposals for the same seed and record, others for another", async () => {
    expect(await search(7, 15, 0.1, 0.2)).toEqual(await search(7, 15, 0.1, 0.2));
    expect(await search(7, 15, 0.1, 0.2)).not.toEqual(await search(8, 15, 0.1, 0.2));
  });

  test("proposes what it is known by: the claim of a proposal is the proposal", async () => {
    for (const shape of await search(3, 20, 0.1, 0.5)) {
      expect(JSON.parse(canonical(shape as unknown as Json, TYPE).chosen)).toEqual(shape);
    }
  });

  test("does not propose again what was refused in this stage, nor an antipattern", async () => {
    const type: Type = { kind: "record", fields: [{ name: "n", type: { kind: "int", low: 1, high: 3 } }] };
    const { claim } = canonical({ n: 2 }, type);
    for (let seed = 0; seed < 30; seed++) {
      const value = await propose({
        type,
        seed,
        history: [{ value: { n: 1 }, class: "refused", error: "no" }],
        antipatterns: [{ claim } as Proposal["antipatterns"][number]],
      });
      expect(value).toEqual({ n: 3 });
    }
  });

  test("says which part of a type it cannot search", async () => {
    const type: Type = { kind: "record", fields: [{ name: "text", type: { kind: "string" } }] };
    await expect(propose({ type })).rejects.toThrow("text is string, which is no search space");
  });
});
