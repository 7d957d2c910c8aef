/** What a string token says: its text and holes, escapes resolved and the indentation of a block dropped. */

import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Diagnostic, report } from "../diagnostics/diagnostic.ts";
import { type Name, nameOf, type Path, type StringHole, type StringLiteral, type StringText } from "./tree.ts";

const simpleEscapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" };
const wholeHole = /\$\{[ \t]*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)[ \t]*\}/y;

/** Reads the string token at `start`; what is wrong inside it is added to `diagnostics`. */
export function readString(path: string, image: string, start: number, diagnostics: Diagnostic[]): StringLiteral {
  const block = image.startsWith('"""');
  const quote = block ? 3 : 1;
  const end = start + image.length;
  const contentEnd = isClosed(image) ? image.length - quote : image.length;
  const plain = !block && !image.includes("\\") && !image.includes("${");
  if (plain) {
    const value = image.slice(1, contentEnd);
    const parts: StringText[] =
      value === "" ? [] : [{ kind: "text", start: start + 1, end: start + contentEnd, value }];
    return { kind: "string", start, end, parts, block };
  }
  const reader = new StringReader(path, image, start, diagnostics);
  const indent = block ? blockIndentation(image, contentEnd) : undefined;
  if (indent === undefined) reader.read(quote, contentEnd);
  else readLines(reader, image, indent, contentEnd);
  return { kind: "string", start, end, parts: reader.finish(), block };
}

/** Whether the token of a string is closed. */
export function isClosed(image: string): boolean {
  const quote = image.startsWith('"""') ? 3 : 1;
  if (image.length < quote * 2 || !image.endsWith('"'.repeat(quote))) return false;
  // `"a\"` ends in a quote that is part of the text.
  let slashes = 0;
  while (image[image.length - quote - 1 - slashes] === "\\") slashes++;
  return slashes % 2 === 0;
}

