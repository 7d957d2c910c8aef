/** The rules of values: from a setting's value down to a name. */
import type { IOrAlt, IToken, TokenType } from "chevrotain";
import { continuations, keywords } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { depthLimit } from "./brackets.ts";
import type { ListShape } from "./parser-base.ts";
import { LiteralRules, notCounted } from "./parser-literals.ts";
import { bindingPower, climb, type Link, linksIn, type Operand } from "./precedence.ts";
import {
  keywordTokens as K,
  Name as NameToken,
  NumberToken,
  symbolTokens as S,
  StringToken,
  type Token,
  Word,
} from "./tokens.ts";
import type {
  Argument,
  Expression,
  MissingNode,
  Name,
  Path,
  RangeExpression,
  RecordField,
  RecordLiteral,
} from "./tree.ts";

const clauses: ReadonlySet<string> = new Set(keywords.clause);

/** Words that begin a line of their own, even where the rest of it is not yet typed. */
const lineKeywords: ReadonlySet<string> = new Set([
  ...keywords.declaration,
  ...keywords.member,
  ...keywords.statement,
  ...keywords.step,
]);

const LITERALS: ReadonlySet<TokenType> = new Set([StringToken, NumberToken, K.true, K.false, K.none]);
const binaryTokens: TokenType[] = [
  K.or,
  K.and,
  S.Fallback,
  S.Equal,
  S.Unequal,
  S.LessEqual,
  S.GreaterEqual,
  S.Less,
  S.Greater,
  S.Plus,
  S.Minus,
  S.Star,
  S.Slash,
];

export abstract class ExpressionRules extends LiteralRules {
  private readonly values: ListShape = { lines: false, begins: () => this.valueBegins(), expected: "a value or `]`" };
  private readonly args: ListShape = {
    lines: false,
    begins: () => this.valueBegins(),
    named: "the argument",
    alone: true,
    expected: "an argument or `)`",
  };
  private readonly fields: ListShape = {
    lines: false,
    begins: () => this.atField(),
    named: "the field",
    expected: "a field such as `name: value`, or `}`",
  };

  /** Whether a value begins at the next token, and not the next line. */
  protected valueHere(): boolean {
    return this.valueBegins() && (this.sameLine() ? !this.clauseBegins() : !this.lineBegins());
  }

  /** Whether a clause begins here, `by job.id`, and the value before it was left out. */
  private clauseBegins(): boolean {
    const after = this.next(2);
    if (!clauses.has(this.LA(1).image) || after.lineBefore || clauses.has(after.image)) return false;
    return this.is(after, NameToken) || after.tokenType === NumberToken;
  }

  private valueBegins(): boolean {
    const type = this.LA(1).tokenType;
    if (this.is(this.LA(1), NameToken) || type === NumberToken || type === StringToken) return true;
    if (type === S.LeftBrace) return this.recordsAllowed;
    return (
      type === S.LeftParen ||
      type === S.LeftBracket ||
      type === S.Minus ||
      type === K.not ||
      type === K.true ||
      type === K.false ||
      type === K.none
    );
  }

