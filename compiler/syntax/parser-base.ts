/**
 * What all parts of the parser share: looking ahead, taking what must be there, lists, and saying what is wrong.
 *
 * Nothing here throws on bad input. A rule asks before it consumes; what is missing is reported where it is missing, and
 * its place in the tree is taken by an empty name or a `missing` node. Brackets are paired before (`brackets.ts`), so
 * every list meets its closer.
 */
import { EmbeddedActionsParser, type IParserConfig, type IToken, type TokenType } from "chevrotain";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Details, type Diagnostic, type DiagnosticDefinition, report } from "../diagnostics/diagnostic.ts";
import { nearest } from "../diagnostics/suggestion.ts";
import { type Analysis, analysisOf } from "./analysis.ts";
import { depthLimit } from "./brackets.ts";
import type { Docs } from "./docs.ts";
import { LazyLookahead } from "./lookahead.ts";
import { keywordByText, Name as NameToken, parserTokens, symbolTokens, type Token, Word } from "./tokens.ts";
import { type MissingNode, type Name, nameOf, type Path, type Span } from "./tree.ts";

const S = symbolTokens;
const endOfFile = "the end of the file";

/** How the elements of a list are told from each other, and what is said where something else stands. */
export interface ListShape {
  /** Statements stand on lines of their own; fields and values may share one, with commas. */
  readonly lines: boolean;
  /** Whether an element begins here, though no comma and no line break precedes it. */
  readonly begins: () => boolean;
  /** Turns a word that was meant to begin an element into the keyword, and says so. */
  readonly mend?: () => void;
  /** Whose name it is that every element begins with: where a `:` stands instead, the name was left out. */
  readonly named?: string;
  /** Whether a name alone is an element: then between two commas one was left out. */
  readonly alone?: true;
  readonly expected: string;
}

export abstract class ParserBase extends EmbeddedActionsParser {
  path = "";
  text = "";
  docs!: Docs;
  diagnostics: Diagnostic[] = [];
  /** Whether `Name { … }` is a value here; before the `{` of a block it is not. */
  protected recordsAllowed = true;
  /** Whether a `{` behind an arm of a union is its fields; behind `->` it begins settings. */
  protected armFieldsAllowed = true;
  /** How many maps are open here. */
  protected maps = 0;
  #saidAt = -1;
  readonly #lookahead: LazyLookahead;

  constructor(config: IParserConfig) {
    const lookahead = new LazyLookahead();
    super(parserTokens, {
      maxLookahead: 1,
      recoveryEnabled: false,
      lookaheadStrategy: lookahead,
      skipValidations: true,
      ...config,
    });
    this.#lookahead = lookahead;
  }

