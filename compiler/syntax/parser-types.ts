/** The rules of types, and of the parameters and fields that have them. */
import type { IOrAlt } from "chevrotain";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import type { ListShape } from "./parser-base.ts";
import { ExpressionRules } from "./parser-expressions.ts";
import { keywordTokens as K, Name as NameToken, NumberToken, symbolTokens as S, StringToken, Word } from "./tokens.ts";
import type { Expression, Name, NumberLiteral, Parameter, StringLiteral, TypeNode, UnionArm } from "./tree.ts";

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
    this.armFieldsAllowed = false;
    const type = this.typeAfter(occurrence, after);
    this.armFieldsAllowed = before;
    return type;
  }

  type = this.RULE("type", (): TypeNode => {
    const start = this.startHere;
    let docFrom = start;
    let led = false;
    this.option(1, () => {
      this.consume(1, S.Bar);
      led = true;
    });
    const arms = [this.subrule(1, this.arm, { ARGS: [docFrom, led] })];
    this.MANY(() => {
      docFrom = this.startHere;
      this.consume(2, S.Bar);
      arms.push(this.subrule(2, this.arm, { ARGS: [docFrom, true] }));
    });
    const only = arms[0]!;
    if (arms.length === 1 && !led && only.fields === undefined) return only.type;
    return { kind: "union-type", start, end: this.endHere, arms };
  });

  arm = this.RULE("arm", (docFrom: number, barred: boolean): UnionArm => {
    const type = this.typeTermAfter(barred ? "|" : ":");
    let fields: readonly Parameter[] | undefined;
    this.OPTION({
      GATE: () => this.armFieldsAllowed && this.sameLine(),
      DEF: () => {
        fields = this.SUBRULE(this.fieldList);
      },
    });
    const end = this.endHere;
    return {
      kind: "arm",
      start: type.start,
      end,
      doc: barred || fields ? this.docs?.take(docFrom, end) : undefined,
      type,
      fields,
    };
  });

  private typeTermAfter(after: string): TypeNode {
    if (this.RECORDING_PHASE || (this.typeHere() && !this.at(S.Bar))) return this.subrule(1, this.typeTerm);
    this.complain(catalogue.missingType, this.gap(), { after });
    return this.missing();
  }

  /** A type with what stands behind it: `?`, `[1..8]`, `in 0.5..2.0 log`. */
  typeTerm = this.RULE("typeTerm", (): TypeNode => {
    const start = this.startHere;
    let node = this.leftOut() ? this.missingType() : this.SUBRULE(this.typePrimary);
    let links = 0;
    this.MANY({
      GATE: () => this.sameLine() && this.hangsOnType() && !this.tooLong(++links),
      DEF: () => {
        const of = node;
        this.OR([
          {
            ALT: () => {
              this.CONSUME(S.Question);
              node = { kind: "optional-type", start, end: this.endHere, of };
            },
          },
          {
            // `T??` is two marks, though one token: `T?` of `T?`.
            ALT: () => {
              this.CONSUME(S.Fallback);
              const end = this.endHere;
              node = { kind: "optional-type", start, end, of: { kind: "optional-type", start, end: end - 1, of } };
            },
          },
          {
            ALT: () => {
              this.CONSUME(S.LeftBracket);
              const bounds = this.SUBRULE(this.lengths);
              this.closing(S.RightBracket, 1, "`]`");
              node = { kind: "list-type", start, end: this.endHere, of, ...bounds };
            },
          },
        ]);
      },
    });
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        const base = node;
        this.CONSUME(K.in);
        const low = this.boundAfter(1, "in");
        this.expect(9, S.Range, "A range");
        const high = this.boundAfter(2, "..");
        let log = false;
        let step: Expression | undefined;
        this.option(1, {
          GATE: () => this.sameLine(),
          DEF: () => {
            this.consume(1, K.log);
            log = true;
          },
        });
        this.option(2, {
          GATE: () => this.sameLine(),
          DEF: () => {
            this.consume(2, K.step);
            step = this.boundAfter(3, "step");
          },
        });
        node = { kind: "ranged-type", start, end: this.endHere, base, low, high, log, step };
      },
    });
    return node;
  });

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
    return this.at(S.Question) || this.at(S.Fallback) || this.at(S.LeftBracket);
  }

  /** What stands in the brackets of a list: nothing, `8` or `1..8`. */
  lengths = this.RULE("lengths", (): { low: Expression | undefined; high: Expression | undefined } => {
    let low: Expression | undefined;
    let high: Expression | undefined;
    this.option(1, () => {
      low = high = this.boundAfter(1, "[");
      this.option(2, () => {
        this.consume(2, S.Range);
        high = this.boundAfter(2, "..");
      });
    });
    return { low, high };
  });

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

  typePrimary = this.RULE("typePrimary", (): TypeNode => {
    const start = this.startHere;
    return this.OR([
      {
        GATE: () => this.LA(2).tokenType === S.Less,
        ALT: () => {
          this.CONSUME(K.map);
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
      {
        ALT: () => {
          const value = this.SUBRULE(this.string) as StringLiteral;
          return { kind: "literal-type", start, end: this.endHere, value };
        },
      },
      {
        ALT: () => {
          const value = this.SUBRULE(this.number) as NumberLiteral;
          return { kind: "literal-type", start, end: this.endHere, value };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.true);
          return {
            kind: "literal-type",
            start,
            end: this.endHere,
            value: { kind: "bool", start, end: this.endHere, value: true },
          };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.false);
          return {
            kind: "literal-type",
            start,
            end: this.endHere,
            value: { kind: "bool", start, end: this.endHere, value: false },
          };
        },
      },
      {
        ALT: () => {
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
    ] as IOrAlt<TypeNode>[]);
  });

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
    return this.list(1, S.LeftBrace, S.RightBrace, this.fieldShape, (name) =>
      this.SUBRULE(this.parameter, { ARGS: [name] }),
    );
  });

  parameters = this.RULE("parameters", (): Parameter[] => {
    return this.list(1, S.LeftParen, S.RightParen, this.parameterShape, (name) =>
      this.SUBRULE(this.parameter, { ARGS: [name] }),
    );
  });

  parameter = this.RULE("parameter", (given?: Name): Parameter => {
    const name = given ?? this.takeName(1, Word);
    let optional = false;
    this.option(1, () => {
      this.consume(1, S.Question);
      optional = true;
    });
    this.expect(2, S.Colon, "A type", [S.Assign]);
    const type = this.typeAfter(1, ":");
    let fallback: Expression | undefined;
    this.option(2, {
      GATE: () => this.sameLine(),
      DEF: () => {
        this.consume(3, S.Assign);
        fallback = this.valueAfter(2, "=");
      },
    });
    const end = this.endHere;
    const doc = this.docs?.take(name.start, end);
    return { kind: "parameter", start: name.start, end, doc, name, optional, type, default: fallback };
  });
}
