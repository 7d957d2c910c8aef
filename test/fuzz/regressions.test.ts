/** Inputs that went wrong once, as small as they could be made. */
import { describe, expect, test } from "vitest";
import { examine, PARTS } from "./examine.ts";

const REGRESSIONS: readonly (readonly [what: string, text: string])[] = [
  ["parser: parse takes longer than 250 ms", `tool a { time${"\u{1F600}".repeat(10_000)}out: 3m }\n`],
  ["printer: the layout does not settle", "tool t(k: n) -> y? ? = c()\n"],
  ["checker: the fix of GANG2001 changes nothing", "pipeline f {\n  for {\n    let model)\n    learn model"],
  ["checker: the fix of GANG2007 changes nothing", "agent r(a: int) -> int { f.model: 3 }\n"],
  ["parser: memory without end", "gang 1\nimport { kbe built\n  limit: $2\n}\n"],
  ["parser: imported ends before it starts", "mport{ :"],
  ["parser: GANG1005 lies outside its file", "model({\n:}"],
  ["checker: lower throws of an approval", "pipeline p{stage o=approve()within h}"],
  ["checker: lower throws", 'test "t" { expect plan.e }\n'],
];

describe("what went wrong once goes right", () => {
  test.each(REGRESSIONS)("%s", (_, text) => {
    const { problem } = examine({ path: "/samples/regression/main.gang", text, files: new Map() }, new Set(PARTS));
    expect(problem).toBeUndefined();
  });
});
