import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSystemHost } from "../../cli/host.ts";
import { compile, lower } from "../../compiler/index.ts";
import { planFrom } from "../../runtime/execution/load.ts";
import { projectFrom, REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function built(files: string): Promise<string> {
  const folder = projectFrom(files);
  folders.push(folder);
  const { exit, out, talk } = await gangc(["build"], { cwd: folder });
  expect({ exit, out, errors: /^error/m.test(talk) }).toEqual({ exit: 0, out: "out/plan.ts\n", errors: false });
  return folder;
}

/** What TypeScript says of the project. */
function tsc(folder: string): string {
  const { stdout } = spawnSync(process.execPath, [join(REPOSITORY, "node_modules/typescript/bin/tsc"), "-p", folder], {
    cwd: folder,
    encoding: "utf8",
  });
  return stdout;
}

function node(folder: string, args: readonly string[]) {
  return spawnSync(process.execPath, [...args], { cwd: folder, encoding: "utf8", env: { PATH: process.env.PATH } });
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

describe("the whole-file example", () => {
  test("is accepted by tsc, until a tool asks for more or gives less", async () => {
    const folder = await built("test/fixtures/synth");
    expect(tsc(folder)).toBe("");

    const tools = join(folder, "tools/synth.ts");
    change(tools, "{ ticket: Ticket }", "{ ticket: Ticket; retries: number }");
    change(tools, "crps: number;", "crps: string;");
    const said = tsc(folder);
    expect(said).toMatch(/out\/plan\.ts.*Property 'retries' is missing/s);
    expect(said).toMatch(/Type 'string' is not assignable to type 'number'/);
    expect(said.match(/error TS/g)).toHaveLength(2);
  });

  test("is accepted without `allowImportingTsExtensions`, as most projects have it", async () => {
    const folder = await built("test/fixtures/synth");
    const { stdout } = spawnSync(
      process.execPath,
      [
        join(REPOSITORY, "node_modules/typescript/bin/tsc"),
        ..."--ignoreConfig --noEmit --strict --skipLibCheck --target es2024 --module nodenext --types node".split(" "),
        "out/plan.ts",
      ],
      { cwd: folder, encoding: "utf8" },
    );
    // The package's own sources are linked here; an installed package has declarations.
    expect(stdout.split("\n").filter((line) => line.startsWith("out/"))).toEqual([]);
  });

  test("carries the very plan that is run", async () => {
    const folder = await built("test/fixtures/synth");
    const { stdout } = node(folder, [
      "--input-type=module",
      "-e",
      'const { plan } = await import("./out/plan.ts"); console.log(JSON.stringify(plan));',
    ]);
    const plan = lower(compile(join(folder, "main.gang"), fileSystemHost()));
    expect(planFrom(JSON.parse(stdout))).toEqual(plan);

    const { exit } = await gangc(["build", "--emit", "json"], { cwd: folder });
    expect(exit).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "out/plan.json"), "utf8"))).toEqual(plan);
  });

  test("is built into the same text twice, and anew over what stood there", async () => {
    const folder = await built("test/fixtures/synth");
    const file = join(folder, "out/plan.ts");
    const first = readFileSync(file, "utf8");
    writeFileSync(file, "old");
    await gangc(["build", "."], { cwd: folder });
    expect(readFileSync(file, "utf8")).toBe(first);
  });
});

describe("the S&P 500 example", () => {
  test("mines into a store when Node is started with the module", async () => {
    const folder = await built("examples/sp500");
    expect(tsc(folder)).toBe("");
    const { status, stdout, stderr } = node(folder, ["out/plan.ts", "--cycles", "2", "--seed", "7"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).status),
    ).toEqual(["ok", "ok"]);
    const runs = await gangc(["runs", "--format", "json"], { cwd: folder });
    expect(JSON.parse(runs.out)).toHaveLength(2);
  });

  test("runs by import, with options", async () => {
    const folder = await built("examples/sp500");
    const { stdout, status } = node(folder, [
      "--input-type=module",
      "-e",
      'const { run } = await import("./out/plan.ts"); const { runs } = await run({ cycles: 2, seed: 1, peer: "a" }); console.log(runs.map(({ status }) => status).join());',
    ]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "ok,ok\n" });
    const runs = await gangc(["runs", "--format", "json"], { cwd: folder });
    expect(JSON.parse(runs.out)).toHaveLength(2);
  });

  test("says what is wrong with its arguments", async () => {
    const folder = await built("examples/sp500");
    const { status, stderr } = node(folder, ["out/plan.ts", "--cycles", "some"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/--cycles takes a whole number from 1, not "some"/);
  });
});

