import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scoreSql } from "../../runtime/knowledge/score.sql.ts";
import { REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

/** The end of the one definition of the score. */
const SCORE_SQL = scoreSql({ of: "claims", sums: "seconds" }).slice(-600);
const synth = join(REPOSITORY, "test/fixtures/synth");

test("shows effects and secrets first, then what a cycle can come to, from best to worst", async () => {
  const { exit, out } = await gangc(["plan", synth], { cwd: REPOSITORY });
  expect(exit).toBe(0);
  const place = (text: string): number => {
    expect(out).toContain(text);
    return out.indexOf(text);
  };
  expect(place("effects: at most once")).toBeLessThan(place("secrets: who is given which"));
  expect(place("hotkey  reply (key), from answer.sent")).toBeLessThan(place("pipeline research"));
  const rows = out.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(rows).toContainEqual(["a cycle", "9..60", "0..144", "0..5,184,000", "$0..$29.60", "[1]"]);
  expect(rows).toContainEqual(["score", "3..15", "0", "0", "$0..$16.50", "2h 30m"]);
  expect(rows).toContainEqual(["a day, 24 cycles", "216..1440", "0..3456", "0..124,416,000", "$0..$710.50"]);
  expect(out).toContain("[1] no bound: `fetchPrices` has no timeout (test/fixtures/synth/main.gang:79:20)");
});

test("as JSON: effects, secrets, bounds and the plan", async () => {
  const { out } = await gangc(["plan", synth, "--format", "json"], { cwd: REPOSITORY });
  const { effects, secrets, bounds, plan } = JSON.parse(out);
  expect(effects).toMatchObject([{ stage: "answer.sent", tool: "reply" }]);
  expect(secrets).toMatchObject([{ secret: "hotkey", by: "tool", name: "reply" }]);
  expect(bounds.research).toMatchObject({ unit: "cycle", bounds: { attempts: { least: 9, most: 60 } } });
  expect(bounds.research.bounds.time).toMatchObject({ because: "`fetchPrices` has no timeout" });
  expect(plan.format).toBe("gang-plan");
});

test("says where each model is asked and whether its key is here, never the key", async () => {
  const env = { ANTHROPIC_API_KEY: "a-key-of-mine" };
  const rows = async (of: object) =>
    (await gangc(["plan", synth], { cwd: REPOSITORY, ...of })).out
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/));
  expect(await rows({ env })).toContainEqual([
    ...["deep", "anthropic claude-opus-4-5", "https://api.anthropic.com", "key from ANTHROPIC_API_KEY"],
  ]);
  const without = await rows({});
  expect(without).toContainEqual([
    ...["deep", "anthropic claude-opus-4-5", "https://api.anthropic.com", "key missing: ANTHROPIC_API_KEY is not set"],
  ]);
  expect(without).toContainEqual(["sampler", "embedded", "needs no key"]);
  expect(JSON.stringify(await rows({ env }))).not.toContain("a-key-of-mine");
});

test("shows what each recall asks of the memory, as SQL in which only names are not what they will be", async () => {
  const { out } = await gangc(["plan", synth], { cwd: REPOSITORY });
  const winners = out.split("\n").find((line) => line.trimStart().startsWith("winners"))!;
  expect(winners).toContain("where ");
  const { recalls } = JSON.parse((await gangc(["plan", synth, "--format", "json"], { cwd: REPOSITORY })).out);
  expect(winners).toContain(recalls.winners.where);
  expect(recalls.winners.sql).toContain(`and ${recalls.winners.where})`);
  expect(recalls.winners.sql).toContain(SCORE_SQL);
});

test("a filter that the memory cannot apply is said with its place, by a run too", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "gang-plan-"));
  try {
    const file = join(cwd, "main.gang");
    writeFileSync(
      file,
      `gang 1
type Guess = { x: int in 0..9 }
model own = embedded()
recall odd { from: patterns, where: peer == metric }
agent guess() -> Guess { model: own, prompt: "?" }
pipeline p { stage plan = guess() { recall: odd } }
`,
    );
    const why = "A recall's filter cannot compare two different fields of text.";
    expect(await gangc(["plan"], { cwd })).toMatchObject({ exit: 0, out: expect.stringContaining(why) });
    const { exit, talk } = await gangc(["run"], { cwd });
    expect(exit).toBe(1);
    expect(talk).toContain(`main.gang:4: ${why}`);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
