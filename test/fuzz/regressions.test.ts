/** Inputs that went wrong once, as small as they could be made. */
import { describe, expect, test } from "vitest";
import { examine, PARTS } from "./examine.ts";

const LONG = "name".repeat(10_000);

const REGRESSIONS: readonly (readonly [what: string, text: string])[] = [
  ["parser: parse takes longer than 250 ms", `tool a { time${"\u{1F600}".repeat(10_000)}out: 3m }\n`],
  ["printer: the layout does not settle", "tool t(k: n) -> y? ? = c()\n"],
  ["checker: the fix of GANG2001 changes nothing", "pipeline f {\n  for {\n    let model)\n    learn model"],
  ["checker: the fix of GANG2007 changes nothing", "agent r(a: int) -> int { f.model: 3 }\n"],
  ["parser: memory without end", "gang 1\nimport { kbe built\n  limit: $2\n}\n"],
  ["renderers: junit holds what XML forbids", 'mport p from"\uffff"'],
  ["parser: imported ends before it starts", "mport{ :"],
  ["parser: GANG1005 lies outside its file", "model({\n:}"],
  ["checker: lower throws of an approval", "pipeline p{stage o=approve()within h}"],
  ["checker: lower throws", 'test "t" { expect plan.e }\n'],
  [
    "printer: the layout changes name-expression.kind",
    "pipeline p for t{for k in s{stage s=(s){a:true }}}\npipeline p for t{for k in s{}}",
  ],
  ["printer: a keyword before a rare blank is a name", "pipeline p { stage a = f() or none\u2028}"],
  ["printer: the layout does not settle behind an optional type", "type y={c:map<e>? ?\nf:{g:m}}"],
  ["parser: GANG1023 lies outside its file", `model rig = ${"not ".repeat(500)}`],
  ["parser: GANG1023 lies outside its file, of a chain that ends it", `model=1${"+".repeat(120)}1`],
  ["parser: GANG1023 lies outside its file, of a sum that ends it", `model = 1${" + 1".repeat(120)}`],
  ["renderers: pretty takes longer than 250 ms", `type T = { a: ${"a or ".repeat(10_000)}a }`],
  ["parser: parse takes longer than 250 ms, of what is never closed", "for a in b max 2 {\n".repeat(10_000)],
  ["parser: parse takes longer than 250 ms, of what was never opened", "  a\n}\n".repeat(10_000)],
  ["parser: a rung without its model, where no ladder is", "backend\nx\n3"],
  ["parser: a dot at the end of a line", "ool{: .\n o"],
  ["parser: two rungs without a model", "etry{:q x x 2"],
  ["checker: compile takes longer than 250 ms, of idle suppressions", "// gang-ignore GANG4012: x\n".repeat(10_000)],
  [
    "checker: compile takes longer than 250 ms, of routes beside pipelines",
    "route { t -> b }\npipeline p {\n}\n".repeat(4_000),
  ],
  ["checker: compile takes longer than 250 ms, of names alike", `type ${LONG} = int\ntype T = { a: x${LONG} }\n`],
];

describe("what went wrong once goes right", () => {
  test.each(REGRESSIONS)("%s", (_, text) => {
    const { problem } = examine({ path: "/samples/regression/main.gang", text, files: new Map() }, new Set(PARTS));
    expect(problem).toBeUndefined();
  });
});
