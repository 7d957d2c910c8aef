/** Text to tokens: words are told apart, line breaks marked, brackets paired, and the marks of other languages named. */
import { type IToken, Lexer, type TokenType } from "chevrotain";
import { foreign } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Details, type Diagnostic, type DiagnosticDefinition, report } from "../diagnostics/diagnostic.ts";
import { pairBrackets } from "./brackets.ts";
import {
  Foreign,
  ForeignComment,
  ForeignName,
  ForeignString,
  Identifier,
  isClosed,
  keywordByText,
  lexerTokens,
  StringToken,
  symbolByText,
  type Token,
} from "./tokens.ts";
import type { Comment, Span } from "./tree.ts";

export interface Lexed {
  readonly tokens: Token[];
  readonly comments: readonly Comment[];
  readonly lineStarts: readonly number[];
  readonly diagnostics: Diagnostic[];
}

let lexer: Lexer | undefined;

function openLexer(): Lexer {
  const opened = new Lexer(lexerTokens, {
    positionTracking: "onlyOffset",
    skipValidations: true,
    ensureOptimizations: true,
  });
  // A token is made with all its fields: those added later would lie in an object of their own, which costs a tenth of a check.
  const createTokenInstance = (
    image: string,
    startOffset: number,
    tokenTypeIdx: number,
    tokenType: TokenType,
  ): Token => ({
    image,
    startOffset,
    tokenTypeIdx,
    tokenType,
    endOffset: startOffset + image.length,
    index: 0,
    lineBefore: false,
    damaged: false,
  });
  return Object.assign(opened, { createTokenInstance });
}

export function lex(path: string, text: string): Lexed {
  lexer ??= openLexer();
  const result = lexer.tokenize(text);
  const lineStarts = findLineStarts(text);
  const diagnostics: Diagnostic[] = [];
  const pass = new Pass(path, text, lineStarts, diagnostics);
  for (const token of result.tokens) pass.take(token);
  for (const error of result.errors) pass.unknown(error.offset, error.offset + error.length);
  pass.lookForNul();
  const source = { path, text, lineStart: (offset: number) => lineStarts[lineOf(lineStarts, offset)]! };
  const tokens = pairBrackets(pass.tokens, source, diagnostics);
  if (tokens !== pass.tokens || diagnostics.length > 0) settle(tokens, diagnostics, lineStarts);
  const comments = (result.groups.comments ?? []).map(comment);
  return { tokens, comments, lineStarts, diagnostics };
}

