/** The TextMate grammar, run by the engine that editors run, must see the tokens that the lexer sees. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";
import { lex } from "../../compiler/syntax/lexer.ts";
import { parse } from "../../compiler/syntax/parse.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

let grammar: IGrammar;

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM({ data: readFileSync(wasm) });
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(read("grammar/gang.tmLanguage.json"), "gang.tmLanguage.json"),
  });
  grammar = (await registry.loadGrammar("source.gang"))!;
});

/** The innermost scope at each offset of a text. */
function scopesOf(source: string): string[] {
  const scopes: string[] = [];
  let state = textmate.INITIAL;
  for (const line of source.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    for (const { startIndex, endIndex, scopes: all } of tokens) {
      for (let at = startIndex; at < Math.min(endIndex, line.length); at++) scopes.push(all.at(-1)!);
    }
    scopes.push("line break");
  }
  return scopes;
}

/** The scope that a mark `‹text›` of a line gets. */
function scopeOf(marked: string): string {
  const [before, text] = marked.split(/[‹›]/) as [string, string];
  const { tokens } = grammar.tokenizeLine(marked.replace(/[‹›]/g, ""), textmate.INITIAL);
  const token = tokens.find(({ startIndex, endIndex }) => startIndex <= before.length && before.length < endIndex)!;
  expect([token.startIndex, token.endIndex]).toEqual([before.length, before.length + text.length]);
  return token.scopes.at(-1)!;
}

describe("what a word is", () => {
  test.each([
    ["‹pipeline› research for synth {", "keyword.declaration.gang"],
    ["pipeline ‹research› for synth {", "entity.name.type.gang"],
    ["  ‹stage› plan = forecaster()", "keyword.control.gang"],
    ["  stage ‹plan› = forecaster()", "variable.other.definition.gang"],
    ["  stage plan = ‹forecaster›()", "entity.name.function.gang"],
    ["  scale: ‹float› in 0.5..2.0", "support.type.gang"],
    ["  scale: float in ‹0.5›..2.0", "constant.numeric.gang"],
    ["  stage a = f() ‹or› g()", "keyword.operator.word.gang"],
    ["  stage a = f() or ‹none›", "constant.language.gang"],
  ])("%s", (line, scope) => {
    expect(scopeOf(line!)).toBe(scope);
  });
});

/** What the lexer's kinds of token are to an editor. */
const SCOPE: { readonly [token: string]: RegExp } = {
  NUMBER: /^(constant\.numeric|keyword\.other\.unit)\./,
  STRING:
    /^(string\.|punctuation\.definition|punctuation\.section|meta\.template|constant\.character\.escape|variable\.other)/,
};

describe.each(["test/fixtures/synth/main.gang", "examples/sp500/main.gang"])("%s", (path) => {
  const text = read(path);

  test("numbers and strings are where the lexer sees them", () => {
    const scopes = scopesOf(text);
    const known = lex(path, text).tokens.filter(({ tokenType }) => SCOPE[tokenType.name] !== undefined);
    expect(known.length).toBeGreaterThan(10);
    const wrong = known.filter(({ startOffset, tokenType }) => !SCOPE[tokenType.name]!.test(scopes[startOffset]!));
    expect(wrong.map(({ image, startOffset }) => `${image} is ${scopes[startOffset]}`)).toEqual([]);
  });

  test("comments are where the parser sees them, and nowhere else", () => {
    const { comments } = parse(path, text).file;
    const inside = new Set(
      comments.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)),
    );
    const wrong = scopesOf(text).flatMap((scope, at) =>
      scope !== "line break" && scope.startsWith("comment.") !== inside.has(at) ? [`${at}: ${scope}`] : [],
    );
    expect(inside.size).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });
});
