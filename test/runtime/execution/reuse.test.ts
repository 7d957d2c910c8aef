/** Work that is not done again: calls that an earlier result answers, and what a long call has saved. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan, StageNode, Tool } from "../../../runtime/plan.ts";
import { run } from "./fakes.ts";
import { AT, call, FLOAT, literal, planOf, STRING, stage } from "./plans.ts";

const folder = mkdtempSync(join(tmpdir(), "gang-reuse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let store = "";
let number = 0;
beforeEach(() => {
  store = join(folder, `store-${++number}`);
});

const PROGRAM = `import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
const { of } = JSON.parse(readFileSync(0, "utf8"));
appendFileSync("calls.txt", of + "\\n");
const saved = process.env.GANG_CHECKPOINT && process.env.GANG_CHECKPOINT + "/step";
if (saved && !existsSync(saved)) { writeFileSync(saved, process.env.GANG_CHECKPOINT_EVERY); process.exit(1); }
console.log(JSON.stringify(saved ? Number(readFileSync(saved, "utf8")) : of.length));
`;

function planWith(tool: Partial<Tool>, more: Partial<StageNode> = {}, of = "abc", attempts = 1): Plan {
  const program: Tool = {
    from: { kind: "exec", command: [process.execPath, "program.mjs"] },
    parameters: [{ name: "of", type: STRING }],
    result: FLOAT,
    effect: false,
    limits: [],
    at: AT,
    ...tool,
  };
  const rules = { attempts, stall: "ignore" as const, backoff: { low: 0, high: 0 }, at: AT };
  return planOf([stage("one", call("tool", "program", { of: literal(of) }, { retry: "rules" }), [], more)], {
    ...{ root: folder, tools: { program }, retries: { rules } },
  });
}

const calls = (): string[] => readFileSync(join(folder, "calls.txt"), "utf8").trim().split("\n");

describe("cache", () => {
  beforeEach(() => {
    writeFileSync(join(folder, "program.mjs"), PROGRAM);
    rmSync(join(folder, "calls.txt"), { force: true });
  });

  test("the same call is answered by the earlier one, and the trail says so; other arguments or another program are called", async () => {
    const first = await run(planWith({ cache: true }), store);
    const second = await run(planWith({ cache: true }), store);
    expect(calls()).toEqual(["abc"]);
    expect(first.of("tool.ended")[0]!.cached).toBeUndefined();
    expect(second.of("tool.ended")).toMatchObject([{ ok: true, cached: true }]);
    expect(second.of("stage.ended")).toMatchObject([{ status: "ok", output: 3 }]);
    await run(planWith({ cache: true }, {}, "abcd"), store);
    expect(calls()).toEqual(["abc", "abcd"]);
    writeFileSync(join(folder, "program.mjs"), PROGRAM.replace("of.length", "of.length + 1"));
    await run(planWith({ cache: true }), store);
    expect(calls()).toEqual(["abc", "abcd", "abc"]);
  });

  test("the stage's word goes before the tool's; without either each call is made", async () => {
    for (const [tool, more] of [
      [{}, {}],
      [{}, { cache: true }],
      [{ cache: true }, { cache: false }],
      [{}, { cache: true }],
    ] as const)
      await run(planWith(tool, more), store);
    expect(calls()).toEqual(["abc", "abc", "abc"]);
  });

  test("what is damaged is called again", async () => {
    await run(planWith({ cache: true }), store);
    const kept = join(store, "cache/calls");
    for (const file of readdirSync(kept)) writeFileSync(join(kept, file), "{");
    expect((await run(planWith({ cache: true }), store)).of("stage.ended")).toMatchObject([
      { status: "ok", output: 3 },
    ]);
    expect(calls()).toEqual(["abc", "abc"]);
  });
});

describe("checkpoint", () => {
  beforeEach(() => writeFileSync(join(folder, "program.mjs"), PROGRAM));

  test("what one attempt has saved the next one finds; with the stage's value it goes", async () => {
    const { of } = await run(planWith({ checkpoint: 600 }, {}, "abc", 2), store);
    expect(of("attempt.ended").map(({ ok }) => ok)).toEqual([false, true]);
    expect(of("stage.ended")).toMatchObject([{ status: "ok", output: 600 }]);
    expect(
      readdirSync(join(store, "checkpoints")).flatMap((id) => readdirSync(join(store, "checkpoints", id))),
    ).toEqual([]);
  });

  test("of a stage that failed it stays, for when the run goes on", async () => {
    const { of } = await run(planWith({ checkpoint: 600 }), store);
    const id = of("run.started")[0]!.run!;
    const [own] = readdirSync(join(store, "checkpoints", id));
    expect(existsSync(join(store, "checkpoints", id, own!, "step"))).toBe(true);
  });
});
