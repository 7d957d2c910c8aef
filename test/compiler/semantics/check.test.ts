/** One line a case: a source with the places marked, and the codes expected there, in order. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check, marked, mended, programOf } from "./memory.ts";

type Case = readonly [story: string, source: string, codes: readonly string[]];

/** What most sources need: a tool or two, a model, a subnet. */
const TOOLS = `gang 1
tool fetch() -> float = exec("./fetch")
tool maybe() -> float? = exec("./maybe")
tool fetchAll() -> float[1..4] = exec("./all")
tool price(x: float, y: float in 0.0..1.0 = 0.5, wait?: duration) -> float = exec("./price")
tool sign(x: float, key: secret) -> bool = exec("./sign")
tool show(text: string) -> string = exec("./show")
`;
const MINER = `${TOOLS}
subnet s {
  netuid: 1
  metric loss: float { goal: minimize }
  metric rough: float { goal: minimize, proxy: loss }
  task a { step: 5m }
  task b { step: 1h, deep: true }
}
type Guess = { scale: float in 0.5..2.0, kind: "x" | "y" { tail: float in 1.0..2.0 } }
model own = embedded(explore: 0.2)
agent guess(hint: float = 0.0) -> Guess {
  model: own
  prompt: "How much, near \${hint}? \${s.metrics.loss}"
}
tool measure(guess: Guess) -> float = exec("./measure")
`;
/** Hints that are no subject of a case about errors. */
const QUIET = new Set(["GANG2010", "GANG2021", "GANG4012", "GANG5001"]);

function run(cases: readonly Case[], quiet: ReadonlySet<string> = QUIET): void {
  test.each(cases)("%s", (_, source, codes) => {
    const { text, spans } = marked(source);
    const found = check(text).filter(({ code }) => !quiet.has(code));
    expect(found.map(({ code, message }) => `${code} ${message}`).map((line) => line.slice(0, 8))).toEqual(codes);
    if (spans.length > 0)
      expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(spans.map(([a, b]) => text.slice(a, b)));
  });
}

describe("names", () => {
  run([
    ["a misspelt type", "type A = ‹sting›", ["GANG2002"]],
    [
      "a misspelt type inside a map, a list, an optional",
      "type A = { a: map<‹flot›>, b: ‹strin›[], c: ‹tme›? }",
      ["GANG2002", "GANG2002", "GANG2002"],
    ],
    [
      "a broken type is one error, however often it is used",
      'type A = ‹sting›\ntype B = { a: A, b: A[1..2] = [1] }\ntool f(a: A, b: B) -> A = exec("f")\npipeline p { stage x = f(a: 1, b: { a: 2 }) }',
      ["GANG2002"],
    ],
    ["a duplicate field", "type A = { a: int, ‹a›: float }", ["GANG2005"]],
    ["a field that lies flat beside a choice's", 'type A = { a: int, k: "x" { ‹a›: int } | "y" }', ["GANG2005"]],
    ["a second declaration", "model a = embedded()\nsecret ‹a›", ["GANG2003"]],
    ["a type of a subnet that has none such", "subnet s { }\ntype A = ‹s.Tusk›", ["GANG2002"]],
    ["the tasks of a subnet have a type", 'subnet s { task a { x: 1 } }\ntool f(t: s.Task) -> int = exec("f")', []],
    [
      "a parameter of another agent is not in scope",
      `${MINER}agent other() -> Guess {\n  model: own\n  prompt: "\${‹hint›}"\n}`,
      ["GANG2001"],
    ],
    [
      "a stage cannot be seen by an agent",
      `${MINER}agent other() -> Guess {\n  model: own\n  prompt: "\${‹score›}"\n}\npipeline p for s {\n  stage score = fetch()\n}`,
      ["GANG2014"],
    ],
    [
      "a missing file of tools is one error, its names none",
      'import { f, T } from ‹"./gone.ts"›\ntype A = T\npipeline p { stage a = f(x: 1) }',
      ["GANG8001"],
    ],
    ["a Gang file that is not there", 'import { winer } from ‹"./shared.gang"›', ["GANG8001"]],
  ]);

  test("the suggestion is the mend", () => {
    const source = "gang 1\ntype Customer = { name: sting }\n";
    expect(mended(source, check(source)[0]!)).toBe("gang 1\ntype Customer = { name: string }\n");
  });

  test("imports of Gang bring declarations in, under another name too", () => {
    const shared = { "shared.gang": "gang 1\nrecall winners { top: 3 }\ntype Port = int in 1..9\n" };
    expect(
      check('gang 1\nimport { winners as best3, Port } from "./shared.gang"\ntype A = { port: Port = 3 }\n', shared),
    ).toEqual([]);
    expect(check('gang 1\nimport { winers } from "./shared.gang"\n', shared).map(({ code }) => code)).toEqual([
      "GANG8005",
    ]);
    expect(
      check('gang 1\nimport { A } from "./a.gang"\n', {
        "a.gang": 'gang 1\nimport { B } from "./main.gang"\ntype A = int\n',
      }).map(({ code }) => code),
    ).toEqual(["GANG8005"]);
  });
});

