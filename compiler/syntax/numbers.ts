/** What a number token says, in base units, or why it says nothing. */
import { type Unit, unitSpellings, units } from "../../grammar/tokens.ts";
import type { NumberLiteral } from "./tree.ts";

export type NumberReading =
  | { readonly value: number; readonly unit: NumberLiteral["unit"] }
  | { readonly reason: string; readonly mend: string | undefined };

const shape = /^(\$?)(\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?)([A-Za-z]*)$/;

export function readNumber(image: string): NumberReading {
  const code = image.charCodeAt(image.length - 1);
  // Most numbers are short and bare.
  if (image.length < 10 && code >= 48 && code <= 57 && /^\d+$/.test(image))
    return { value: Number(image), unit: "int" };
  const match = shape.exec(image);
  if (match === null) return explainBad(image);
  const [, dollar, digits, suffix] = match as unknown as [string, string, string, string];
  const value = Number(digits.replaceAll("_", ""));
  if (!Number.isFinite(value)) return { reason: "it is too large", mend: undefined };
  if (dollar !== "")
    return suffix === "" ? { value, unit: "money" } : { reason: "money has no unit", mend: `$${digits}` };
  if (suffix === "") return { value, unit: /[.eE]/.test(digits) ? "float" : "int" };
  const unit = unitOf(suffix);
  return unit === undefined ? explainBad(image) : { value: (value * unit.times) / unit.over, unit: unit.kind };
}

export function unitOf(suffix: string): Unit | undefined {
  return Object.hasOwn(units, suffix) ? units[suffix] : undefined;
}

/** The unit that a wrong spelling such as `mins` or `gb` was meant to be. */
export function unitMeant(suffix: string): string | undefined {
  if (unitOf(suffix) !== undefined) return suffix;
  const lower = suffix.toLowerCase();
  if (Object.hasOwn(unitSpellings, lower)) return unitSpellings[lower];
  return Object.hasOwn(units, lower) ? lower : undefined;
}

function explainBad(image: string): NumberReading {
  const sum = compound(image);
  if (sum !== undefined) return { reason: "a number has one unit", mend: sum };
  if (image.startsWith("$-")) return { reason: "the sign stands before the `$`", mend: `-$${image.slice(2)}` };
  const times = /^(\d+)x$/.exec(image);
  if (times !== null) return { reason: "a repetition is written with `x` before the number", mend: `x ${times[1]}` };
  const match = shape.exec(image);
  if (match === null) return { reason: "it cannot be read", mend: undefined };
  const [, , digits, suffix] = match as unknown as [string, string, string, string];
  const meant = unitMeant(suffix);
  return { reason: `there is no unit \`${suffix}\``, mend: meant === undefined ? undefined : digits + meant };
}

/** `1h30m` in the smallest of its units: `90m`. */
function compound(image: string): string | undefined {
  const parts = [...image.matchAll(/(\d+(?:\.\d+)?)([A-Za-z]+)/g)];
  if (parts.length < 2 || parts.map((part) => part[0]).join("") !== image) return undefined;
  let smallest: [string, Unit] | undefined;
  let total = 0;
  for (const [, digits, suffix] of parts) {
    const name = unitMeant(suffix!);
    const unit = name === undefined ? undefined : unitOf(name);
    if (name === undefined || unit === undefined || (smallest !== undefined && smallest[1].kind !== unit.kind))
      return undefined;
    // In milliseconds or bytes, so that the sum is exact.
    total += (Number(digits) * unit.times * 1000) / unit.over;
    if (smallest === undefined || unit.times / unit.over < smallest[1].times / smallest[1].over)
      smallest = [name, unit];
  }
  const [name, unit] = smallest!;
  return `${(total * unit.over) / unit.times / 1000}${name}`;
}
