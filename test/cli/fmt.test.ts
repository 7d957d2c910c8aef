/** gangc fmt: what it changes, what it leaves alone, and what it says. */
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { gangc } from "./terminal.ts";

const MESSY = "gang 1\n\n\n\nrecall winners {\n    top:10\n}\n";
const NEAT = "gang 1\n\nrecall winners {\n  top: 10\n}\n";
const BROKEN = "recall winners {\n  top: 10\n\nsecret key\n";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-fmt-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const fmt = (...args: string[]) => gangc(["fmt", ...args], { cwd: folder });

test("writes what is not in the layout, and names it", async () => {
  const [messy, neat] = [put("a.gang", MESSY), put("b.gang", NEAT)];
  const before = statSync(neat).mtimeMs;
  expect(await fmt()).toEqual({ exit: EXIT.fine, out: "a.gang\n", talk: "1 of 2 files formatted\n" });
  expect(readFileSync(messy, "utf8")).toBe(NEAT);
  expect(statSync(neat).mtimeMs).toBe(before);
});

test("keeps a file's mode, and a link a link", async () => {
  const file = put("a.gang", MESSY);
  chmodSync(file, 0o640);
  symlinkSync("a.gang", join(folder, "link"));
  await fmt("link");
  expect(readFileSync(file, "utf8")).toBe(NEAT);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
});

test("--check changes nothing, and fails", async () => {
  const file = put("a.gang", MESSY);
  expect(await fmt("--check")).toEqual({ exit: EXIT.problems, out: "a.gang\n", talk: "1 of 1 file not formatted\n" });
  expect(readFileSync(file, "utf8")).toBe(MESSY);
  await fmt();
  expect((await fmt("--check")).exit).toBe(EXIT.fine);
});

describe("what cannot be read as Gang stays as it is", () => {
  test("a file with errors; the others are formatted", async () => {
    const [broken, messy] = [put("a.gang", BROKEN), put("b.gang", MESSY)];
    const { exit, out, talk } = await fmt();
    expect([exit, out]).toEqual([EXIT.problems, "b.gang\n"]);
    expect(talk).toContain("error GANG1001");
    expect(talk).toContain("a.gang:");
    expect([readFileSync(broken, "utf8"), readFileSync(messy, "utf8")]).toEqual([BROKEN, NEAT]);
  });

  test("a binary file, a large one", async () => {
    put("a.gang", new Uint8Array([1, 0, 2]));
    put("b.gang", "/".repeat(5 * 2 ** 20));
    const { exit, talk } = await fmt();
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("a.gang is no text");
    expect(talk).toContain("b.gang is larger than 4 MB");
  });
});

describe("--stdin", () => {
  const stdin = (text: string | Uint8Array, ...args: string[]) =>
    gangc(["fmt", "--stdin", ...args], { cwd: folder, stdin: text });

  test("goes to stdout", async () => {
    expect(await stdin(MESSY)).toEqual({ exit: EXIT.fine, out: NEAT, talk: "" });
  });

  test("with errors gives nothing but the errors", async () => {
    const { exit, out, talk } = await stdin(BROKEN);
    expect([exit, out]).toEqual([EXIT.problems, ""]);
    expect(talk).toContain("stdin.gang:");
  });

  test("with --check only says so", async () => {
    expect(await stdin(MESSY, "--check")).toEqual({ exit: EXIT.problems, out: "", talk: "" });
    expect((await stdin(NEAT, "--check")).exit).toBe(EXIT.fine);
  });

  test("takes no files, and no bytes that are no text", async () => {
    expect((await stdin(MESSY, "a.gang")).exit).toBe(EXIT.usage);
    expect((await stdin(new Uint8Array([0xff, 0xfe]))).talk).toContain("stdin is no text");
  });
});
