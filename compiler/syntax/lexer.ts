/** Text to tokens: words are told apart, line breaks marked, brackets paired, and the marks of other languages named. */
import type { TokenType } from "chevrotain";
import { foreign } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Details, type Diagnostic, type DiagnosticDefinition, report } from "../diagnostics/diagnostic.ts";
import { pairBrackets } from "./brackets.ts";
import { type ForeignKind, type Lexemes, scan } from "./scan.ts";
import { isClosed } from "./strings.ts";
import { Identifier, keywordByText, StringToken, symbolByText, type Token } from "./tokens.ts";
import type { Comment, Span } from "./tree.ts";

export interface Lexed {
  readonly tokens: Token[];
  readonly comments: readonly Comment[];
  readonly lineStarts: readonly number[];
  readonly diagnostics: Diagnostic[];
}

export function lex(path: string, text: string): Lexed {
  const lineStarts = findLineStarts(text);
  const diagnostics: Diagnostic[] = [];
  const pass = new Pass(path, text, lineStarts, diagnostics);
  scan(text, pass);
  pass.lookForNul();
  const source = { path, text, lineStart: (offset: number) => lineStarts[lineOf(lineStarts, offset)]! };
  const tokens = pairBrackets(pass.tokens, source, diagnostics);
  if (tokens !== pass.tokens || diagnostics.length > 0) settle(tokens, diagnostics, lineStarts);
  return { tokens, comments: pass.comments, lineStarts, diagnostics };
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

/** Numbers the tokens anew, and marks those about whose line something has been said. */
function settle(tokens: readonly Token[], diagnostics: readonly Diagnostic[], lineStarts: readonly number[]): void {
  const damaged = new Set(diagnostics.map((diagnostic) => lineOf(lineStarts, diagnostic.start)));
  for (const [index, token] of tokens.entries()) {
    token.index = index;
    if (damaged.has(lineOf(lineStarts, token.startOffset))) token.damaged = true;
  }
}

/** Makes tokens and comments of what is found in one pass over a text. */
class Pass implements Lexemes {
  readonly tokens: Token[] = [];
  readonly comments: Comment[] = [];
  readonly #path: string;
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #diagnostics: Diagnostic[];
  /** The line on which the last token ends. */
  #line = 0;

  constructor(path: string, text: string, lineStarts: readonly number[], diagnostics: Diagnostic[]) {
    this.#path = path;
    this.#text = text;
    this.#lineStarts = lineStarts;
    this.#diagnostics = diagnostics;
  }

  word(start: number, end: number): void {
    const image = this.#text.slice(start, end);
    this.#add(keywordByText.get(image) ?? Identifier, start, end, image);
  }

  token(type: TokenType, start: number, end: number): void {
    this.#add(type, start, end, this.#text.slice(start, end));
  }

  string(start: number, end: number): void {
    const image = this.#text.slice(start, end);
    this.#add(StringToken, start, end, image);
    // A block spans lines, and what follows it stands on its last.
    this.#line = this.#lineAt(end);
    if (!isClosed(image)) this.#unclosed(start, end, image);
  }

  comment(start: number, end: number): void {
    const image = this.#text.slice(start, end).trimEnd();
    const doc = image.startsWith("///") && !image.startsWith("////");
    const text = image.slice(doc ? 3 : 2);
    this.comments.push({
      kind: "comment",
      start,
      end: start + image.length,
      doc,
      text: text.startsWith(" ") ? text.slice(1) : text,
    });
  }

  #add(type: TokenType, start: number, end: number, image: string): void {
    const line = this.#lineAt(start);
    const index = this.tokens.length;
    this.tokens.push({
      image,
      startOffset: start,
      endOffset: end,
      tokenTypeIdx: type.tokenTypeIdx!,
      tokenType: type,
      index,
      lineBefore: line !== this.#line || index === 0,
      damaged: false,
    });
    this.#line = line;
  }

  /** The line of an offset behind the last token. */
  #lineAt(offset: number): number {
    const starts = this.#lineStarts;
    let line = this.#line;
    while (line + 1 < starts.length && starts[line + 1]! <= offset) line++;
    return line;
  }

  #report<Data>(definition: DiagnosticDefinition<Data>, at: Span, data: Data, details?: Details): void {
    const place = { file: this.#path, start: at.start, end: at.end };
    this.#diagnostics.push(report(definition, place, data, details));
  }

  #unclosed(start: number, end: number, image: string): void {
    const quote = image.startsWith('"""') ? '"""' : '"';
    const newText = quote === '"' ? quote : `\n${quote}`;
    const fixes = [{ title: `Insert \`${quote}\``, edits: [{ file: this.#path, start: end, end, newText }] }];
    this.#report(catalogue.unclosedString, { start, end }, { quote }, { fixes });
  }

  /** Reads a mark of another language as what stands for it here, and says so. */
  foreign(kind: ForeignKind, start: number, end: number): void {
    const found = this.#text.slice(start, end);
    const at = { start, end };
    switch (kind) {
      case "name": {
        // What stands behind it is no letter, but a blank from beyond ASCII or a mark that is told by itself.
        if (/^\w+$/.test(found)) {
          this.word(start, end);
          return;
        }
        this.#add(Identifier, start, end, found);
        const ascii = found.normalize("NFKD").replace(/[^\w]/g, "");
        const fixes = /^[A-Za-z_]/.test(ascii) ? [this.#replace(at, ascii)] : [];
        this.#report(catalogue.nonAsciiName, at, { name: found }, { fixes });
        return;
      }
      case "string": {
        const string = `"${found.slice(1, -1).replace(/["\\]/g, "\\$&")}"`;
        this.#sayForeign(at, found[0]!, 'strings stand in `"`', [this.#replace(at, string)]);
        this.#add(StringToken, start, end, `"${found.slice(1, -1).replace(/["\\$]/g, " ")}"`);
        return;
      }
      case "comment": {
        const hash = found.startsWith("#");
        const mark = { start, end: start + (hash ? 1 : 2) };
        const oneLine = hash || !/[\r\n]/.test(found);
        const alone = /^[ \t]*(?:[\r\n]|$)/.test(this.#text.slice(end, end + 200));
        const body = hash ? found.slice(1) : found.slice(2).replace(/\*\/$/, "").trimEnd();
        const fixes = oneLine && alone ? [this.#replace(at, `//${body}`)] : [];
        this.#sayForeign(mark, hash ? "#" : "/*", "comments begin with `//`", fixes);
        return;
      }
      case "mark": {
        const instead = foreign[found as keyof typeof foreign];
        if (instead === "") {
          this.#sayForeign(at, found, "a line ends where it ends", [this.#replace(at, "")]);
          return;
        }
        this.#sayForeign(at, found, `write \`${instead}\``, [this.#replace(at, found === "!" ? "not " : instead)]);
        this.#add(keywordByText.get(instead) ?? symbolByText.get(instead)!, start, end, instead);
      }
    }
  }

  #sayForeign(at: Span, found: string, instead: string, fixes: Details["fixes"] & object): void {
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
