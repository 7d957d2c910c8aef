/** Quantiles of the distributions that shocks are drawn from. All are taken at the middles of `n` equal strata. */

/** `n` values that stand for a standard normal distribution. */
export function normal(n: number): Float64Array {
  return strata(n, normalQuantile);
}

/** `n` values that stand for Student's t with `tail` degrees of freedom (more than 2), scaled to variance 1. */
export function student(n: number, tail: number): Float64Array {
  const scale = Math.sqrt((tail - 2) / tail);
  return strata(n, (p) => scale * studentQuantile(p, tail));
}

/** `n` values that stand for a sample: its quantiles, interpolated. `sample` must not be empty. */
export function empirical(n: number, sample: Float64Array): Float64Array {
  const sorted = Float64Array.from(sample).sort();
  return strata(n, (p) => {
    const at = p * (sorted.length - 1);
    const below = sorted[Math.floor(at)]!;
    return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
  });
}

function strata(n: number, quantile: (p: number) => number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => quantile((i + 0.5) / n));
}

/** Acklam's rational approximation, relative error below 1.2e-9. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
        4.374664141464968) *
        q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
      1)
  );
}

/** Hill's expansion of Student's quantile, for any degrees of freedom from 2 (Communications of the ACM 13, 1970, algorithm 396). */
function studentQuantile(p: number, degrees: number): number {
  if (p > 0.5) return -studentQuantile(1 - p, degrees);
  const a = 1 / (degrees - 0.5);
  const b = 48 / (a * a);
  const c = (((20700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * degrees;
  const y = (2 * p * d) ** (2 / degrees);
  return -Math.sqrt(degrees * (y > 0.05 + a ? body(normalQuantile(p), degrees, a, b, c, d) : tails(y, degrees, d)));
}

function body(x: number, degrees: number, a: number, b: number, c: number, d: number): number {
  const y = x * x;
  const e = (degrees < 5 ? c + 0.3 * (degrees - 4.5) * (x + 0.6) : c) + (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
  const z = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / e - y - 3) / b + 1) * x;
  return Math.expm1(a * z * z);
}

function tails(y: number, degrees: number, d: number): number {
  const inner = 1 / (((degrees + 6) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2) * 3) + 0.5 / (degrees + 4);
  return ((inner * y - 1) * (degrees + 1)) / (degrees + 2) + 1 / y;
}
