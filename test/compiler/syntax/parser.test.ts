// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what a hole in Gang looks like.
import { describe, expect, test } from "vitest";
import { parse } from "../../../compiler/syntax/parse.ts";
import { GangParser } from "../../../compiler/syntax/parser.ts";
import type { Expression, Item, SourceFile, TypeNode } from "../../../compiler/syntax/tree.ts";
import { expectSound } from "./invariants.ts";
import { forms, wholeFile } from "./samples.ts";

function read(text: string): SourceFile {
  const { file, diagnostics } = parse("/a.gang", text);
  expect(diagnostics).toEqual([]);
  expectSound(file);
  return file;
}

/** An expression as Lisp, which shows how it was grouped. */
function lisp(node: Expression): string {
  switch (node.kind) {
    case "binary":
      return `(${node.operator} ${lisp(node.left)} ${lisp(node.right)})`;
    case "unary":
      return `(${node.operator} ${lisp(node.operand)})`;
    case "name-expression":
      return node.name.text;
    case "number":
      return `${node.value}${node.unit === "int" || node.unit === "float" ? "" : ` ${node.unit}`}`;
    case "string":
      return JSON.stringify(
        node.parts.map((part) => (part.kind === "text" ? part.value : part.path.names.map((n) => n.text))),
      );
    case "bool":
      return String(node.value);
    case "member":
      return `${lisp(node.of)}.${node.name.text}`;
    case "index":
      return `(at ${lisp(node.of)} ${lisp(node.index)})`;
    case "call":
      return `(${[lisp(node.callee), ...node.arguments.map((a) => (a.name ? `${a.name.text}:` : "") + lisp(a.value))].join(" ")})`;
    case "list":
      return `[${node.items.map(lisp).join(" ")}]`;
    case "record":
      return `{${[node.type?.names.map((n) => n.text).join("."), ...node.fields.map((f) => `${f.name.text}:${lisp(f.value)}`)].filter(Boolean).join(" ")}}`;
    case "range":
      return `(.. ${lisp(node.low)} ${lisp(node.high)}${node.step ? ` ${lisp(node.step)}` : ""})`;
    case "repeat":
      return `(x ${lisp(node.of)} ${lisp(node.times)})`;
    case "amount":
      return `(${lisp(node.number)} ${node.noun.text})`;
    case "per":
      return `(per ${lisp(node.amount)} ${lisp(node.window)})`;
    case "parenthesized":
      return lisp(node.of);
    default:
      return node.kind;
  }
}

function setting(value: string): Expression {
  const item = read(`recall r { v: ${value} }`).items[0]!;
  return item.kind === "recall" ? item.settings.entries[0]!.value : expect.fail();
}

function type(text: string): TypeNode {
  const item = read(`type T = ${text}`).items[0]!;
  return item.kind === "type" ? item.type : expect.fail();
}

describe("values", () => {
  const cases: [string, string][] = [
    ["1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)"],
    ["a or b and c", "(or a (and b c))"],
    ["not a == b and c", "(and (not (== a b)) c)"],
    ["a > b ?? 0.0", "(> a (?? b 0))"],
    ["a ?? b + 1", "(?? a (+ b 1))"],
    ["-a * -1", "(* (- a) (- 1))"],
    ["- -a.b", "(- (- a.b))"],
    ["a == not b", "(== a (not b))"],
    ["(a or b) and c", "(and (or a b) c)"],
    ["age < 14d and trust > 0.3", "(and (< age 1209600 duration) (> trust 0.3))"],
    ["a.b[c].d(e, f: 1)", "((at a.b c).d e f:1)"],
    ["[self, quick x 2, deep]", "[self (x quick 2) deep]"],
    ["0.1..0.9 step 0.2", "(.. 0.1 0.9 0.2)"],
    ["1s..60s", "(.. 1 duration 60 duration)"],
    ["$2 per cycle", "(per 2 money cycle)"],
    ["50 calls per 1m", "(per (50 calls) 60 duration)"],
    ["20 evaluations", "(20 evaluations)"],
    ["{ read: $1, write: $5 }", "{read:1 money write:5 money}"],
    ['Model { family: "gbm" }', '{Model family:["gbm"]}'],
    ["stage.type { stage: 1 }", "{stage.type stage:1}"],
    ["best(local) ?? none", "(?? (best local) none)"],
    ["[1\n2\n-3]", "[1 2 (- 3)]"],
    ["f(\n  a\n  b: true\n)", "(f a b:true)"],
    ["a\n  .b\n  ?? c\n  or d", "(or (?? a.b c) d)"],
    ["a +\n  b", "(+ a b)"],
  ];
  test.each(cases)("%s", (text, expected) => expect(lisp(setting(text))).toBe(expected));
});

