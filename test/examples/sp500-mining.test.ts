/** The example as a newcomer runs it: the built `gangc`, a process of its own, and whether it learns. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compare } from "../../examples/sp500/compare.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUNDLE = join(ROOT, "dist/gangc.js");

/** `npm ci` has built it; after a change of the sources it is built again. */
function built(): boolean {
  if (!existsSync(BUNDLE)) return false;
  const time = statSync(BUNDLE).mtimeMs;
  return globSync("{grammar,compiler,runtime,stdlib,lsp,cli}/**/*.{ts,tsx}", { cwd: ROOT }).every(
    (file) => statSync(join(ROOT, file)).mtimeMs <= time,
  );
}

let store: string;
beforeAll(() => {
  store = mkdtempSync(join(tmpdir(), "sp500-"));
  if (!built()) execFileSync(process.execPath, ["cli/build.ts"], { cwd: ROOT });
}, 120_000);
afterAll(() => rmSync(store, { recursive: true, force: true }));

function run(cycles: number) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["cli/gangc.cjs", "run", "examples/sp500", "--cycles", String(cycles), "--store", store],
    { cwd: ROOT, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

describe("gangc run examples/sp500", () => {
  test("shows its progress, and ends by saying what it learned", () => {
    const { status, stderr } = run(8);
    expect(status).toBe(0);
    const lines = stderr.split("\n").filter((line) => /^\d\/8 /.test(line));
    expect(lines).toHaveLength(8);
    expect(lines[0]).toContain("family gaussian · halflife 60 · scale 1");
    expect(stderr).toContain("What research.choice learned:\n  best    family");
    expect(stderr).toMatch(/first {3}ratio [\d.]+, the mean of the first 5: the best is [\d.]+ % better/);
    expect(stderr).toContain("8 observations, all since it began");
  }, 120_000);

  test("run again, starts from what it knows: the default is not tried again", () => {
    const { status, stderr } = run(3);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^research\.choice starts from 8 observations; the best so far: ratio [\d.]+, family /m);
    expect(stderr.split("\n").filter((line) => /^\d\/3 /.test(line))).toHaveLength(3);
    expect(stderr).not.toMatch(/^\d\/3 .*family gaussian · halflife 60 · scale 1$/m);
    expect(stderr).toContain("11 observations, 8 of them from before this run");
  }, 120_000);
});

describe("Ctrl-C", () => {
  test.skipIf(process.platform === "win32")(
    "ends a run cleanly, and says how to go on",
    async () => {
      const child = spawn(process.execPath, ["cli/gangc.cjs", "run", "examples/sp500", "--forever", "--store", store], {
        cwd: ROOT,
      });
      let talk = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        // After the second cycle, once.
        if (!talk.includes("\n2  ") && `${talk}${text}`.includes("\n2  ")) child.kill("SIGINT");
        talk += text;
      });
      const [code] = (await once(child, "close")) as [number | null];
      expect(code).toBe(130);
      expect(talk).toContain("Interrupted after");
      expect(talk).toMatch(/gangc run examples\/sp500 --forever [^\n]*\s+goes on from what is known/);
    },
    120_000,
  );
});

describe("after thirty cycles", () => {
  test("the recommendation beats the first guesses on days that no cycle saw", () => {
    const comparisons = [1, 2, 3].map((seed) => compare(seed, 30));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(comparisons.map(({ recommended }) => recommended))).toBeLessThan(
      mean(comparisons.map(({ firstGuesses }) => firstGuesses)),
    );
    // And, with every seed, the default that it began with.
    for (const { recommended, firstGuess } of comparisons) expect(recommended).toBeLessThan(firstGuess);
  }, 120_000);
});
