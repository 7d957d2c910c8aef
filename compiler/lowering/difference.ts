/** What must be replaced in one plan to get another: the least values, each by its path. */
import type { Json, Override } from "../../runtime/plan.ts";

/** Depth of a table's rows. */
const ROWS = 2;

/** Positions do not count, nor the rows that only `from` has: nothing in `to` refers to them. */
export function difference(from: Json, to: Json): Override[] {
  const found: Override[] = [];
  const walk = (before: Json | undefined, after: Json, path: readonly string[]): void => {
    const keys = keysWithin(before, after, path.length < ROWS);
    if (keys === undefined) {
      if (before !== after) found.push({ path: [...path], value: after });
      return;
    }
    const [a, b] = [before, after] as { readonly [key: string]: Json }[];
    for (const key of keys) if (key !== "at") walk(a![key], b![key]!, [...path, key]);
  };
  walk(from, to, []);
  return found;
}

/** The keys under which to look further; none where the value has to be replaced whole. */
function keysWithin(before: Json | undefined, after: Json, isTable: boolean): readonly string[] | undefined {
  if (before === undefined || before === null || after === null) return undefined;
  if (typeof before !== "object" || typeof after !== "object") return undefined;
  if (Array.isArray(before) !== Array.isArray(after)) return undefined;
  const [a, b] = [Object.keys(before), Object.keys(after)];
  if (Array.isArray(after)) return a.length === b.length ? b : undefined;
  // That a field is gone cannot be said by replacing another one.
  return isTable || a.every((key) => Object.hasOwn(after, key)) ? b : undefined;
}