  /** What recording the grammar has found out. */
  get analysis(): Analysis {
    return analysisOf(this.#lookahead.choices, Object.keys(this.getGAstProductions()));
  }

  open(path: string, text: string, tokens: Token[], docs: Docs): void {
    this.input = tokens;
    this.path = path;
    this.text = text;
    this.docs = docs;
    this.diagnostics = [];
    this.recordsAllowed = true;
    this.armFieldsAllowed = true;
    this.maps = 0;
    this.#saidAt = -1;
  }

  /**
   * What `action` reads, if it begins here with `type`, on this line. Actions and alternatives that need nothing of the
   * rule around them are made once, with the parser; others only where they are called for: most of what a rule could
   * spend goes into functions that it makes and does not call.
   */
  protected optionHere<T>(occurrence: number, type: TokenType, action: () => T): T | undefined {
    return this.RECORDING_PHASE || this.here(type) ? this.option(occurrence, action) : undefined;
  }

  /** The arguments of an element of a list whose name was read, or left out, before it. */
  protected named(name: Name | undefined): { ARGS: [Name] } | undefined {
    return name === undefined ? undefined : { ARGS: [name] };
  }

  // Looking ahead ---------------------------------------------------------------------------------------------------

  protected next(ahead = 1): Token {
    return this.LA(ahead) as Token;
  }

  protected at(type: TokenType): boolean {
    return this.LA(1).tokenType === type;
  }

  protected atEnd(): boolean {
    return this.LA(1).startOffset < 0;
  }

  /** Whether the token `ahead` stands on the line of the one before it. */
  protected sameLine(ahead = 1): boolean {
    const token = this.next(ahead);
    return token.startOffset >= 0 && !token.lineBefore;
  }

  private wordAt(ahead: number): boolean {
    return this.is(this.LA(ahead), Word) && this.sameLine(ahead);
  }

  /** Whether this token is on the line of the last; for tokens that a line may end before. */
  protected here(type: TokenType): boolean {
    return this.LA(1).tokenType === type && this.sameLine();
  }

  protected is(token: IToken, category: TokenType): boolean {
    return token.tokenType === category || category.categoryMatchesMap?.[token.tokenTypeIdx] === true;
  }

  /** Whether this keyword begins a statement here, rather than naming a setting. */
  protected atStatement(keyword: TokenType): boolean {
    if (this.LA(1).tokenType !== keyword) return false;
    const after = this.LA(2).tokenType;
    return after !== S.Colon && after !== S.Dot;
  }

  /** Whether a setting or field begins here: `name:`, `a.b:`. */
  protected atField(): boolean {
    if (!this.is(this.LA(1), Word)) return false;
    for (let ahead = 2; ; ahead += 2) {
      const type = this.LA(ahead).tokenType;
      if (type === S.Question && this.LA(ahead + 1).tokenType === S.Colon) return true;
      if (type !== S.Dot) return type === S.Colon;
      if (!this.is(this.LA(ahead + 1), Word)) return false;
    }
  }

  // Positions -------------------------------------------------------------------------------------------------------

  protected get startHere(): number {
    const token = this.LA(1);
    return token.startOffset >= 0 ? token.startOffset : this.text.length;
  }

  /** The end of what was last consumed. */
  protected get endHere(): number {
    const token = this.LA(0);
    return token.startOffset >= 0 ? token.endOffset! : 0;
  }

  // Saying what is wrong --------------------------------------------------------------------------------------------

  /** Reports, unless something was said already about this token or its line. */
  protected complain<Data>(definition: DiagnosticDefinition<Data>, at: Span, data: Data, details?: Details): void {
    const token = this.next();
    const before = this.next(0);
    const index = token.startOffset >= 0 ? token.index : Number.MAX_SAFE_INTEGER;
    const damaged = token.damaged || (before.startOffset >= 0 && before.damaged);
    if (damaged || index === this.#saidAt) {
      this.#saidAt = index;
      return;
    }
    this.#saidAt = index;
    // The end of the file has no place of its own.
    const { start, end } = at.start >= 0 ? at : this.gap();
    this.diagnostics.push(report(definition, { file: this.path, start, end }, data, details));
  }

  protected fix(title: string, at: Span, newText: string): Details {
    return { fixes: [{ title, edits: [{ file: this.path, start: at.start, end: at.end, newText }] }] };
  }

  /** Just behind what was last consumed: where what is missing is missing. */
  protected gap(): Span {
    return { start: this.endHere, end: this.endHere };
  }

  protected describe(token: IToken): string {
    if (token.startOffset < 0) return endOfFile;
    const image = token.image;
    if (image.startsWith('"')) return "this string";
    return image === "" ? "the end of the block" : `\`${image}\``;
  }

  protected describeNext(): string {
    return this.sameLine() || this.atEnd() ? this.describe(this.next()) : "the end of this line";
  }

  // Taking what must be there ---------------------------------------------------------------------------------------

  /** Takes a symbol or a keyword, or says that it is missing. `instead` are symbols often written for it. */
  protected expect(occurrence: number, type: TokenType, where: string, instead: readonly TokenType[] = []): void {
    if (this.RECORDING_PHASE || this.at(type)) {
      this.consume(occurrence, type);
      return;
    }
    const symbol = this.symbolOf(type);
    const token = this.next();
    if (instead.includes(token.tokenType) && this.sameLine()) {
      const at = { start: token.startOffset, end: token.endOffset };
      const data = { found: token.image, expected: symbol, where };
      const edited = { start: this.endHere, end: at.end };
      const fix = this.fix(`Write \`${symbol}\``, edited, symbol === ":" ? ":" : ` ${symbol}`);
      this.complain(catalogue.wrongSymbol, at, data, fix);
      this.SKIP_TOKEN();
      return;
    }
    const before = this.describeNext();
    const insertion = symbol === ":" ? ":" : ` ${symbol}`;
    this.complain(
      catalogue.missingSymbol,
      this.gap(),
      { symbol, before },
      this.fix(`Insert \`${symbol}\``, this.gap(), insertion),
    );
  }

  /** Whether a `{` opens here; says so if it is missing, or stands on the next line. */
  protected braceHere(): boolean {
    if (this.RECORDING_PHASE || this.here(S.LeftBrace)) return true;
    const gap = this.gap();
    if (this.at(S.LeftBrace)) {
      const token = this.next();
      const fix = this.fix("Move `{` up", { start: gap.start, end: token.endOffset }, " {");
      this.complain(catalogue.lateBrace, { start: token.startOffset, end: token.endOffset }, {}, fix);
      return true;
    }
    const data = { symbol: "{", before: this.describeNext() };
    this.complain(catalogue.missingSymbol, gap, data, this.fix("Insert `{ }`", gap, " { }"));
    return false;
  }

  protected symbolOf(type: TokenType): string {
    return (type.LABEL ?? type.name).replaceAll('"', "");
  }

  /** The name that is certainly next. */
  protected takeName(occurrence: number, category: TokenType): Name {
    const token = this.consume(occurrence, category);
    return nameOf(token.startOffset, token.endOffset!, token.image);
  }

  /** A name on this line, or an empty one and a complaint. `what` says whose name it is. */
  protected expectName(occurrence: number, what: string, category: TokenType = NameToken, before?: TokenType): Name {
    // `for in xs`: the word that follows the name, and not a name like it.
    const leftOut = before !== undefined && this.at(before) && this.LA(2).tokenType !== before && this.wordAt(2);
    if (this.RECORDING_PHASE || (this.is(this.LA(1), category) && this.sameLine() && !leftOut))
      return this.takeName(occurrence, category);
    this.complain(catalogue.missingName, this.gap(), { what });
    return nameOf(this.endHere, this.endHere, "");
  }

  /** The name behind a dot. A keyword apart from the dot goes on with what stands around: the name was left out. */
  protected nameBehindDot(occurrence: number, what: string): Name {
    const token = this.next();
    if (this.RECORDING_PHASE || token.startOffset === this.endHere || !keywordByText.has(token.image))
      return this.expectName(occurrence, what, Word);
    this.complain(catalogue.missingName, this.gap(), { what });
    return nameOf(this.endHere, this.endHere, "");
  }

  /** A name that stands alone. A path in its place is said, and read as the part that was meant. */
  protected alone(name: Name, meant: "first" | "last"): Name {
    if (this.RECORDING_PHASE || name.text === "" || !this.tailHere()) return name;
    let last = name;
    this.skipTail((token) => {
      last = nameOf(token.startOffset, token.endOffset, token.image);
    });
    const at = { start: name.start, end: last.end };
    const { text } = meant === "first" ? name : last;
    const data = { name: text, path: this.text.slice(at.start, at.end) };
    this.complain(catalogue.pathForName, at, data, this.fix(`Write \`${text}\``, at, text));
    return meant === "first" ? name : last;
  }

  /** Whether `.name` stands here, on this line. */
  protected tailHere(): boolean {
    return this.here(S.Dot) && this.wordAt(2);
  }

  protected skipTail(each: (name: Token) => void = () => {}): void {
    while (this.tailHere()) {
      this.SKIP_TOKEN();
      each(this.next());
      this.SKIP_TOKEN();
    }
  }

  /** The empty name of what is next, with a complaint. */
  protected nameless(what: string): Name {
    const token = this.next();
    const at = token.tokenType === S.Comma ? this.gap() : { start: this.startHere, end: this.startHere };
    const comma = { start: token.startOffset, end: token.endOffset };
    const details = token.tokenType === S.Comma ? this.fix("Remove `,`", comma, "") : undefined;
    this.complain(catalogue.missingName, at, { what }, details);
    return nameOf(at.start, at.end, "");
  }

  /** A dotted path whose first name has been read. */
  protected pathFrom(first: Name, occurrence: number, what: string): Path {
    const names = [first];
    if (this.RECORDING_PHASE || this.at(S.Dot)) this.furtherNames(names, occurrence, what);
    return { kind: "path", start: first.start, end: names[names.length - 1]!.end, names };
  }

  private furtherNames(names: Name[], occurrence: number, what: string): void {
    this.many(occurrence, () => {
      this.consume(occurrence, S.Dot);
      names.push(this.nameBehindDot(occurrence, what));
    });
  }

  protected missing(): MissingNode {
    return { kind: "missing", ...this.gap() };
  }

  /** What is missing before the next token, with which the node around it begins. */
  protected missingHere(): MissingNode {
    return { kind: "missing", start: this.startHere, end: this.startHere };
  }

  /** Whether a chain has more links than may be nested; says so at the first one too many. */
  protected tooLong(links: number): boolean {
    if (links !== depthLimit) return links > depthLimit;
    this.complain(
      catalogue.tooDeep,
      { start: this.startHere, end: Math.max(this.startHere, this.next().endOffset) },
      { limit: depthLimit },
    );
    return true;
  }

  // Lists -----------------------------------------------------------------------------------------------------------

  /**
   * The one rule of lists: elements between brackets, separated by commas or line breaks. What cannot be an element
   * costs one error, and is skipped up to the next comma or line.
   */
  protected list<T>(
    occurrence: number,
    open: TokenType,
    close: TokenType,
    shape: ListShape,
    element: (name?: Name) => T,
  ): T[] {
    const records = this.recordsAllowed;
    const armFields = this.armFieldsAllowed;
    this.recordsAllowed = true;
    this.armFieldsAllowed = true;
    this.consume(occurrence, open);
    const elements = this.elements(occurrence, close, shape, element);
    this.consume(occurrence, close);
    this.recordsAllowed = records;
    this.armFieldsAllowed = armFields;
    return elements;
  }

  protected elements<T>(
    occurrence: number,
    close: TokenType | undefined,
    shape: ListShape,
    element: (name?: Name) => T,
  ): T[] {
    const elements: T[] = [];
    const ended = () => this.atEnd() || (close !== undefined && this.at(close));
    let junk = false;
    for (;;) {
      this.many(occurrence, {
        GATE: () => {
          shape.mend?.();
          return true;
        },
        DEF: () => {
          elements.push(element());
          junk = false;
          this.separate(occurrence, close, shape);
        },
      });
      if (this.RECORDING_PHASE || ended()) return elements;
      if (shape.named !== undefined && (this.at(S.Colon) || (this.at(S.Comma) && shape.alone)) && !junk) {
        const before = this.LA(1);
        elements.push(element(this.nameless(shape.named)));
        this.separate(occurrence, close, shape);
        // Not every element goes on with a `:`; what none takes must be passed over, or it would be met for ever.
        if (this.LA(1) !== before) continue;
        junk = true;
      }
      this.skipJunk(close, shape, junk);
      junk = true;
    }
  }

  private separate(occurrence: number, close: TokenType | undefined, shape: ListShape): void {
    const token = this.next();
    if (this.RECORDING_PHASE || token.tokenType === S.Comma) {
      if (close !== undefined) this.option(occurrence, () => this.consume(occurrence + 100, S.Comma));
      return;
    }
    if (token.startOffset < 0 || token.lineBefore || token.tokenType === close || !shape.begins()) return;
    const next = this.describe(token);
    if (shape.lines) {
      this.complain(
        catalogue.missingLineBreak,
        this.gap(),
        { next },
        this.fix("Insert a line break", this.gap(), "\n"),
      );
    } else this.complain(catalogue.missingComma, this.gap(), { next }, this.fix("Insert `,`", this.gap(), ","));
  }

  /** Skips to where an element may begin again; says so unless the same was just said. */
  private skipJunk(close: TokenType | undefined, shape: ListShape, silent: boolean): void {
    const token = this.next();
    const at = { start: token.startOffset, end: token.endOffset };
    if (!silent) {
      const details = token.tokenType === S.Comma ? this.fix("Remove `,`", at, "") : undefined;
      this.complain(
        catalogue.unexpected,
        at,
        { found: capital(this.describe(token)), expected: shape.expected },
        details,
      );
    }
    let last: TokenType;
    do last = this.skipGroup();
    while (last !== S.Comma && !this.atEnd() && !this.next().lineBefore && this.LA(1).tokenType !== close);
  }

  /** Skips a token, with all up to its partner if it is a bracket. */
  protected skipGroup(): TokenType {
    let depth = 0;
    let type: TokenType;
    do {
      type = this.LA(1).tokenType;
      if (type === S.LeftBrace || type === S.LeftParen || type === S.LeftBracket) depth++;
      else if (type === S.RightBrace || type === S.RightParen || type === S.RightBracket) depth--;
      this.SKIP_TOKEN();
    } while (depth > 0 && !this.atEnd());
    return type;
  }

  protected skipTo(close: TokenType): void {
    while (!this.atEnd() && !this.at(close)) this.skipGroup();
  }

  /**
   * If the word here was meant to be one of `words` (it begins a line, a name or a string or a `{` follows on that line,
   * and one of the words is near), turns the token into that keyword.
   */
  protected mendWord(words: readonly string[], said: (at: Span, word: string, suggestion: string) => void): void {
    const token = this.next();
    const after = this.next(2);
    if (!token.lineBefore || !this.is(token, Word) || words.includes(token.image)) return;
    if (after.startOffset < 0 || after.lineBefore || !/^[A-Za-z_"{]/.test(after.image)) return;
    const suggestion = nearest(token.image, words);
    if (suggestion === undefined) return;
    said({ start: token.startOffset, end: token.endOffset }, token.image, suggestion);
    const keyword = keywordByText.get(suggestion)!;
    token.tokenType = keyword;
    token.tokenTypeIdx = keyword.tokenTypeIdx!;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
