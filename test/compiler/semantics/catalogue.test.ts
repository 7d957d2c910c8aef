/** Every code says what it means, and its own samples prove it. */
import { describe, expect, test } from "vitest";
import { readMachine } from "../../../cli/machine.ts";
import { CATALOGUE } from "../../../compiler/diagnostics/catalogue/index.ts";
import { check, memoryHost } from "./memory.ts";

/** A sample of syntax is about nothing else: what it names need not be there. */
const isSubject = (code: string, own: string): boolean => !own.startsWith("GANG1") || code.startsWith("GANG1");

/** The one hint that a sample may carry beside its subject: most leave the line `gang 1` out, to be short. */
const VERSION = "GANG2021";

const codesOf = (text: string, files: { readonly [path: string]: string } | undefined, own: string): string[] => [
  ...new Set(
    check(text, files)
      .map(({ code }) => code)
      .filter((code) => (code !== VERSION || own === VERSION) && isSubject(code, own)),
  ),
];

const codesOfMachine = (text: string): string[] =>
  readMachine("/project", memoryHost({ "gang.yaml": text }))!.diagnostics.map(({ code }) => code);

test("no code is used twice", () => {
  const codes = CATALOGUE.map(({ code }) => code);
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
});

test.each(CATALOGUE.map((entry) => [entry.code, entry] as const))(
  "%s has a title of two to five words and a page",
  (_, { title, explain }) => {
    expect(title.split(" ").length).toBeGreaterThanOrEqual(2);
    expect(title.split(" ").length).toBeLessThanOrEqual(5);
    expect(explain.text).toMatch(/[.!]$/);
  },
);

describe("the wrong sample triggers exactly its code, the right one nothing", () => {
  for (const { code, explain } of CATALOGUE) {
    test(code, () => {
      const codes = explain.of === "gang.yaml" ? codesOfMachine : codesOf;
      expect(codes(explain.wrong, explain.files, code)).toEqual([code]);
      expect(codes(explain.right, explain.files, code)).toEqual([]);
    });
  }
});
