/** gangc check --fix: what is mended, what is left, and that no file is made worse. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixFiles } from "../../../cli/check/fix.ts";
import { EXIT } from "../../../cli/exit-codes.ts";
import { fileSystemHost } from "../../../cli/host.ts";
import { gangc } from "../terminal.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-fix-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const text = (name: string): string => readFileSync(join(folder, name), "utf8");
const fix = (...args: string[]) => gangc(["check", "--fix", ...args], { cwd: folder });

test("five slips of a first day are mended in one go, and each is told", async () => {
  put(
    "a.gang",
    `gang 1

type Customer = {
  name: sting
  city: string

type Order = { by: Custmer, count: int = 5 }
type Last = { order: Ordr }
`,
  );
  const { exit, talk } = await fix();
  expect(text("a.gang")).toBe(`gang 1

type Customer = {
  name: string
  city: string
}

type Order = { by: Customer, count: int = 5 }
type Last = { order: Order }
`);
  expect(talk).toContain("a.gang:4: Replace with `string`\n");
  expect(talk).toContain("no problems in 1 file\n");
  expect(exit).toBe(EXIT.fine);
});

test("the layout, the comments and all else stay as they are", async () => {
  const before = "gang 1\ntype   A={x:flaot}   // untidy, and so it stays\n";
  put("a.gang", before);
  await fix();
  expect(text("a.gang")).toBe(before.replace("flaot", "float"));
});

test("a file of Windows keeps its line ends and its mark", async () => {
  put("a.gang", "\uFEFFtype A = { x: flaot }\r\n");
  await fix();
  expect(text("a.gang")).toBe("\uFEFFgang 1\r\n\r\ntype A = { x: float }\r\n");
});

test("where there is a choice, nobody chooses", async () => {
  const before = `gang 1
tool f(a: int, b: int) -> int = exec("./f")
pipeline p { stage x = f(1, 2) }
`;
  put("a.gang", before);
  const { exit, talk } = await fix();
  expect(text("a.gang")).toBe(before);
  expect(exit).toBe(EXIT.problems);
  expect(talk).not.toContain("a.gang:");
});

test("what is left is shown, and only the files that were named are touched", async () => {
  put("a.gang", 'gang 1\nimport { B } from "./b.gang"\ntype A = { x: flaot, y: B, z: Nothing }\n');
  put("b.gang", "gang 1\ntype B = { x: flaot }\n");
  const { exit, out } = await fix("a.gang");
  expect(text("a.gang")).toContain("x: float, y: B, z: Nothing");
  expect(text("b.gang")).toContain("flaot");
  expect(out).toContain("There is no type named `Nothing`.");
  expect(exit).toBe(EXIT.problems);
});

test("a file without problems is not written", async () => {
  put("a.gang", "gang 1\ntype A = { x: float }\n");
  const { talk } = await fix();
  expect(talk).toBe("no problems in 1 file\n");
  expect(readdirSync(folder)).toEqual(["a.gang"]);
});

test("a file that someone else changes meanwhile is left to them", () => {
  put("a.gang", "gang 1\ntype A = { x: flaot }\n");
  const host = fileSystemHost(folder);
  const stale = { ...host, read: () => ({ ok: true as const, text: "gang 1\ntype A = { y: flaot }\n" }) };
  const [result] = fixFiles([join(folder, "a.gang")], stale);
  expect(result).toMatchObject({ mends: [], refused: "it was changed by someone else meanwhile" });
  expect(text("a.gang")).toContain("x: flaot");
});

const USES = `type B = { a: A = A { x: "one" } }
type C = { a: A = A { x: "two" } }
`;

test("a file in which a mend would bring more errors than it takes is left alone, and that is said", async () => {
  const before = `gang 1\ntype A = { x: flaot }\n${USES}`;
  put("a.gang", before);
  const { exit, talk } = await fix();
  expect(text("a.gang")).toBe(before);
  expect(talk).toContain("a.gang is left as it is: its mends together would bring new errors.\n");
  expect(exit).toBe(EXIT.problems);
});

test("so is one whose mend would bring them to a file that imports it", async () => {
  put("lib.gang", "gang 1\ntype A = { x: flaot }\n");
  put("main.gang", `gang 1\nimport { A } from "./lib.gang"\n${USES}`);
  const { talk } = await fix();
  expect(text("lib.gang")).toContain("flaot");
  expect(talk).toContain("lib.gang is left as it is: mending it brings errors to files that import it.\n");
});
