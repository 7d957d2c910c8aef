/** The token types, made from the table in `grammar/`, and what the parser knows of a token besides its type. */
import { createToken, type IToken, Lexer, type TokenType } from "chevrotain";
import { foreign, type Keyword, keywords, symbols } from "../../grammar/tokens.ts";

/** A token as the parser sees it: newlines are not tokens, but a bit of the token that follows. */
export interface Token extends IToken {
  endOffset: number;
  /** Its place among the tokens of the file. */
  index: number;
  /** Whether a line break lies between the token before and this one. */
  lineBefore: boolean;
  /** An error has been reported about this token or its line already: more would be about the same slip. */
  damaged: boolean;
}

/** Every word: what a field may be called, or what may follow a dot. */
export const Word = createToken({ name: "WORD", pattern: Lexer.NA });
/** Every word but the operators and literals: what a declaration may be called. */
export const Name = createToken({ name: "NAME", pattern: Lexer.NA, categories: [Word] });
// Hints keep the lexer from analysing the patterns itself, which takes longer than most files.
const wordStarts = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"];
export const Identifier = createToken({
  name: "IDENTIFIER",
  // Not the ASCII beginning of a longer word.
  start_chars_hint: wordStarts,
  pattern: /[A-Za-z_]\w*(?![\w\u00aa-\uffff])/,
  categories: [Name],
});

const reserved: ReadonlySet<string> = new Set([...keywords.operator, ...keywords.literal]);

/** Keywords have no pattern: the lexer finds words, and one look into this table finds what they are. */
export const keywordTokens = Object.fromEntries(
  Object.values(keywords)
    .flat()
    .map((word) => [
      word,
      createToken({
        name: word.toUpperCase(),
        pattern: Lexer.NA,
        categories: [reserved.has(word) ? Word : Name],
        label: `"${word}"`,
      }),
    ]),
) as Record<Keyword, TokenType>;

export const keywordByText: ReadonlyMap<string, TokenType> = new Map(Object.entries(keywordTokens));

/** Digits with whatever letters, digits and dots hang on them, so that `1h30m` and `5mins` are one bad number each. */
export const NumberToken = createToken({
  name: "NUMBER",
  pattern: /\$?\d(?:[eE][+-]\d|\w|\.\d)*/,
  start_chars_hint: ["$", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
});

export const StringToken = createToken({
  name: "STRING",
  pattern: scanString,
  line_breaks: true,
  start_chars_hint: ['"'],
});

export const symbolTokens = Object.fromEntries(
  Object.entries(symbols).map(([name, text]) => [name, createToken({ name, pattern: text, label: `"${text}"` })]),
) as Record<keyof typeof symbols, TokenType>;

export const symbolByText: ReadonlyMap<string, TokenType> = new Map(
  Object.values(symbolTokens).map((type) => [type.PATTERN as string, type]),
);

/** Marks of other languages, read so that one clear sentence can be said of each. */
export const Foreign = createToken({
  name: "FOREIGN",
  pattern: new RegExp(
    Object.keys(foreign)
      .map((text) => (text === "!" ? "!(?!=)" : text.replace(/[|?.]/g, "\\$&")))
      .join("|"),
  ),
  start_chars_hint: [...new Set(Object.keys(foreign).map((text) => text[0]!))],
});
export const ForeignString = createToken({
  name: "FOREIGN_STRING",
  pattern: /'[^'\r\n]*'|[“”„][^“”\r\n]*[“”]/,
  start_chars_hint: ["'", "“", "”", "„"],
});
export const ForeignComment = createToken({
  name: "FOREIGN_COMMENT",
  pattern: /#[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/,
  start_chars_hint: ["#", "/"],
  line_breaks: true,
});
const letters = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
export const ForeignName = createToken({
  name: "FOREIGN_NAME",
  // A function, since the lexer drops the `u` of a pattern.
  pattern: (text: string, start: number) => {
    letters.lastIndex = start;
    return letters.exec(text);
  },
  line_breaks: false,
  // Whatever is not ASCII may begin one; the lexer files characters above 255 in buckets of 255.
  start_chars_hint: [
    ...wordStarts,
    ...Array.from({ length: 128 }, (_, i) => 128 + i),
    ...Array.from({ length: 256 }, (_, i) => (i + 1) * 255 + 1),
  ],
});

const Blank = createToken({
  name: "BLANK",
  pattern: /[ \t\r\n\f\v\0\u00a0\ufeff\u2000-\u200b\u2028\u2029\u3000]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
  start_chars_hint: [..." \t\r\n\f\v\0\u00a0\ufeff\u2000\u2028\u3000"],
});
export const CommentToken = createToken({
  name: "COMMENT",
  pattern: /\/\/[^\r\n]*/,
  group: "comments",
  start_chars_hint: ["/"],
});

/** In the order in which the lexer tries them. */
export const lexerTokens: TokenType[] = [
  Blank,
  Identifier,
  CommentToken,
  StringToken,
  NumberToken,
  ForeignComment,
  Foreign,
  ...Object.values(symbolTokens),
  ForeignString,
  ForeignName,
];

export const parserTokens: TokenType[] = [
  Word,
  Name,
  Identifier,
  ...Object.values(keywordTokens),
  NumberToken,
  StringToken,
  ...Object.values(symbolTokens),
];

/**
 * The string that begins at `start`, whole, or as much of it as was probably meant: a line string ends at its line, and
 * gives back the brackets at its end that it did not open (`f("abc)`); a `"""` ends at the next line at the left margin.
 */
function scanString(text: string, start: number): [string] | null {
  // Behind a character that begins no token the lexer asks each pattern, whatever the hints say.
  if (text.charCodeAt(start) !== 34) return null;
  if (text.startsWith('"""', start)) {
    for (let at = start + 3; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 92) at++;
      else if (code === 34 && text.startsWith('"""', at)) return [text.slice(start, at + 3)];
    }
    const margin = /[\r\n][A-Za-z}]/g;
    margin.lastIndex = start;
    return [text.slice(start, margin.exec(text)?.index ?? text.length).trimEnd()];
  }
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return [text.slice(start, at + 1)];
    if (code === 10 || code === 13) break;
    if (code === 92 && text.charCodeAt(at + 1) !== 10 && text.charCodeAt(at + 1) !== 13) at++;
  }
  let open = 0;
  for (let i = start + 1; i < at; i++) {
    if ("([{".includes(text[i]!)) open++;
    else if (")]}".includes(text[i]!) && --open < 0) return [text.slice(start, i)];
  }
  return [text.slice(start, at).trimEnd()];
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
