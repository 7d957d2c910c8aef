/** Limits as people write them: `$2 per cycle`, `60 calls per 1m`, `1 call`. */
import type { Limit } from "../plan.ts";
import { quantityIn } from "./units.ts";

/** `undefined` where it is none. */
export function limitIn(text: string): Limit | undefined {
  const [, what = "", window] = /^(.+?)(?: per (.+))?$/.exec(text.trim().replace(/\s+/g, " ")) ?? [];
  const counted = /^(\d+) (call|token)s?$/.exec(what);
  const amount = counted === null ? quantityIn(what, "money") : Number(counted[1]);
  const per = window === undefined ? "ever" : window === "cycle" ? window : quantityIn(window, "duration");
  if (amount === undefined || per === undefined || per === 0) return undefined;
  return { amount, of: counted === null ? "money" : counted[2] === "call" ? "calls" : "tokens", per };
}

export function limitText({ amount, of, per }: Limit): string {
  const what = of === "money" ? moneyText(amount) : `${amount} ${amount === 1 ? of.slice(0, -1) : of}`;
  return per === "ever" ? what : `${what} per ${typeof per === "number" ? durationText(per) : per}`;
}

/** To the cent, and below one dollar to the second figure. */
function moneyText(dollars: number): string {
  const rounded = dollars >= 1 ? Math.round(dollars * 100) / 100 : Number(dollars.toPrecision(2));
  const figures = rounded >= 1 ? 2 : Math.max(2, String(rounded).length - 2);
  return `$${Number.isInteger(rounded) || rounded < 0.01 ? rounded : rounded.toFixed(figures)}`;
}

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/** In the longest unit of which it is a whole number. */
function durationText(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0) ?? ["ms", 0.001];
  return `${Math.round(seconds / length)}${unit}`;
}