describe("types and units", () => {
  run([
    ["a default outside its range", "type A = { a: float in 0.5..2.0 = ‹3.0› }", ["GANG3001"]],
    ["a default of another unit", "type A = { a: duration = ‹16GB› }", ["GANG3002"]],
    ["a default without a unit", "type A = { a: duration = ‹30› }", ["GANG3003"]],
    ["a misspelt word of a choice", 'type A = { a: "red" | "green" = ‹"gren"› }', ["GANG3001"]],
    ["a range the wrong way round", "type A = int in ‹9..1›", ["GANG3013"]],
    ["a logarithmic range from zero", "type A = float in ‹0.0..1.0› log", ["GANG3013"]],
    ["a type that contains itself through others", "type ‹A› = { b: B }\ntype B = { a: A[] }", ["GANG3014"]],
    ["members that JSON cannot tell apart", "type A = ‹{ a: int } | { b: int }›", ["GANG3015"]],
    ["a literal's unknown field", "type A = { x: int }\ntype B = { a: A = A { x: 1, ‹y›: 2 } }", ["GANG2004"]],
    [
      "a field of an arm that was not chosen",
      'type A = { k: "x" | "y" { tail: int } }\ntype B = { a: A = A { k: "x", ‹tail›: 2 } }',
      ["GANG2004"],
    ],
    [
      "the fields of the arm that was chosen",
      'type A = { k: "x" | "y" { tail: int } }\ntype B = { a: A = ‹A› { k: "y" } }',
      ["GANG3009"],
    ],
    ["adding a duration to a size", `${TOOLS}pipeline p {\n  let a = ‹1h + 16GB›\n}`, ["GANG3012"]],
    ["a missing value compared", `${TOOLS}pipeline p {\n  stage a = maybe()\n  when ‹a > 1.0› { }\n}`, ["GANG3012"]],
    [
      "an unknown field of a value",
      `${MINER}pipeline p for s {\n  stage a = guess()\n  let b = a.‹scal›\n}`,
      ["GANG2004"],
    ],
    [
      "a field of one arm may be missing",
      `${MINER}pipeline p for s {\n  stage a = guess()\n  stage b = price(x: ‹a.tail›)\n}`,
      ["GANG3011"],
    ],
    [
      "a field of one arm with another value",
      `${MINER}pipeline p for s {\n  stage a = guess()\n  stage b = price(x: a.tail ?? 1.5)\n}`,
      [],
    ],
  ]);

  test.each([
    [
      "a chain of ten thousand types, the last first",
      (n: number) =>
        Array.from({ length: n }, (_, i) => `type T${i} = { n: T${i + 1}?, k: int }`)
          .concat(`type T${n} = int`)
          .join("\n"),
      [],
    ],
    [
      "ten thousand types in a circle",
      (n: number) => Array.from({ length: n }, (_, i) => `type T${i} = { n: T${(i + 1) % n}? }`).join("\n"),
      ["GANG3014"],
    ],
    [
      "a chain of ten thousand stages, the last first",
      (n: number) =>
        `${TOOLS}pipeline p {\n${Array.from({ length: n }, (_, i) => `  stage s${i} = price(x: ${i === n - 1 ? "1.0" : `s${i + 1}`})`).join("\n")}\n  when s0 > 1.0 { }\n}`,
      [],
    ],
    [
      "ten thousand stages in a circle",
      (n: number) =>
        `${TOOLS}pipeline p {\n${Array.from({ length: n }, (_, i) => `  stage s${i} = price(x: s${(i + 1) % n})`).join("\n")}\n}`,
      ["GANG4001"],
    ],
  ] as const)("%s", (_, source, codes) => {
    expect([
      ...new Set(
        check(source(10_000))
          .map(({ code }) => code)
          .filter((code) => !QUIET.has(code)),
      ),
    ]).toEqual(codes);
  });
});

describe("calls", () => {
  const inside = (line: string): string => `${TOOLS}pipeline p(x: float, n: int) {\n  ${line}\n}`;
  run([
    ["the short form", inside("stage a = price(x)"), []],
    ["what may fit is checked as it arrives", inside("stage a = price(x, y: x)"), []],
    ["a missing argument", inside("stage a = ‹price›()"), ["GANG3004"]],
    ["an unknown argument", inside("stage a = price(x, ‹wiat›: 3m)"), ["GANG3005"]],
    ["a misspelt argument is one error, not two", inside('stage a = show(‹txt›: "a")'), ["GANG3005"]],
    ["a value without its name is one error, not two", inside("stage a = price(‹3.0›)"), ["GANG3007"]],
    ["given twice", inside("stage a = price(x, ‹x: 2.0›)"), ["GANG3006"]],
    ["of another type", inside("stage a = show(text: ‹n›)"), ["GANG3001"]],
    ["of another unit", inside("stage a = price(x, wait: ‹16GB›)"), ["GANG3002"]],
    ["an unknown tool", inside("stage a = ‹pric›(x)"), ["GANG2001"]],
    ["a missing value handed over", inside("stage a = maybe()\n  stage b = price(x: ‹a›)"), ["GANG3011"]],
    ["a missing value in short form", inside("stage x2 = maybe()\n  stage b = price(x: x2 ?? 0.0)"), []],
    ["a tool called in the middle of a value", inside("let a = ‹fetch›() + 1.0"), ["GANG3008"]],
  ]);

  test("the mend gives the name that is in scope, else a value of the type", () => {
    const source = inside("stage a = price()");
    expect(mended(source, check(source).find(({ code }) => code === "GANG3004")!)).toContain("price(x)");
    const other = inside('stage a = sign(key: "k")').replace('key: "k"', "");
    expect(check(other).find(({ code }) => code === "GANG3004")!.fixes).toEqual([]);
  });

  test("an argument is shown with the declaration that it does not fit", () => {
    const found = check(inside("stage a = show(text: n)")).find(({ code }) => code === "GANG3001")!;
    expect(found.message).toBe("The argument `text` of `show` is `int`, which can never be `string`.");
    expect(found.labels[0]!.message).toBe("`string` is wanted here");
  });
});

