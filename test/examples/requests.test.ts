/** The example of a source, late scores and an approval, as its README tells it. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectFrom } from "../cli/project.ts";
import { gangc } from "../cli/terminal.ts";

let cwd: string;
beforeAll(() => {
  cwd = projectFrom("examples/requests");
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const at = (...args: string[]) => gangc(args, { cwd });
const rows = async (query: string): Promise<{ [column: string]: unknown }[]> =>
  JSON.parse((await at("sql", query, "--format", "json")).out);
interface Pending {
  readonly kind: string;
  readonly run: string;
}
const pending = async (): Promise<Pending[]> => JSON.parse((await at("pending", "--format", "json")).out).pending;

test("requests are answered, their scores come later, and correct what they correct", { timeout: 60_000 }, async () => {
  expect((await at("check")).exit).toBe(0);
  expect((await at("pending")).talk).toBe("Nothing waits.\n");
  expect((await at("run", "--pipeline", "answer")).exit).toBe(0);
  const waiting = await pending();
  expect(waiting.map(({ kind }) => kind)).toEqual(["score", "score", "score"]);

  // One of them a person knows already.
  const run = waiting[0]!.run;
  expect((await at("score", run, "error=0.5")).talk).toBe(`error = 0.5 for answer.guess of the run ${run}.\n`);
  expect(await pending()).toHaveLength(2);
  expect(await rows("select record->>'subnet' as subnet from records where kind = 'score'")).toEqual([
    { subnet: "market" },
  ]);

  await new Promise((resolve) => setTimeout(resolve, 2100));
  await at("run", "--pipeline", "answer");
  expect(await rows(`select count(*)::int as n from scores where run_id <> '${run}'`)).toEqual([{ n: 2 }]);

  // A second score of the same run corrects the first.
  expect((await at("score", run, "error=0.25")).talk).toContain("0.5 no longer counts");
  const known = JSON.parse((await at("knowledge", "--format", "json")).out);
  expect(JSON.stringify(known)).toContain('"error":0.4');
  const mean = (0.25 + 0.6 + 0.6) / 3;
  expect(JSON.stringify(known)).toContain(`"error":${String(mean).slice(0, 6)}`);

  expect((await at("score", run, "eror=1")).talk).toContain("Did you mean error?");
  // The memory would refuse the one, and the other has not come: what they correct still counts.
  const before = await rows("select count(*)::int as n from scores");
  for (const wrong of [["error=much"], ["error=1e300"], ["error=1", "--at", "2200-01-01"]])
    expect((await at("score", run, ...wrong)).exit).toBe(2);
  expect(await rows("select count(*)::int as n from scores")).toEqual(before);
});

test("a release waits for a person, and goes on with the answer", { timeout: 60_000 }, async () => {
  expect((await at("run", "--pipeline", "release")).exit).toBe(0);
  const [approval] = (await pending()).filter(({ kind }) => kind === "approval");
  expect((await at("reject", approval!.run)).exit).toBe(2);
  expect((await at("approve", approval!.run, "go", "--why", "it is fine", "--as", "anna")).talk).toContain(
    "is approved",
  );
  expect((await at("approve", approval!.run)).talk).toContain("nothing waits for an answer");
  await at("run", "--pipeline", "release");
  const stages = await rows(`select stage, status, output from stages where run_id = '${approval!.run}'`);
  expect(stages).toContainEqual({ stage: "release.go", status: "ok", output: "true" });
  expect(stages).toContainEqual(expect.objectContaining({ stage: "release.published", status: "ok" }));
});
