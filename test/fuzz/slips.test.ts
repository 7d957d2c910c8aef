/** One slip, one error: what is left out of a right file is said once, and nothing false is said because of it. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { lex } from "../../compiler/syntax/lexer.ts";
import { parse } from "../../compiler/syntax/parse.ts";
import type { Span } from "../../compiler/syntax/tree.ts";
import { walk } from "../../compiler/syntax/visit.ts";
import { CORPUS, type Sample } from "./corpus.ts";
import { hostOf } from "./host.ts";

const KINDS: { readonly [kind: string]: (text: string) => readonly Span[] } = {
  "a closing bracket": (text) => tokens(text, ["}", ")", "]"]),
  "a colon": (text) => tokens(text, [":"]),
  "a name": (text) => {
    const names: Span[] = [];
    walk(parse("/names.gang", text).file, (node) => {
      if (node.kind === "name" && node.end > node.start) names.push(node);
    });
    return names;
  },
};

/** Of the slips that are errors, how many are exactly one; a little below what was measured. */
const FLOORS: { readonly [kind: string]: number } = { "a closing bracket": 0.99, "a colon": 0.99, "a name": 0.975 };

function tokens(text: string, images: readonly string[]): readonly Span[] {
  return lex("/tokens.gang", text)
    .tokens.filter(({ image }) => images.includes(image))
    .map(({ startOffset, endOffset }) => ({ start: startOffset, end: endOffset }));
}

function errorsOf(sample: Sample, text: string): readonly string[] {
  const { diagnostics } = compile(sample.path, hostOf({ ...sample, text }));
  return diagnostics.filter(({ severity }) => severity === "error").map(({ code, message }) => `${code} ${message}`);
}

const right = CORPUS.filter((sample) => sample.right && errorsOf(sample, sample.text).length === 0);

describe("one error for one slip", () => {
  test("most of the samples that are declared right are", () => {
    expect(right.length).toBeGreaterThan(0.9 * CORPUS.filter((sample) => sample.right).length);
  });

  test.each(Object.keys(KINDS))("%s left out", (kind) => {
    const found = right.flatMap((sample) =>
      KINDS[kind]!(sample.text).map(({ start, end }) => {
        const errors = errorsOf(sample, sample.text.slice(0, start) + sample.text.slice(end));
        const line = sample.text.slice(sample.text.lastIndexOf("\n", start - 1) + 1, end);
        return { errors, told: `${sample.name}: ${line}⟨gone⟩\n    ${errors.join("\n    ")}` };
      }),
    );
    const wrong = found.filter(({ errors }) => errors.length > 0);
    const worst = wrong.filter(({ errors }) => errors.length > 1).sort((a, b) => b.errors.length - a.errors.length);
    const share = 1 - worst.length / wrong.length;
    const figure = `${kind}: ${found.length} slips, ${wrong.length} of them errors, ${(share * 100).toFixed(1)} % of these exactly one`;
    if (process.env.SLIPS !== undefined) console.log([figure, ...worst.map(({ told }) => told)].join("\n  "));
    const shown = worst.slice(0, 5).map(({ told }) => told);
    expect(share, `${figure}; the worst:\n  ${shown.join("\n  ")}`).toBeGreaterThanOrEqual(FLOORS[kind]!);
  });

  // A name left out explains one unknown name; what else is unknown is a slip of its own.
  test.each([
    ["the name left out", "", ["GANG1006"]],
    ["and one misspelt", "  let other = scor\n", ["GANG1006", "GANG2001"]],
    ["and one that is nowhere", "  let other = elsewhere\n", ["GANG1006", "GANG2001", "GANG2001", "GANG2001"]],
  ])("%s", (_, more, expected) => {
    const text = `gang 1\ntool poll(job: float) -> float = exec("./poll")\npipeline p {\n  stage score = poll(job: 1.0)\n  let = score\n  let twice = half + half\n${more}}\n`;
    const codes = errorsOf({ ...CORPUS[0]!, text }, text).map((error) => error.slice(0, 8));
    expect(codes.sort()).toEqual(expected);
  });
});
