/** Quantities as people and models write them, in base units: seconds, bytes, dollars. */
import type { NumberKind } from "../types.ts";

type Units = { readonly [unit: string]: number };

/** Seconds. */
const DURATION_UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const satisfies Units;

/** Bytes. */
const SIZE_UNITS = {
  ...{ B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
} as const satisfies Units;

/** `30m`, `1h30m`, `16GB`, `$2.50`; `undefined` for anything else, a bare number among it. */
export function quantityIn(text: string, kind: NumberKind): number | undefined {
  const trimmed = text.trim();
  if (kind === "money") {
    const amount = /^\$\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)$/.exec(trimmed)?.[1];
    return amount === undefined ? undefined : Number(amount.replaceAll(",", ""));
  }
  if (kind === "duration") return sumOf(trimmed, DURATION_UNITS);
  if (kind === "size") return sumOf(trimmed, SIZE_UNITS);
  return undefined;
}

/** Of one or more numbers, each with its unit. */
function sumOf(text: string, units: Units): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?\s?[A-Za-z]+\s?)+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s?([A-Za-z]+)/g)) {
    if (!Object.hasOwn(units, unit!)) return undefined;
    sum += Number(digits) * units[unit!]!;
  }
  return sum;
}
