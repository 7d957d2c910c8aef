/** A tool is another one when what it is made of is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Tool } from "../../../runtime/plan.ts";
import { identityOf } from "../../../runtime/tools/identity.ts";

const folder = mkdtempSync(join(tmpdir(), "gang-identity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

type Files = { readonly [path: string]: string };

/** A project with these files; `of` is asked in a project of its own each time, since a process loads a module once. */
async function identity(from: Tool["from"], files: Files): Promise<string> {
  const root = join(folder, String(++number));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return JSON.stringify(await identityOf({ from }, root));
}

const module: Tool["from"] = { kind: "typescript", file: "tools/x.ts", export: "x", nulls: [] };
const command = (...words: string[]): Tool["from"] => ({ kind: "exec", command: words });

const MODULE: Files = {
  "tools/x.ts":
    'import { y } from "./y.ts";\nimport { join } from "node:path";\nexport const x = () => y + join("a");\n',
  "tools/y.ts": 'export { z as y } from "../deep/z";\n',
  "deep/z.ts": "export const z = 1;\n",
  "deep/other.ts": "export const other = 1;\n",
  "package-lock.json": "{}",
};
const PYTHON: Files = {
  "job/train.py": "import lib.model\n",
  "job/lib/model.py": "depth = 3\n",
  "job/data.csv": "1\n",
  "elsewhere/other.py": "",
  "config.json": "{}",
};
const SCRIPT: Files = { "run.mjs": 'import "./lib.mjs";\n', "lib.mjs": "console.log(1);\n", "other.mjs": "" };

describe.each<[string, Tool["from"], Files, Files, { readonly [what: string]: Files }]>([
  [
    "a module",
    module,
    MODULE,
    { "deep/other.ts": "export const other = 2;\n", "package-lock.json": '{ "changed": true }' },
    {
      "its own text": { "tools/x.ts": MODULE["tools/x.ts"]!.replace('"a"', '"b"') },
      "what it imports, at any remove": { "deep/z.ts": "export const z = 2;\n" },
    },
  ],
  [
    "a module that imports a package",
    module,
    { ...MODULE, "tools/y.ts": 'import "some-package";\nexport const y = 1;\n' },
    { "deep/z.ts": "" },
    { "the versions of packages": { "package-lock.json": '{ "changed": true }' } },
  ],
  [
    "a program in Python",
    command("python3", "job/train.py", "--config", "config.json"),
    PYTHON,
    { "job/data.csv": "2\n", "elsewhere/other.py": "x = 1\n" },
    {
      "its own text": { "job/train.py": "import lib.model, os\n" },
      "what lies below it": { "job/lib/model.py": "depth = 4\n" },
      "a file that its command names": { "config.json": '{ "deep": true }' },
    },
  ],
  [
    "a program in JavaScript",
    command("node", "run.mjs"),
    SCRIPT,
    { "other.mjs": "console.log(2);\n" },
    { "what it imports": { "lib.mjs": "console.log(2);\n" } },
  ],
  [
    "an MCP server",
    { kind: "mcp", server: ["node", "run.mjs"], tool: "t" },
    SCRIPT,
    {},
    { "what it imports": { "lib.mjs": "console.log(2);\n" } },
  ],
])("%s", (_, from, files, unrelated, changes) => {
  test("is the same wherever it lies, and whatever else changes", async () => {
    expect(await identity(from, { ...files, ...unrelated })).toBe(await identity(from, files));
  });

  test.each(Object.entries(changes))("is another one with %s", async (_, change) => {
    expect(await identity(from, { ...files, ...change })).not.toBe(await identity(from, files));
  });
});

test("a program of the system is known by its place, length and time", async () => {
  const own = await identity(command("sh", "-c", "true"), {});
  expect(own).toMatch(/\/(da)?sh",\d+,/);
  expect(await identity(command("no-such-program"), {})).toBe("[null,[],[]]");
});

test("a module that does not parse is the file that it is", async () => {
  const broken = (text: string) => identity(module, { "tools/x.ts": text });
  expect(await broken("export function x( {")).not.toBe(await broken("export function x( {{"));
});
