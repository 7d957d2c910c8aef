/** "Every action leaves a trace, always": there, only what had succeeded did. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { TrailError } from "../../runtime/trail/trail.ts";
import { providers } from "../fixtures/providers.ts";
import { memoryTrail, noKnowledge } from "../runtime/execution/fakes.ts";
import { call, literal, planOf, stage } from "../runtime/execution/plans.ts";
import { choosing, ended, project, temporaryFolder, written } from "./project.ts";

const TOOLS = `
let calls = 0;
export function flaky({ failures }: { failures: number }): { n: number } {
  calls += 1;
  if (calls <= failures) throw new Error("failure number " + calls);
  return { n: calls };
}
export function measure({ x }: { x: number }): { loss: number } { return { loss: (x - 0.7) ** 2 }; }
`;
const SEARCH = `
subnet toy { metric loss: float { goal: minimize } }
type Choice = { x: float in 0.0..1.0 }
`;

describe("attempts", () => {
  const retried = (failures: number) => `
import { flaky } from "./tools.ts"
${SEARCH}
retry often { ladder: [self x 6], backoff: 1ms..2ms }
pipeline work for toy { stage got = flaky(failures: ${failures}) { retry: often } }
`;
  // There: two failures and a success left one pattern, and no failure.
  // There: of five different failures only the last was left.
  test.each([
    ["two failures and then a success are three records, each with its own words", 2, 3],
    ["five failures that differ are five, and not the last alone", 5, 6],
  ])("%s", async (_, failures, attempts) => {
    const { run, ask } = project({ "main.gang": retried(failures), "tools.ts": TOOLS });
    expect((await run()).exit).toBe(0);
    const expected = Array.from({ length: attempts }, (__, i) => [
      i + 1,
      i === failures,
      i === failures ? null : `failure number ${i + 1}`,
    ]);
    expect(await ask("select number, ok, error from attempts order by number")).toEqual(expected);
    // And each is evidence: the failures are known, beside the success.
    expect(await ask("select ok, count(*) from evidence group by 1 order by 1")).toEqual([
      [false, failures],
      [true, 1],
    ]);
  });

  test("each exchange with a model is a record, with its tokens and what it cost; so is each tool that it called", async () => {
    const server = await providers([
      { status: 429, body: { error: { message: "slow down" } }, headers: { "retry-after": "0" } },
      { calls: [{ name: "measure", input: { x: 0.5 } }], usage: { input: 50, output: 5 } },
      { text: '{"x": 7}', usage: { input: 70, output: 7 } },
      { text: '{"x": 0.5}', usage: { input: 90, output: 9 } },
    ]);
    try {
      const { run, ask } = project({
        "main.gang": choosing('rig = openai("some-model") { price: { read: $1, write: $10 } }', "tools: [measure]"),
        "tools.ts": TOOLS,
        "key.txt": "some-key",
        "gang.yaml": `models:\n  rig:\n    base_url: ${server.openai}\n    key: { file: key.txt }\n`,
      });
      expect((await run()).talk).toContain("Done: 1 cycle");
      expect(
        await ask(`select attempt.number, turn.class, turn.input_tokens, turn.output_tokens, round(turn.cost * 1e6)
                   from turns turn join attempts attempt using (attempt_id) order by turn.time, turn.number`),
      ).toEqual([
        [1, "rate_limit", null, null, null],
        [2, null, 50, 5, 100],
        [2, null, 70, 7, 140],
        [3, null, 90, 9, 180],
      ]);
      expect(
        await ask(`select attempt.callee, call.tool, call.ok from tool_calls call join attempts attempt using (attempt_id)
                   order by call.started`),
      ).toEqual([
        ["chooser", "measure", true],
        ["measure", "measure", true],
      ]);
      expect(await ask("select number, ok, class from attempts where callee = 'chooser' order by number")).toEqual([
        [1, false, "rate_limit"],
        [2, false, "invalid"],
        [3, true, null],
      ]);
      // Only what could have been chosen is learned about.
      expect(await ask("select ok, chosen from evidence where stage = 'work.choice'")).toEqual([[true, '{"x":0.5}']]);
    } finally {
      await server.close();
    }
  });
});

describe("what did not come to be", () => {
  test("a stage that failed, and those that were left out for it or for a condition, stand there with the reason", async () => {
    const { run, ask } = project({
      "main.gang": `
import { flaky } from "./tools.ts"
pipeline work {
  stage broken = flaky(failures: 9)
  stage after  = flaky(failures: broken.n)
  when 1 > 2 { stage never = flaky(failures: 0) or none }
  stage apart  = flaky(failures: never.n ?? 0)
}
`,
      "tools.ts": TOOLS,
    });
    expect((await run()).exit).toBe(1);
    expect(await ask("select stage, status, error from stages order by stage")).toEqual([
      ["work.after", "skipped", "because work.broken failed"],
      ["work.apart", "ok", null],
      ["work.broken", "failed", "failure number 1"],
      ["work.never", "skipped", "because its condition does not hold"],
    ]);
    expect(await ask("select status, error is not null, started is not null, ended is not null from runs")).toEqual([
      ["failed", true, true, true],
    ]);
  });

  const slow = {
    "main.gang": `
import { first, second } from "./tools.ts"
pipeline work {
  stage one = first()
  stage two = second(n: one)
}
`,
    "tools.ts": `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
export function first(): number { appendFileSync("first.txt", "once\\n"); return 1; }
export async function second({ n }: { n: number }): Promise<number> {
  writeFileSync("begun.txt", "");
  while (!existsSync("go.txt")) await new Promise((next) => setTimeout(next, 20));
  return n + 1;
}
`,
  };

  test("a run that is cancelled ends as such, with the stage that was under way", async () => {
    const { folder, start, ask } = project(slow);
    const child = start();
    await written(join(folder, "begun.txt"));
    child.kill("SIGINT");
    await ended(child);
    expect(await ask("select stage, status from stages order by stage")).toEqual([
      ["work.one", "ok"],
      ["work.two", "cancelled"],
    ]);
    expect(await ask("select status from runs")).toEqual([["cancelled"]]);
  });

  test("a run that is killed shows what had begun, and goes on without doing again what had ended", async () => {
    const { folder, start, ask } = project(slow);
    const child = start();
    await written(join(folder, "begun.txt"));
    child.kill("SIGKILL");
    await ended(child);
    const shown = "select status, (select list(stage || ' ' || status order by stage) from stages) from runs";
    expect(await ask(shown)).toEqual([["interrupted", ["work.one ok", "work.two interrupted"]]]);
    writeFileSync(join(folder, "go.txt"), "");
    expect(await ended(start("--resume", "last"))).toBe(0);
    expect(readFileSync(join(folder, "first.txt"), "utf8")).toBe("once\n");
    expect(await ask(shown)).toEqual([["ok", ["work.one ok", "work.two ok"]]]);
  });
});

describe("whose it is", () => {
  test("run, peer, subnet and stage are the runtime's own; what a tool's answer says of them is an answer", async () => {
    const { run, ask } = project({
      "main.gang": `
import { lies } from "./tools.ts"
${SEARCH}
type Claim = { loss: float, run_id: string, peer: string, kind: string, seq: int }
pipeline work for toy {
  stage got = lies()
  observe loss = got.loss
}
`,
      "tools.ts": `export function lies() {
  return { loss: 1, run_id: "forged", run: "forged", peer: "forged", subnet: "forged", kind: "evidence", process: "forged", seq: 9 };
}`,
    });
    expect((await run("--peer", "honest")).exit).toBe(0);
    expect(await ask("select distinct peer from records union select distinct peer from evidence")).toEqual([
      ["honest"],
    ]);
    expect(
      await ask(`select count(distinct run_id), bool_or(run_id = 'forged'), count(distinct process), bool_or(process = 'forged')
                 from records where run_id is not null`),
    ).toEqual([[1, false, 1, false]]);
  });

  test("no run, stage, attempt, call, recall or piece of evidence lacks its run, its peer or its plan, nor knowledge its subnet", async () => {
    const { run, ask } = project({
      "main.gang": choosing("sampler = embedded()"),
      "tools.ts": TOOLS,
    });
    expect((await run("--cycles", "2")).exit).toBe(0);
    const tables = ["runs", "stages", "attempts", "tool_calls", "recalls", "evidence", "scores"];
    const counts = tables.map(
      (table) =>
        `select '${table}', count(*) > 0, count(*) filter (run_id is null or peer is null or plan_hash is null) from ${table}`,
    );
    expect(await ask(counts.join(" union all "))).toEqual(
      expect.arrayContaining(tables.map((table) => [table, true, 0])),
    );
    expect(await ask("select distinct subnet from evidence union select distinct subnet from runs")).toEqual([["toy"]]);
    // What was learned about is what ran, and not a fresh default of it.
    expect(
      await ask(`select count(*) filter (e.chosen::JSON = s.output), count(*) from evidence e join stages s using (run_id, stage)
                 where e.stage = 'work.choice' and e.metric = 'loss'`),
    ).toEqual([[2, 2]]);
  });
});

describe("the store", () => {
  test("that cannot be written ends the run as an error, before anything is done that nobody could see", async () => {
    const trail = memoryTrail(() => Promise.reject(new TrailError("The store cannot be written: the disk is full.")));
    const done = runPlan(planOf([stage("one", call("tool", "start", { value: literal(1) }))]), {
      ...{
        trail,
        knowledge: noKnowledge(),
        clock: systemClock,
        store: temporaryFolder(),
        cycles: 1,
        peer: "main",
        seed: 1,
      },
      signal: new AbortController().signal,
    });
    await expect(done).rejects.toThrow("the disk is full");
    expect(trail.drafts.map(({ kind }) => kind)).not.toContain("tool.started");
  });
});
