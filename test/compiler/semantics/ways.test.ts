/** A page of Gang for a way to mine: the checker finds no error in it, and the printer nothing to move. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSystemHost } from "../../../cli/host.ts";
import { compile, lower } from "../../../compiler/index.ts";
import { format } from "../../../compiler/syntax/print.ts";

const WAYS = join(import.meta.dirname, "../../fixtures/ways");

test.each(readdirSync(WAYS).filter((name) => name.endsWith(".gang")))("%s", (name) => {
  const program = compile(join(WAYS, name), fileSystemHost(WAYS));
  const errors = program.diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map(({ message }) => message)).toEqual([]);
  expect(Object.keys(lower(program).pipelines)).toHaveLength(1);
  expect(format(program.files[0]!)).toBe(program.files[0]!.text);
});