describe("pipelines", () => {
  const inside = (lines: string): string => `${MINER}pipeline p for s {\n${lines}\n}`;
  run([
    ["stages in any order", inside("stage b = price(x: a)\nstage a = fetch()"), []],
    ["a circle, named whole", inside("stage ‹a› = price(x: b)\nlet c = a + 1.0\nstage b = price(x: c)"), ["GANG4001"]],
    ["no circle through `last`", inside("stage a = price(x: last(b) ?? 0.0)\nstage b = price(x: a)"), []],
    [
      "two stages of one name in different bodies",
      inside("when true { stage a = fetch() }\nwhen true { stage ‹a› = fetch() }"),
      ["GANG4002"],
    ],
    ["a variable that hides another", inside("let a = 1.0\nwhen true { let ‹a› = 2.0 }"), ["GANG2003"]],
    [
      "outside of a `for` a stage is a map",
      inside(
        'for t in s.tasks { stage a = fetch() }\nlet m = mean(a) ?? 0.0\nlet one = a["a"] ?? 0.0\nlet bad = ‹a + 1.0›',
      ),
      ["GANG3012"],
    ],
    [
      "outside of a `when` it may be missing",
      inside("when true { stage a = fetch() }\nstage b = price(x: ‹a›)"),
      ["GANG3011"],
    ],
    [
      "a field of a map is a map of fields",
      inside("for t in s.tasks { stage a = guess() }\nlet m = max(a.scale) ?? 0.0"),
      [],
    ],
    [
      "the task of a subnet",
      inside(
        'for t in s.tasks {\n let a = t.step + 1m\n let b = t.name == "a"\n let c = t.deep ?? false\n let d = t.‹stop›\n}',
      ),
      ["GANG2004"],
    ],
    [
      "a list that a stage made, of known length, still needs names",
      inside("stage all = fetchAll()\nfor x in ‹all› { stage a = price(x) }"),
      ["GANG4005"],
    ],
    [
      "whole numbers are known by themselves, and what was made of them is read by them",
      inside(
        'for n in [10, 20] { stage a = guess() }\nfor n in [10, 20] by n { stage b = measure(guess: a[n] ?? a[10] ?? a["20"] ?? Guess { scale: 1.0, kind: "x" }) }',
      ),
      [],
    ],
    ["a fraction is no key", inside("for n in [0.5, 1.0] by ‹n› { stage a = guess() }"), ["GANG4006"]],
    ["no list at all", inside("stage a = fetch()\nfor x in ‹a› { stage b = fetch() }"), ["GANG3020"]],
    ["a condition that is a number", inside("stage a = fetch()\nwhen ‹a› { stage b = fetch() }"), ["GANG3017"]],
    ["an alternative that does not fit", inside('stage a = fetch() or ‹show(text: "")›'), ["GANG4003"]],
    ["`or none` may be missing", inside("stage a = fetch() or none\nstage b = price(x: ‹a›)"), ["GANG3011"]],
    [
      "`best` of another pipeline, of one item",
      `${inside("for t in s.tasks { stage a = guess() }")}\npipeline q for s {\n let m = best(p.a[s.tasks.a]) ?? Guess { scale: 1.0, kind: "x" }\n stage x = measure(guess: m)\n let n = best(p.‹b›)\n let o = best(loss) ?? 0.0\n}`,
      ["GANG2001"],
    ],
    [
      "another pipeline's stage is not read directly",
      `${inside("stage a = fetch()")}\npipeline q for s {\n let m = ‹p.a›\n}`,
      ["GANG3021"],
    ],
    [
      "settings of a stage",
      inside("stage a = guess() { recall: standard, retry: thrice, timeout: 5m, ‹tmeout›: 1m }"),
      ["GANG2007"],
    ],
    ["a setting of a wrong unit", inside("stage a = guess() { timeout: ‹5GB› }"), ["GANG3002"]],
    ["`it` is the value just made", inside("stage a = guess() {\n expect: it.‹scaled› > 1.0\n}"), ["GANG2004"]],
    ["a pipeline for no subnet", `${TOOLS}pipeline p for ‹q› { }`, ["GANG2001"]],
  ]);

  run(
    [
      ["an output nobody reads", inside("stage ‹a› = fetch()\nobserve loss = 1.0"), ["GANG4012"]],
      [
        "reading, observing and learning are uses",
        inside("stage a = guess()\nstage b = measure(guess: a)\nobserve loss = b\nlearn a from loss"),
        [],
      ],
      ["behind an error nothing is called unread", inside("stage a = fetch()\nstage b = price(x: ‹aa›)"), ["GANG2001"]],
    ],
    new Set(["GANG2010", "GANG2021", "GANG5001"]),
  );
});

