import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lex } from "../../../compiler/syntax/lexer.ts";
import { parse } from "../../../compiler/syntax/parse.ts";
import { format } from "../../../compiler/syntax/print.ts";
import { expectSound, shapeOf } from "./invariants.ts";
import { forms, wholeFile } from "./samples.ts";

/** Parses, checks the tree, and, where the text is right, that formatting changes no meaning and settles at once. */
function survive(text: string): void {
  const { file, diagnostics } = parse("/a.gang", text);
  expectSound(file);
  for (const { start, end } of diagnostics) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(end).toBeLessThanOrEqual(text.length);
  }
  const formatted = format(file);
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error")) {
    expect(formatted).toBeUndefined();
    return;
  }
  const again = parse("/a.gang", formatted!);
  expect(shapeOf(again.file)).toEqual(shapeOf(file));
  expect(format(again.file)).toBe(formatted);
}

const samples = [wholeFile, forms];
const sample = fc.constantFrom(...samples);

describe("any text gives a sound tree", () => {
  test("whole samples", () => samples.forEach(survive));

  test("cut off anywhere", () => {
    fc.assert(
      fc.property(sample, fc.nat(), (text, at) => survive(text.slice(0, at % text.length))),
      { numRuns: 150 },
    );
  });

  test("a token left out, doubled or swapped with its neighbour", () => {
    fc.assert(
      fc.property(sample, fc.nat(), fc.constantFrom("leave out", "double", "swap"), (text, at, how) => {
        const { tokens } = lex("/a.gang", text);
        const i = at % (tokens.length - 1);
        const [a, b] = [tokens[i]!, tokens[i + 1]!];
        const between = text.slice(a.endOffset, b.startOffset);
        const middle =
          how === "swap"
            ? b.image + between + a.image
            : how === "double"
              ? a.image + a.image + between + b.image
              : between + b.image;
        survive(text.slice(0, a.startOffset) + middle + text.slice(b.endOffset));
      }),
      { numRuns: 300 },
    );
  });

  test("lines shuffled", () => {
    fc.assert(
      fc.property(sample, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (text, picks) => {
        const lines = text.split("\n");
        survive(picks.map((pick) => lines[pick % lines.length]).join("\n"));
      }),
      { numRuns: 300 },
    );
  });

  test("blanks, line breaks and comments put anywhere", () => {
    fc.assert(
      fc.property(
        sample,
        fc.array(
          fc.tuple(
            fc.nat(),
            fc.constantFrom(" ", "  ", "\t", "\n", "\r\n", "\n\n\n", " // note\n", "\n/// doc\n", "\f"),
          ),
          { maxLength: 6 },
        ),
        (text, edits) => {
          let edited = text;
          for (const [at, blank] of edits)
            edited = edited.slice(0, at % edited.length) + blank + edited.slice(at % edited.length);
          survive(edited);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("characters of the language in any order", () => {
    const pieces = [
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      '"',
      '"""',
      "\n",
      " ",
      "a",
      "stage",
      "type",
      "=",
      ":",
      ",",
      "..",
      "?",
      "|",
      "1h",
      "$",
      "${",
      "\\",
      "not",
      "-",
      "or",
      "//",
      "///",
      "\r",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => survive(parts.join(""))),
      { numRuns: 800 },
    );
  });

  test("any characters at all", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), survive), { numRuns: 300 });
  });
});

describe("no depth overflows the stack", () => {
  const deep: [string, string][] = [
    ["brackets", `recall r { where: ${"(".repeat(10_000)}1${")".repeat(10_000)} }`],
    ["lists", `recall r { where: ${"[".repeat(10_000)}${"]".repeat(10_000)} }`],
    ["records", `type T = ${"{ a: ".repeat(10_000)}int${" }".repeat(10_000)}`],
    ["blocks", `pipeline p {\n${"when a {\n".repeat(10_000)}${"}\n".repeat(10_000)}}`],
    ["signs", `recall r { where: ${"-".repeat(10_000)}1 }`],
    ["nots", `recall r { where: ${"not ".repeat(10_000)}a }`],
    ["operators", `recall r { where: 1${" + 1".repeat(10_000)} }`],
    ["paths", `recall r { where: a${".a".repeat(10_000)} }`],
    ["calls", `recall r { where: a${"()".repeat(10_000)} }`],
    ["optionals", `type T = int${"?".repeat(10_000)}`],
  ];
  test.each(deep)("%s", (_, text) => {
    const { file, diagnostics } = parse("/a.gang", text);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual(["GANG1023"]);
    expectSound(file);
  });
  test("openers alone", () => {
    const { diagnostics } = parse("/a.gang", `recall r { where: ${"(".repeat(10_000)}`);
    expect(diagnostics.length).toBeGreaterThan(0);
  });
  test("a union may have many arms, and a list many elements", () => {
    const arms = Array.from({ length: 10_000 }, (_, i) => `"${i}"`);
    expect(
      parse("/a.gang", `type T = ${arms.join(" | ")}\nrecall r { top: [${arms.join(", ")}] }`).diagnostics,
    ).toEqual([]);
  });
  test("100 levels are read", () => {
    const text = `recall r { where: ${"(".repeat(99)}1${")".repeat(99)} }`;
    expect(parse("/a.gang", text).diagnostics).toEqual([]);
  });
});
