/** The rules of what says its value itself: strings, numbers, amounts. */
import type { TokenType } from "chevrotain";
import { keywords } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { readNumber, unitMeant } from "./numbers.ts";
import { ParserBase } from "./parser-base.ts";
import { readString } from "./strings.ts";
import {
  keywordTokens as K,
  Name as NameToken,
  NumberToken,
  symbolTokens as S,
  StringToken,
  type Token,
} from "./tokens.ts";
import type { BoolLiteral, Expression, MissingNode, Name, NumberLiteral, StringLiteral } from "./tree.ts";

/** Words that go on with a value rather than say what a number counts. */
export const notCounted: ReadonlySet<string> = new Set([
  ...keywords.operator,
  ...keywords.literal,
  ...keywords.clause,
  ...keywords.joint,
]);

export abstract class LiteralRules extends ParserBase {
  protected bool(type: TokenType): BoolLiteral {
    const token = this.CONSUME(type);
    return { kind: "bool", start: token.startOffset, end: token.endOffset!, value: type === K.true };
  }

  string = this.RULE("string", (): StringLiteral => {
    const token = this.CONSUME(StringToken) as Token;
    return readString(this.path, token.image, token.startOffset, this.diagnostics);
  });

  number = this.RULE("number", (): NumberLiteral | MissingNode => {
    const token = this.CONSUME(NumberToken) as Token;
    const at = { start: token.startOffset, end: token.endOffset };
    if (this.RECORDING_PHASE) return { kind: "number", ...at, value: 0, unit: "int" };
    const reading = readNumber(token.image);
    if ("value" in reading) return { kind: "number", ...at, value: reading.value, unit: reading.unit };
    const details = reading.mend === undefined ? undefined : this.fix(`Write \`${reading.mend}\``, at, reading.mend);
    this.complain(catalogue.badNumber, at, { text: token.image, reason: reading.reason }, details);
    const mended = reading.mend === undefined ? undefined : readNumber(reading.mend);
    return mended !== undefined && "value" in mended
      ? { kind: "number", ...at, value: mended.value, unit: mended.unit }
      : { kind: "missing", ...at };
  });

  /** A number, and what it counts where a word follows: `50 calls`. */
  amount = this.RULE("amount", (): Expression => {
    const number = this.SUBRULE(this.number);
    const noun = this.RECORDING_PHASE || this.nounHere() ? this.OPTION(this.noun) : undefined;
    if (noun === undefined || number.kind === "missing" || this.RECORDING_PHASE) return number;
    const meant = number.unit === "int" || number.unit === "float" ? this.spaced(number, noun) : undefined;
    return meant ?? { kind: "amount", start: number.start, end: noun.end, number, noun };
  });

  private nounHere(): boolean {
    const token = this.next();
    return (
      this.is(token, NameToken) && this.sameLine() && !notCounted.has(token.image) && this.LA(2).tokenType !== S.Colon
    );
  }

  private readonly noun = (): Name => this.takeName(1, NameToken);

  /** `30 m` is `30m`, and not thirty of something called `m`. */
  private spaced(number: NumberLiteral, noun: Name): NumberLiteral | undefined {
    const unit = unitMeant(noun.text);
    if (unit === undefined) return undefined;
    const written = this.text.slice(number.start, number.end);
    const reading = readNumber(written + unit);
    if (!("value" in reading)) return undefined;
    const at = { start: number.start, end: noun.end };
    this.complain(
      catalogue.spacedUnit,
      at,
      { number: written, unit },
      this.fix(`Write \`${written}${unit}\``, at, written + unit),
    );
    return { kind: "number", ...at, value: reading.value, unit: reading.unit };
  }
}
