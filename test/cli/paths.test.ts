/** PATH arguments: what a file or a folder stands for. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gangFiles, programFile } from "../../cli/paths.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-paths-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text = ""): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe("the one program", () => {
  test("is the file itself", () => {
    const file = put("a.gang");
    expect(programFile(folder, "a.gang")).toBe(file);
  });

  test("is a folder's main.gang, whatever else lies there", () => {
    const main = put("main.gang");
    put("other.gang", "pipeline p {}");
    expect(programFile(folder)).toBe(main);
  });

  test("is a folder's only file with a pipeline", () => {
    put("types.gang", "type T = int // pipeline");
    const file = put("mine.gang", "gang 1\n\npipeline p {}");
    expect(programFile(dirname(folder), folder)).toBe(file);
  });

  test("is none where there are two, and both are named", () => {
    put("a.gang", "pipeline a {}");
    put("b.gang", "pipeline b {}");
    expect(() => programFile(folder)).toThrow(/several .gang files with a pipeline: a.gang, b.gang/);
  });

  test("is none where nothing fits, or nothing is there", () => {
    expect(() => programFile(folder)).toThrow(/neither main.gang nor/);
    expect(() => programFile(folder, "gone.gang")).toThrow("there is no gone.gang");
  });
});

describe("all files", () => {
  test("are those under a folder, but for hidden folders and packages", () => {
    const files = [put("b/c.gang"), put("main.gang")];
    put(".gang/x.gang");
    put("node_modules/p/x.gang");
    put("readme.md");
    mkdirSync(join(folder, "folder.gang"));
    expect(gangFiles(folder, [])).toEqual(files);
  });

  test("are each once, in the order asked for", () => {
    const [a, b] = [put("a.gang"), put("b.gang")];
    expect(gangFiles(folder, ["b.gang", ".", "a.gang"])).toEqual([b, a]);
  });

  test("are not looked for behind links that lead in a circle", () => {
    put("a/x.gang");
    symlinkSync(folder, join(folder, "a/loop"));
    expect(gangFiles(folder, [])).toHaveLength(1);
  });

  test("need not end in .gang when they are named", () => {
    const file = put("notes.txt");
    expect(gangFiles(folder, ["notes.txt"])).toEqual([file]);
  });

  test("must be there", () => {
    expect(() => gangFiles(folder, ["gone"])).toThrow("there is no gone");
    expect(() => gangFiles(folder, [])).toThrow("there is no .gang file under this folder.");
  });
});
