/** `gangc run` on a disk that fills up or fails: a clear error, exit code 3, and everything acknowledged is there. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { disk } from "../../runtime/trail/disk.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import { REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

const PROGRAM = `gang 1

import { measure } from "./tools.ts"

subnet toy { metric loss: float { goal: minimize } }
type Choice = { x: float in 0.0..1.0 }
model sampler = embedded()
agent chooser() -> Choice { model: sampler, prompt: "choose" }

pipeline search for toy {
  stage choice = chooser()
  stage result = measure(x: choice.x)
  observe loss = result.loss
  learn choice from loss
}
`;
/** In the third cycle it leaves nothing free beside the store. */
const TOOLS = `import { appendFileSync } from "node:fs";
let calls = 0;
export function measure({ x }: { readonly x: number }): { readonly loss: number } {
  calls += 1;
  const filler = process.env.TOY_FILLER;
  if (filler !== undefined && calls === 3) {
    for (let size = 2 ** 20; size >= 1; size >>= 1) {
      try { for (;;) appendFileSync(filler, Buffer.alloc(size)); } catch {}
    }
  }
  return { loss: (x - 0.7) ** 2 };
}
`;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "gang-full-"));
  writeFileSync(join(cwd, "main.gang"), PROGRAM);
  writeFileSync(join(cwd, "tools.ts"), TOOLS);
  writeFileSync(join(cwd, "package.json"), '{"type":"module"}');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(cwd, { recursive: true, force: true });
});

async function expectWhole(store: string, least: number): Promise<void> {
  const { records, problems } = await readTrail(store).since({});
  expect(problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
  expect(records.length).toBeGreaterThanOrEqual(least);
}

test.each([
  ["fdatasync fails with EIO", "sync", "EIO", /the disk reports an input\/output error/],
  ["the disk is full", "write", "ENOSPC", /the disk is full/],
] as const)("%s, from any call on", async (_, call, code, said) => {
  const real = disk[call] as (...args: never[]) => unknown;
  // The first two are of the header: then there is no store yet.
  for (const from of [1, 2, 3, 5, 8, 13]) {
    let calls = 0;
    let lines = 0;
    vi.spyOn(disk, call).mockImplementation(((...args: never[]) => {
      calls += 1;
      if (calls >= from) {
        const error = Object.assign(new Error(`${code}: injected`), { code });
        if (call === "sync") return Promise.reject(error);
        throw error;
      }
      if (call === "write") lines += String(args[1]).split("\n").length - 1;
      return real(...args);
    }) as never);
    const store = `.gang-${from}`;
    const { exit, talk } = await gangc(["run", "--cycles", "4", "--store", store], { cwd });
    expect({ exit, talk }).toEqual({ exit: 3, talk: expect.stringMatching(said) });
    expect(talk).not.toMatch(/\n\s+at /);
    vi.restoreAllMocks();
    // Of the lines that were taken one is the header.
    await expectWhole(join(cwd, store), call === "write" ? Math.max(0, lines - 1) : 0);
  }
});

const small = mkdtempSync(join(tmpdir(), "gang-small-disk-"));
const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=70m", "tmpfs", small]).status === 0;
afterAll(() => {
  if (isMounted) spawnSync("umount", [small]);
  rmSync(small, { recursive: true, force: true });
});

test.skipIf(!isMounted)("a real disk that fills up during a run", async () => {
  const store = join(small, ".gang");
  const args = [join(REPOSITORY, "cli/gangc.cjs"), "run", "--cycles", "50", "--ui", "json", "--store", store];
  const env = { ...process.env, TOY_FILLER: join(small, "filler") };
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/the disk is full|MB are free/) });
  // Two cycles went through.
  const { records } = await readTrail(store).since({});
  expect(records.filter(({ kind }) => kind === "run.ended").length).toBeGreaterThanOrEqual(2);
  await expectWhole(store, 20);
});
