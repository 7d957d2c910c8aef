/** gangc check: what it says of files of every kind, and how it ends. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { gangc } from "./terminal.ts";

const WARNED = "gang 1\n\n// gang-ignore GANG3001: nothing there\ntype Model = { scale: float }\n";
const GOOD = "gang 1\n\ntype Model = { scale: float }\n";
const WRONG = "gang 1\n\ntype Model = { scale: flaot }\n";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-check-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const check = (...args: string[]) => gangc(["check", ...args], { cwd: folder });

test("of a sound file says that there is nothing to say", async () => {
  put("a.gang", GOOD);
  const { exit, out, talk } = await check();
  expect(exit).toBe(EXIT.fine);
  expect(out).not.toContain("error");
  expect(talk).toMatch(/ in 1 file\n$/);
});

test("tells no more than the first 500 problems of a file, and says so", async () => {
  put("a.gang", `gang 1\ntype Model = { ${Array.from({ length: 600 }, (_, i) => `f${i}: flaot`).join(", ")} }\n`);
  const { exit, out, talk } = await check();
  expect(exit).toBe(EXIT.problems);
  expect(out.match(/^error /gm)).toHaveLength(500);
  expect(out).toMatch(/\n\nand 100 more\n\n$/);
  expect(talk).toBe("600 errors in 1 file, 500 shown\n");

  const json = JSON.parse((await check("--format", "json")).out);
  expect(json.diagnostics).toHaveLength(500);
  expect(json.summary).toEqual({ errors: 600, warnings: 0, hints: 0, files: 1, leftOut: 100 });
  const [run] = JSON.parse((await check("--format", "sarif")).out).runs;
  expect(run.results).toHaveLength(500);
  expect(run.invocations[0].toolExecutionNotifications[0].message.text).toBe("600 errors in 1 file, 500 shown.");
  const github = (await check("--format", "github")).out.trimEnd().split("\n");
  expect([github.length, github.at(-1)]).toEqual([501, "::warning title=gangc::600 errors in 1 file, 500 shown"]);
  const junit = (await check("--format", "junit")).out;
  expect(junit.match(/<failure /g)).toHaveLength(500);
  expect(junit).toContain("<system-out>600 errors in 1 file, 500 shown</system-out>");
});

test("mends those that are not shown, too", async () => {
  put("a.gang", `gang 1\ntype Model = { ${Array.from({ length: 600 }, (_, i) => `f${i}: flaot`).join(", ")} }\n`);
  const { exit, talk } = await check("--fix");
  expect(exit).toBe(EXIT.fine);
  expect(talk.match(/Replace with `float`/g)).toHaveLength(600);
});

test("shows each problem at its place, with a mend, and fails", async () => {
  put("a.gang", WRONG);
  const { exit, out, talk } = await check("a.gang");
  expect(exit).toBe(EXIT.problems);
  expect(out).toMatchInlineSnapshot(`
    "error GANG2002: There is no type named \`flaot\`.
     --> a.gang:3:23
      |
    3 | type Model = { scale: flaot }
      |                       ^^^^^
      |
      = help: Did you mean \`float\`?
      = mend: Replace with \`float\`

    "
  `);
  expect(talk).toContain("1 error");
});

test("the four slips of a first day: each named, each at its place, each with a mend", async () => {
  put(
    "a.gang",
    `gang 1
subnet s { metric loss: float { goal: minimize } }
type Model = { scale: flaot in 0.5..2.0 }
model sampler = embedded()
agent choose(hint: string) -> Model { model: sampler, prompt: "Choose \${hint}" }
tool measure(model: Model, size: int) -> float = exec("./m") { timeout: 30GB }
recall few {
  top: 3
pipeline p for s {
  stage plan = choose(hint: "x") { recall: few }
  stage loss = measure(model: plan)
  observe loss = loss
  learn plan from loss
}
`,
  );
  const { exit, out } = await check("--format", "json", "a.gang");
  expect(exit).toBe(EXIT.problems);
  const { diagnostics } = JSON.parse(out) as {
    diagnostics: { severity: string; range: { start: { line: number } }; help: string | null; fixes: object[] }[];
  };
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map(({ range }) => range.start.line + 1).sort((a, b) => a - b)).toEqual([3, 6, 8, 11]);
  for (const { help, fixes } of errors) expect(help !== null || fixes.length > 0).toBe(true);
});

test("goes over a folder, and counts each problem once, though another file imports it", async () => {
  put("shared.gang", WRONG);
  put("main.gang", 'gang 1\n\nimport { Model } from "./shared.gang"\ntool f(m: Model) -> bool = exec("f")\n');
  const { exit, out, talk } = await check();
  expect(exit).toBe(EXIT.problems);
  expect(out.match(/flaot/g)?.length).toBe((await check("shared.gang")).out.match(/flaot/g)?.length);
  expect(talk).toMatch(/^1 error.* in 2 files\n$/);
});

describe("files that are no programs", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ["binary", new Uint8Array([0, 1, 2, 255]), /binary|text|UTF-8/],
    ["of 10 MB", "/".repeat(10 * 2 ** 20), /4 MB/],
    ["in UTF-16", Buffer.from("\uFEFFgang 1", "utf16le"), /binary|text|UTF-8/],
  ])("%s: an error that says so", async (_, content, said) => {
    put("a.gang", content);
    const { exit, out, talk } = await check("a.gang");
    expect(exit).toBe(EXIT.problems);
    expect(out + talk).toMatch(said);
    expect(out + talk).not.toMatch(/ at .*\.ts:/);
  });

  test("empty: nothing is wrong, and it is said that there is nothing", async () => {
    put("a.gang", "\n");
    const { exit, talk } = await check("a.gang");
    expect(exit).toBe(EXIT.fine);
    expect(talk).toContain("a.gang is empty: it declares nothing.");
  });

  test.each<[string, string | Uint8Array]>([
    ["binary", new Uint8Array([0, 1])],
    ["too large", " ".repeat(5 * 2 ** 20)],
  ])("%s: it is not said to be empty", async (_, content) => {
    put("a.gang", content);
    const { exit, talk } = await check("a.gang");
    expect([exit, talk]).toEqual([EXIT.problems, "1 error in 1 file\n"]);
  });

  test("a link that leads in a circle: cannot be read, and the others are checked", async () => {
    put("a.gang", GOOD);
    symlinkSync("loop.gang", join(folder, "loop.gang"));
    const { exit, out, talk } = await check();
    expect(out).toMatch(/GANG8002.*loop\.gang/);
    expect([exit, talk]).toEqual([EXIT.problems, "1 error in 2 files\n"]);
  });

  test("missing, or a folder without any: a usage error", async () => {
    const gone = await check("gone.gang");
    expect([gone.exit, gone.talk]).toEqual([EXIT.usage, "gangc: there is no gone.gang.\n"]);
    mkdirSync(join(folder, "empty"));
    const empty = await check("empty");
    expect([empty.exit, empty.talk]).toEqual([EXIT.usage, "gangc: there is no .gang file under empty.\n"]);
  });

  test("an import that leaves the project is refused", async () => {
    put("p/package.json", "{}");
    put("outside.ts", "export function f(o: { x: number }): number { return o.x }");
    put("p/a.gang", 'gang 1\n\nimport { f } from "../outside.ts"\n');
    const { exit, out } = await check("p/a.gang");
    expect(exit).toBe(EXIT.problems);
    expect(out).toContain("outside");
  });
});

test("--deny-warnings fails where there are warnings, and only there", async () => {
  put("a.gang", WARNED);
  expect((await check()).talk).toMatch(/^1 warning/);
  expect((await check()).exit).toBe(EXIT.fine);
  expect((await check("--deny-warnings")).exit).toBe(EXIT.problems);
  put("a.gang", GOOD);
  expect((await check("--deny-warnings")).exit).toBe(EXIT.fine);
});

test.each(["json", "sarif", "github", "junit"])("--format %s: nothing but the format on stdout", async (format) => {
  put("a.gang", WRONG);
  const { exit, out, talk } = await check("--format", format);
  expect([exit, talk]).toEqual([EXIT.problems, ""]);
  if (format === "json" || format === "sarif") expect(() => JSON.parse(out)).not.toThrow();
  expect(out).toContain("a.gang");
});
