/**
 * Text to lexemes, by hand over the tables of `grammar/`: Chevrotain's lexer analyses its patterns and builds tables of
 * characters before it reads the first one, which takes longer than reading any small file, and three times as long a
 * token afterwards.
 */
import type { TokenType } from "chevrotain";
import { foreign } from "../../grammar/tokens.ts";
import { NumberToken, symbolTokens } from "./tokens.ts";

/** What other languages write, read so that one clear sentence can be said of each: `&&`, `'…'`, block comments, `größe`. */
export type ForeignKind = "mark" | "string" | "comment" | "name";

/** Takes what is found. Blanks are not told. */
export interface Lexemes {
  /** A word of ASCII letters, digits and `_`; a keyword or not. */
  word(start: number, end: number): void;
  string(start: number, end: number): void;
  comment(start: number, end: number): void;
  /** A number or a symbol. */
  token(type: TokenType, start: number, end: number): void;
  foreign(kind: ForeignKind, start: number, end: number): void;
  /** A run of characters with which nothing begins. */
  unknown(start: number, end: number): void;
}

/** Digits with whatever letters, digits and dots hang on them, so that `1h30m` and `5mins` are one bad number each. */
const number = /(?:\$-?)?\d(?:[eE][+-]\d|\w|\.\d)*/y;
const comment = /\/\/[^\r\n]*/y;
const foreignComment = /#[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const foreignString = /'[^'\r\n]*'|[“”„][^“”\r\n]*[“”]/y;
const foreignName = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
const rareBlank = /[\u00a0\ufeff\u2000-\u200b\u2028\u2029\u3000]/y;
const margin = /[\r\n][A-Za-z}]/g;

/** What an ASCII character may begin; most begin a mark, if anything. */
const [mark, blank, letter, digit, other] = [0, 1, 2, 3, 4] as const;
const kinds = new Uint8Array(128);
for (const char of "\t\n\v\f\r \0") kinds[char.charCodeAt(0)] = blank;
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz") kinds[char.charCodeAt(0)] = letter;
for (const char of "0123456789") kinds[char.charCodeAt(0)] = digit;
for (const char of "\"'#$/") kinds[char.charCodeAt(0)] = other;

interface Mark {
  readonly text: string;
  readonly type: TokenType | undefined;
}

/** The symbols, and with no type the marks of other languages: by the code of their first character, the longest first. */
const marks: Mark[][] = [];
const none: readonly Mark[] = [];
for (const one of [
  ...Object.keys(foreign).map((text) => ({ text, type: undefined })),
  ...Object.values(symbolTokens).map((type) => ({ text: type.PATTERN as string, type })),
].sort((a, b) => b.text.length - a.text.length)) {
  const code = one.text.charCodeAt(0);
  marks[code] ??= [];
  marks[code].push(one);
}

export function scan(text: string, lexemes: Lexemes): void {
  let unknownFrom = -1;
  for (let at = 0; at < text.length; ) {
    const end = lexeme(text, at, lexemes);
    if (end === at) {
      if (unknownFrom < 0) unknownFrom = at;
      at++;
      continue;
    }
    if (unknownFrom >= 0) lexemes.unknown(unknownFrom, at);
    unknownFrom = -1;
    at = end;
  }
  if (unknownFrom >= 0) lexemes.unknown(unknownFrom, text.length);
}

/** Reads what begins at `start`; returns its end, or `start` if nothing does. */
function lexeme(text: string, start: number, lexemes: Lexemes): number {
  const code = text.charCodeAt(start);
  switch (code < 128 ? kinds[code] : undefined) {
    case blank:
      return endOfBlanks(text, start);
    case letter: {
      const end = endOfWord(text, start);
      // Not the ASCII beginning of a longer word.
      if (text.charCodeAt(end) >= 0xaa) return foreignLexeme("name", foreignName, text, start, lexemes);
      lexemes.word(start, end);
      return end;
    }
    case digit:
      return numberLexeme(text, start, lexemes);
    case mark:
      return markLexeme(text, start, code, lexemes);
    case other:
      break;
    default:
      return rare(text, start, lexemes);
  }
  switch (text[start]) {
    case '"': {
      const end = endOfString(text, start);
      lexemes.string(start, end);
      return end;
    }
    case "/": {
      const end = match(comment, text, start);
      if (end === start) {
        const foreignEnd = foreignLexeme("comment", foreignComment, text, start, lexemes);
        return foreignEnd > start ? foreignEnd : markLexeme(text, start, code, lexemes);
      }
      lexemes.comment(start, end);
      return end;
    }
    case "#":
      return foreignLexeme("comment", foreignComment, text, start, lexemes);
    case "'":
      return foreignLexeme("string", foreignString, text, start, lexemes);
    default:
      return numberLexeme(text, start, lexemes);
  }
}

/** Beyond ASCII: blanks, quotation marks and letters. */
function rare(text: string, start: number, lexemes: Lexemes): number {
  if (match(rareBlank, text, start) > start) return start + 1;
  const end = foreignLexeme("string", foreignString, text, start, lexemes);
  return end > start ? end : foreignLexeme("name", foreignName, text, start, lexemes);
}

function numberLexeme(text: string, start: number, lexemes: Lexemes): number {
  const end = match(number, text, start);
  if (end > start) lexemes.token(NumberToken, start, end);
  return end;
}

function markLexeme(text: string, start: number, code: number, lexemes: Lexemes): number {
  const candidates = marks[code] ?? none;
  for (let i = 0; i < candidates.length; i++) {
    const { text: written, type } = candidates[i]!;
    if (written.length > 1 && !text.startsWith(written, start)) continue;
    const end = start + written.length;
    if (type === undefined) lexemes.foreign("mark", start, end);
    else lexemes.token(type, start, end);
    return end;
  }
  return start;
}

function foreignLexeme(kind: ForeignKind, pattern: RegExp, text: string, start: number, lexemes: Lexemes): number {
  const end = match(pattern, text, start);
  if (end > start) lexemes.foreign(kind, start, end);
  return end;
}

/** Where the match of a sticky pattern at `start` ends; `start` if there is none. */
function match(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : start;
}

function endOfBlanks(text: string, start: number): number {
  let at = start + 1;
  while (kinds[text.charCodeAt(at)] === blank) at++;
  return at;
}

function endOfWord(text: string, start: number): number {
  let at = start + 1;
  for (let kind = kinds[text.charCodeAt(at)]; kind === letter || kind === digit; kind = kinds[text.charCodeAt(at)])
    at++;
  return at;
}

/**
 * The end of the string that begins at `start`, whole, or of as much as was probably meant: a line string ends at its
 * line, and gives back the brackets at its end that it did not open (`f("abc)`); a `"""` ends at the next line at the
 * left margin.
 */
function endOfString(text: string, start: number): number {
  if (text.startsWith('"""', start)) {
    for (let at = start + 3; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 92) at++;
      else if (code === 34 && text.startsWith('"""', at)) return at + 3;
    }
    margin.lastIndex = start;
    return trimmed(text, start, margin.exec(text)?.index ?? text.length);
  }
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    if (code === 10 || code === 13) break;
    if (code === 92 && text.charCodeAt(at + 1) !== 10 && text.charCodeAt(at + 1) !== 13) at++;
  }
  let open = 0;
  for (let i = start + 1; i < at; i++) {
    if ("([{".includes(text[i]!)) open++;
    else if (")]}".includes(text[i]!) && --open < 0) return i;
  }
  return trimmed(text, start, at);
}

function trimmed(text: string, start: number, end: number): number {
  return start + text.slice(start, end).trimEnd().length;
}