describe("measuring and learning", () => {
  const inside = (lines: string): string =>
    `${MINER}pipeline p for s {\nstage a = guess()\nstage b = measure(guess: a)\n${lines}\n}`;
  run([
    ["a metric that the subnet does not have", inside("observe ‹lost› = b"), ["GANG5005"]],
    ["a metric of another type", inside('observe loss = ‹"much"›'), ["GANG3001"]],
    ["learning what is not observed", inside("observe rough = b\nlearn a from ‹loss›"), ["GANG5002"]],
    ["observed only inside another body", inside("when true { observe loss = b }\nlearn a from ‹loss›"), ["GANG5002"]],
    ["observed around", inside("observe loss = b\nwhen true { learn a from loss }"), []],
    ["a value that nobody chose", inside("let c = 1.0\nobserve loss = b\nlearn ‹c› from loss"), ["GANG5004"]],
    [
      "a value that an earlier run chose",
      inside('let c = best(a) ?? Guess { scale: 1.0, kind: "x" }\nobserve loss = b\nlearn c from loss'),
      [],
    ],
    [
      "a filter without room",
      `${MINER}recall r { where: ‹age > 14d and (trust < 0.1 or ok) and age < 7d› }`,
      ["GANG5003"],
    ],
    ["a filter beyond what trust can be", `${MINER}recall r { where: ‹trust > 1.0› }`, ["GANG5003"]],
    ["a filter that is both", `${MINER}recall r { where: ‹ok and not ok› }`, ["GANG5003"]],
    ["a filter with room on one side of `or`", `${MINER}recall r { where: trust > 2.0 or age < 7d }`, []],
    ["a filter over what evidence does not have", `${MINER}recall r { where: ‹aged› < 7d }`, ["GANG2001"]],
    ["a filter of another unit", `${MINER}recall r { where: ‹age < 7› }`, ["GANG3012"]],
  ]);
});

describe("secrets and effects", () => {
  const inside = (lines: string): string =>
    `${TOOLS}secret key\ntool pay(to: string, key: secret) -> string = exec("pay") { effect: true }\npipeline p(to: string) {\n${lines}\n}`;
  const quiet = new Set([...QUIET, "GANG4090"]);
  run(
    [
      ["into a parameter declared secret", inside("stage a = sign(x: 1.0, key)"), []],
      ["into a text", inside(`stage a = show(text: "it is ‹\${key}›")`), ["GANG6001"]],
      ["into another parameter", inside("stage a = show(text: ‹key›)"), ["GANG6001"]],
      ["into a `let`", inside("let a = ‹key›"), ["GANG6001"]],
      ["into a list and a record", inside("let a = [‹key›]\nlet b = { k: ‹key› }"), ["GANG6001", "GANG6001"]],
      ["into a comparison", inside('when ‹key == "x"› { }'), ["GANG6001"]],
      ["a text is no secret", inside('stage a = sign(x: 1.0, key: ‹"hunter2"›)'), ["GANG3001"]],
      [
        "in a list type, a result, an agent's parameters",
        `${TOOLS}type A = ‹secret›[]\ntool f() -> ‹secret› = exec("f")\nmodel own = embedded()\nagent a(k: ‹secret›) -> bool { model: own }`,
        ["GANG6002", "GANG6002", "GANG6002"],
      ],
      [
        "an effect followed by another call",
        inside("stage a = ‹pay(to, key)› or show(text: to)").replace(
          "‹pay(to, key)› or show(text: to)",
          "pay(to, key) or ‹show(text: to)›",
        ),
        ["GANG6003"],
      ],
      ["an effect as the last alternative", inside("stage a = show(text: to) or pay(to, key)"), []],
      ["an effect that is tried again", inside("stage a = pay(to, key) { ‹retry: thrice› }"), ["GANG6003"]],
      [
        "an effect in an agent's hands",
        `${inside("")}\nmodel own = embedded()\nagent a() -> bool {\n model: own\n tools: [‹pay(key)›]\n}`,
        ["GANG6004"],
      ],
      [
        "a secret that a model would fill",
        `${inside("")}\nmodel own = embedded()\nagent a() -> bool {\n model: own\n tools: [‹sign›]\n}`,
        ["GANG6005"],
      ],
    ],
    quiet,
  );
});

