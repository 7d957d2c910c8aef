/** What was added to a plan, removed from it, or changed in it. */
import type { Plan, Position } from "../../runtime/plan.ts";
import { type Subject, subjectsOf } from "./facets.ts";

export interface Change {
  readonly kind: "added" | "removed" | "changed";
  /** `agent forecaster`, `stage research.task.plan`. */
  readonly what: string;
  /** Where it stands: in the new plan, or if removed in the old one. */
  readonly at?: Place;
  /** The parts that differ, and of what is added or removed all that there is; one of the two is missing where a part is new or gone. */
  readonly parts: readonly { readonly name: string; readonly before?: string; readonly after?: string }[];
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** In the order of the new plan, what was removed last. Positions and sources do not count, as they do not for the hash. */
export function changesBetween(before: Plan, after: Plan): readonly Change[] {
  if (before.hash === after.hash) return [];
  const old = new Map(subjectsOf(before).map((subject) => [subject.what, subject]));
  const fresh = new Map(subjectsOf(after).map((subject) => [subject.what, subject]));
  const kept = [...fresh.values()].flatMap((subject): Change[] => {
    const { what, at } = subject;
    const known = old.get(what);
    if (known?.whole === subject.whole) return [];
    const kind = known === undefined ? "added" : "changed";
    return [{ kind, what, ...placed(after, at), parts: partsOf(known, subject) }];
  });
  const removed = [...old.values()].flatMap((subject): Change[] => {
    const { what, at } = subject;
    return fresh.has(what)
      ? []
      : [{ kind: "removed", what, ...placed(before, at), parts: partsOf(subject, undefined) }];
  });
  return [...kept, ...removed];
}

function partsOf(before: Subject | undefined, after: Subject | undefined): Change["parts"] {
  const names = new Set([...(after?.facets.keys() ?? []), ...(before?.facets.keys() ?? [])]);
  const parts = [...names].flatMap((name) => {
    const [a, b] = [before?.facets.get(name), after?.facets.get(name)];
    return a === b
      ? []
      : [{ name, ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) }];
  });
  // What no facet speaks of is told as it is.
  if (parts.length === 0 && before !== undefined && after !== undefined)
    return [{ name: "details", before: before.whole, after: after.whole }];
  return parts;
}

function placed({ source }: Plan, at: Position | undefined): { readonly at?: Place } {
  const path = at === undefined ? undefined : source[at[0]]?.path;
  return at === undefined || path === undefined ? {} : { at: { file: path, line: at[1], column: at[2] } };
}

/** A line of two texts compared: only in the first, only in the second, or in both. */
export type Line = readonly [mark: "-" | "+" | " ", text: string];

/** More lines than this, squared, are not compared one by one. */
const MOST_LINES = 2_000;

/** By the longest common subsequence of lines. */
export function linesBetween(before: string, after: string): readonly Line[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  if (a.length > MOST_LINES || b.length > MOST_LINES)
    return [...a.map((text): Line => ["-", text]), ...b.map((text): Line => ["+", text])];
  // common[i][j]: how many lines a from i and b from j have in common.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push([" ", a[i]!]);
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) lines.push(["-", a[i++]!]);
    else lines.push(["+", b[j++]!]);
  }
  return lines;
}
