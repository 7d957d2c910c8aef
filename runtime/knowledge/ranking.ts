/** The order in which ranked claims are shown: by what is left of their merit after the better ones of their niche. */
import { sha256 } from "../values/canonical.ts";
import type { RecallQuery } from "./knowledge.ts";
import { SCORE } from "./score.sql.ts";

/** A stage's claims with the terms of their score, by columns, as `recallSql` gives them. */
export interface Ranking {
  readonly claim: readonly number[];
  readonly pattern: readonly boolean[];
  readonly strength: readonly number[];
  readonly r: readonly number[];
  readonly q: readonly number[];
  readonly anti: readonly number[];
  readonly P: readonly number[];
  readonly N: readonly number[];
  readonly C: readonly number[];
  readonly z: readonly (number | null)[];
  readonly peers: readonly number[];
  readonly evaluations: readonly number[];
  readonly newest: readonly number[];
  readonly own: readonly boolean[];
  readonly code: readonly bigint[];
  readonly family: readonly number[];
  /** Mean values: of a stage that is plain in two columns, else in one. */
  readonly metric?: readonly (number | null)[];
  readonly value?: readonly (number | null)[];
  readonly values?: readonly (readonly { readonly metric: number; readonly value: number }[] | null)[];
}

/** Patterns or antipatterns, by their place in the ranking. What has faded to nothing is neither. */
export function inOrder(ranking: Ranking, pattern: boolean, explore?: RecallQuery["explore"]): number[] {
  const { strength, anti, family, code, N } = ranking;
  const claims: { readonly index: number; readonly code: bigint; weight: number }[] = [];
  ranking.pattern.forEach((is, index) => {
    if (is !== pattern || !(is || N[index]! > 0)) return;
    const merit = (is ? strength : anti)[index]! * noise(code[index]!, explore);
    claims.push({ index, code: code[index]!, weight: rounded(merit) });
  });
  const better = new Map<number, number>();
  for (const one of claims.sort(heaviestFirst)) {
    const niche = family[one.index]!;
    const before = better.get(niche) ?? 0;
    better.set(niche, before + 1);
    one.weight = rounded(one.weight * SCORE.niche ** before);
  }
  return claims.sort(heaviestFirst).map(({ index }) => index);
}

interface Weighed {
  readonly code: bigint;
  readonly weight: number;
}

/** Of equal ones that of the lower hash, whoever asks. */
function heaviestFirst(a: Weighed, b: Weighed): number {
  return b.weight - a.weight || (a.code < b.code ? -1 : 1);
}

/** So that the order does not hang on the order in which sums were made. */
function rounded(weight: number): number {
  return Math.round(weight * 1e12) / 1e12;
}

/** e^±amount, the same for a claim and a seed wherever it is asked. */
function noise(code: bigint, explore: RecallQuery["explore"]): number {
  if (explore === undefined || explore.amount === 0) return 1;
  const share = Number.parseInt(sha256(`${explore.seed}${code}`).slice(0, 12), 16) / 2 ** 48;
  return Math.exp(explore.amount * (2 * share - 1));
}