describe("ladders, peers, routes and limits", () => {
  const quiet = new Set([...QUIET, "GANG4090"]);
  const PIPELINE =
    "pipeline p for s {\n  retry: r\n  stage a = guess()\n  stage b = measure(guess: a)\n  observe loss = b\n}\n";
  run(
    [
      ["a ladder under which an agent runs", `${MINER}retry r { ladder: [self, own x 2] }\n${PIPELINE}`, []],
      [
        "a ladder that nobody climbs",
        `${MINER}retry r { ladder: [self] }\nretry ‹q› { ladder: [self, own] }\n${PIPELINE}`,
        ["GANG4009"],
      ],
      ["a rung of no attempts", `${MINER}retry r { ladder: [self, ‹own x 0›] }`, ["GANG4010"]],
      ["a ladder without rungs", `${MINER}retry r { ladder: ‹[]› }`, ["GANG4010"]],
      ["a rung that is no model", `${MINER}retry r { ladder: [self, ‹guess›] }`, ["GANG2006"]],
      [
        "embedded only on a rung, and not searchable",
        `${MINER}retry r { ladder: [self, own] }\nmodel big = openai("x")\nagent free() -> ‹string› {\n model: big\n}\npipeline p for s {\n  retry: r\n  stage a = free()\n}`,
        ["GANG3019"],
      ],
      [
        "embedded only in a peer, and not searchable",
        `${MINER}model big = openai("x")\nagent free() -> ‹string› {\n model: big\n}\npipeline p for s {\n  stage a = free()\n}\npeer e for p { free.model: embedded() }`,
        ["GANG3019"],
      ],
      [
        "a peer of the same settings",
        `${MINER}retry r { ladder: [self] }\n${PIPELINE}peer ‹e› for p { guess.model: embedded(explore: 0.2) }`,
        ["GANG4011"],
      ],
      [
        "a peer of others",
        `${MINER}retry r { ladder: [self] }\n${PIPELINE}peer e for p { guess.model: embedded(explore: 0.6), a.timeout: 5m, r.ladder: [self x 3] }`,
        [],
      ],
      [
        "a peer of nothing there",
        `${MINER}retry r { ladder: [self] }\n${PIPELINE}peer e for p { ‹gess›.model: own, guess.‹mdel›: own }`,
        ["GANG2001", "GANG2007"],
      ],
      [
        "a route to nothing",
        `${MINER}route { ‹mesure› -> local, a -> local }\nretry r { ladder: [self] }\n${PIPELINE}`.replace(
          ", a",
          "\n  a",
        ),
        ["GANG4007"],
      ],
      ["a route to no backend", `${MINER}route { measure -> ‹lokal› }`, ["GANG2001"]],
      ["a limit that is none", `${MINER}pipeline p for s {\n limit: ‹3 per cycle›\n}`, ["GANG7003"]],
      [
        "a limit over a known price",
        `${MINER}model big = anthropic("claude-opus-4-5")\nagent free() -> string {\n model: big\n}\npipeline p for s {\n limit: $2 per cycle\n stage a = free()\n}`,
        [],
      ],
      [
        "a limit below what must be reserved",
        `${MINER}model big = openai("x") { price: { read: $100, write: $100 }, tokens: { read: 100000, write: 1000 } }\nagent free() -> string {\n model: big\n}\npipeline p for s {\n limit: ‹$2 per cycle›\n for t in s.tasks { stage a = free() }\n}`,
        ["GANG7002"],
      ],
    ],
    quiet,
  );
});

describe("suppressions", () => {
  run(
    [
      [
        "keep a warning of the next line away",
        `${TOOLS}pipeline p {\n  // gang-ignore GANG4012: for its own sake\n  stage a = fetch()\n}`,
        [],
      ],
      [
        "an error stays, and the comment is said to be of no use",
        "‹// gang-ignore GANG2002: soon›\ntype A = ‹sting›",
        ["GANG2030", "GANG2002"],
      ],
    ],
    new Set(["GANG2021", "GANG2010"]),
  );
});

