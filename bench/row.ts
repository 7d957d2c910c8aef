/** What a benchmark yields, and how a figure is taken from several rounds. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** Of `value` to that of `against`, taken in the same run. */
  readonly ratio?: number;
  readonly against?: string;
  /** Median absolute deviation of the rounds, relative to the median. */
  readonly noise: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function noiseOf(values: readonly number[]): number {
  const center = median(values);
  return center === 0 ? 0 : median(values.map((value) => Math.abs(value - center))) / center;
}

/** A row from the rounds of one case; with `base`, the ratio is the median over the rounds, each to its own base. */
export function rowOf(
  name: { readonly bench: string; readonly case: string; readonly unit: string },
  values: readonly number[],
  base?: { readonly against: string; readonly values: readonly number[] },
): Row {
  const row = { ...name, value: rounded(median(values)), noise: rounded(noiseOf(values)) };
  if (base === undefined) return row;
  return { ...row, ratio: rounded(median(values.map((value, i) => value / base.values[i]!))), against: base.against };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
