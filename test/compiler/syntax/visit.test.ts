// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what a hole in Gang looks like.
import { describe, expect, test } from "vitest";
import { parse } from "../../../compiler/syntax/parse.ts";
import { lineColumn, nodeAt, walk } from "../../../compiler/syntax/visit.ts";
import { forms } from "./samples.ts";

/** The way to the mark `<|>` in a text, by kinds. */
function way(marked: string): string {
  const offset = marked.indexOf("<|>");
  const { file } = parse("/a.gang", marked.replace("<|>", ""));
  return nodeAt(file, offset)
    .map((node) => node.kind)
    .join(" ");
}

describe("the way to a place", () => {
  const cases: [string, string][] = [
    ["secret ho<|>tkey", "file secret name"],
    ["secret hotkey<|>", "file secret name"],
    ["sec<|>ret hotkey", "file secret"],
    ["recall r { where: a.<|>b }", "file recall settings setting member name"],
    ["recall r { where: f(<|>x) }", "file recall settings setting call argument name-expression name"],
    ['agent a(x: int) -> T { prompt: "<|>a ${x}" }', "file agent settings setting string text"],
    ['agent a(x: int) -> T { prompt: "a ${<|>x}" }', "file agent settings setting string hole path name"],
    ["secret a\n\n<|>\n", "file"],
    ["recall r { where: <|> }", "file recall settings"],
  ];
  test.each(cases)("%s", (marked, expected) => expect(way(marked)).toBe(expected));
});

test("lines and columns count from 1, for every kind of line break", () => {
  const { file } = parse("/a.gang", "a\r\nb\rc\nd");
  expect([0, 1, 3, 5, 7, 8].map((offset) => lineColumn(file, offset))).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 2 },
    { line: 2, column: 1 },
    { line: 3, column: 1 },
    { line: 4, column: 1 },
    { line: 4, column: 2 },
  ]);
});

test("a visit meets parents first, and leaves out what it is told to", () => {
  const { file } = parse("/a.gang", forms);
  const all: string[] = [];
  walk(file, (node) => all.push(node.kind));
  expect(all[0]).toBe("file");
  expect(all).toContain("hole");
  const few: string[] = [];
  walk(file, (node) => {
    few.push(node.kind);
    return node.kind === "file";
  });
  expect(few).toHaveLength(file.items.length + 2);
});
