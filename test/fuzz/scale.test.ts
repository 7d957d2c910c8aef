/** Depth and length: ten thousand of anything neither overflows nor takes time that grows faster than the text. */
import { describe, expect, test } from "vitest";
import { generate } from "../../bench/compile/sources.ts";
import { compile } from "../../compiler/index.ts";
import { hostOf } from "./host.ts";

const PATH = "/samples/scale/main.gang";

function check(text: string, files: ReadonlyMap<string, string> = new Map(), path = PATH) {
  return compile(path, hostOf({ path, text, files })).diagnostics;
}

function errorsOf(text: string, files?: ReadonlyMap<string, string>, path?: string): readonly string[] {
  return check(text, files, path)
    .filter(({ severity }) => severity === "error")
    .map(({ code, message }) => `${code} ${message}`);
}

const DEPTH = 10_000;

const nests = (depth: number): readonly (readonly [what: string, text: string])[] => [
  ["parentheses", `recall r { where: ${"(".repeat(depth)}1${")".repeat(depth)} }`],
  ["record types", `type T = ${"{ a: ".repeat(depth)}int${" }".repeat(depth)}`],
  ["list types", `type T = int${"[]".repeat(depth)}`],
  ["maps", `type T = ${"map<".repeat(depth)}int${">".repeat(depth)}`],
  ["choices", `type T = ${'| "a" { b: '.repeat(depth)}int${" }".repeat(depth)}`],
  ["blocks", `pipeline p {\n${"when true {\n".repeat(depth)}${"}\n".repeat(depth)}}`],
  ["loops", `pipeline p {\n${"for a in b max 2 {\n".repeat(depth)}${"}\n".repeat(depth)}}`],
  ["types of many kinds", `type T = ${'map<{ a: | "b" { c: '.repeat(depth)}int${" } }[]?>".repeat(depth)}`],
  ["operators", `pipeline p { let a = 1${" + 1".repeat(depth)} }`],
  ["calls", `pipeline p { let a = ${"f(".repeat(depth)}1${")".repeat(depth)} }`],
  ["records", `pipeline p { let a = ${"T { a: ".repeat(depth)}1${" }".repeat(depth)} }`],
];

describe(`${DEPTH} levels of nesting are refused at a stated depth, and nothing overflows`, () => {
  test.each(nests(DEPTH))("%s", (_, text) => {
    const codes = new Set(check(text).map(({ code }) => code));
    expect(codes).toContain("GANG1023");
    expect(codes.size).toBeLessThan(5);
  });
});

describe("what is nested as deep as it may be, closed or not, does not overflow", () => {
  test.each(
    [90, 100, 110, 150, 190, 250].flatMap((depth) =>
      nests(depth).map(([what, text]) => [`${depth} ${what}`, text] as const),
    ),
  )("%s", (_, text) => {
    for (const source of [text, text.slice(0, text.length / 2)]) expect(() => check(source)).not.toThrow();
  });
});

test("brackets that never pair, ten thousand deep, overflow nothing", () => {
  for (const line of ["when a {\n", "for a in b max 2 {\n", 'type A = { b: | "c" {\n']) {
    const codes = check(`tool f(a: ${line.repeat(DEPTH)}`).map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(0);
  }
});

const CHAINS: { readonly [what: string]: (length: number) => string } = {
  "types, each of the one before": (length) => generate("gang", length, Number.POSITIVE_INFINITY),
  "types, each of the one after": (length) =>
    `gang 1\n${lines(length, (i) => `type T${i} = { a: ${i + 1 < length ? `T${i + 1}?` : "int"} }`)}`,
  "names for a type": (length) => `gang 1\n${lines(length, (i) => `type T${i} = ${i === 0 ? "int" : `T${i - 1}`}`)}`,
  "stages, each of the one before": (length) =>
    `gang 1\ntool f(x: int) -> int = exec("f")\npipeline p {\n${lines(length, (i) => `  stage s${i} = f(x: ${i === 0 ? "1" : `s${i - 1}`})`)}\n}\n`,
  "stages, each of the one after": (length) =>
    `gang 1\ntool f(x: int) -> int = exec("f")\npipeline p {\n${lines(length, (i) => `  stage s${i} = f(x: ${i + 1 < length ? `s${i + 1}` : "1"})`)}\n}\n`,
  "lets, each of the one before": (length) =>
    `gang 1\npipeline p {\n${lines(length, (i) => `  let a${i} = ${i === 0 ? "1" : `a${i - 1} + 1`}`)}\n}\n`,
  "unknown names": (length) => `gang 1\n${lines(length, (i) => `type T${i} = { a: Unknown${i} }`)}`,
};

function lines(length: number, line: (i: number) => string): string {
  return Array.from({ length }, (_, i) => line(i)).join("\n");
}

/** The least of several times, in ms: what the machine did besides only ever adds. */
function timeOf(run: () => unknown, turns: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Twice the size takes about twice the time; four times would be quadratic. Between the two, with room for a busy machine. */
const MOST_RATIO = 3;

/** Again and again while it is too much: noise goes, growth stays. */
function ratioOf(small: () => unknown, large: () => unknown): number {
  let ratio = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4 && ratio > MOST_RATIO; attempt++) {
    ratio = Math.min(ratio, timeOf(large, 2 + attempt) / timeOf(small, 2 + attempt));
  }
  return ratio;
}

describe("a chain of 10,000 is checked in time that grows with its length", () => {
  test.each(Object.entries(CHAINS))("%s", (what, chain) => {
    const [small, large] = [chain(5_000), chain(10_000)];
    if (what !== "unknown names") expect(errorsOf(large)).toEqual([]);
    expect(
      ratioOf(
        () => check(small),
        () => check(large),
      ),
    ).toBeLessThan(MOST_RATIO);
  });

  test("files, each importing the one before", () => {
    const filesOf = (length: number): ReadonlyMap<string, string> =>
      new Map(
        Array.from({ length }, (_, i) => [
          `/samples/scale-${length}/f${i}.gang`,
          i === 0
            ? "gang 1\ntype T0 = int\n"
            : `gang 1\nimport { T${i - 1} } from "./f${i - 1}.gang"\ntype T${i} = { a: T${i - 1} }\n`,
        ]),
      );
    const runs = [500, 1000].map((length) => {
      const files = filesOf(length);
      const path = `/samples/scale-${length}/main.gang`;
      const text = `gang 1\nimport { T${length - 1} } from "./f${length - 1}.gang"\ntype Last = { a: T${length - 1} }\n`;
      return { run: () => check(text, files, path), errors: errorsOf(text, files, path) };
    });
    expect(runs.flatMap(({ errors }) => errors)).toEqual([]);
    expect(ratioOf(runs[0]!.run, runs[1]!.run)).toBeLessThan(MOST_RATIO);
  });
});
