import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTrail } from "../../runtime/trail/local.ts";
import { draft } from "../runtime/knowledge/trail.ts";
import { gangc } from "./terminal.ts";

let cwd: string;
let empty: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "gang-cli-"));
  empty = mkdtempSync(join(tmpdir(), "gang-cli-"));
  const trail = await openTrail({ directory: join(cwd, ".gang"), peers: ["a"] });
  const origin = { peer: "a", run: "run-1", plan: "h" };
  const stage = { ...origin, stage: "p.s" };
  await trail.append([
    { kind: "run.started", ...origin, pipeline: "p", subnet: "n", cycle: 0, seed: 7 },
    { kind: "stage.started", ...stage, line: 3, file: "main.gang" },
    { kind: "recall", ...stage, recall: "default", shown: [{ claim: "c", strength: 0.5 }], known: 4, elapsed: 0 },
    { kind: "attempt.started", ...stage, attempt: "t1", number: 1, callee: "guess", model: "quick", temperature: 0.5 },
    {
      kind: "turn",
      ...stage,
      attempt: "t1",
      number: 1,
      model: "quick",
      input_tokens: 10,
      output_tokens: 2,
      latency: 0.4,
      answer: { x: 1 },
    },
    { kind: "tool.started", ...stage, attempt: "t1", tool: "search", call: "c1" },
    {
      kind: "tool.ended",
      ...stage,
      attempt: "t1",
      tool: "search",
      call: "c1",
      ok: false,
      elapsed: 0.1,
      class: "error",
      error: "no\u001b[31m luck",
    },
    { kind: "attempt.ended", ...stage, attempt: "t1", ok: true, elapsed: 0.5, output: { x: 1 } },
    { kind: "stage.ended", ...stage, status: "ok", attempts: 1, elapsed: 0.5, output: { x: 1 } },
    { kind: "score", ...origin, attempt: "t1", metric: "m", value: 1.5, direction: 1, feasible: true },
    draft({ k: { x: 1 }, value: 1 }),
    draft({ k: { x: 2 }, value: 2 }),
    draft({ k: { x: 3 }, ok: false, class: "error" }),
    { kind: "run.ended", ...origin, status: "ok", elapsed: 1 },
  ]);
  await trail.close();
});
afterAll(() => {
  for (const folder of [cwd, empty]) rmSync(folder, { recursive: true, force: true });
});

describe("gangc runs, show, knowledge, sql", () => {
  it("lists the runs", async () => {
    const { exit, out } = await gangc(["runs"], { cwd });
    expect(exit).toBe(0);
    expect(out).toMatch(/run-1\s+p\s+0\s+a\s+ok\s+20\S+\s+1\.0 s/);
    expect(JSON.parse((await gangc(["runs", "--format", "json"], { cwd })).out)).toMatchObject([
      { run_id: "run-1", status: "ok", elapsed: 1 },
    ]);
  });

  it("shows a run from its stages down to turns and tool calls, with the source line and no control characters", async () => {
    const { out } = await gangc(["show", "run"], { cwd });
    expect(out.replace(/started 20.*/, "started …")).toMatchInlineSnapshot(`
      "run run-1  ok, 1.0 s
        p · cycle 0 · peer a · seed 7 · started …

      ✓ p.s  ok, 0.50 s  main.gang:3
          → {"x":1}
          recalled 1 of 4 claims
          attempt 1: guess (quick, temperature 0.5)  ok, 0.50 s
              → {"x":1}
              turn 1: quick, 10 tokens in, 2 out, 0.40 s
                  {"x":1}
              tool search  failed, 0.10 s
                  error: no [31m luck

      scores
          m = 1.5
      "
    `);
  });

  it("shows what was learned, best first", async () => {
    const { out } = await gangc(["knowledge"], { cwd });
    expect(out).toMatchInlineSnapshot(`
      "p.s for n: 3 claims
      what worked  strength  m  evaluations  peers
      ───────────  ────────  ─  ───────────  ─────
      x 2             0.636  2            1      1
      x 1             0.364  1            1      1
      what failed  failing  evaluations  peers
      ───────────  ───────  ───────────  ─────
      x 3            0.449            1      1
      "
    `);
    const { stages } = JSON.parse((await gangc(["knowledge", "--format", "json", "--stage", "s"], { cwd })).out);
    expect(stages[0].patterns[0]).toMatchObject({
      chosen: '{"x":2}',
      P: expect.any(Number),
      N: 0,
      reliability: expect.any(Number),
      z: expect.any(Number),
      voices: [{ peer: "a", trust: 0.5, s: expect.any(Number), f: 0, c: expect.any(Number), z: expect.any(Number) }],
    });
  });

  it("answers SQL as a table, as CSV and as JSON, also from stdin", async () => {
    const sql =
      "select claim[:0] as a, kind, count(*) as n from (select '' as claim, kind from records where kind like 'run%') group by all order by kind";
    expect((await gangc(["sql", sql], { cwd })).out).toMatchInlineSnapshot(`
      "a  kind         n
      ─  ───────────  ─
         run.ended    1
         run.started  1
      "
    `);
    expect((await gangc(["sql", "select 'a \"b\"' as x, null as y, 1 as z", "--format", "csv"], { cwd })).out).toBe(
      'x,y,z\r\n"a ""b""",,1\r\n',
    );
    expect(JSON.parse((await gangc(["sql", "--format", "json"], { cwd, stdin: "select 1 as x, 2 as x" })).out)).toEqual(
      [{ x: 1, x_2: 2 }],
    );
  });

  it("says what was asked wrongly", async () => {
    expect(await gangc(["sql", "drop table runs"], { cwd })).toMatchObject({
      exit: 1,
      talk: expect.stringContaining("Only queries that read"),
    });
    expect(await gangc(["sql", "select 1", "--timeout", "soon"], { cwd })).toMatchObject({ exit: 2 });
    expect(await gangc(["show", "nothing"], { cwd })).toMatchObject({
      exit: 2,
      talk: expect.stringContaining("gangc runs lists them"),
    });
    expect(await gangc(["knowledge", "--stage", "x"], { cwd })).toMatchObject({
      exit: 2,
      talk: expect.stringContaining("There is p.s"),
    });
    expect(await gangc(["knowledge", "--top", "many"], { cwd })).toMatchObject({ exit: 2 });
  });

  it("reads a store that is not there as empty, and leaves it so", async () => {
    expect(await gangc(["runs"], { cwd: empty })).toMatchObject({ exit: 0, out: "" });
    expect(await gangc(["knowledge"], { cwd: empty })).toMatchObject({ exit: 0, out: "" });
    expect(await gangc(["sql", "select count(*) as n from runs", "--format", "csv"], { cwd: empty })).toMatchObject({
      out: "n\r\n0\r\n",
    });
    expect(existsSync(join(empty, ".gang"))).toBe(false);
  });
});