describe("a program that is interrupted", () => {
  const PROGRAM = `gang 1
tool first() -> int = exec("node", "first.mjs")
tool slow(of: int) -> int = exec("node", "slow.mjs") { timeout: 1m }
pipeline p {
  stage one = first()
  stage two = slow(of: one)
}
pipeline other {
  stage one = first()
}
`;
  const FIRST = `import { appendFileSync } from "node:fs";
appendFileSync("calls", "first\\n");
console.log(7);
`;
  const SLOW = `import { appendFileSync, existsSync } from "node:fs";
appendFileSync("calls", "slow\\n");
if (existsSync("up")) console.log(8);
else setTimeout(() => {}, 50_000);
`;

  async function program(): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "gang-built-"));
    folders.push(folder);
    const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    put("package.json", '{ "type": "module" }');
    put("main.gang", PROGRAM);
    put("first.mjs", FIRST);
    put("slow.mjs", SLOW);
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(REPOSITORY, join(folder, "node_modules/ganglion"));
    expect(await gangc(["build"], { cwd: folder })).toMatchObject({ exit: 0 });
    return folder;
  }

  const calls = (folder: string): string[] =>
    existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];

  async function interrupted(folder: string, signal: NodeJS.Signals): Promise<number | null> {
    const child = spawn(process.execPath, ["out/plan.ts", "--pipeline", "p", "--peer", "miner"], { cwd: folder });
    const over = once(child, "close");
    while (!calls(folder).includes("slow")) await new Promise((wake) => setTimeout(wake, 20));
    child.kill(signal);
    const [code] = await over;
    return code;
  }

  test.each(["SIGHUP", "SIGINT", "SIGKILL"] as const)(
    "ends by %s, and goes on with what was left unfinished: no stage that has ended runs again",
    async (signal) => {
      const folder = await program();
      expect(await interrupted(folder, signal)).toBe(signal === "SIGKILL" ? null : 130);
      writeFileSync(join(folder, "up"), "");
      const { status, stdout, stderr } = node(folder, ["out/plan.ts", "--resume"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ pipeline: "p", status: "ok" });
      expect(calls(folder)).toEqual(["first", "slow", "slow"]);
      const { peer } = JSON.parse((await gangc(["runs", "--format", "json"], { cwd: folder })).out)[0];
      expect(peer).toBe("miner");
      const again = node(folder, ["out/plan.ts", "--resume"]);
      expect([again.status, again.stderr]).toEqual([2, "There is no run to go on with: all have come to their end.\n"]);
      const ended = node(folder, ["out/plan.ts", "--resume", "last"]);
      expect([ended.status, ended.stderr]).toEqual([2, expect.stringMatching(/^The run .* has come to its end\.\n/)]);
    },
    30_000,
  );

  test("says how it is called", async () => {
    const folder = await program();
    const { status, stdout, stderr } = node(folder, ["out/plan.ts", "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("SIGTERM and SIGHUP end it cleanly");
    expect(stdout).toContain("--resume [RUN]");
    const both = node(folder, ["out/plan.ts", "--resume", "--cycles", "2"]);
    expect([both.status, both.stderr]).toEqual([
      2,
      expect.stringContaining("--resume and --cycles exclude each other: a run goes on as it was begun."),
    ]);
    const unknown = node(folder, ["out/plan.ts", "--resume", "0123abcd"]);
    expect([unknown.status, unknown.stderr]).toEqual([2, 'There is no run "0123abcd".\n']);
    expect(existsSync(join(folder, "calls"))).toBe(false);
  });
});

test("nothing is written for a program with errors", async () => {
  const folder = projectFrom("examples/sp500");
  folders.push(folder);
  change(join(folder, "main.gang"), "forecaster(horizon)", "forecastr(horizon)");
  const { exit, out } = await gangc(["build"], { cwd: folder });
  expect({ exit, out }).toEqual({ exit: 1, out: "" });
});
