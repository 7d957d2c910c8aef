/** A length of time as an option has it: `20s`, `2m`. */
import { usageError } from "./command.ts";

const UNITS: { readonly [unit: string]: number } = { ms: 0.001, s: 1, m: 60, h: 3600 };

export function secondsOf(option: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (!(seconds > 0)) throw usageError(`--${option} ${text} is no length of time.`, "Write it like 20s or 2m.");
  return seconds;
}