describe("numbers, in base units", () => {
  const cases: [string, number, string][] = [
    ["3", 3, "int"],
    ["1_000", 1000, "int"],
    ["0.5", 0.5, "float"],
    ["1e-3", 0.001, "float"],
    ["30ms", 0.03, "duration"],
    ["1.5h", 5400, "duration"],
    ["2w", 1_209_600, "duration"],
    ["16GB", 16e9, "size"],
    ["2GiB", 2 ** 31, "size"],
    ["$2.50", 2.5, "money"],
  ];
  test.each(cases)("%s", (text, value, unit) => expect(setting(text)).toMatchObject({ kind: "number", value, unit }));
});

describe("strings", () => {
  const cases: [string, string][] = [
    ['""', "[]"],
    ['"a"', '["a"]'],
    ['"a ${b.c} d"', '["a ",["b","c"]," d"]'],
    ['"${ b }"', '[["b"]]'],
    ['"\\${b} \\" \\\\ \\n \\u{1F600} \\u0041"', '["${b} \\" \\\\ \\n 😀 A"]'],
    ['"$2 {a} größer"', '["$2 {a} größer"]'],
    ['"""one"""', '["one"]'],
    ['"""\n    a\n      b ${c}\n\n    d\n    """', '["a\\n  b ",["c"],"\\n\\nd"]'],
    ['"""\r\n\ta\r\n\tb\r\n\t"""', '["a\\nb"]'],
    ['"""\n  """', "[]"],
    ['"""\n  say "hi"\n  """', '["say \\"hi\\""]'],
  ];
  test.each(cases)("%s", (text, expected) => expect(lisp(setting(text))).toBe(expected));

  test("a hole lies where it is written", () => {
    const file = read('recall r { v: "é ${b.c}" }');
    const hole = file.text.indexOf("${");
    const item = file.items[0]!;
    const value = item.kind === "recall" ? item.settings.entries[0]!.value : expect.fail();
    expect(value).toMatchObject({
      parts: [
        {},
        {
          kind: "hole",
          start: hole,
          path: { start: hole + 2, names: [{ text: "b" }, { text: "c", start: hole + 4 }] },
        },
      ],
    });
  });
});

describe("types", () => {
  const cases: [string, object][] = [
    ["synth.Task", { kind: "named-type" }],
    ["map", { kind: "named-type" }],
    ["map<int>[]?", { kind: "optional-type", of: { kind: "list-type", low: undefined, of: { kind: "map-type" } } }],
    ["T??", { kind: "optional-type", of: { kind: "optional-type", of: { kind: "named-type" } } }],
    ["T[1..8]", { kind: "list-type", low: { value: 1 }, high: { value: 8 } }],
    ["T[3]", { kind: "list-type", low: { value: 3 }, high: { value: 3 } }],
    ["float in -2.1..30.0 log", { kind: "ranged-type", low: { kind: "unary" }, log: true, step: undefined }],
    ["int in 0..100 step 5", { kind: "ranged-type", log: false, step: { value: 5 } }],
    ["{}", { kind: "record-type", fields: [] }],
    ['"a" | "b"', { kind: "union-type", arms: [{ fields: undefined }, {}] }],
    ['| "a"', { kind: "union-type", arms: [{}] }],
    ['"a" { b: int }', { kind: "union-type", arms: [{ fields: [{ kind: "parameter" }] }] }],
    ["(int)", { kind: "named-type" }],
    ["1 | true | int", { kind: "union-type" }],
    ["{ a?: int, b: int = 3 }", { fields: [{ optional: true }, { default: { value: 3 } }] }],
  ];
  test.each(cases)("%s", (text, expected) => expect(type(text)).toMatchObject(expected));

  test("behind `->` and in a metric a `{` begins the settings", () => {
    const [agent, subnet] = read(
      'agent a(x: int) -> "p" | "q" { model: m }\nsubnet s { metric m: float in 0..1 { goal: minimize } }',
    ).items;
    expect(agent).toMatchObject({
      result: { arms: [{ fields: undefined }, { fields: undefined }] },
      settings: { entries: [{}] },
    });
    expect(subnet).toMatchObject({ members: [{ type: { kind: "ranged-type" }, settings: { entries: [{}] } }] });
  });
});

