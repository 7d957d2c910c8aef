import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveStore } from "../../../runtime/trail/store.ts";
import { TrailError } from "../../../runtime/trail/trail.ts";
import { readAll, temporaryFolder } from "./store.ts";

function tree(...files: readonly string[]): string {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  return root;
}

test.each(["gang.yaml", "package.json"])("the store lies in the nearest folder with a %s", (name) => {
  const root = tree(name, "inner/deep/x.gang");
  expect(resolveStore(join(root, "inner", "deep"))).toBe(join(root, ".gang"));
  writeFileSync(join(root, "inner", name), "");
  expect(resolveStore(join(root, "inner", "deep"))).toBe(join(root, "inner", ".gang"));
});

test("without either, it lies in the folder itself", () => {
  const root = tree("inner/x.gang");
  expect(resolveStore(join(root, "inner"))).toBe(join(root, "inner", ".gang"));
});

test("an explicit one is taken as it is, from where the user stands", () => {
  const root = tree("gang.yaml");
  expect(resolveStore(root, "elsewhere")).toBe(join(root, "elsewhere"));
  expect(resolveStore(root, "/absolute")).toBe("/absolute");
});

test("a file in its place is said", () => {
  const root = tree("gang.yaml", "file");
  expect(() => resolveStore(root, "file")).toThrow(TrailError);
  expect(() => resolveStore(root, "file/inside")).toThrow(TrailError);
});

test("a store that does not exist reads as empty, and is not made by reading", async () => {
  const store = resolveStore(tree("gang.yaml"));
  expect(await readAll(store)).toMatchObject({ records: [], problems: [] });
  expect(existsSync(store)).toBe(false);
});
