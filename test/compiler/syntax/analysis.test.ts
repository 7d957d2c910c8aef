import type { IToken } from "chevrotain";
import { describe, expect, test } from "vitest";
import { type Analysis, restore } from "../../../compiler/syntax/analysis.ts";
import { Docs } from "../../../compiler/syntax/docs.ts";
import { lex, lineOf } from "../../../compiler/syntax/lexer.ts";
import { GangParser } from "../../../compiler/syntax/parser.ts";
import { parserTokens } from "../../../compiler/syntax/tokens.ts";
import { forms, wholeFile } from "./samples.ts";

/** What Chevrotain asks at each choice, by rule and key. */
type Lookaheads = readonly (readonly ((alternatives?: unknown[]) => unknown)[])[];

function lookaheads(parser: GangParser): Lookaheads {
  return (parser as unknown as { lookAheadFuncsCache: Lookaheads }).lookAheadFuncsCache;
}

/** The answers of every choice, as if no gate were shut, before every token. */
function answers(parser: GangParser) {
  const open = Array.from({ length: 20 }, () => ({}));
  return lookaheads(parser).map((rule) =>
    Object.entries(rule).map(([key, lookahead]) => {
      const before = (token: Pick<IToken, "tokenTypeIdx">) => lookahead.call({ LA: () => token } as never, open);
      return [key, parserTokens.map((type) => before({ tokenTypeIdx: type.tokenTypeIdx! }))];
    }),
  );
}

function read(parser: GangParser, text: string) {
  const { tokens, comments, lineStarts } = lex("/a.gang", text);
  parser.open("/a.gang", text, tokens, new Docs(tokens, comments, (offset) => lineOf(lineStarts, offset)));
  // No two names have one number.
  const tree = JSON.stringify(parser.file(), (key, value) => (key === "id" ? undefined : value));
  return { tree, diagnostics: parser.diagnostics };
}

describe("a parser restored from an earlier analysis", () => {
  const recorded = new GangParser();
  const analysis: Analysis = JSON.parse(JSON.stringify(recorded.analysis));
  const restored = new GangParser(analysis);

  test("decides everywhere as one that has recorded its grammar", () => {
    expect(answers(restored)).toEqual(answers(recorded));
    expect(answers(recorded).flat().length).toBeGreaterThan(50);
  });

  test("reads the same trees, and says the same of what is wrong", () => {
    const slips = [wholeFile, forms].flatMap((text) =>
      [3, 5, 7].map((n) => text.slice(0, Math.floor(text.length / n))),
    );
    for (const text of [wholeFile, forms, ...slips]) expect(read(restored, text)).toEqual(read(recorded, text));
  });

  test("tells its productions all the same", () => {
    expect(Object.keys(restored.getGAstProductions())).toEqual(Object.keys(analysis));
  });

  test("an analysis of other rules is not taken", () => {
    const { file: _, ...others } = analysis;
    expect(restore(new GangParser(), others)).toBe(false);
    expect(read(new GangParser(others), wholeFile)).toEqual(read(recorded, wholeFile));
  });
});
