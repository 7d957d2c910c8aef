/** A run ends by a signal, or is killed, in its third attempt at a stage: what is on record is whole, and it goes on there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ended, project, written } from "../../original/project.ts";

const PROGRAM = `
import { first, flaky } from "./tools.ts"
retry often { ladder: [self x 4], backoff: 1ms..2ms }
pipeline work {
  stage one = first()
  stage two = flaky(n: one) { retry: often }
}
`;
const TOOLS = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
export function first(): number { appendFileSync("calls", "first\\n"); return 1; }
export async function flaky({ n }: { n: number }): Promise<number> {
  appendFileSync("calls", "flaky\\n");
  if (readFileSync("calls", "utf8").trim().split("\\n").length < 4) throw new Error("not yet");
  writeFileSync("begun", "");
  while (!existsSync("go")) await new Promise((next) => setTimeout(next, 20));
  return n + 1;
}
`;

test.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)("%s", { timeout: 20_000 }, async (signal) => {
  const { folder, start, ask } = project({ "main.gang": PROGRAM, "tools.ts": TOOLS });
  const child = start();
  await written(join(folder, "begun"));
  const attempts = "select number, ok, class from attempts where stage = 'work.two' order by attempt_id";
  // What need not be waited for is on the disk a moment later.
  while ((await ask(attempts)).length < 3) await sleep(100);
  child.kill(signal);
  const isKilled = signal === "SIGKILL";
  expect(await ended(child)).toBe(isKilled ? null : 130);
  expect(await ask("select status from runs")).toEqual([[isKilled ? "interrupted" : "cancelled"]]);
  const failed = [1, 2].map((number) => [number, false, "error"]);
  const cutOff = isKilled ? [3, null, null] : [3, false, "cancelled"];
  expect(await ask(attempts)).toEqual([...failed, cutOff]);

  writeFileSync(join(folder, "go"), "");
  expect(await ended(start("--resume"))).toBe(0);
  expect(await ask("select stage, status, output from stages order by stage")).toEqual([
    ["work.one", "ok", "1"],
    ["work.two", "ok", "2"],
  ]);
  expect(await ask(attempts)).toEqual([...failed, cutOff, [3, true, null]]);
  expect(await ask("select count(*) from evidence where stage = 'work.two' and not ok")).toEqual([[2]]);
  expect(readFileSync(join(folder, "calls"), "utf8")).toBe("first\nflaky\nflaky\nflaky\nflaky\n");
});

const ENDLESS = `
import { endless } from "./tools.ts"
pipeline work {
  stage one = endless()
}
`;
const NEVER = `
import { writeFileSync } from "node:fs";
export function endless(): number {
  writeFileSync("begun", "");
  for (;;) {}
}
`;

test("Ctrl-C is heard where a function never lets go of the process", { timeout: 20_000 }, async () => {
  const { folder, start, ask } = project({ "main.gang": ENDLESS, "tools.ts": NEVER });
  const child = start();
  await written(join(folder, "begun"));
  child.kill("SIGINT");
  expect(await ended(child)).toBe(130);
  expect(await ask("select status, class from stages")).toEqual([["cancelled", "cancelled"]]);
  expect(await ask("select status from runs")).toEqual([["cancelled"]]);
});
