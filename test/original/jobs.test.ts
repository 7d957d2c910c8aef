/** Programs that tools start: there, they saw every secret, hung once they had talked enough, and outlived their run. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { project } from "./project.ts";

/** Does what its input says. */
const JOB = `
import { readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
const { what } = JSON.parse(readFileSync(0, "utf8"));
if (what === "environment") console.log(JSON.stringify(Object.keys(process.env).join(" ")));
if (what === "shout") {
  const megabyte = "x".repeat(1023) + "\\n";
  for (let i = 0; i < 10 * 1024; i++) process.stderr.write(megabyte);
  process.stdout.write(JSON.stringify("y".repeat(10_000_000)));
}
if (what === "hang") {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  writeFileSync("child.txt", String(child.pid));
  setInterval(() => {}, 1000);
}
`;
const job = (what: string, settings = "") =>
  project({
    "main.gang": `
tool job(what: string) -> string = exec("${process.execPath}", "job.mjs")
pipeline work { stage one = job(what: "${what}")${settings} }
`,
    "job.mjs": JOB,
  });

afterEach(() => {
  delete process.env.ORIGINAL_API_KEY;
});

test("a job's environment is what it needs, by name, and no secret of its host", async () => {
  process.env.ORIGINAL_API_KEY = "canary";
  const { run, ask } = job("environment");
  expect((await run()).exit).toBe(0);
  const [[seen]] = (await ask("select output::VARCHAR from stages")) as [[string]];
  expect(JSON.parse(seen).split(" ").sort()).toEqual(expect.arrayContaining(["GANG_RUN", "GANG_STAGE", "PATH"]));
  const allowed = /^(GANG_\w+|PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|TMP|TEMP)$/;
  expect((JSON.parse(seen) as string).split(" ").filter((name) => !allowed.test(name))).toEqual([]);
});

test("a job that prints 10 MB as its result, and 10 MB of talk, ends; what it made is kept by its content", async () => {
  const { folder, run, ask } = job("shout");
  expect((await run()).exit).toBe(0);
  const [[status, artifact]] = (await ask("select status, artifact from stages")) as [[string, string]];
  expect([status, artifact]).toEqual(["ok", expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const kept = join(folder, ".gang/artifacts");
  expect(existsSync(kept)).toBe(true);
});

test("a job whose time is over ends, with all that it started", async () => {
  const { folder, run, ask } = job("hang", " { timeout: 2s }");
  expect((await run()).exit).toBe(1);
  expect(await ask("select status, class from stages")).toEqual([["failed", "timeout"]]);
  const child = Number(readFileSync(join(folder, "child.txt"), "utf8"));
  expect(alive(child)).toBe(false);
});

test("a job is answered as soon as it ends, not at the next poll", async () => {
  const { run, ask } = job("environment");
  expect((await run()).exit).toBe(0);
  expect(await ask("select elapsed < 4 from tool_calls")).toEqual([[true]]);
});

/** A process that has ended and that nobody asked about is not alive. */
function alive(process_: number): boolean {
  try {
    return !readFileSync(`/proc/${process_}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
