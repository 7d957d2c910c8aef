/** `gangc run` in this process: what it refuses, and a small pipeline from its file to its last words. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { gangc } from "./terminal.ts";

const PROGRAM = `gang 1

import { measure } from "./tools.ts"

subnet toy {
  metric loss: float { goal: minimize }
}

type Choice = {
  x: float in 0.0..1.0 = 0.25
}

model sampler = embedded(explore: 0.2)

agent chooser(hint: string) -> Choice {
  model: sampler
  prompt: """
    Choose x. \${hint}
    """
}

pipeline search(hint: string = "none") for toy {
  stage choice = chooser(hint)
  stage result = measure(x: choice.x)
  observe loss = result.loss
  learn choice from loss
}

peer explorer for search { chooser.model: embedded(explore: 0.9) }
`;
const TOOLS = `export function measure({ x }: { readonly x: number }): { readonly loss: number } {
  if (process.env.TOY_FAILS) throw new Error("the scales are broken");
  return { loss: (x - 0.7) ** 2 };
}
`;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "gangc-run-"));
  writeFileSync(join(cwd, "package.json"), '{ "type": "module" }');
  writeFileSync(join(cwd, "main.gang"), PROGRAM);
  writeFileSync(join(cwd, "tools.ts"), TOOLS);
});
afterEach(() => {
  delete process.env.TOY_FAILS;
  rmSync(cwd, { recursive: true });
});

const run = (...args: string[]) => gangc(["run", ...args], { cwd });

interface Event {
  readonly time: string;
  readonly kind: string;
  readonly run?: string;
  readonly peer?: string;
  readonly [field: string]: unknown;
}
const events = (out: string): Event[] =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);

describe("a run", () => {
  test("shows each cycle, and says in the end what was learned and what to do next", async () => {
    const { exit, out, talk } = await run("--cycles", "8", "--seed", "1");
    expect(exit).toBe(EXIT.fine);
    expect(out).toBe("");
    expect(talk).toMatch(/^1\/8 .* loss 0\.2025 \(best 0\.2025\) {2}x 0\.25$/m);
    expect(talk).toContain("Done: 8 cycles");
    expect(talk).toContain("What search.choice learned:");
    expect(talk).toMatch(/first {3}loss .* the mean of the first 5: the best is .* better/);
    expect(talk).toContain("8 observations, all since it began");
    expect(talk).toContain("The store is .gang. Next:\n  gangc knowledge");
    expect(talk).toMatch(/gangc show [0-9a-f-]{36}/);
    expect(talk).toContain("gangc run --cycles 8");
  });

  test("starts from what an earlier one learned", async () => {
    await run("--cycles", "6");
    const { talk } = await run("--cycles", "2");
    expect(talk).toMatch(/^search\.choice starts from 6 observations; the best so far: loss \S+, x \S+$/m);
    expect(talk).toContain("8 observations, 6 of them from before this run");
    // The default has been tried.
    expect(talk).not.toMatch(/^1\/2 .*loss 0\.2025 /m);
  });

  test("tells a program each record, one a line, on stdout", async () => {
    const { out } = await run("--ui", "json", "--cycles", "2");
    const told = events(out);
    expect(told.filter(({ kind }) => kind === "run.started")).toHaveLength(2);
    expect(told.filter(({ kind }) => kind === "evidence" || kind === "score").length).toBeGreaterThanOrEqual(4);
    for (const { time, kind } of told) expect([new Date(time).toISOString(), typeof kind]).toEqual([time, "string"]);
  });

  test("makes the same choices with the same seed and the same store", async () => {
    const chosen = async (store: string) =>
      events((await run("--ui", "json", "--cycles", "4", "--seed", "7", "--store", store)).out)
        .filter(({ kind, stage }) => kind === "stage.ended" && stage === "search.choice")
        .map(({ output }) => output);
    expect(await chosen("a")).toEqual(await chosen("b"));
    expect(existsSync(join(cwd, ".gang"))).toBe(false);
  });

  test("runs several peers side by side, each under its own name", async () => {
    const { out, exit } = await run("--ui", "json", "--cycles", "2", "--peer", "explorer*2,plain");
    expect(exit).toBe(EXIT.fine);
    const started = events(out).filter(({ kind }) => kind === "run.started");
    expect(started.map(({ peer }) => peer).sort()).toEqual([
      "explorer-1",
      "explorer-1",
      "explorer-2",
      "explorer-2",
      "plain",
      "plain",
    ]);
    const plans = new Set(started.map(({ peer, plan }) => `${String(peer).slice(0, 8)} ${plan}`));
    expect(plans.size).toBe(2);
  });

  test("takes its peer's name from gang.yaml", async () => {
    writeFileSync(join(cwd, "gang.yaml"), "peer: shed\n");
    const { out } = await run("--ui", "json");
    expect(events(out).find(({ kind }) => kind === "run.started")!.peer).toBe("shed");
  });

  test("takes settings and parameters", async () => {
    writeFileSync(join(cwd, "in.yaml"), "hint: left\n");
    const { out, exit } = await run(
      "--ui",
      "json",
      "--set",
      "chooser.model=embedded(explore: 0.5)",
      "--input",
      "in.yaml",
    );
    expect(exit).toBe(EXIT.fine);
    expect(events(out).find(({ kind }) => kind === "run.started")).toMatchObject({ input: { hint: "left" } });
  });

  test("that fails says why, and exits with 1", async () => {
    process.env.TOY_FAILS = "1";
    const { exit, talk } = await run("--cycles", "2");
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("2 failed");
    expect(talk).toContain("the scales are broken");
    expect(talk).toContain("the cycle that failed, in full");
    expect(talk).not.toMatch(/\bat .*\.ts:\d/);
  });
});

describe("going on", () => {
  test("a run goes on as it was begun, settings included; what has ended is said and not done again", async () => {
    process.env.TOY_FAILS = "1";
    const failed = await run("--ui", "json", "--set", "chooser.model=embedded(explore: 0.5)", "--peer", "explorer");
    const { run: id, plan } = events(failed.out).find(({ kind }) => kind === "run.started")! as unknown as {
      run: string;
      plan: string;
    };
    delete process.env.TOY_FAILS;
    const { exit, out, talk } = await run("--resume", id.slice(0, 23), "--ui", "json");
    expect(talk).toContain("Done: 1 cycle");
    expect(exit).toBe(EXIT.fine);
    const again = events(out);
    expect(again.find(({ kind }) => kind === "run.started")).toMatchObject({
      run: id,
      plan,
      peer: "explorer",
      resumed: true,
    });
    expect(again.find(({ kind }) => kind === "event")!.message).toMatch(/^goes on; \d ended before, not run again: /);
    expect(again.filter(({ kind }) => kind === "attempt.started").map(({ callee }) => callee)).toEqual(["measure"]);

    const ended = await run("--resume", id);
    expect(ended).toMatchObject({ exit: EXIT.usage, talk: expect.stringContaining("has come to its end") });
    const nothing = await run("--resume");
    expect(nothing).toMatchObject({ exit: EXIT.usage, talk: expect.stringContaining("There is no run to go on with") });
  });

  test("a program that has changed is refused, with what to do", async () => {
    process.env.TOY_FAILS = "1";
    await run();
    delete process.env.TOY_FAILS;
    writeFileSync(join(cwd, "main.gang"), PROGRAM.replace("= 0.25", "= 0.75"));
    const { exit, talk } = await run("--resume", "last");
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("The program has changed since the run");
    expect(talk).toContain("Undo the change to go on with it");
  });
});

describe("before anything runs", () => {
  test.each([
    [["--cycles", "0"], "--cycles takes a whole number from 1"],
    [["--cycles", "x"], "--cycles takes a whole number"],
    [["--cycles", "2", "--forever"], "exclude each other"],
    [["--seed", "-1"], "--seed"],
    [["--resume", "--cycles", "2"], "--resume and --cycles exclude each other"],
    [["--resume", "0123456789"], "There is no run"],
    [["--pipeline", "serch"], "Did you mean search?"],
    [["--peer", "a,a"], "twice"],
    [["--input", "missing.yaml"], "cannot read missing.yaml"],
    [["--set", "chooser"], "--set cannot read"],
    [["--set", "choser.turns=2"], "--set does not fit"],
    [["nowhere.gang"], "there is no nowhere.gang"],
  ])("%j is refused", async (args, why) => {
    const { exit, talk } = await run(...args);
    expect(talk).toContain(why);
    expect(exit).toBe(EXIT.usage);
    expect(existsSync(join(cwd, ".gang/trail"))).toBe(false);
  });

  test("the file's errors are shown, with their place", async () => {
    writeFileSync(join(cwd, "main.gang"), PROGRAM.replace("-> Choice", "-> Chioce"));
    const { exit, talk } = await run();
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("Chioce");
    expect(talk).toMatch(/main\.gang:\d+/);
    expect(existsSync(join(cwd, ".gang/trail"))).toBe(false);
  });

  test("what this version cannot run is refused with a sentence", async () => {
    writeFileSync(
      join(cwd, "main.gang"),
      `${PROGRAM}backend gpus = slurm(partition: "gpu")\nroute { measure -> gpus }\n`,
    );
    const { exit, talk } = await run();
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("cannot be run by this version yet");
  });

  test("a slip in a peer's name is pointed out", async () => {
    const { exit, talk } = await run("--peer", "explorr");
    expect(exit).toBe(EXIT.fine);
    expect(talk).toContain("Did you mean explorer?");
  });

  test("a store in whose place a file stands is the environment's fault", async () => {
    writeFileSync(join(cwd, "file"), "");
    const { exit, talk } = await run("--store", "file");
    expect(exit).toBe(EXIT.environment);
    expect(talk).toContain("is not a folder");
  });
});
