/**
 * One token of lookahead, worked out where and when it is first needed. The grammar is LL(1) but for what rules ask
 * themselves (`GATE`), and a small file meets few of its rules: computing all of them ahead, as Chevrotain's own strategy
 * does, takes longer than starting Node.
 */
import {
  Alternation,
  type Alternative,
  type ILookaheadStrategy,
  type IOrAlt,
  type IProduction,
  type IToken,
  NonTerminal,
  Option,
  Repetition,
  type Rule,
  Terminal,
} from "chevrotain";

/** The token types, by index, that one of several ways can begin with. */
type First = readonly boolean[];

interface Reader {
  LA(ahead: number): IToken;
}

type Choice = Parameters<ILookaheadStrategy["buildLookaheadForAlternation"]>[0];
type Optional = Parameters<ILookaheadStrategy["buildLookaheadForOptional"]>[0];

export class LazyLookahead implements ILookaheadStrategy {
  readonly #firsts = new Map<Rule, First>();

  /** Ambiguities are looked for by a test, with Chevrotain's own strategy. */
  validate(): [] {
    return [];
  }

  buildLookaheadForAlternation({ rule, prodOccurrence, hasPredicates }: Choice) {
    let firsts: First[] | undefined;
    /** Without gates, the alternative is known by the token alone. */
    let byToken: (number | undefined)[] | undefined;
    const ways = () => {
      const found = find(
        rule.definition,
        (production) => production instanceof Alternation && production.idx === prodOccurrence,
      );
      return (found as Alternation).definition.map((way) => this.#firstOf((way as Alternative).definition));
    };
    return function (this: Reader, alternatives?: IOrAlt<unknown>[]): number | undefined {
      firsts ??= ways();
      const index = this.LA(1).tokenTypeIdx;
      if (hasPredicates) {
        for (let i = 0; i < firsts.length; i++) {
          if (firsts[i]![index] === true && alternatives![i]!.GATE?.call(this) !== false) return i;
        }
        return undefined;
      }
      byToken ??= invert(firsts);
      return byToken[index];
    } as (alternatives?: IOrAlt<unknown>[]) => number | undefined;
  }

  buildLookaheadForOptional({ rule, prodOccurrence, prodType }: Optional) {
    const type = prodType === "Option" ? Option : Repetition;
    let first: First | undefined;
    const way = () => {
      const found = find(
        rule.definition,
        (production) => production instanceof type && production.idx === prodOccurrence,
      );
      return this.#firstOf((found as Option | Repetition).definition);
    };
    return function (this: Reader): boolean {
      first ??= way();
      return first[this.LA(1).tokenTypeIdx] === true;
    } as () => boolean;
  }

  #firstOf(sequence: readonly IProduction[]): First {
    const first: boolean[] = [];
    this.#addFirst(sequence, first);
    return first;
  }

  /** Adds what a sequence can begin with; true if all of it can be left out. */
  #addFirst(sequence: readonly IProduction[], first: boolean[]): boolean {
    return sequence.every((production) => {
      if (production instanceof Terminal) {
        const { tokenTypeIdx, categoryMatches } = production.terminalType;
        first[tokenTypeIdx!] = true;
        for (const index of categoryMatches ?? []) first[index] = true;
        return false;
      }
      if (production instanceof NonTerminal) {
        for (const [index, can] of this.#firstOfRule(production.referencedRule).entries()) if (can) first[index] = true;
        return false;
      }
      if (production instanceof Alternation) {
        return production.definition
          .map((way) => this.#addFirst((way as Alternative).definition, first))
          .includes(true);
      }
      this.#addFirst((production as Option | Repetition).definition, first);
      return true;
    });
  }

  #firstOfRule(rule: Rule): First {
    let first = this.#firsts.get(rule);
    if (first === undefined) {
      first = this.#firstOf(rule.definition);
      this.#firsts.set(rule, first);
    }
    return first;
  }
}

function invert(firsts: readonly First[]): (number | undefined)[] {
  const byToken: (number | undefined)[] = [];
  for (const [way, first] of firsts.entries()) {
    for (const [index, can] of first.entries()) if (can) byToken[index] ??= way;
  }
  return byToken;
}

/** The production in a rule that satisfies `wanted`. */
function find(sequence: readonly IProduction[], wanted: (production: IProduction) => boolean): IProduction | undefined {
  for (const production of sequence) {
    if (wanted(production)) return production;
    if (!("definition" in production) || production instanceof NonTerminal) continue;
    const found = find(production.definition as IProduction[], wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}
