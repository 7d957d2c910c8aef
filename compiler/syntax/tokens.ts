/** The token types, made from the table in `grammar/`, and what the parser knows of a token besides its type. */
import { createToken, type IToken, type TokenType } from "chevrotain";
import { type Keyword, keywords, symbols } from "../../grammar/tokens.ts";

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
export const Word = createToken({ name: "WORD" });
/** Every word but the operators and literals: what a declaration may be called. */
export const Name = createToken({ name: "NAME", categories: [Word] });
export const Identifier = createToken({ name: "IDENTIFIER", categories: [Name] });

const reserved: ReadonlySet<string> = new Set([...keywords.operator, ...keywords.literal]);

/** The scanner finds words, and one look into this table finds what they are. */
export const keywordTokens = Object.fromEntries(
  Object.values(keywords)
    .flat()
    .map((word) => [
      word,
      createToken({
        name: word.toUpperCase(),
        categories: [reserved.has(word) ? Word : Name],
        label: `"${word}"`,
      }),
    ]),
) as Record<Keyword, TokenType>;

export const keywordByText: ReadonlyMap<string, TokenType> = new Map(Object.entries(keywordTokens));

export const NumberToken = createToken({ name: "NUMBER" });
export const StringToken = createToken({ name: "STRING" });

export const symbolTokens = Object.fromEntries(
  Object.entries(symbols).map(([name, text]) => [name, createToken({ name, pattern: text, label: `"${text}"` })]),
) as Record<keyof typeof symbols, TokenType>;

export const symbolByText: ReadonlyMap<string, TokenType> = new Map(
  Object.values(symbolTokens).map((type) => [type.PATTERN as string, type]),
);

export const parserTokens: TokenType[] = [
  Word,
  Name,
  Identifier,
  ...Object.values(keywordTokens),
  NumberToken,
  StringToken,
  ...Object.values(symbolTokens),
];
