/**
 * A Gaussian process over points of a search space: what is to be expected where nothing was tried, and how sure that
 * is. Matérn 5/2 (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 4.17), one length for all
 * ranges; length and noise by the marginal likelihood (eq. 2.30) over a small grid.
 */
import type { Dimension, Point } from "./space.ts";

export interface Sample {
  readonly point: Point;
  readonly value: number;
  /** How many evaluations of the same claim `value` is the mean of, each weighted by what it counts. */
  readonly weight: number;
}

export interface Estimate {
  readonly mean: number;
  readonly deviation: number;
}

const LENGTHS = [0.1, 0.2, 0.4, 0.8];
/** The noise's variance, as a part of the signal's. */
const NOISES = [0.001, 0.03, 0.3, 1];
/** Squared distance between two values of a choice. */
const APART = 1;

interface Process {
  estimate(point: Point): Estimate;
  /** Variance of what one evaluation of weight 1 adds to the truth. */
  readonly noise: number;
}

export function fitProcess(dimensions: readonly Dimension[], samples: readonly Sample[]): Process {
  const total = samples.reduce((sum, sample) => sum + sample.weight, 0);
  const mean = samples.reduce((sum, { value, weight }) => sum + value * weight, 0) / total;
  const variance = samples.reduce((sum, { value, weight }) => sum + weight * (value - mean) ** 2, 0) / total || 1;
  const targets = samples.map((sample) => (sample.value - mean) / Math.sqrt(variance));

  let best: { likelihood: number; lower: Float64Array[]; alpha: number[]; length: number; noise: number } | undefined;
  for (const length of LENGTHS) {
    const kernel = samples.map((a, i) =>
      samples.slice(0, i + 1).map((b) => covariance(dimensions, a.point, b.point, length)),
    );
    for (const noise of NOISES) {
      const lower = cholesky(
        kernel,
        samples.map((sample) => noise / sample.weight + 1e-8),
      );
      if (lower === undefined) continue;
      const alpha = solveUpper(lower, solveLower(lower, targets));
      let likelihood = 0;
      for (let i = 0; i < targets.length; i++) likelihood -= 0.5 * targets[i]! * alpha[i]! + Math.log(lower[i]![i]!);
      if (best === undefined || likelihood > best.likelihood) best = { likelihood, lower, alpha, length, noise };
    }
  }
  if (best === undefined) return { estimate: () => ({ mean, deviation: Math.sqrt(variance) }), noise: variance };
  const { lower, alpha, length, noise } = best;
  const estimate = (point: Point): Estimate => {
    const near = samples.map((sample) => covariance(dimensions, sample.point, point, length));
    const solved = solveLower(lower, near);
    let expected = 0;
    let explained = 0;
    for (let i = 0; i < near.length; i++) {
      expected += near[i]! * alpha[i]!;
      explained += solved[i]! ** 2;
    }
    return {
      mean: mean + expected * Math.sqrt(variance),
      deviation: Math.sqrt(Math.max(1e-12, 1 - explained) * variance),
    };
  };
  return { estimate, noise: noise * variance };
}

/** A coordinate that does not count stands in the middle: what tells such points apart is the choice above it. */
function covariance(dimensions: readonly Dimension[], a: Point, b: Point, length: number): number {
  let square = 0;
  for (let i = 0; i < dimensions.length; i++) {
    const [x, y] = [a[i] ?? 0.5, b[i] ?? 0.5];
    if (x === y) continue;
    square += dimensions[i]!.options === undefined ? ((x - y) / length) ** 2 : APART;
  }
  const scaled = Math.sqrt(5 * square);
  return (1 + scaled + (5 * square) / 3) * Math.exp(-scaled);
}

function cholesky(kernel: readonly (readonly number[])[], noise: readonly number[]): Float64Array[] | undefined {
  const lower: Float64Array[] = [];
  for (let i = 0; i < kernel.length; i++) {
    const row = new Float64Array(i + 1);
    for (let j = 0; j <= i; j++) {
      const other = j === i ? row : lower[j]!;
      let sum = kernel[i]![j]! + (i === j ? noise[i]! : 0);
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      if (j < i) row[j] = sum / other[j]!;
      else if (sum <= 0) return undefined;
      else row[j] = Math.sqrt(sum);
    }
    lower.push(row);
  }
  return lower;
}

function solveLower(lower: readonly Float64Array[], right: readonly number[]): number[] {
  const result: number[] = [];
  for (let i = 0; i < right.length; i++) {
    const row = lower[i]!;
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= row[k]! * result[k]!;
    result.push(sum / row[i]!);
  }
  return result;
}

function solveUpper(lower: readonly Float64Array[], right: readonly number[]): number[] {
  const result = [...right];
  for (let i = right.length - 1; i >= 0; i--) {
    let sum = result[i]!;
    for (let k = i + 1; k < right.length; k++) sum -= lower[k]![i]! * result[k]!;
    result[i] = sum / lower[i]![i]!;
  }
  return result;
}