/** What stands before the closing quotes on their line, if nothing but blanks does, and nothing follows the opening ones. */
export function blockIndentation(image: string, contentEnd: number): string | undefined {
  if (!/^"""[ \t]*(\r\n|\n|\r)/.test(image)) return undefined;
  return /(?:\n|\r)([ \t]*)$/.exec(image.slice(0, contentEnd))?.[1];
}

/** Reads a block line by line, without its first line break and its last. */
function readLines(reader: StringReader, image: string, indent: string, contentEnd: number): void {
  const lines = /([^\r\n]*)(\r\n|\n|\r)/g;
  lines.lastIndex = 3;
  lines.exec(image);
  let first = true;
  for (let at = lines.lastIndex; ; at = lines.lastIndex) {
    const match = lines.exec(image);
    if (match === null || lines.lastIndex > contentEnd) return;
    if (!first) reader.add("\n", at - 1, at);
    first = false;
    const line = match[1]!;
    const indented = line.startsWith(indent);
    const from = indented ? indent.length : line.length - line.trimStart().length;
    if (!indented && line.trim() !== "") reader.complain(catalogue.blockIndent, at, at + line.length, {});
    reader.read(Math.min(at + from, at + line.length), at + line.length);
  }
}

class StringReader {
  readonly #path: string;
  readonly #image: string;
  readonly #start: number;
  readonly #diagnostics: Diagnostic[];
  readonly #parts: (StringText | StringHole)[] = [];
  #text = "";
  #textStart = 0;
  #textEnd = 0;

  constructor(path: string, image: string, start: number, diagnostics: Diagnostic[]) {
    this.#path = path;
    this.#image = image;
    this.#start = start;
    this.#diagnostics = diagnostics;
  }

  complain<Data>(definition: Parameters<typeof report<Data>>[0], from: number, to: number, data: Data): void {
    const place = { file: this.#path, start: this.#start + from, end: this.#start + to };
    this.#diagnostics.push(report(definition, place, data));
  }

  add(text: string, from: number, to: number): void {
    if (text === "") return;
    if (this.#text === "") this.#textStart = from;
    this.#text += text;
    this.#textEnd = to;
  }

  read(from: number, to: number): void {
    const image = this.#image;
    let plainFrom = from;
    for (let at = from; at < to; ) {
      const code = image.charCodeAt(at);
      const hole = code === 36 && image.charCodeAt(at + 1) === 123;
      if (!hole && code !== 92 && code !== 13) {
        at++;
        continue;
      }
      this.add(image.slice(plainFrom, at), plainFrom, at);
      if (hole) at = this.#readHole(at, to);
      else if (code === 92) at = this.#readEscape(at, to);
      else {
        const next = image.charCodeAt(at + 1) === 10 && at + 1 < to ? at + 2 : at + 1;
        this.add("\n", at, next);
        at = next;
      }
      plainFrom = at;
    }
    this.add(image.slice(plainFrom, to), plainFrom, to);
  }

  #readEscape(at: number, to: number): number {
    const image = this.#image;
    const letter = at + 1 < to ? image[at + 1]! : "";
    if (Object.hasOwn(simpleEscapes, letter)) {
      this.add(simpleEscapes[letter]!, at, at + 2);
      return at + 2;
    }
    const unicode = /\\u(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))/y;
    unicode.lastIndex = at;
    const match = unicode.exec(image);
    const point = match === null ? Number.NaN : Number.parseInt(match[1] ?? match[2]!, 16);
    if (point <= 0x10ffff) {
      this.add(String.fromCodePoint(point), at, unicode.lastIndex);
      return unicode.lastIndex;
    }
    const end = Math.min(
      match === null
        ? at + 1 + (letter === "" ? 0 : String.fromCodePoint(image.codePointAt(at + 1)!).length)
        : unicode.lastIndex,
      to,
    );
    this.complain(catalogue.badEscape, at, end, { written: image.slice(at, end) });
    this.add(image.slice(at, end), at, end);
    return end;
  }

  #readHole(at: number, to: number): number {
    wholeHole.lastIndex = at;
    const match = wholeHole.exec(this.#image);
    if (match !== null && wholeHole.lastIndex <= to) {
      const end = wholeHole.lastIndex;
      this.#pushHole(at, end, match[1]!, at + match[0].indexOf(match[1]!));
      return end;
    }
    const rest = this.#image.slice(at, to);
    const close = /^\$\{[^{}\r\n]*\}/.exec(rest);
    // An unclosed hole ends where its path does.
    const end = at + (close ?? /^\$\{[ \t]*[\w.]*/.exec(rest)!)[0].length;
    const inner = this.#image.slice(at + 2, close === null ? end : end - 1).trim();
    const reason = close === null ? "`}` is missing" : inner === "" ? "this one is empty" : `\`${inner}\` is more`;
    this.complain(catalogue.badHole, at, end, { reason });
    const named = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/.exec(this.#image.slice(at + 2, end));
    this.#pushHole(at, end, named?.[0] ?? "", at + 2 + (named?.index ?? 0));
    return end;
  }

  #pushHole(from: number, to: number, dotted: string, at: number): void {
    this.#flush();
    const names: Name[] = [];
    let offset = this.#start + at;
    for (const text of dotted.split(".")) {
      names.push(nameOf(offset, offset + text.length, text));
      offset += text.length + 1;
    }
    const path: Path = { kind: "path", start: names[0]!.start, end: names.at(-1)!.end, names };
    this.#parts.push({ kind: "hole", start: this.#start + from, end: this.#start + to, path });
  }

  #flush(): void {
    if (this.#text === "") return;
    const [start, end] = [this.#start + this.#textStart, this.#start + this.#textEnd];
    this.#parts.push({ kind: "text", start, end, value: this.#text });
    this.#text = "";
  }

  finish(): readonly (StringText | StringHole)[] {
    this.#flush();
    return this.#parts;
  }
}
