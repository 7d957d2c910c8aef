/** gangc check --watch, as a process: it checks again when anything it read changes, and ends with Control-C. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../../cli/exit-codes.ts";
import { REPOSITORY } from "../project.ts";

const START = `import { main } from ${JSON.stringify(join(REPOSITORY, "cli/main.ts"))}; process.exitCode = await main(process.argv.slice(1));`;

let folder: string;
let child: ChildProcess;
let said: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-watch-")));
  put("package.json", "{}");
});
afterEach(() => {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

function watching(...args: string[]): void {
  said = "";
  child = spawn(process.execPath, ["--input-type=module", "-e", START, "check", "--watch", ...args], { cwd: folder });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (part: string) => {
      said += part;
    });
  }
}

/** Waits for `words`, and forgets what was said so far. */
async function says(words: string): Promise<string> {
  const started = performance.now();
  while (!said.includes(words)) {
    if (performance.now() - started > 20_000) throw new Error(`"${words}" was not said, but: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const all = said;
  said = "";
  return all;
}

test("checks again when a file, what it imports or the lock changes, and ends with 130", {
  timeout: 80_000,
}, async () => {
  put("main.gang", 'gang 1\nimport { f } from "./f.ts"\ntype A = { x: flaot }\n');
  put("f.ts", "export function f(): number { return 1; }\n");
  watching();
  const first = await says("1 error");
  // Nothing is cleared where nobody sees a screen.
  expect(first).not.toContain("\u001b");

  put("draft", 'gang 1\nimport { f } from "./f.ts"\ntools m = mcp("./m")\n');
  renameSync(join(folder, "draft"), join(folder, "main.gang"));
  expect(await says(" in 1 file")).toContain("GANG8018");

  put("gang.lock", "{");
  expect(await says(" in 1 file")).toContain("GANG8020");

  put("f.ts", "export function g(): number { return 1; }\n");
  expect(await says(" in 1 file")).toContain("GANG8005");

  put("other.gang", "gang 1\ntype B = flaot\n");
  expect(await says(" in 2 files")).toContain("other.gang:2");

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  expect(await ended).toBe(EXIT.interrupted);
});

test("a path that is not there is a usage error, not something to wait for", { timeout: 10_000 }, async () => {
  watching("nowhere");
  const ended = new Promise((resolve) => child.once("exit", resolve));
  expect(await ended).toBe(EXIT.usage);
});
