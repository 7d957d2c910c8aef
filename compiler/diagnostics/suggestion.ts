/** "Did you mean": the candidate that a word was most likely meant to be. */

/**
 * The candidate nearest to `word`, or nothing where none is near: at most one slip (a letter wrong, missing, too many,
 * or two swapped) in a word of up to four letters, two up to eight, three beyond; a difference of case alone is free.
 * Of equally near ones the first wins. A word that is itself a candidate is its own answer.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  let bound = word.length < 2 ? 0 : word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3;
  let best: string | undefined;
  for (const candidate of candidates) {
    if (candidate === word) return candidate;
    const cost = distance(lower, candidate.toLowerCase(), bound);
    // A candidate must keep at least half of itself: `ab` is no slip for `xy`.
    if (cost > bound || cost * 2 > Math.max(candidate.length, word.length)) continue;
    if (best !== undefined && cost === bound) continue;
    best = candidate;
    bound = cost;
  }
  return best;
}

/**
 * Damerau-Levenshtein distance (optimal string alignment), or anything above `bound` once it must exceed it. Only the
 * band of the table that lies within the bound is filled in (Ukkonen, 1985): two long words take no longer than two lines.
 */
function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - bound);
    const row: number[] = [];
    row[from - 1] = from === 1 ? i : bound + 1;
    let least = row[from - 1]!;
    for (let j = from; j <= Math.min(b.length, i + bound); j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let cost = Math.min((last[j] ?? bound) + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped =
        i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (least > bound) return bound + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
