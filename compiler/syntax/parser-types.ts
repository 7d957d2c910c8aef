/** The rules of types, and of the parameters and fields that have them. */
import type { IOrAlt, IToken } from "chevrotain";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import type { Details } from "../diagnostics/diagnostic.ts";
import type { ListShape } from "./parser-base.ts";
import { ExpressionRules } from "./parser-expressions.ts";
import { keywordTokens as K, Name as NameToken, NumberToken, symbolTokens as S, StringToken, Word } from "./tokens.ts";
import type {
  BoolLiteral,
  Expression,
  ListTypeNode,
  Name,
  NumberLiteral,
  Parameter,
  RangedTypeNode,
  Span,
  StringLiteral,
  TypeNode,
  UnionArm,
} from "./tree.ts";

export abstract class TypeRules extends ExpressionRules {
  private readonly parameterShape: ListShape = {
    lines: false,
    begins: () => this.atField(),
    named: "the parameter",
    expected: "a parameter such as `name: type`, or `)`",
  };
  private readonly fieldShape: ListShape = {
    lines: false,
    begins: () => this.atField(),
    named: "the field",
    expected: "a field such as `name: type`, or `}`",
  };

  private typeHere(): boolean {
    const token = this.LA(1);
    const type = token.tokenType;
    // The arms of a union stand on lines of their own.
    if (type === S.Bar) return true;
    if (!this.sameLine()) return false;
    return (
      this.leftOut() ||
      this.is(token, NameToken) ||
      type === StringToken ||
      type === NumberToken ||
      type === S.Minus ||
      type === S.LeftParen ||
      type === K.true ||
      type === K.false ||
      (type === S.LeftBrace && this.armFieldsAllowed)
    );
  }

  protected typeAfter(occurrence: number, after: string): TypeNode {
    if (this.RECORDING_PHASE || this.typeHere()) return this.subrule(occurrence, this.type);
    this.complain(catalogue.missingType, this.gap(), { after });
    return this.missing();
  }

  /** A type before the `{` of settings: a record there is named first. */
  protected headType(occurrence: number, after: string): TypeNode {
    const before = this.armFieldsAllowed;
    this.armFieldsAllowed = after === "->" && this.sayUnnamed();
    const type = this.typeAfter(occurrence, after);
    this.armFieldsAllowed = before;
    return type;
  }

  /** Whether a record type stands here as a result, which is said: its fields are read all the same. */
  private sayUnnamed(): boolean {
    if (this.RECORDING_PHASE || !this.here(S.LeftBrace) || !this.is(this.LA(2), Word)) return false;
    let ahead = 1;
    for (let depth = 0; ; ahead++) {
      const { tokenType, startOffset } = this.next(ahead);
      if (startOffset < 0) return false;
      if (tokenType === S.LeftBrace) depth++;
      else if (tokenType === S.RightBrace && --depth === 0) break;
    }
    const { tokenType: behind, lineBefore } = this.next(ahead + 1);
    // A record is followed by the settings or by the program; settings alone stand where the type was left out.
    if (lineBefore || (behind !== S.LeftBrace && behind !== S.Assign)) return false;
    const at = { start: this.startHere, end: this.next(ahead).endOffset };
    this.complain(catalogue.unnamedRecord, at, {}, this.naming(at));
    return true;
  }

  /** Declares the record before what has it as its result, and before the comments above that. */
  private naming({ start, end }: Span): Details {
    const { text, path } = this;
    let line = Math.max(text.lastIndexOf("\n", start - 1), text.lastIndexOf("\r", start - 1)) + 1;
    const declared = /^(?:tool|agent)[ \t]+(\w+)/.exec(text.slice(line, start))?.[1];
    if (declared === undefined) return {};
    for (let before = line; before > 0; ) {
      before = before === 1 ? 0 : text.lastIndexOf("\n", before - 2) + 1;
      if (!text.startsWith("//", before)) break;
      line = before;
    }
    const name = `${declared.charAt(0).toUpperCase()}${declared.slice(1)}Result`;
    const declaration = `type ${name} = ${text.slice(start, end)}\n\n`;
    const edits = [
      { file: path, start: line, end: line, newText: declaration },
      { file: path, start, end, newText: name },
    ];
    return { fixes: [{ title: `Declare it as \`${name}\``, edits }] };
  }

  type = this.RULE("type", (): TypeNode => {
    const start = this.startHere;
    const led = this.at(S.Bar);
    this.option(1, this.bar);
    const first = this.subrule(1, this.arm);
    if (this.RECORDING_PHASE || this.at(S.Bar)) return this.union(start, [first]);
    if (!led && first.fields === undefined) return first.type;
    return { kind: "union-type", start, end: this.endHere, arms: [first] };
  });

  private readonly bar = (): IToken => this.consume(1, S.Bar);

