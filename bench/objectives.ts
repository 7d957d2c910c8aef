/** Functions to minimise, as spaces that the embedded sampler searches. */
import type { Json, Type } from "../runtime/types.ts";

export interface Problem {
  readonly name: string;
  readonly type: Type;
  /** Standard deviation of the noise on a measurement. */
  readonly noise: number;
  /** Without noise; at least 0, which is reached. */
  regret(choice: Json): number;
}

interface Plane {
  readonly x: number;
  readonly y: number;
}

/** Branin's function (Dixon and Szegő, 1978), whose three minima are 0.397887. */
export function branin({ x, y }: Plane): number {
  const valley = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6;
  return valley ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.397887;
}

const PLANE: Type = {
  kind: "record",
  fields: [
    { name: "x", type: { kind: "float", low: -5, high: 10 } },
    { name: "y", type: { kind: "float", low: 0, high: 15 } },
  ],
};

export const BRANIN: Problem = {
  name: "Branin",
  type: PLANE,
  noise: 10,
  regret: (choice) => branin(choice as unknown as Plane),
};

const A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const P = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];
const WEIGHTS = [1, 1.2, 3, 3.2];

/** Hartmann's function in six dimensions (Dixon and Szegő, 1978), whose minimum is -3.32237. */
function hartmann6(point: readonly number[]): number {
  const terms = WEIGHTS.map(
    (weight, i) => weight * Math.exp(-point.reduce((sum, x, j) => sum + A[i]![j]! * (x - P[i]![j]!) ** 2, 0)),
  );
  return 3.32237 - terms.reduce((sum, term) => sum + term, 0);
}

const SIX = ["a", "b", "c", "d", "e", "f"];

export const HARTMANN6: Problem = {
  name: "Hartmann6",
  type: { kind: "record", fields: SIX.map((name) => ({ name, type: { kind: "float", low: 0, high: 1 } })) },
  noise: 0.3,
  regret: (choice) => hartmann6(SIX.map((name) => (choice as { [name: string]: number })[name]!)),
};

/** The same with every range turned by a part of its length: what was best is so no more. */
export function moved(problem: Problem, by: number): Problem {
  const { fields } = problem.type as {
    readonly fields: readonly { name: string; type: { low: number; high: number } }[];
  };
  const turned = (choice: Json): Json =>
    Object.fromEntries(
      fields.map(({ name, type: { low, high } }) => {
        const x = ((choice as { [name: string]: number })[name]! - low) / (high - low);
        return [name, low + ((x + by) % 1) * (high - low)];
      }),
    );
  return { ...problem, regret: (choice) => problem.regret(turned(choice)) };
}
