import { describe, expect, test } from "vitest";
import * as catalogue from "../../../compiler/diagnostics/catalogue/syntax.ts";
import { nearest } from "../../../compiler/diagnostics/suggestion.ts";
import { parse } from "../../../compiler/syntax/parse.ts";
import { lineColumn } from "../../../compiler/syntax/visit.ts";

/** `GANG1001@4:4`, in the order of the text. */
function found(text: string): string[] {
  const { file, diagnostics } = parse("/a.gang", text);
  return diagnostics.map((diagnostic) => {
    const { line, column } = lineColumn(file, diagnostic.start);
    return `${diagnostic.code}@${line}:${column}`;
  });
}

/** The text after all first fixes. */
function mended(text: string): string {
  const edits = parse("/a.gang", text).diagnostics.flatMap((diagnostic) => diagnostic.fixes[0]?.edits ?? []);
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((result, edit) => result.slice(0, edit.start) + edit.newText + result.slice(edit.end), text);
}

describe("each definition shows what it is about", () => {
  const definitions = Object.values(catalogue);
  test.each(definitions.map((definition) => [definition.code, definition] as const))("%s", (code, { explain }) => {
    expect(parse("/a.gang", explain.wrong).diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
    expect(parse("/a.gang", explain.right).diagnostics).toEqual([]);
  });
  test("no code stands for two things", () => {
    expect(new Set(definitions.map((definition) => definition.code)).size).toBe(definitions.length);
  });
});

describe("one error for one slip, where it is", () => {
  const cases: [string, string[]][] = [
    // A missing closer, at the end of what lacks it.
    ["pipeline p {\n  for t in xs {\n    stage a = f()\n\n  stage b = g()\n}\n\nsecret k\n", ["GANG1001@3:18"]],
    ["pipeline p {\n  for t in xs {\n    stage a = f()\n  }\n\nsecret k\n", ["GANG1001@4:4"]],
    ["recall a {\n  top: 1\n\nrecall b {\n  top: 2\n\nsecret k\n", ["GANG1001@2:9", "GANG1001@5:9"]],
    ["pipeline p {\n  stage a = f(x, g(y)\n  stage b = h()\n}\n", ["GANG1001@2:22"]],
    ["pipeline p {\n  limit: [$2 per cycle, $20 per 1d\n  stage b = h()\n}\n", ["GANG1001@2:35"]],
    ['import { a, b from "./x.ts"\nsecret k\n', ["GANG1001@1:14"]],
    ["pipeline p\n  stage a = f()\n}\nsecret k\n", ["GANG1009@1:11"]],
    ["pipeline p {\n  for x in xs\n    stage a = f()\n  }\n  stage b = f()\n}\n", ["GANG1009@2:14"]],
    ["}\n", ["GANG1002@1:1"]],
    ["recall r { top: [1) }\n", ["GANG1003@1:19"]],
    // Strings.
    ['model m = openai("x)\nsecret k\n', ["GANG1004@1:18"]],
    ['agent a(x: int) -> int {\n  prompt: """\n    hello\n}\n\nsecret k\n', ["GANG1004@2:11"]],
    ['agent a(x: int) -> int {\n  prompt: """\n    a\n \t  b\n    """\n}\n', ["GANG1022@4:1"]],
    // Something missing.
    ["pipeline p {\n  stage a =\n  stage b = f()\n}\n", ["GANG1007@2:12"]],
    [
      "pipeline p {\n  stage a\n  stage\n  let x =\n  every:\n  learn a from\n}\n",
      ["GANG1009@2:10", "GANG1006@3:8", "GANG1007@4:10", "GANG1007@5:9", "GANG1006@6:15"],
    ],
    ["pipeline p {\n  stage = f()\n}\n", ["GANG1006@2:8"]],
    [
      "type T = {\n  a: float in 1..\n  b:\n  c: int in 5\n  d float\n}\n",
      ["GANG1007@2:18", "GANG1008@3:5", "GANG1009@4:14", "GANG1009@5:4"],
    ],
    ["agent a(x: int, y) -> {\n  tools: [a b]\n}\n", ["GANG1009@1:18", "GANG1008@1:22", "GANG1011@2:12"]],
    ["recall w { where: a > and b }\n", ["GANG1007@1:22"]],
    ['import a from "./x.ts"\n', ["GANG1009@1:7"]],
    ['import { a } "./x.ts"\n', ["GANG1009@1:13"]],
    ["route {\n  a gpus\n  * ->\n  b -> c\n}\n", ["GANG1009@2:4", "GANG1006@3:7"]],
    ["tool f =\nsecret k\n", ["GANG1007@1:9"]],
    ["recall w\n", ["GANG1009@1:9"]],
    ["peer x { a.b: 1 }\n", ["GANG1009@1:7"]],
    // One for another.
    ["pipeline p {\n  every = 5m\n  stage a: f()\n  let y: 3\n}\n", ["GANG1010@2:9", "GANG1010@3:10", "GANG1010@4:8"]],
    ["pipline p for s {\n  stag a = f()\n}\n", ["GANG1013@1:1", "GANG1014@2:3"]],
    ["recall w {\n  top: 10;\n  from: 'patterns'\n}\n", ["GANG1017@2:10", "GANG1017@3:9"]],
    ["recall w {\n  where: a || b && !c\n}\n", ["GANG1017@2:12", "GANG1017@2:17", "GANG1017@2:20"]],
    ["recall w { top: 5mins, b: 10gb, c: 1h30m }\n", ["GANG1015@1:17", "GANG1015@1:27", "GANG1015@1:36"]],
    ["recall w { top: 30 m }\n", ["GANG1016@1:17"]],
    ["secret ключ\n", ["GANG1019@1:8"]],
    // What is no Gang at all.
    ["hello world, this is\nnot a gang file.\nat all\n", ["GANG1005@1:1"]],
    ["recall w { top: 10,, from: x }\n", ["GANG1005@1:20"]],
    ["secret k\ngang 1\n", ["GANG1026@2:1"]],
    ["pipeline p {\n  for x in y max 3 max 4 {\n  }\n  stage a = f() by x\n}\n", ["GANG1025@2:20", "GANG1025@4:17"]],
  ];
  test.each(cases)("%j", (text, expected) => expect(found(text)).toEqual(expected));
});

describe("a fix mends", () => {
  const cases: [string, string][] = [
    ["recall a {\n  top: 1   // remark\n\nsecret k\n", "recall a {\n  top: 1   // remark\n}\n\nsecret k\n"],
    [
      "pipeline p {\n  for t in xs {\n    stage a = f()\n}\n",
      "pipeline p {\n  for t in xs {\n    stage a = f()\n  }\n}\n",
    ],
    ["recall a { top: 1\nsecret k\n", "recall a { top: 1 }\nsecret k\n"],
    ["pipeline p\n  stage a = f()\n}\n", "pipeline p {\n  stage a = f()\n}\n"],
    ["recall a\n{\n  top: 1\n}\n", "recall a {\n  top: 1\n}\n"],
    ['model m = openai("x)\n', 'model m = openai("x")\n'],
    ["recall a { top = 1 from: x }\n", "recall a { top: 1, from: x }\n"],
    ["recall a { top: 1h30m }\n", "recall a { top: 90m }\n"],
    ["recall a { top: 30 mins }\n", "recall a { top: 30m }\n"],
    ["recall a { from: 'x' }\n", 'recall a { from: "x" }\n'],
    ["# remark\nsecret k;\n", "// remark\nsecret k\n"],
    ["secret größe\n", "secret große\n".replace("ß", "")],
    ['import a from "./x.ts"\n', 'import { a } from "./x.ts"\n'],
    ["secret a secret b\n", "secret a\n secret b\n"],
    ["pipline p {\n  stag a = f()\n}\n", "pipeline p {\n  stage a = f()\n}\n"],
  ];
  test.each(cases)("%j", (text, expected) => {
    expect(mended(text)).toBe(expected);
    expect(found(expected)).toEqual([]);
  });
});

describe("a slip costs no declaration after it", () => {
  test("with a missing brace, all others are in the tree", () => {
    const others = Array.from({ length: 20 }, (_, i) => `recall r${i} {\n  top: ${i}\n}\n`);
    for (let broken = 0; broken < 20; broken += 7) {
      const text = others.map((text, i) => (i === broken ? text.replace("}", "") : text)).join("\n");
      const { file, diagnostics } = parse("/a.gang", text);
      expect(diagnostics).toHaveLength(1);
      expect(file.items.map((item) => "name" in item && item.name.text)).toEqual(others.map((_, i) => `r${i}`));
    }
  });
  test("a misspelt word is read as what was meant", () => {
    expect(parse("/a.gang", "pipline p {\n  stag a = f()\n}\n").file.items).toMatchObject([
      { kind: "pipeline", body: { items: [{ kind: "stage" }] } },
    ]);
  });
});

describe("the nearest word", () => {
  const words = ["pipeline", "peer", "stage", "fetchPrices", "x"];
  const cases: [string, string | undefined][] = [
    ["pipline", "pipeline"],
    ["Stage", "stage"],
    ["satge", "stage"],
    ["fetchprice", "fetchPrices"],
    ["per", "peer"],
    ["stage", "stage"],
    ["table", undefined],
    ["y", undefined],
    ["", undefined],
  ];
  test.each(cases)("%s → %s", (word, expected) => expect(nearest(word, words)).toBe(expected));
});
