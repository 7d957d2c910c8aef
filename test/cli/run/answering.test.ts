/** A process is killed in the middle of an effect, and a person says what came of it. What happened is counted outside of the store. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { ended, type Project, project } from "../../original/project.ts";
import { gangc } from "../terminal.ts";

const PROGRAM = `
type Sent = { ticket: int }
tool send(what: string) -> Sent = exec("node", "send.mjs") { effect: true }
pipeline work {
  stage sent = send(what: "it")
  let ticket = sent.ticket
}
`;
/** Ends the process that called it before it acts, or after, where a file says so. */
const SEND = `
import { appendFileSync, existsSync, readFileSync } from "node:fs";
const when = existsSync("kill") ? readFileSync("kill", "utf8") : "";
const kill = () => { process.kill(process.ppid, "SIGKILL"); process.exit(); };
if (when === "before") kill();
appendFileSync("world", "sent\\n");
if (when === "after") kill();
console.log(JSON.stringify({ ticket: 7 }));
`;

let at: Project;
let ask: (...args: readonly string[]) => ReturnType<typeof gangc>;
beforeEach(() => {
  at = project({ "main.gang": PROGRAM, "send.mjs": SEND });
  ask = (...args) => gangc(args, { cwd: at.folder });
});
const happened = (): number =>
  existsSync(join(at.folder, "world")) ? readFileSync(join(at.folder, "world"), "utf8").trim().split("\n").length : 0;

/** The id of the run that was killed. */
async function killed(when: "before" | "after"): Promise<string> {
  writeFileSync(join(at.folder, "kill"), when);
  await ended(at.start());
  rmSync(join(at.folder, "kill"));
  const [[run, status]] = (await at.ask("select run_id, status from runs")) as [[string, string]];
  expect(status).toBe("interrupted");
  return run;
}
const stages = () => at.ask("select status, output from stages");

test("it did not happen: it is listed, done once after the answer, and not asked about again", async () => {
  const run = await killed("before");
  const listed = await ask("pending");
  expect(listed.out).toContain("whether send happened");
  expect(listed.talk).toContain(`gangc approve ${run} work.sent --value JSON`);
  // As long as nobody has said anything, it is left alone.
  expect((await at.run("--resume")).talk).toContain("send was cut off and may have happened: a person must say");
  expect(happened()).toBe(0);

  const said = await ask("approve", run, "sent", "--as", "anna");
  expect(said.talk).toBe(
    `whether send happened: it did not, and is done when the run goes on. gangc run --resume ${run} goes on.\n`,
  );
  expect((await ask("pending")).out).not.toContain("effect");
  expect((await at.run("--resume", run)).exit).toBe(0);
  expect(happened()).toBe(1);
  expect(await stages()).toEqual([["ok", '{"ticket":7}']]);
});

test("it happened: what it gave is said, held against its type, and taken as its result", async () => {
  const run = await killed("after");
  for (const [value, complaint] of [
    ['{"tickets":8}', "--value is not what send gives"],
    ["{8}", "--value is not JSON"],
    ["@nowhere.json", "--value cannot read nowhere.json"],
  ] as const) {
    const refused = await ask("approve", run, "--value", value);
    expect([refused.exit, refused.talk]).toEqual([2, expect.stringContaining(complaint)]);
  }
  writeFileSync(join(at.folder, "result.json"), '{ "ticket": 8 }');
  expect((await ask("approve", run, "--value", "@result.json")).talk).toContain("it did, and is not done again");
  expect((await at.run("--resume", run)).exit).toBe(0);
  expect(happened()).toBe(1);
  expect(await stages()).toEqual([["ok", '{"ticket":8}']]);
});

test("it is left: the stage fails, and nothing more happens", async () => {
  const run = await killed("after");
  expect((await ask("reject", run, "--why", "too late")).talk).toContain("it is left as it is");
  const on = await at.run("--resume", run);
  expect([on.exit, on.talk]).toEqual([1, expect.stringContaining("it was decided to leave it so")]);
  expect(happened()).toBe(1);
});