/** Offsets at which the lines begin; `\n`, `\r\n` and a lone `\r` end one. */
export function findLineStarts(text: string): number[] {
  const starts = [0];
  if (text.includes("\r")) {
    for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
    return starts;
  }
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The line, counted from 0, in which an offset lies. */
export function lineOf(lineStarts: readonly number[], offset: number): number {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lineStarts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function comment(token: IToken): Comment {
  const image = token.image.trimEnd();
  const doc = image.startsWith("///") && !image.startsWith("////");
  const text = image.slice(doc ? 3 : 2);
  const [start, end] = [token.startOffset, token.startOffset + image.length];
  return { kind: "comment", start, end, doc, text: text.startsWith(" ") ? text.slice(1) : text };
}

/** Numbers the tokens anew, and marks those about whose line something has been said. */
function settle(tokens: readonly Token[], diagnostics: readonly Diagnostic[], lineStarts: readonly number[]): void {
  const damaged = new Set(diagnostics.map((diagnostic) => lineOf(lineStarts, diagnostic.start)));
  for (const [index, token] of tokens.entries()) {
    token.index = index;
    if (damaged.has(lineOf(lineStarts, token.startOffset))) token.damaged = true;
  }
}

/** One pass over the tokens of a text. */
class Pass {
  readonly tokens: Token[] = [];
  readonly #path: string;
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #diagnostics: Diagnostic[];
  #line = 0;

  constructor(path: string, text: string, lineStarts: readonly number[], diagnostics: Diagnostic[]) {
    this.#path = path;
    this.#text = text;
    this.#lineStarts = lineStarts;
    this.#diagnostics = diagnostics;
  }

  take(raw: IToken): void {
    const lines = this.#lineStarts;
    const token = raw as Token;
    const start = token.startOffset;
    token.endOffset = start + token.image.length;
    token.index = this.tokens.length;
    let line = this.#line;
    while (line + 1 < lines.length && lines[line + 1]! <= start) line++;
    const lineOfLast = this.#line;
    token.lineBefore = line !== lineOfLast || token.index === 0;
    this.#line = line;
    token.damaged = false;
    const type = token.tokenType;
    if (type === Identifier) {
      const keyword = keywordByText.get(token.image);
      if (keyword !== undefined) retype(token, keyword);
    } else if (type === StringToken) {
      // A block spans lines, and what follows it stands on its last.
      while (line + 1 < lines.length && lines[line + 1]! <= token.endOffset) line++;
      this.#line = line;
      if (!isClosed(token.image)) this.#unclosed(token);
    } else if (type === Foreign || type === ForeignString || type === ForeignComment || type === ForeignName) {
      if (!this.#naturalize(token)) {
        // What is left out breaks no line and hides no break.
        this.#line = lineOfLast;
        return;
      }
    }
    this.tokens.push(token);
  }

  #report<Data>(definition: DiagnosticDefinition<Data>, at: Span, data: Data, details?: Details): void {
    const place = { file: this.#path, start: at.start, end: at.end };
    this.#diagnostics.push(report(definition, place, data, details));
  }

  #unclosed(token: Token): void {
    const quote = token.image.startsWith('"""') ? '"""' : '"';
    const [start, end] = [token.startOffset, token.endOffset];
    const newText = quote === '"' ? quote : `\n${quote}`;
    const fixes = [{ title: `Insert \`${quote}\``, edits: [{ file: this.#path, start: end, end, newText }] }];
    this.#report(catalogue.unclosedString, { start, end }, { quote }, { fixes });
  }

  /** Reads a mark of another language as what stands for it here; false if it is left out. */
  #naturalize(token: Token): boolean {
    const found = token.image;
    const at = { start: token.startOffset, end: token.endOffset };
    if (token.tokenType === ForeignName) {
      retype(token, Identifier);
      // A plain word with a foreign mark behind it, about which something is said anyway.
      if (/^\w+$/.test(found)) return true;
      const ascii = found.normalize("NFKD").replace(/[^\w]/g, "");
      const fixes = /^[A-Za-z_]/.test(ascii) ? [this.#replace(at, ascii)] : [];
      this.#report(catalogue.nonAsciiName, at, { name: found }, { fixes });
      return true;
    }
    if (token.tokenType === ForeignString) {
      const string = `"${found.slice(1, -1).replace(/["\\]/g, "\\$&")}"`;
      this.#foreign(at, found[0]!, 'strings stand in `"`', [this.#replace(at, string)]);
      token.image = `"${found.slice(1, -1).replace(/["\\$]/g, " ")}"`;
      retype(token, StringToken);
      return true;
    }
    if (token.tokenType === ForeignComment) {
      const hash = found.startsWith("#");
      const mark = { start: at.start, end: at.start + (hash ? 1 : 2) };
      const oneLine = hash || !/[\r\n]/.test(found);
      const alone = /^[ \t]*(?:[\r\n]|$)/.test(this.#text.slice(at.end, at.end + 200));
      const body = hash ? found.slice(1) : found.slice(2).replace(/\*\/$/, "").trimEnd();
      this.#foreign(
        mark,
        hash ? "#" : "/*",
        "comments begin with `//`",
        oneLine && alone ? [this.#replace(at, `//${body}`)] : [],
      );
      return false;
    }
    const instead = foreign[found as keyof typeof foreign];
    if (instead === "") {
      this.#foreign(at, found, "a line ends where it ends", [this.#replace(at, "")]);
      return false;
    }
    this.#foreign(at, found, `write \`${instead}\``, [this.#replace(at, found === "!" ? "not " : instead)]);
    token.image = instead;
    retype(token, keywordByText.get(instead) ?? symbolByText.get(instead)!);
    return true;
  }

  #foreign(at: Span, found: string, instead: string, fixes: Details["fixes"] & object): void {
    this.#report(catalogue.foreignSymbol, at, { found, instead }, { fixes });
  }

  #replace(at: Span, newText: string) {
    const title = newText === "" ? "Remove it" : `Write \`${newText.trim()}\``;
    return { title, edits: [{ file: this.#path, ...at, newText }] };
  }

  unknown(start: number, end: number): void {
    const run = this.#text.slice(start, end);
    const point = run.codePointAt(0) ?? 0;
    const visible = /^[\p{L}\p{N}\p{P}\p{S}]/u.test(run);
    const code = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
    const shown = visible ? `\`${run.length > 20 ? `${run.slice(0, 20)}…` : run}\`` : `The invisible character ${code}`;
    const fixes = [{ title: "Remove it", edits: [{ file: this.#path, start, end, newText: "" }] }];
    this.#report(catalogue.unknownCharacter, { start, end }, { shown }, { fixes });
  }

  lookForNul(): void {
    const at = this.#text.indexOf("\0");
    if (at >= 0) this.#report(catalogue.notText, { start: at, end: at + 1 }, {});
  }
}

function retype(token: Token, type: IToken["tokenType"]): void {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx!;
}
