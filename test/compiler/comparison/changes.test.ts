import { describe, expect, test } from "vitest";
import { changesBetween, linesBetween } from "../../../compiler/comparison/changes.ts";
import { lower } from "../../../compiler/index.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { programOf } from "../semantics/memory.ts";

function planOf(text: string): Plan {
  const program = programOf(text);
  expect(program.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
  return lower(program);
}

const OLD = `gang 1
type Guess = { scale: float in 0.5..2.0 = 1.0 }
model own = embedded()
agent guess(n: int) -> Guess {
  model: own
  prompt: """
    First.
    Second \${n}.
    Third.
    """
}
tool score(x: float) -> float = exec("score") { timeout: 1m }
subnet s { metric m: float { goal: minimize } }
pipeline p for s {
  limit: $1 per cycle
  stage a = guess(n: 3)
  stage b = score(x: a.scale)
  observe m = b
  learn a from m
}
`;

const changed = (from: string, to: string) => {
  expect(OLD).toContain(from);
  return changesBetween(planOf(OLD), planOf(OLD.replace(from, to)));
};

describe("what changed, in the words of the source", () => {
  test.each([
    [
      "a range",
      "0.5..2.0 = 1.0",
      "0.5..3.0 = 1.5",
      "type Guess",
      "field scale",
      "float in 0.5..2.0 = 1.0",
      "float in 0.5..3.0 = 1.5",
    ],
    ["a provider's option", "embedded()", "embedded(explore: 0.5)", "model own", "options", "", "explore: 0.5"],
    ["a parameter", "guess(n: int)", "guess(n: float)", "agent guess", "parameter n", "int", "float"],
    ["a timeout", "1m }", "90s }", "tool score", "timeout", "1m", "90s"],
    ["a limit", "$1 per cycle", "$2 per 1d", "pipeline p", "limit", "$1 per cycle", "$2 per 1d"],
    ["an argument", "n: 3", "n: 4", "stage p.a", "calls", "guess(n: 3)", "guess(n: 4)"],
    ["a goal", "minimize", "maximize", "subnet s", "metric m, direction", "-1", "1"],
  ])("%s", (_, from, to, what, name, before, after) => {
    const found = changed(from, to).find((change) => change.what === what);
    expect(found?.kind).toBe("changed");
    expect(found?.parts).toContainEqual({ name, before, after });
  });

  test("a stage added, and its place; a stage removed, and where it was", () => {
    const more = OLD.replace("  observe", "  stage c = score(x: b) or none\n  observe").replace("= b\n", "= c ?? b\n");
    expect(changesBetween(planOf(OLD), planOf(more))).toMatchObject([
      {
        kind: "added",
        what: "stage p.c",
        at: { file: "main.gang", line: 18, column: 9 },
        parts: [{ after: "score(x: b)" }, { name: "or none" }, {}],
      },
      { kind: "changed", what: "observe p.m", parts: [{ name: "value", before: "b", after: "c ?? b" }] },
    ]);
    expect(changesBetween(planOf(more), planOf(OLD)).at(-1)).toMatchObject({ kind: "removed", what: "stage p.c" });
  });

  test("what only moved is the same", () => {
    expect(changed("model own", "\n// moved\nmodel own")).toEqual([]);
  });

  test("plans whose hashes differ always have something to tell", () => {
    for (const [from, to] of [
      ["Third.", "3rd."],
      ['exec("score")', 'exec("score", "-v")'],
      ["float in 0.5..2.0 = 1.0", "float in 0.5..2.0 log = 1.0"],
    ] as const) {
      const changes = changed(from, to);
      expect(changes).toHaveLength(1);
      expect(changes[0]!.parts).toHaveLength(1);
    }
  });

  test("a tool's timeout is said of the tool, not of every stage that calls it", () => {
    expect(changed("1m }", "90s }").map(({ what }) => what)).toEqual(["tool score"]);
  });
});

describe("lines of a prompt", () => {
  test("only those that differ are marked", () => {
    const [change] = changed("Second", "2nd");
    const part = change?.parts.find(({ name }) => name === "prompt");
    expect(linesBetween(part?.before ?? "", part?.after ?? "")).toEqual([
      [" ", "First."],
      ["-", `Second $${"{n}"}.`],
      ["+", `2nd $${"{n}"}.`],
      [" ", "Third."],
    ]);
  });

  test("from nothing, and to nothing", () => {
    expect(linesBetween("a\nb", "b\nc")).toEqual([
      ["-", "a"],
      [" ", "b"],
      ["+", "c"],
    ]);
    expect(linesBetween("", "")).toEqual([[" ", ""]]);
  });
});
