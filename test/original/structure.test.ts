/** "Structure is declared": there, the router stood beside the road, and what was declared of it was not done. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gangc } from "../cli/terminal.ts";
import { project } from "./project.ts";

const WAIT = `export const wait = ({ seconds }: { seconds: number }): Promise<number> =>
  new Promise((done) => setTimeout(done, seconds * 1000, seconds));
`;

describe("routes", () => {
  const routed = (route: string, backend = "") =>
    project({
      "main.gang": `
import { wait } from "./tools.ts"
${backend}
route { wait -> ${route} }
pipeline work { stage one = wait(seconds: 0) }
`,
      "tools.ts": WAIT,
    });

  test("to a backend that nobody declared is an error of the program, with its place, and nothing runs", async () => {
    const { folder, run } = routed("gpus");
    const { exit, talk } = await run();
    expect([exit, talk]).toEqual([1, expect.stringMatching(/gpus[\s\S]*main\.gang:5/)]);
    expect(existsSync(join(folder, ".gang/trail"))).toBe(false);
    expect((await gangc(["check"], { cwd: folder })).exit).toBe(1);
  });

  test("to a backend that this machine does not have is refused before anything runs, not run here instead", async () => {
    const { folder, run } = routed("gpus", 'backend gpus = slurm(partition: "gpu")');
    const { exit, talk } = await run();
    expect([exit, talk]).toEqual([1, expect.stringContaining("gpus")]);
    expect(existsSync(join(folder, ".gang/trail"))).toBe(false);
  });
});

describe("stages that do not wait for each other", () => {
  test("run side by side; each has a time of its own, and one that passes it ends alone", async () => {
    const { run, ask } = project({
      "main.gang": `
import { wait } from "./tools.ts"
pipeline work {
  stage a = wait(seconds: 0.5)
  stage b = wait(seconds: 0.5)
  stage c = wait(seconds: 60) or none { timeout: 200ms }
  stage d = wait(seconds: a + b + (c ?? 0.0) - 1.0)
}
`,
      "tools.ts": WAIT,
    });
    expect((await run()).talk).toContain("Done: 1 cycle");
    expect(await ask("select stage, status from stages order by stage")).toEqual([
      ["work.a", "ok"],
      ["work.b", "ok"],
      ["work.c", "none"],
      ["work.d", "ok"],
    ]);
    expect(await ask("select class, error from attempts where not ok")).toEqual([
      ["timeout", "it took longer than 0.2 s"],
    ]);
    // All three had begun before one had ended.
    expect(
      await ask("select max(started) < min(ended) from attempts where stage in ('work.a', 'work.b', 'work.c')"),
    ).toEqual([[true]]);
  });
});

describe("trying again", () => {
  test("waits, longer each time, and only after what was named", async () => {
    const { run, ask } = project({
      "main.gang": `
import { fails, wait } from "./tools.ts"
retry patient { ladder: [self x 4], backoff: 100ms..10s }
retry choosy  { ladder: [self x 4], on: [timeout] }
pipeline work {
  stage often = fails() or none { retry: patient }
  stage once  = fails() or none { retry: choosy }
  stage late  = wait(seconds: 60) or none { retry: choosy, timeout: 50ms }
  stage end   = wait(seconds: (often ?? 0.0) + (once ?? 0.0) + (late ?? 0.0))
}
`,
      "tools.ts": `${WAIT}export const fails = (): number => { throw new Error("no"); };\n`,
    });
    expect((await run()).exit).toBe(0);
    expect(
      await ask("select stage, count(*) from attempts where stage != 'work.end' group by stage order by stage"),
    ).toEqual([
      ["work.late", 4],
      ["work.often", 4],
      ["work.once", 1],
    ]);
    // Doubled each time, from which jitter takes up to half.
    const waits = await ask(`select pause >= 0.05 * 2 ** (number - 2) from (
      select number, epoch(started) - lag(epoch(ended)) over (order by number) as pause from attempts where stage = 'work.often'
    ) where number > 1 order by number`);
    expect(waits).toEqual([[true], [true], [true]]);
  });

  test("knows this stage's own attempts in this run, and no other's", async () => {
    // There, one detector of stalls served three stages and all runs: half of all attempts were flagged.
    const { run, ask } = project({
      "main.gang": `
import { refuse } from "./tools.ts"
subnet toy { metric loss: float { goal: minimize } }
type Choice = { x: float in 0.0..1.0 }
model sampler = embedded()
agent chooser() -> Choice { model: sampler
  prompt: "Choose x." }
retry thrice { ladder: [self x 3], stall: diverge }
pipeline work for toy {
  stage a = chooser() or none { retry: thrice, expect: refuse(x: it.x) > 0.0 }
  stage b = chooser() or none { retry: thrice, expect: refuse(x: it.x) > 0.0 }
  stage c = chooser() or none { retry: thrice, expect: refuse(x: it.x) > 0.0 }
  stage end = refuse(x: (a.x ?? 0.0) + (b.x ?? 0.0) + (c.x ?? 0.0))
}
`,
      "tools.ts": "export const refuse = ({ x: _ }: { x: number }): number => 0;\n",
    });
    expect((await run("--cycles", "4")).exit).toBe(0);
    // In each of twelve stages: the first goes without a note, and the notes of the others are about an answer of its own.
    expect(
      await ask("select number, count(*), count(note) from attempts where callee = 'chooser' group by 1 order by 1"),
    ).toEqual([
      [1, 12, 0],
      [2, 12, 12],
      [3, 12, 12],
    ]);
    expect(await ask("select count(*) from attempts where note like '%clearly different%'")).toEqual([[0]]);
  });
});

test("what passes the check can be run: each stage of a program that could not is told before", async () => {
  const { folder, run } = project({
    "main.gang": `
type Choice = { x: float in 0.0..1.0 }
agent chooser() -> Choice { prompt: "Choose x." }
pipeline work { stage a = chooser()
  stage b = missing(x: a.x) }
`,
  });
  const checked = await gangc(["check"], { cwd: folder });
  expect([checked.exit, checked.out + checked.talk]).toEqual([1, expect.stringContaining("missing")]);
  expect((await run()).exit).toBe(1);
});