describe("files as people write them", () => {
  const fixture = (path: string): string => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8");

  test("five mistakes, five errors, each with its mend", () => {
    const text =
      "gang 1\n\ntype Customer = {\n  name: sting\n  city: string\n  city: string\n}\n\ntype Order = {\n  buyer: Customer\n  total: money\n\ntype Invoice = {\n  order: Order\n  payer: Custmer\n  items: Ordr[1..8]\n}\n";
    const found = check(text);
    expect(found.map(({ code }) => code)).toEqual(["GANG2002", "GANG2005", "GANG1001", "GANG2002", "GANG2002"]);
    const whole = [...found].reverse().reduce((source, one) => mended(source, one), text);
    expect(check(whole)).toEqual([]);
  });

  test("a misspelt type, a missing brace, a wrong unit, a missing argument: all four, each with help", () => {
    const text =
      'gang 1\n\ntype Model = { scale: flaot in 0.5..2.0 }\n\ntool train(model: Model, seed: int) -> float = exec("./train") { timeout: 16GB }\n\nrecall winners {\n  top: 3\n\npipeline p {\n  stage a = train(seed: 1)\n}\n';
    const found = check(text);
    expect(found.map(({ code }) => code)).toEqual(["GANG2002", "GANG3002", "GANG1001", "GANG3004"]);
    expect(found.every(({ help, fixes }) => help !== undefined || fixes.length > 0)).toBe(true);
  });

  test("the whole file of the language's page has no error", () => {
    const found = check(fixture("synth/main.gang"), { "tools/synth.ts": fixture("synth/tools/synth.ts") });
    expect(found.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
    // Its limits may warn: they are there because the worst case is dear.
    expect([...new Set(found.map(({ code }) => code))]).toEqual(["GANG4090", "GANG7004"]);
  });

  test("an empty file, and a file that is not there", () => {
    expect(check("")).toEqual([]);
    expect(programOf('import { a } from "./gone.gang"\n').diagnostics.map(({ code }) => code)).toEqual([
      "GANG2021",
      "GANG8001",
    ]);
  });
});

describe("what a user reads where the slip is a known one", () => {
  const said = (text: string): string[] =>
    check(text)
      .filter(({ code }) => !QUIET.has(code))
      .map(({ code, message }) => `${code} ${message}`);
  const FAN = (rest: string): string =>
    `${MINER}pipeline p for s {\n  for n in ["a", "b"] { stage e = fetch() }\n${rest}\n}`;

  test("an agent's parameter is no place for a secret", () => {
    const [one] = check(
      'gang 1\nmodel own = embedded()\nagent b(k: secret) -> bool {\n  model: own\n  prompt: "x"\n}\n',
    );
    expect(one).toMatchObject({ code: "GANG6002", help: expect.stringContaining("tools: [search(key: k)]") });
    expect(one!.message).toContain("An agent's parameter cannot be a secret");
  });

  test("a secret's way into a prompt is shown", () => {
    const files = { "keys.gang": "gang 1\nsecret k\n" };
    const text = `gang 1\nimport { k } from "./keys.gang"\nmodel own = embedded()\nagent b() -> bool {\n  model: own\n  prompt: "\${k}"\n}\n`;
    const leak = check(text, files).find(({ code }) => code === "GANG6001")!;
    expect(leak.labels.map(({ file, message }) => `${file.split("/").at(-1)}: ${message}`)).toEqual([
      "keys.gang: the secret is declared here",
      "main.gang: it comes into this file here",
      "main.gang: here it would leave, in the text",
    ]);
  });

  test("errors cannot be suppressed, and that is said", () =>
    expect(said("gang 1\n// gang-ignore GANG2002: why\ntype A = sting\n").at(0)).toContain(
      "errors cannot be suppressed",
    ));

  test("a metric of a subnet that nobody mines is never observed", () => {
    const text = `${TOOLS}subnet z { metric never: float { goal: minimize } }\n`;
    const codes = (source: string) => check(source).map(({ code }) => code);
    expect(codes(`${text}pipeline p { stage a = fetch() }\n`)).toContain("GANG5001");
    expect(codes(text)).not.toContain("GANG5001");
  });

  test("a mean over items that are there is a value, and may have a stand-in for when all fail", () => {
    expect(said(FAN("  when mean(e) > (best(loss) ?? 0.0) { stage x = fetch() }"))).toEqual([]);
    expect(said(FAN("  when (mean(e) ?? 0.0) > 0.0 { stage x = fetch() }"))).toEqual([]);
    expect(said(FAN("  when count(e) == 0 { stage x = fetch() }"))).toEqual([]);
    expect(said(FAN("  observe loss = sum(e)"))).toEqual([]);
    const none = FAN("  when mean(e) > 0.0 { stage x = fetch() }");
    expect(said(none.replace("e = fetch()", "e = fetch() or none"))).toEqual([expect.stringContaining("GANG3012")]);
    const unsure = none.replace('["a", "b"]', "all").replace("  for n", "  stage all = few()\n  for n");
    expect(said(`${unsure}\ntool few() -> string[0..4] = exec("./few")`)).toEqual([
      expect.stringContaining("GANG3012"),
    ]);
  });

  test("a long circle is cut short", () => {
    const types = Array.from({ length: 500 }, (_, at) => `type T${at} = { a: T${(at + 1) % 500} }`);
    const [one] = check(`gang 1\n${types.join("\n")}\n`);
    expect(one!.message.length).toBeLessThan(200);
    expect(one!.message).toContain("…");
  });

  test("a misspelt metric is one error", () =>
    expect(
      said(
        `${MINER}pipeline p for s {\n  stage r = guess()\n  stage l = measure(guess: r)\n  observe los = l\n  learn r from loss\n}`,
      ),
    ).toEqual([expect.stringContaining("GANG5005")]));

  test("an import outside the project is named as written", () =>
    expect(said('gang 1\nimport { f } from "/etc/passwd"\n')).toEqual([
      expect.stringMatching(/^GANG8003 `\/etc\/passwd`/),
    ]));
});

describe("what was told twice, or not at all", () => {
  const stage = (text: string) => `${MINER}tool pay(x: float) -> bool = exec("./pay") { effect: true }
type Job = { id: string, patience: duration }
tool jobs(since: float = 0.0) -> Job[] = exec("./jobs")
pipeline p for s {\n  ${text}\n}`;
  const when = (name: string) =>
    `when f > 0.0 {\n    stage ${name} = guess()\n    stage m_${name} = measure(guess: g)\n  }`;
  const job = (head: string) => stage(`${head} {\n    stage d = show(text: job.id)\n  }`);
  const TEST = 'test "t" for p {\n  given ‹NAME› = VALUE\n  run c\n  expect c > 0.0\n}';
  run([
    [
      "a stage of one name in two `when`s",
      stage(`stage f = fetch()\n  ${when("g")}\n  ${when("‹g›").replace("m_‹g›", "m")}`),
      ["GANG4002"],
    ],
    [
      "an item with the name of a stage",
      stage('stage c = fetch()\n  for ‹c› in ["a"] {\n    stage d = price(x: c)\n    stage e = show(text: c)\n  }'),
      ["GANG2003"],
    ],
    [
      "a `let` with the name of a stage",
      stage('stage c = fetch()\n  let ‹c› = "x"\n  stage d = show(text: c)'),
      ["GANG2003"],
    ],
    [
      "a parameter twice",
      stage("stage c = fetch()")
        .replace("p for s", "p(a: float, ‹a›: string) for s")
        .replace("fetch()\n}", "show(text: a)\n}"),
      ["GANG2005"],
    ],
    ["an `expect` that names its stage", stage("stage c = fetch() { expect: ‹c› > 0.0 and c < 1.0 }"), ["GANG4001"]],
    ["an effect from a cache", 'gang 1\ntool f() -> int = exec("f") { effect: true, ‹cache: true› }', ["GANG6007"]],
    ["an effect whose stage has a cache", stage("stage c = pay(x: 1.0) { ‹cache: true› }"), ["GANG6007"]],
    ["nothing is done again where `none` stands behind an effect", stage("stage c = pay(x: 1.0) or none"), []],
    [
      "a source that reads a stage",
      job("stage c = fetch()\n  for job in jobs(since: ‹c›) every 1m by job.id"),
      ["GANG4018"],
    ],
    ["a source with a bound", job("for job in jobs() every 1m by job.id ‹max 3›"), ["GANG4020"]],
    [
      "a deadline that reads a `let`",
      job("let c = 2.0\n  for job in jobs() every 1m by job.id within job.patience * ‹c›"),
      ["GANG4018"],
    ],
    [
      "a source that asks the memory",
      job("for job in jobs(since: ‹best(loss)› ?? 0.0) every 1m by job.id"),
      ["GANG4018"],
    ],
    [
      "a source that reads a parameter",
      job("for job in jobs(since: c) every 1m by job.id").replace("p for s", "p(c: float) for s"),
      [],
    ],
    [
      "a title of two tests",
      `${stage("stage c = fetch()")}\ntest "t" for p {\n  run c\n  expect c > 0.0\n}\ntest ‹"t"› for p {\n  run c\n  expect c < 1.0\n}`,
      ["GANG2003"],
    ],
    [
      "an agent that nobody calls",
      `${stage("stage c = fetch()")}\n${TEST.replace("NAME", "guess").replace("VALUE", 'recorded("a.json")')}`,
      ["GANG4019"],
    ],
    [
      "a tool that an agent may call",
      `${stage("stage g = guess()\n  stage c = measure(guess: g)").replace("  model: own", "  model: own\n  tools: [maybe]")}\n${TEST.replace("‹NAME›", "maybe").replace("VALUE", "1.0")}`,
      [],
    ],
    ["a price below nothing", 'gang 1\nmodel m = openai("x") { price: ‹-$2› }', ["GANG3023"]],
    ["a key in the program", 'gang 1\nsecret k\nmodel m = openai("gpt-5", ‹key›: k)', ["GANG3005"]],
  ]);

  test("what has the name of something else is told what that is", () => {
    const [one] = check(stage('stage c = fetch()\n  let c = "x"')).filter(({ severity }) => severity === "error");
    expect(one!.message).toBe("The `let` `c` has the name of a stage.");
  });

  test("in an `expect` the value just made is `it`, everywhere", () => {
    const text = stage("stage c = fetch() { expect: c > 0.0 and c < 1.0 }");
    const [one] = check(text).filter(({ severity }) => severity === "error");
    expect(mended(text, one!)).toContain("expect: it > 0.0 and it < 1.0");
  });

  test("where a model's key belongs", () => {
    const [one] = check('gang 1\nmodel m = openai("gpt-5", url: "http://localhost")');
    expect(one!.help).toContain("`models` in `gang.yaml`");
  });
});

/** A slip, the one code that it costs, and what its first mend makes of it. */
describe("a mend leaves what was meant", () => {
  const stage = (text: string) => `${MINER}pipeline p for s {\n  ${text}\n}`;
  test.each([
    ["a range the wrong way round", "gang 1\ntype A = int in 5..1", "GANG3013", "gang 1\ntype A = int in 1..5"],
    ["a list's bounds", "gang 1\ntype A = int[8..1]", "GANG3013", "gang 1\ntype A = int[1..8]"],
    [
      "a duration in quotes",
      'gang 1\ntool f() -> int = exec("f") { timeout: "5m" }',
      "GANG3023",
      'gang 1\ntool f() -> int = exec("f") { timeout: 5m }',
    ],
    [
      "a record without a name",
      'gang 1\n/// Trains.\ntool train(a: int) -> { loss: float } = exec("f") { timeout: 5m }',
      "GANG1030",
      'gang 1\ntype TrainResult = { loss: float }\n\n/// Trains.\ntool train(a: int) -> TrainResult = exec("f") { timeout: 5m }',
    ],
    [
      "a map where one number is wanted",
      stage('for n in ["a", "b"] {\n    stage e = fetch()\n  }\n  observe loss = e'),
      "GANG3001",
      stage('for n in ["a", "b"] {\n    stage e = fetch()\n  }\n  observe loss = mean(e)'),
    ],
    [
      "money with its sign behind",
      'gang 1\nmodel m = openai("x") { price: $-2 }',
      "GANG1015",
      'gang 1\nmodel m = openai("x") { price: -$2 }',
    ],
    ["a unit that is none", 'gang 1\ntool f() -> int = exec("f") { timeout: 5foos }', "GANG1015", undefined],
    [
      "a metric by its path",
      stage("stage g = fetch()\n  observe s.metrics.loss = g"),
      "GANG1031",
      stage("stage g = fetch()\n  observe loss = g"),
    ],
    [
      "a metric by its path, learned from",
      stage("stage g = guess()\n  observe loss = g.scale\n  learn g from s.metrics.loss"),
      "GANG1031",
      stage("stage g = guess()\n  observe loss = g.scale\n  learn g from loss"),
    ],
    [
      "a part of what was chosen",
      stage("stage g = guess()\n  observe loss = g.scale\n  learn g.scale from loss"),
      "GANG1031",
      stage("stage g = guess()\n  observe loss = g.scale\n  learn g from loss"),
    ],
    [
      "a field that was left out before a clause",
      stage("stage g = maybe() every 1m within s. or none"),
      "GANG1006",
      undefined,
    ],
    [
      "a value whose head was left out",
      stage("for t in .tasks {\n    stage e = show(text: t.name)\n  }"),
      "GANG1007",
      undefined,
    ],
    ["a sum that lacks its first number", stage("stage g = fetch()\n  observe loss = / g"), "GANG1007", undefined],
    ["a rung that was left out", "gang 1\nretry r { ladder: [x 2] }", "GANG1006", undefined],
    ["`within` of what is there at once", stage("observe loss = fetch() within 5h"), "GANG4017", undefined],
    ["`within` of a stage", stage("stage e = fetch() within 5m"), "GANG4017", stage("stage e = fetch()")],
    [
      "`within` of what may be missing",
      stage("stage e = maybe() within 5m"),
      "GANG4017",
      stage("stage e = maybe() every 1m within 5m"),
    ],
    ["`take` of what is asked once", stage("stage e = fetch()\n  observe loss = e take last"), "GANG4017", undefined],
    [
      "`within` of a list",
      stage('for n in ["a"] within 5m {\n    stage e = fetch()\n  }'),
      "GANG4017",
      stage('for n in ["a"] {\n    stage e = fetch()\n  }'),
    ],
  ])("%s", (_, text, code, expected) => {
    const errors = check(text).filter(({ severity }) => severity === "error");
    expect(errors.map((one) => one.code)).toEqual([code]);
    if (expected !== undefined) expect(mended(text, errors[0]!)).toBe(expected);
  });

  test("settings stand where a type was left out", () => {
    const errors = check('gang 1\nagent a(x: int) -> { prompt: "?" }').filter(({ severity }) => severity === "error");
    expect(errors.map(({ code }) => code)).toContain("GANG1008");
  });

  test("a text that is no Gang at all is one error", () =>
    expect(check("Dear miner,\nhow are you?\n").map(({ code }) => code)).toEqual(["GANG1005"]));
});

describe("one slip, one error, and a true one", () => {
  const body = (line: string): string =>
    `${MINER}\npipeline p for s {\n  stage g = guess()\n  stage e = measure(guess: g)\n  observe loss = e\n  learn g from loss\n  ${line}\n}\n`;
  const plain = body("");
  test.each([
    ["`=` for `==` in a condition", body('when g.kind = "x" { stage z = show(text: "x") }'), "GANG1017", "`==`"],
    ["a part of a stage for the whole", body("let a = best(g.kind)"), "GANG2006", "a whole stage"],
    ["an item of what has none", body('let a = best(g["x"])'), "GANG3012", "no `for`"],
    [
      "a secret given in a test",
      `${plain}secret k\ntest "t" for p {\n  given k = "x"\n  run e\n}\n`,
      "GANG2006",
      "secret",
    ],
    ["a pipeline for no subnet", plain.replace(" for s", ""), "GANG5006", "for no subnet"],
    ["a TypeScript tool without its function", `${TOOLS}tool t = typescript("./x.ts")\n`, "GANG3004", "the function"],
  ])("%s", (_, text, code, says) => {
    const errors = check(text).filter(({ severity }) => severity === "error");
    expect(errors.map((one) => one.code)).toEqual([code]);
    expect(errors[0]!.message).toContain(says);
  });

  test("a peer that sets another prompt changes something; the same, or an agent that is not called, nothing", () => {
    const other = `agent idle() -> Guess {\n  model: own\n}\npeer a for p { guess.prompt: "x" }\npeer b for p { idle.model: embedded(explore: 0.9) }\npeer c for p { guess.prompt: "How much, near \${hint}? \${s.metrics.loss}" }\n`;
    const idle = check(plain + other).filter(({ code }) => code === "GANG4011");
    expect(idle.map(({ message }) => message)).toEqual([
      "The peer `b` sets only what `p` does not call.",
      "The peer `c` sets what the file says anyway.",
    ]);
  });
});
