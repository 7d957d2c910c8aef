import { describe, expect, test } from "vitest";
import { parse } from "../../../compiler/syntax/parse.ts";
import { format } from "../../../compiler/syntax/print.ts";
import { wholeFile } from "./samples.ts";

const layout = (text: string) => format(parse("/a.gang", text).file);

test("the whole example is its own layout", () => expect(layout(wholeFile)).toBe(wholeFile));

test("a file with errors is left alone", () => expect(layout("recall a {")).toBeUndefined());

describe("one layout", () => {
  const cases: [string, string, string][] = [
    ["nothing", "", ""],
    ["spaces", 'model  a=openai( "x" ){price:$0}', 'model a = openai("x") { price: $0 }\n'],
    [
      "operators",
      "recall r{where:not(a+-b*2>=c)or-d.e [ 1 ]??f}",
      "recall r { where: not (a + -b * 2 >= c) or -d.e[1] ?? f }\n",
    ],
    [
      "types",
      "type T={a ? :map  < int [] >?,b:( float in 0..1 log ) [1 .. 8]=[ ]}",
      "type T = { a?: map<int[]>?, b: (float in 0..1 log)[1..8] = [] }\n",
    ],
    ["empty brackets", "recall r {\n\n}\npipeline p { stage a = f( ) }", "recall r {}\npipeline p { stage a = f() }\n"],
    ["a broken list stands on lines of its own", "recall r { a: 1,\n\n b: 2 }", "recall r {\n  a: 1\n\n  b: 2\n}\n"],
    ["arguments too", "pipeline p {\nlet a = f(b,\nc: 1,)\n}", "pipeline p {\n  let a = f(\n    b\n    c: 1\n  )\n}\n"],
    [
      "but what is inside may break alone",
      "pipeline p {\nlet a = f(b, {\nc: 1\n})\n}",
      "pipeline p {\n  let a = f(b, {\n    c: 1\n  })\n}\n",
    ],
    ["blank lines", "\n\nsecret a\n\n\n\nsecret b\n\n", "secret a\n\nsecret b\n"],
    ["line breaks and the mark at the beginning", "\ufeffsecret a\r\nsecret b\r\n", "secret a\nsecret b\n"],
    [
      "a comma that means something",
      "pipeline p {\nlearn a from b,\nc\n}",
      "pipeline p {\n  learn a from b,\n    c\n}\n",
    ],
    ["continuations", "pipeline p {\nlet a = b\n?? c\n}", "pipeline p {\n  let a = b\n       ?? c\n}\n"],
    [
      "alternatives line up with the first",
      "pipeline p {\nstage prices = f()\nor g(\nx: 1\n)\n}",
      "pipeline p {\n  stage prices = f()\n              or g(\n                x: 1\n              )\n}\n",
    ],
    ["arms", 'type T =\n| "a"\n| "b" { c: int }', 'type T =\n  | "a"\n  | "b" { c: int }\n'],
    [
      "blocks of text",
      'agent a(x: int) -> int {\nprompt: """\n a\n   b\n\n """\n}',
      'agent a(x: int) -> int {\n  prompt: """\n    a\n      b\n\n    """\n}\n',
    ],
  ];
  test.each(cases)("%s", (_, text, expected) => {
    expect(layout(text)).toBe(expected);
    expect(layout(expected)).toBe(expected);
  });
});

describe("comments stay", () => {
  const cases: [string, string, string][] = [
    [
      "on their own lines",
      "pipeline p {\n// one\n\n\n   // two\n}\n// end",
      "pipeline p {\n  // one\n\n  // two\n}\n// end\n",
    ],
    ["behind code", "recall r { // why\n  a: 1, // this\n}", "recall r { // why\n  a: 1 // this\n}\n"],
    ["in an empty list", "recall r {\n// none\n}", "recall r {\n  // none\n}\n"],
    [
      "in their column",
      "secret a              // one\nsecret   longer       // two",
      "secret a              // one\nsecret longer         // two\n",
    ],
    ["close to the longest line", "secret a // one\nsecret longer // two", "secret a // one\nsecret longer // two\n"],
    ["lined up again", "secret a   // one\nsecret bbb // two", "secret a   // one\nsecret bbb // two\n"],
    ["documentation", "/// why\nsecret a", "/// why\nsecret a\n"],
  ];
  test.each(cases)("%s", (_, text, expected) => {
    expect(layout(text)).toBe(expected);
    expect(layout(expected)).toBe(expected);
  });
});

describe("alignment", () => {
  const cases: [string, string, string][] = [
    ["that the author began is kept tight", "model a    = f()\nmodel bbb  = g()", "model a   = f()\nmodel bbb = g()\n"],
    ["is not begun for the author", "model a = f()\nmodel bbb = g()", "model a = f()\nmodel bbb = g()\n"],
    ["of one line is none", "model a    = f()\n\nmodel b = g()", "model a = f()\n\nmodel b = g()\n"],
    [
      "of several columns",
      "subnet s {\n  task a   { b: 1h,   c: 1 }\n  task abc { b: 100h, c: 2 }\n}",
      "subnet s {\n  task a   { b: 1h,   c: 1 }\n  task abc { b: 100h, c: 2 }\n}\n",
    ],
    [
      "moves with what stands before it",
      "route {\n  walk   ->   a\n  *      ->   b\n}",
      "route {\n  walk -> a\n  *    -> b\n}\n",
    ],
  ];
  test.each(cases)("%s", (_, text, expected) => {
    expect(layout(text)).toBe(expected);
    expect(layout(expected)).toBe(expected);
  });
});
