/**
 * The Continuous Ranked Probability Score of an ensemble against what happened, in the units of the values; 0 is perfect.
 *
 * E|X - y| - E|X - X'| / 2 over the ensemble's empirical distribution (Gneiting and Raftery 2007, eq. 21). With the
 * members sorted, the double sum is a single one: Σᵢⱼ |xᵢ - xⱼ| = 2 Σᵢ (2i - n - 1) xᵢ, so the cost is that of sorting.
 */
export function crps(ensemble: Float64Array, outcome: number): number {
  const sorted = Float64Array.from(ensemble).sort();
  const n = sorted.length;
  let distance = 0;
  let spread = 0;
  for (let i = 0; i < n; i++) {
    const member = sorted[i]!;
    distance += Math.abs(member - outcome);
    spread += (2 * i + 1 - n) * member;
  }
  return distance / n - spread / (n * n);
}
