/**
 * What the parser finds out about its own grammar, as data. Chevrotain runs every rule once to record it, at each start,
 * which takes a sixth of checking a small file; but the result is the same at each, so the build puts it into the bundle.
 *
 * Chevrotain has no public way around its `performSelfAnalysis`. What that leaves behind for a parser without recovery,
 * and this file puts there instead, is one function for each choice in the grammar.
 */
import { type Choice, type First, type Lookahead, lookaheadOf } from "./lookahead.ts";
import { parserTokens } from "./tokens.ts";

/**
 * By rule, by choice (`OR`, `GATED_OR`, `OPTION` or `MANY`, a blank, its occurrence): what each way can begin with, as places in
 * `parserTokens`: `0 3 17|5`.
 */
export type Analysis = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The part of a Chevrotain parser that its analysis fills in. */
interface Analyzed {
  selfAnalysisDone: boolean;
  readonly definedRulesNames: readonly string[];
  readonly fullRuleNameToShort: Readonly<Record<string, number>>;
  setLaFuncCache(rule: number, key: number, lookahead: Lookahead): void;
}

/** The kinds of choices as Chevrotain counts them, above the eight bits of the occurrence. */
const keyOf = { OR: 1 << 8, GATED_OR: 1 << 8, OPTION: 2 << 8, MANY: 3 << 8 } as const;

export function analysisOf(choices: readonly Choice[], rules: readonly string[]): Analysis {
  const analysis: Record<string, Record<string, string>> = Object.fromEntries(rules.map((rule) => [rule, {}]));
  for (const { rule, kind, occurrence, ways } of choices) {
    analysis[rule]![`${kind} ${occurrence}`] = ways().map(placesOf).join("|");
  }
  return analysis;
}

/** Makes a parser ready as if it had recorded its grammar; false, and nothing done, if the analysis is of other rules. */
export function restore(parser: object, analysis: Analysis): boolean {
  const analyzed = parser as Analyzed;
  const rules = Object.keys(analysis);
  if (analyzed.definedRulesNames.join() !== rules.join()) return false;
  for (const rule of rules) {
    for (const [choice, places] of Object.entries(analysis[rule]!)) {
      const [kind, occurrence] = choice.split(" ") as [Choice["kind"], string];
      const lookahead = lookaheadOf({ kind, ways: () => places.split("|").map(firstOf) });
      analyzed.setLaFuncCache(analyzed.fullRuleNameToShort[rule]!, keyOf[kind] | Number(occurrence), lookahead);
    }
  }
  analyzed.selfAnalysisDone = true;
  return true;
}

function placesOf(first: First): string {
  return parserTokens.flatMap((type, place) => (first[type.tokenTypeIdx!] === true ? [place] : [])).join(" ");
}

function firstOf(places: string): First {
  const first: boolean[] = [];
  for (const place of places.split(" ")) first[parserTokens[Number(place)]!.tokenTypeIdx!] = true;
  return first;
}