describe("words are keywords only where they can stand", () => {
  test.each(["stage", "for", "type", "in", "x", "gang", "import", "map", "step", "or", "none", "true"])(
    "a field `%s`",
    (word) => {
      expect(
        read(`recall r { ${word}: 1 }\ntype T = { ${word}: int }\npipeline p {\n  ${word}: a.${word}\n}`).items,
      ).toHaveLength(3);
    },
  );
  test.each(["stage", "every", "from", "model", "x", "gang"])("a name `%s`", (word) => {
    expect(
      read(`secret ${word}\npipeline ${word} {\n  stage ${word} = f(${word}, ${word}: ${word})\n  let y = ${word}\n}`)
        .items,
    ).toHaveLength(2);
  });
});

describe("statements", () => {
  function body(text: string): readonly object[] {
    const item = read(`pipeline p {\n${text}\n}`).items[0] as Item;
    return item.kind === "pipeline" ? item.body.items : expect.fail();
  }
  test("the alternatives of a stage", () => {
    expect(body("stage a = f()\n  or g(x or y)\n  or none every 1m { cache: true }")).toMatchObject([
      {
        alternatives: [{ kind: "call" }, { kind: "call" }, { kind: "none" }],
        every: { value: 60 },
        within: undefined,
        settings: {},
      },
    ]);
  });
  test("clauses in any order", () => {
    expect(body("for j in jobs() within 2h by j.id every 1m max 3 { }")).toMatchObject([
      { every: { value: 60 }, by: { kind: "member" }, within: { value: 7200 }, max: { value: 3 } },
    ]);
  });
  test("a record in a head needs parentheses, in its brackets none", () => {
    expect(body("when a { }\nfor x in f(M { a: 1 }) { }")).toMatchObject([
      { condition: { kind: "name-expression" } },
      { iterated: { arguments: [{ value: { kind: "record" } }] } },
    ]);
  });
  test("learn from several, over a line break", () => {
    expect(body("learn a from b, c,\n  d")).toMatchObject([{ metrics: [{ text: "b" }, { text: "c" }, { text: "d" }] }]);
  });
});

describe("what documents what", () => {
  test("lines before, and the line at whose end it stands", () => {
    const text =
      "/// of a\n/// more\ntype A = {\n  b: int, /// of b\n  c: int\n}\n/// of p\npipeline p {\n  /// of s\n  stage s = f()\n}\n";
    expect(read(text).items).toMatchObject([
      { doc: "of a\nmore", type: { fields: [{ doc: "of b" }, { doc: undefined }] } },
      { doc: "of p", body: { items: [{ doc: "of s" }] } },
    ]);
  });
  test("an arm", () => {
    expect(type('\n  /// of a\n  | "a"\n  | "b"   /// of b')).toMatchObject({
      arms: [{ doc: "of a" }, { doc: "of b" }],
    });
  });
});

describe("files", () => {
  test.each(["", "\n", "\ufeff", "// only a remark", "\ufeffsecret a\r\nsecret b\r", "\tsecret\ta\f"])("%j", (text) => {
    read(text);
  });
  test("the whole example and every form", () => {
    expect(read(wholeFile).items).toHaveLength(19);
    read(forms);
  });
});

test("the grammar stands up to Chevrotain's own validation", () => {
  expect(() => new GangParser(undefined, { skipValidations: false })).not.toThrow();
});

test("a number that a list holds twice is one node", () => {
  const node = type("T[3]");
  expect(node.kind === "list-type" && node.low === node.high).toBe(true);
});
