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
export type First = readonly boolean[];

/** A place in a rule where the next token decides: between alternatives, some of them gated or none, or whether to go in. */
export interface Choice {
  readonly rule: string;
  readonly kind: "OR" | "GATED_OR" | "OPTION" | "MANY";
  readonly occurrence: number;
  /** What each way can begin with; an option and a repetition have one way. */
  readonly ways: () => readonly First[];
}

export type Lookahead = (alternatives?: IOrAlt<unknown>[]) => number | boolean | undefined;

interface Reader {
  LA(ahead: number): IToken;
}

/** The function that Chevrotain asks at this place, its parser bound to `this`. */
export function lookaheadOf({ kind, ways }: Pick<Choice, "kind" | "ways">): Lookahead {
  if (kind === "OR") {
    let byToken: (number | undefined)[] | undefined;
    return function (this: Reader) {
      byToken ??= invert(ways());
      return byToken[this.LA(1).tokenTypeIdx];
    } as Lookahead;
  }
  let firsts: readonly First[] | undefined;
  if (kind === "GATED_OR") {
    return function (this: Reader, alternatives: IOrAlt<unknown>[]) {
      firsts ??= ways();
      const index = this.LA(1).tokenTypeIdx;
      for (let i = 0; i < firsts.length; i++) {
        if (firsts[i]![index] === true && alternatives[i]!.GATE?.call(this) !== false) return i;
      }
      return undefined;
    } as Lookahead;
  }
  let first: First | undefined;
  return function (this: Reader) {
    first ??= ways()[0]!;
    return first[this.LA(1).tokenTypeIdx] === true;
  } as Lookahead;
}

type AlternationChoice = Parameters<ILookaheadStrategy["buildLookaheadForAlternation"]>[0];
type OptionalChoice = Parameters<ILookaheadStrategy["buildLookaheadForOptional"]>[0];

export class LazyLookahead implements ILookaheadStrategy {
  /** All that were asked for, in the order of the grammar. */
  readonly choices: Choice[] = [];
  readonly #firsts = new Map<Rule, First>();

  /** Ambiguities are looked for by a test, with Chevrotain's own strategy. */
  validate(): [] {
    return [];
  }

  buildLookaheadForAlternation({ rule, prodOccurrence, hasPredicates }: AlternationChoice) {
    const ways = () => {
      const found = find(
        rule.definition,
        (production) => production instanceof Alternation && production.idx === prodOccurrence,
      );
      return (found as Alternation).definition.map((way) => this.#firstOf((way as Alternative).definition));
    };
    const kind = hasPredicates ? "GATED_OR" : "OR";
    return this.#lookahead({ rule: rule.name, kind, occurrence: prodOccurrence, ways }) as () => number | undefined;
  }

  buildLookaheadForOptional({ rule, prodOccurrence, prodType }: OptionalChoice) {
    const type = prodType === "Option" ? Option : Repetition;
    const ways = () => {
      const found = find(
        rule.definition,
        (production) => production instanceof type && production.idx === prodOccurrence,
      );
      return [this.#firstOf((found as Option | Repetition).definition)];
    };
    const kind = prodType === "Option" ? "OPTION" : "MANY";
    return this.#lookahead({ rule: rule.name, kind, occurrence: prodOccurrence, ways }) as () => boolean;
  }

  #lookahead(choice: Choice): Lookahead {
    this.choices.push(choice);
    return lookaheadOf(choice);
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
