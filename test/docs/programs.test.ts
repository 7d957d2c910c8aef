/** Every program that the documentation shows is checked as users check theirs, and laid out as `gangc fmt` does. */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { Host } from "../../compiler/host.ts";
import { compile } from "../../compiler/index.ts";
import { parse } from "../../compiler/syntax/parse.ts";
import { format } from "../../compiler/syntax/print.ts";

const root = resolve(import.meta.dirname, "../..");
const pages = globSync(["README.md", "docs/**/*.md", "examples/*/README.md"], { cwd: root });

const programs = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```gang\n(.*?)^```$/gms)].map((match, index) => ({
    name: `${page}, program ${index + 1}`,
    text: match[1]!,
  })),
);

function inMemory(path: string, text: string): Host {
  return {
    read: (asked) => (asked === path ? { ok: true, text } : { ok: false, reason: "missing" }),
    projectOf: () => "/docs",
    realPath: (asked) => asked,
  };
}

test("the README shows one", () => {
  expect(programs.some(({ name }) => name.startsWith("README.md"))).toBe(true);
});

describe.each(programs)("$name", ({ text }) => {
  test("has no problems", () => {
    expect(compile("/docs/main.gang", inMemory("/docs/main.gang", text)).diagnostics).toEqual([]);
  });

  test("is laid out", () => {
    expect(format(parse("/docs/main.gang", text).file)).toBe(text);
  });
});