  /** Whether the next line begins something of its own: a field, a statement, a declaration. */
  private lineBegins(): boolean {
    const after = this.next(2);
    if (!this.is(this.LA(1), Word)) return false;
    if (lineKeywords.has(this.LA(1).image)) return true;
    return this.atField() || after.tokenType === S.Assign || (!after.lineBefore && /^[\w"{]/.test(after.image));
  }

  /** A value, or a `missing` node and a complaint. */
  protected valueAfter(occurrence: number, after: string): Expression {
    if (this.RECORDING_PHASE || this.valueHere() || this.headless()) return this.subrule(occurrence, this.value);
    return this.missingAfter(after);
  }

  protected expressionAfter(occurrence: number, after: string): Expression {
    if (this.RECORDING_PHASE || this.valueHere() || this.headless()) return this.subrule(occurrence, this.expression);
    return this.missingAfter(after);
  }

  private missingAfter(after: string): MissingNode {
    this.complain(catalogue.missingValue, this.gap(), { after });
    return this.missing();
  }

  /** Whether the head of a value was left out, and the rest is there: `in .tasks`, `= / total`. */
  private headless(): boolean {
    return this.sameLine() && (this.tailHere() || binaryTokens.includes(this.LA(1).tokenType));
  }

  /** An expression before the `{` of a block, which is not the `{` of a record. */
  protected headExpression(occurrence: number, after: string): Expression {
    const before = this.recordsAllowed;
    this.recordsAllowed = false;
    const expression = this.expressionAfter(occurrence, after);
    this.recordsAllowed = before;
    return expression;
  }

  value = this.RULE("value", (): Expression => {
    let node = this.nothingRepeated() ? this.missingHere() : this.SUBRULE(this.expression);
    const { start } = node;
    const range = this.optionHere(1, S.Range, this.rangeOfValue);
    if (range !== undefined) node = { kind: "range", start, end: this.endHere, low: node, ...range };
    const times = this.optionHere(3, K.x, this.times);
    if (times !== undefined) node = { kind: "repeat", start, end: this.endHere, of: node, times };
    const window = this.optionHere(4, K.per, this.window);
    if (window !== undefined) node = { kind: "per", start, end: this.endHere, amount: node, window };
    return node;
  });

  /** `[x 2]`: what is tried twice was left out. */
  private nothingRepeated(): boolean {
    if (this.RECORDING_PHASE || !this.at(K.x) || this.LA(2).tokenType !== NumberToken || !this.sameLine()) return false;
    this.complain(catalogue.missingName, this.gap(), { what: "what is repeated" });
    return true;
  }

  private readonly rangeOfValue = (): Pick<RangeExpression, "high" | "step"> => {
    this.consume(1, S.Range);
    const high = this.expressionAfter(2, "..");
    return { high, step: this.optionHere(2, K.step, this.stepOfValue) };
  };

  private readonly stepOfValue = (): Expression => {
    this.consume(2, K.step);
    return this.expressionAfter(3, "step");
  };

  private readonly times = (): Expression => {
    this.consume(3, K.x);
    return this.expressionAfter(4, "x");
  };

  private readonly window = (): Expression => {
    this.consume(4, K.per);
    return this.expressionAfter(5, "per");
  };

  expression = this.RULE("expression", (): Expression => {
    const first = this.SUBRULE(this.operand);
    const rest = this.RECORDING_PHASE || this.operatorHere() ? this.furtherOperands() : none;
    if (this.RECORDING_PHASE) return first as never;
    return rest.length === 0 && first.prefixes.length === 0 ? first.node : this.treeOf(first, rest);
  });

  private operatorHere(): boolean {
    const token = this.next();
    if (token.tokenType === S.Assign && !this.recordsAllowed && !token.lineBefore) this.readAsEqual(token);
    return bindingPower.has(token.image) && (!token.lineBefore || continuations.has(token.image));
  }

  /** Before a block nothing is assigned: a `=` is a slip for `==`, and is said and read as one. */
  private readAsEqual(token: IToken): void {
    const span = { start: token.startOffset, end: token.endOffset! };
    const data = { found: "=", instead: "values are compared with `==`" };
    this.complain(catalogue.foreignSymbol, span, data, this.fix("Write `==`", span, "=="));
    token.tokenType = S.Equal;
    token.tokenTypeIdx = S.Equal.tokenTypeIdx!;
    token.image = "==";
  }

  private furtherOperands(): readonly Link[] {
    const rest: Link[] = [];
    this.MANY({
      GATE: () => this.operatorHere(),
      DEF: () => {
        const operator = this.SUBRULE(this.operator);
        if (this.RECORDING_PHASE || this.valueHere()) rest.push({ operator, operand: this.subrule(2, this.operand) });
        else rest.push({ operator, operand: { prefixes: none, node: this.missingAfter(operator.image) } });
      },
    });
    return rest;
  }

  private readonly operatorAlternatives = binaryTokens.map((type) => ({ ALT: () => this.CONSUME(type) }));

  operator = this.RULE("operator", (): IToken => this.OR(this.operatorAlternatives));

  operand = this.RULE("operand", (): Operand => {
    const prefixes = this.RECORDING_PHASE || this.at(S.Minus) || this.at(K.not) ? this.prefixes() : none;
    if (prefixes.length > 0 && !this.RECORDING_PHASE && !this.valueHere() && !this.headless())
      return { prefixes, node: this.missingAfter(prefixes.at(-1)!.image) };
    if (!this.RECORDING_PHASE && this.headless()) {
      const node = this.missingHere();
      this.complain(catalogue.missingValue, this.gap(), { after: this.next(0).image });
      this.skipTail();
      return { prefixes, node };
    }
    return { prefixes, node: this.SUBRULE(this.postfix) };
  });

  private prefixes(): readonly Token[] {
    const prefixes: Token[] = [];
    this.MANY(() => {
      prefixes.push(this.OR(this.prefixAlternatives) as Token);
    });
    return prefixes;
  }

  private readonly prefixAlternatives = [K.not, S.Minus].map((type) => ({ ALT: () => this.CONSUME(type) }));

  private treeOf(first: Operand, rest: readonly Link[]): Expression {
    if (linksIn(first, rest) <= depthLimit)
      return climb(first, rest, (at, operator) => this.complain(catalogue.chainedComparison, at, { operator }));
    this.tooLong(depthLimit);
    return { kind: "missing", start: first.node.start, end: first.node.start };
  }

  /** A primary with what hangs on it: `.name`, `(…)`, `[…]`, and the `{…}` of a record with a type. */
  postfix = this.RULE("postfix", (): Expression => {
    const node = this.SUBRULE(this.primary);
    return this.RECORDING_PHASE || this.hangsOn() || this.at(S.LeftBrace) ? this.continued(node) : node;
  });

  private continued(primary: Expression): Expression {
    let node = primary;
    let links = 0;
    this.MANY({
      GATE: () => this.hangsOn() && !this.tooLong(++links),
      DEF: () => {
        const of = node;
        this.OR([
          {
            ALT: () => {
              this.CONSUME(S.Dot);
              const name = this.nameBehindDot(1, "the field");
              node = { kind: "member", start: of.start, end: this.endHere, of, name };
            },
          },
          {
            ALT: () => {
              const args = this.SUBRULE(this.arguments);
              node = { kind: "call", start: of.start, end: this.endHere, callee: of, arguments: args };
            },
          },
          {
            ALT: () => {
              this.CONSUME(S.LeftBracket);
              const index = this.inside(() => this.expressionAfter(2, "["));
              this.closing(S.RightBracket, 2, "`]`");
              node = { kind: "index", start: of.start, end: this.endHere, of, index };
            },
          },
        ]);
      },
    });
    this.OPTION({
      GATE: () => this.recordsAllowed && this.sameLine() && pathOf(node) !== undefined,
      DEF: () => {
        const type = this.RECORDING_PHASE ? undefined : pathOf(node);
        const start = node.start;
        const record = this.SUBRULE(this.record);
        node = { ...record, start, type };
      },
    });
    return node;
  }

  private hangsOn(): boolean {
    const type = this.LA(1).tokenType;
    return type === S.Dot || ((type === S.LeftParen || type === S.LeftBracket) && this.sameLine());
  }

  /** Reads what stands in brackets, where records are allowed again. */
  protected inside<T>(read: () => T): T {
    const before = this.recordsAllowed;
    this.recordsAllowed = true;
    const result = read();
    this.recordsAllowed = before;
    return result;
  }

  /** The closer of brackets around one thing; whatever stands before it is too much. */
  protected closing(type: TokenType, occurrence: number, expected: string): void {
    if (!this.RECORDING_PHASE && !this.at(type)) {
      const token = this.next();
      const found = this.describe(token);
      this.complain(catalogue.unexpected, { start: token.startOffset, end: token.endOffset }, { found, expected });
      this.skipTo(type);
    }
    this.consume(occurrence, type);
  }

  arguments = this.RULE("arguments", (): Argument[] => {
    return this.list(1, S.LeftParen, S.RightParen, this.args, this.oneArgument);
  });

  private readonly oneArgument = (name?: Name): Argument => this.SUBRULE(this.argument, this.named(name));

  /** Whether a literal or a name follows a name, as nothing can: the colon between them was forgotten. */
  private valueBehindName(): boolean {
    const token = this.next(2);
    if (token.lineBefore || !this.is(this.LA(1), NameToken)) return false;
    if (LITERALS.has(token.tokenType)) return true;
    return this.is(token, NameToken) && !notCounted.has(token.image) && this.LA(3).tokenType !== S.Colon;
  }

  argument = this.RULE("argument", (given?: Name): Argument => {
    const start = given?.start ?? this.startHere;
    let name = given;
    this.OPTION({
      GATE: () =>
        given === undefined &&
        this.is(this.LA(1), Word) &&
        (this.LA(2).tokenType === S.Colon || this.LA(2).tokenType === S.Assign || this.valueBehindName()),
      DEF: () => {
        name = this.takeName(1, Word);
        this.expect(1, S.Colon, "An argument", [S.Assign]);
      },
    });
    if (given !== undefined) this.expect(2, S.Colon, "An argument");
    const value = name === undefined ? this.subrule(2, this.value) : this.valueAfter(2, ":");
    return { kind: "argument", start, end: this.endHere, name, value };
  });

  private readonly primaryAlternatives: IOrAlt<Expression>[] = [
    {
      ALT: () => {
        const name = this.takeName(1, NameToken);
        return { kind: "name-expression", start: name.start, end: name.end, name };
      },
    },
    { ALT: () => this.SUBRULE(this.string) },
    { ALT: () => this.SUBRULE(this.amount) },
    { ALT: () => this.bool(K.true) },
    { ALT: () => this.bool(K.false) },
    {
      ALT: () => {
        const token = this.CONSUME(K.none);
        return { kind: "none", start: token.startOffset, end: token.endOffset! };
      },
    },
    { ALT: () => this.SUBRULE(this.parenthesized) },
    { ALT: () => this.SUBRULE(this.listLiteral) },
    { ALT: () => this.SUBRULE(this.record) },
  ];

  primary = this.RULE("primary", (): Expression => {
    // `(name: …)` are the arguments of a call whose name was left out.
    if (this.at(S.LeftParen) && this.is(this.LA(2), Word) && this.LA(3).tokenType === S.Colon) {
      this.complain(catalogue.missingName, this.gap(), { what: "what is called" });
      const missing = this.missingHere();
      this.skipGroup();
      return missing;
    }
    return this.OR(this.primaryAlternatives);
  });

  parenthesized = this.RULE("parenthesized", (): Expression => {
    const start = this.startHere;
    this.CONSUME(S.LeftParen);
    const of = this.inside(() => this.expressionAfter(1, "("));
    this.closing(S.RightParen, 1, "`)`");
    return { kind: "parenthesized", start, end: this.endHere, of };
  });

  listLiteral = this.RULE("listLiteral", (): Expression => {
    const start = this.startHere;
    const items = this.list(1, S.LeftBracket, S.RightBracket, this.values, this.oneValue);
    return { kind: "list", start, end: this.endHere, items };
  });

  private readonly oneValue = (): Expression => this.SUBRULE(this.value);

  record = this.RULE("record", (): RecordLiteral => {
    const start = this.startHere;
    const fields = this.list(1, S.LeftBrace, S.RightBrace, this.fields, this.oneField);
    return { kind: "record", start, end: this.endHere, type: undefined, fields };
  });

  private readonly oneField = (name?: Name): RecordField => this.SUBRULE(this.recordField, this.named(name));

  recordField = this.RULE("recordField", (given?: Name): RecordField => {
    const name = given ?? this.takeName(1, Word);
    this.expect(1, S.Colon, "A field", [S.Assign]);
    const value = this.valueAfter(1, ":");
    const end = this.endHere;
    return { kind: "field", start: name.start, end, doc: this.docs?.take(name.start, end), name, value };
  });
}

const none: readonly never[] = [];

/** The dotted path that an expression is, if it is one. */
function pathOf(node: Expression): Path | undefined {
  const names: Name[] = [];
  let at: Expression = node;
  for (; at.kind === "member"; at = at.of) names.unshift(at.name);
  if (at.kind !== "name-expression") return undefined;
  names.unshift(at.name);
  return { kind: "path", start: node.start, end: node.end, names };
}
