import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gangc } from "./terminal.ts";

const SOURCE = `gang 1
tool score(x: int) -> float = exec("score") { timeout: 1m }
subnet s { metric m: float { goal: minimize } }
pipeline p for s {
  stage b = score(x: 1)
  observe m = b
  learn b from m
}
`;

let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "gang-diff-"));
  writeFileSync(join(cwd, "package.json"), "{}");
  writeFileSync(join(cwd, "main.gang"), SOURCE);
  writeFileSync(join(cwd, "next.gang"), SOURCE.replace("x: 1)", "x: 2)"));
  writeFileSync(join(cwd, "broken.gang"), SOURCE.replace("score(x: 1)", "scor(x: 1)"));
  await gangc(["build", "main.gang", "--emit", "json"], { cwd });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test("the same is 0, with the hash; a plan that was built counts as its program", async () => {
  const { exit, out } = await gangc(["diff", "out/plan.json", "main.gang"], { cwd });
  const { hash } = JSON.parse(readFileSync(join(cwd, "out/plan.json"), "utf8"));
  expect({ exit, out }).toEqual({ exit: 0, out: `the same plan, ${hash.slice(0, 12)}\n` });
});

test("a difference is 1, both values and the place told", async () => {
  const { exit, out } = await gangc(["diff", "main.gang", "next.gang"], { cwd });
  expect(exit).toBe(1);
  expect(out).toMatch(
    /^old {2}[0-9a-f]{12} {2}main\.gang\nnew {2}[0-9a-f]{12} {2}next\.gang\n\n~ stage p\.b {2}next\.gang:5:9\n {4}calls: score\(x: 1\) → score\(x: 2\)\n$/,
  );
});

test("as JSON, for scripts", async () => {
  const { exit, out } = await gangc(["diff", "main.gang", "next.gang", "--format", "json"], { cwd });
  expect(exit).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    same: false,
    old: { path: "main.gang" },
    changes: [{ kind: "changed", what: "stage p.b", at: { file: "next.gang", line: 5, column: 9 } }],
  });
});

test.each([
  ["a program with errors", "broken.gang", "has errors"],
  ["a file that is not there", "gone.json", "cannot be read"],
  ["a file that is no plan", "package.json", "This is not a plan"],
])("%s is 2", async (_, path, why) => {
  const { exit, talk } = await gangc(["diff", "main.gang", path], { cwd });
  expect(exit).toBe(2);
  expect(talk).toContain(why);
});