  /** The arms behind the first. */
  private union(start: number, arms: UnionArm[]): TypeNode {
    this.MANY(() => {
      this.consume(2, S.Bar);
      arms.push(this.subrule(2, this.arm));
    });
    return { kind: "union-type", start, end: this.endHere, arms };
  }

  arm = this.RULE("arm", (): UnionArm => {
    const before = this.LA(0);
    const barred = before.tokenType === S.Bar;
    const docFrom = barred ? before.startOffset : this.startHere;
    const type = this.typeTermAfter(barred ? "|" : ":");
    const fields = this.armFieldsAllowed ? this.optionHere(0, S.LeftBrace, this.fieldsOfArm) : undefined;
    const end = this.endHere;
    const doc = barred || fields ? this.docs?.take(docFrom, end) : undefined;
    return { kind: "arm", start: type.start, end, doc, type, fields };
  });

  private readonly fieldsOfArm = (): readonly Parameter[] => this.SUBRULE(this.fieldList);

  private typeTermAfter(after: string): TypeNode {
    if (this.RECORDING_PHASE || (this.typeHere() && !this.at(S.Bar))) return this.subrule(1, this.typeTerm);
    this.complain(catalogue.missingType, this.gap(), { after });
    return this.missing();
  }

  /** A type with what stands behind it: `?`, `[1..8]`, `in 0.5..2.0 log`. */
  typeTerm = this.RULE("typeTerm", (): TypeNode => {
    const start = this.startHere;
    const primary = this.leftOut() ? this.missingType() : this.SUBRULE(this.typePrimary);
    const of = this.RECORDING_PHASE || this.hangsOnType() ? this.marked(start, primary) : primary;
    const range = this.optionHere(0, K.in, this.rangeOfType);
    return range === undefined ? of : { kind: "ranged-type", start, end: this.endHere, base: of, ...range };
  });

  /** A type with the marks behind it. */
  private marked(start: number, primary: TypeNode): TypeNode {
    let of = primary;
    let links = 0;
    this.MANY({
      GATE: () => this.hangsOnType() && !this.tooLong(++links),
      DEF: () => {
        const mark = this.OR(this.typeMarks);
        const end = this.endHere;
        if (typeof mark === "object") of = { kind: "list-type", start, end, of, low: mark.low, high: mark.high };
        else {
          // `T??` is two marks, though one token: `T?` of `T?`.
          if (mark === "??") of = { kind: "optional-type", start, end: end - 1, of };
          of = { kind: "optional-type", start, end, of };
        }
      },
    });
    return of;
  }

  private readonly typeMarks: IOrAlt<"?" | "??" | Lengths>[] = [
    { ALT: () => this.CONSUME(S.Question).image as "?" },
    { ALT: () => this.CONSUME(S.Fallback).image as "??" },
    {
      ALT: () => {
        this.CONSUME(S.LeftBracket);
        const lengths = this.SUBRULE(this.lengths);
        this.closing(S.RightBracket, 1, "`]`");
        return lengths;
      },
    },
  ];

  private readonly rangeOfType = (): Pick<RangedTypeNode, "low" | "high" | "log" | "step"> => {
    this.CONSUME(K.in);
    const low = this.boundAfter(1, "in");
    this.expect(9, S.Range, "A range");
    const high = this.boundAfter(2, "..");
    const log = this.optionHere(1, K.log, this.log) !== undefined;
    const step = this.optionHere(2, K.step, this.stepOfRange);
    return { low, high, log, step };
  };

  private readonly log = (): IToken => this.consume(1, K.log);

  private readonly stepOfRange = (): Expression => {
    this.consume(2, K.step);
    return this.boundAfter(3, "step");
  };

  /** Whether what hangs on a type begins here, without the type. */
  private leftOut(): boolean {
    if (this.RECORDING_PHASE) return false;
    const after = this.LA(2).tokenType;
    if (this.at(S.LeftBracket)) return after === S.RightBracket || after === NumberToken;
    return this.at(S.Question) || (this.at(K.in) && (after === NumberToken || after === S.Minus));
  }

  private missingType(): TypeNode {
    this.complain(catalogue.missingType, this.gap(), { after: this.next(0).image });
    return this.missingHere();
  }

  private hangsOnType(): boolean {
    const type = this.LA(1).tokenType;
    return (type === S.Question || type === S.Fallback || type === S.LeftBracket) && this.sameLine();
  }

  /** What stands in the brackets of a list: nothing, `8` or `1..8`. */
  lengths = this.RULE("lengths", (): Lengths => this.option(1, this.someLengths) ?? anyLength);

  private readonly someLengths = (): Lengths => {
    const low = this.boundAfter(1, "[");
    return { low, high: this.option(2, this.greatestLength) ?? low };
  };

  private readonly greatestLength = (): Expression => {
    this.consume(2, S.Range);
    return this.boundAfter(2, "..");
  };

