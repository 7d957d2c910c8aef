import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "../../compiler/syntax/parse.ts";
import { format } from "../../compiler/syntax/print.ts";
import { precedence } from "../../grammar/tokens.ts";
import { expectSound } from "../compiler/syntax/invariants.ts";
import { productions } from "./productions.ts";

const reference = readFileSync(new URL("../../grammar/README.md", import.meta.url), "utf8");

/** The sections of the reference that describe a production: its name, production and example. */
const sections = [
  ...reference.matchAll(/^### (\w+)\n\n[\s\S]*?```ebnf\n([\s\S]*?)\n```\n\n```gang\n([\s\S]*?)\n```/gm),
].map(([, name, production, example]) => ({ name: name!, production: production!, example: example! }));

describe("the reference and the parser have the same productions", () => {
  const own = productions();
  test("each rule of the parser is described, and nothing else", () => {
    expect(sections.map((section) => section.name).toSorted()).toEqual([...own.keys()].toSorted());
  });
  test.each(sections)("$name", ({ name, production, example }) => {
    expect(production).toBe(own.get(name));
    const { file, diagnostics } = parse("/a.gang", example);
    expect(diagnostics).toEqual([]);
    expectSound(file);
    expect(format(file)).toBe(`${example}\n`);
  });
});

test("the table of precedence is the parser's", () => {
  const rows = [...reference.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!.split(" "));
  const binary = rows.filter((row) => row[0] !== "not" && row[0] !== ".name,").slice(0, precedence.length);
  expect(binary.map((row) => row.toSorted())).toEqual(precedence.map((row) => [...row].toSorted()));
});