  private boundAfter(occurrence: number, after: string): Expression {
    const before = this.recordsAllowed;
    this.recordsAllowed = false;
    const node =
      this.RECORDING_PHASE || (this.valueHere() && this.sameLine()) ? this.subrule(occurrence, this.bound) : undefined;
    this.recordsAllowed = before;
    if (node !== undefined) return node;
    this.complain(catalogue.missingValue, this.gap(), { after });
    return this.missing();
  }

  /** An end of a range: a number or a path, with or without a sign. */
  bound = this.RULE("bound", (): Expression => {
    const { prefixes, node } = this.SUBRULE(this.operand);
    if (this.RECORDING_PHASE) return node;
    return prefixes.reduceRight<Expression>(
      (operand, prefix) => ({
        kind: "unary",
        start: prefix.startOffset,
        end: operand.end,
        operator: prefix.image as "not" | "-",
        operand,
      }),
      node,
    );
  });

  private readonly typePrimaries: IOrAlt<TypeNode>[] = [
    {
      GATE: () => this.LA(2).tokenType === S.Less,
      ALT: () => {
        const { startOffset: start } = this.CONSUME(K.map);
        this.CONSUME(S.Less);
        const of = this.mapValue();
        this.expect(2, S.Greater, "A map");
        return { kind: "map-type", start, end: this.endHere, of };
      },
    },
    {
      ALT: () => {
        const path = this.pathFrom(this.takeName(1, NameToken), 1, "the type");
        return { kind: "named-type", start: path.start, end: path.end, path };
      },
    },
    { ALT: () => literalType(this.SUBRULE(this.string)) },
    {
      ALT: () => {
        const number = this.SUBRULE(this.number);
        return number.kind === "missing" ? number : literalType(number);
      },
    },
    { ALT: () => literalType(this.bool(K.true)) },
    { ALT: () => literalType(this.bool(K.false)) },
    {
      ALT: () => {
        const start = this.startHere;
        const fields = this.SUBRULE(this.fieldList);
        return { kind: "record-type", start, end: this.endHere, fields };
      },
    },
    {
      ALT: () => {
        this.CONSUME(S.LeftParen);
        const of = this.inType(() => this.typeAfter(2, "("));
        this.closing(S.RightParen, 2, "`)`");
        return of;
      },
    },
  ];

  typePrimary = this.RULE("typePrimary", (): TypeNode => this.OR(this.typePrimaries));

  /** What stands between `<` and `>`: the one kind of bracket whose depth only the parser knows. */
  private mapValue(): TypeNode {
    const { RECORDING_PHASE } = this;
    if (!RECORDING_PHASE && this.tooLong(++this.maps)) {
      for (let open = 0; open >= 0 && !this.atEnd() && !this.next().lineBefore; ) {
        const type = this.LA(1).tokenType;
        if (type === S.Less) open++;
        else if (type === S.Greater && open-- === 0) break;
        this.SKIP_TOKEN();
      }
      this.maps--;
      return this.missing();
    }
    const of = this.inType(() => this.typeAfter(1, "<"));
    if (!RECORDING_PHASE) this.maps--;
    return of;
  }

  /** Reads a type in brackets, where records and the fields of arms are allowed again. */
  private inType<T>(read: () => T): T {
    const before = this.armFieldsAllowed;
    this.armFieldsAllowed = true;
    const result = read();
    this.armFieldsAllowed = before;
    return result;
  }

  fieldList = this.RULE("fieldList", (): Parameter[] => {
    return this.list(1, S.LeftBrace, S.RightBrace, this.fieldShape, this.oneParameter);
  });

  parameters = this.RULE("parameters", (): Parameter[] => {
    return this.list(1, S.LeftParen, S.RightParen, this.parameterShape, this.oneParameter);
  });

  private readonly oneParameter = (name?: Name): Parameter => this.SUBRULE(this.parameter, this.named(name));

  parameter = this.RULE("parameter", (given?: Name): Parameter => {
    const name = given ?? this.takeName(1, Word);
    const optional = this.option(1, this.questionMark) !== undefined;
    this.expect(2, S.Colon, "A type", [S.Assign]);
    const type = this.typeAfter(1, ":");
    const fallback = this.optionHere(2, S.Assign, this.fallback);
    const end = this.endHere;
    const doc = this.docs?.take(name.start, end);
    return { kind: "parameter", start: name.start, end, doc, name, optional, type, default: fallback };
  });

  private readonly questionMark = (): IToken => this.consume(1, S.Question);

  private readonly fallback = (): Expression => {
    this.consume(3, S.Assign);
    return this.valueAfter(2, "=");
  };
}

type Lengths = Pick<ListTypeNode, "low" | "high">;

const anyLength: Lengths = { low: undefined, high: undefined };

function literalType(value: StringLiteral | NumberLiteral | BoolLiteral): TypeNode {
  return { kind: "literal-type", start: value.start, end: value.end, value };
}
