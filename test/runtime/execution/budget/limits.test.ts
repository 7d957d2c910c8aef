/** Limits in whole runs: calls wait, money fails, and a restart forgets nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { limitsAround } from "../../../../runtime/execution/budget/limits.ts";
import type { RunOptions } from "../../../../runtime/execution/run.ts";
import type { Limit, Plan, Tool } from "../../../../runtime/plan.ts";
import { openTrail } from "../../../../runtime/trail/local.ts";
import { asking, GOOD, modelOf } from "../../models/asking.ts";
import { DrivenClock } from "../driven-clock.ts";
import { run } from "../fakes.ts";
import { AT, call, literal, planOf, stage, TOOLS } from "../plans.ts";

function newStore(): string {
  const folder = mkdtempSync(join(tmpdir(), "gang-limits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const calls = (amount: number, per: Limit["per"]): Limit => ({ amount, of: "calls", per });
const money = (amount: number, per: Limit["per"]): Limit => ({ amount, of: "money", per });

/** `count` calls of the tool `start`, side by side. */
function plan(
  count: number,
  tool: Partial<Tool>,
  pipeline: { readonly limits?: readonly Limit[] } = {},
  timeout?: number,
): Plan {
  const list = Array.from({ length: count }, (_, index) => `i${index}`);
  const more = timeout === undefined ? {} : { timeout };
  const paid = stage("paid", call("tool", "start", { value: literal(1) }, more));
  return planOf(
    [
      {
        ...{ kind: "for", variable: "i", type: { kind: "string" }, over: { kind: "list", list: literal(list) } },
        ...{ parallel: count, needs: [], body: [paid], at: AT },
      },
    ],
    { tools: { ...TOOLS, start: { ...TOOLS.start!, ...tool } } },
    { ...pipeline, limits: [...(pipeline.limits ?? [])] },
  );
}

async function driven(of: Plan, store: string, more: Partial<RunOptions> = {}) {
  const clock = new DrivenClock();
  const began: number[] = [];
  const ran = await clock.drive(
    run(of, store, {
      clock,
      onRecord: ({ kind }) => void (kind === "tool.started" && began.push(clock.passed / 1000)),
      ...more,
    }),
  );
  return { ...ran, began };
}

test("a limit of the program and one of gang.yaml that are alike are one, the tighter", () => {
  const of = planOf([]);
  const plan: Plan = { ...of, models: { quick: modelOf("openai", { limits: [calls(60, 60)] }) } };
  const machine = { models: { quick: { limit: calls(100, 60) } } };
  const held = limitsAround(plan, machine, Object.keys(plan.pipelines)[0]!, { kind: "model", name: "quick" });
  expect(held.map(({ limit, called }) => [limit.amount, called])).toEqual([
    [60, "the limit `60 calls per 1m` of quick"],
  ]);
});

describe("calls", () => {
  test("wait for a window that slides, and say so", async () => {
    const { began, of, summary } = await driven(plan(5, { limits: [calls(2, 60)] }), newStore());
    expect(began.map(Math.round)).toEqual([0, 0, 60, 60, 120]);
    expect(summary.runs[0]!.status).toBe("ok");
    const said = of("event").filter((event) => event.name === "limit.waiting");
    expect(said).toHaveLength(3);
    expect(said[0]!.message).toBe(
      "start waits for the limit `2 calls per 1m` of start: 2 calls are used, it may take 1 call, and there is room at 2026-03-01T12:01:00Z",
    );
  });

  test("that would wait for longer than their time allows fail at once, as the limit's fault", async () => {
    const { began, of } = await driven(plan(3, { limits: [calls(2, 60)] }, {}, 20), newStore());
    expect(began).toEqual([0, 0]);
    const [failed] = of("attempt.ended").filter(({ ok }) => !ok);
    expect(failed).toMatchObject({ class: "limit", error: expect.stringContaining("later than its time allows") });
    expect(of("evidence").filter(({ ok }) => !ok)).toEqual([]);
  });

  test("for all time, or of a cycle, do not wait for what never comes", async () => {
    const store = newStore();
    expect((await driven(plan(2, { limits: [calls(1, "ever")] }), store)).began).toHaveLength(1);
    const { began, of } = await driven(plan(2, { limits: [calls(1, "ever")] }), store);
    expect(began).toHaveLength(0);
    expect(of("stage.ended")[0]!.error).toBe(
      "the limit `1 call` of start does not allow start: 1 call is used, it may take 1 call, and nothing of it comes back",
    );
    const each = await driven(plan(2, { limits: [calls(1, "cycle")] }), store, { cycles: 3 });
    expect(each.began).toHaveLength(3);
  });

  test("that wait are cancelled with their run", async () => {
    const stop = new AbortController();
    const began = performance.now();
    const { summary } = await run(plan(2, { limits: [calls(1, 3600)] }), newStore(), {
      signal: stop.signal,
      onRecord: ({ kind }) => void (kind === "tool.ended" && setTimeout(() => stop.abort(), 20)),
    });
    expect(summary.runs[0]!.status).toBe("cancelled");
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe("money", () => {
  test("is reserved at the worst, settled by what was spent, and fails where it is spent", async () => {
    // Each call may cost $1, and says that it cost $0.40: three fit into $2, one after another.
    const tool = { cost: 1, spent: literal(0.4) };
    const { of, summary } = await driven(plan(5, tool, { limits: [money(2, "cycle")] }), newStore());
    expect(of("tool.ended").map(({ cost }) => cost)).toEqual([0.4, 0.4, 0.4]);
    expect(summary.runs[0]).toMatchObject({ status: "failed" });
    expect(of("attempt.ended").filter(({ ok }) => !ok)[0]).toMatchObject({
      class: "limit",
      error:
        "the limit `$2 per cycle` of the pipeline work does not allow start: $1.20 is spent, it may take $1, and the next cycle begins anew",
    });
  });

  test("of a day is remembered by the ledger, and without it by the trail", async () => {
    const store = newStore();
    const clock = new DrivenClock(new Date().toISOString());
    const paid = plan(3, { cost: 1 }, { limits: [money(4, 86_400)] });
    for (const [round, calls] of [3, 1, 0].entries()) {
      if (round === 2) rmSync(join(store, "limits"), { recursive: true });
      const trail = await openTrail({ directory: store, peers: ["main"] });
      let began = 0;
      const onRecord = ({ kind }: { kind: string }) => void (kind === "tool.started" && began++);
      await clock.drive(run(paid, store, { clock, trail: trail as never, onRecord }));
      await trail.close();
      expect(began).toBe(calls);
    }
  });

  test("of gang.yaml holds for all programs of the store, and needs a price", async () => {
    const store = newStore();
    const machine = { limits: [money(2, "ever")] };
    expect((await driven(plan(3, { cost: 1 }), store, { machine })).began).toHaveLength(2);
    const asked = asking({ script: [GOOD], models: { rig: unpriced() }, store, keyless: true, options: { machine } });
    await expect(asked).rejects.toThrow(
      "The limit `$2` of gang.yaml cannot be kept: nobody knows what rig costs (its `price`).",
    );
  });
});

const unpriced = () => {
  const { price: _, ...rest } = modelOf("openai");
  return rest;
};

describe("a model", () => {
  const models = (...limits: Limit[]) => ({ quick: modelOf("anthropic", { limits }) });

  test("waits for its calls, turn by turn", async () => {
    const script = [{ text: "nonsense" }, { text: "nonsense" }, GOOD];
    const { clock, of } = await asking({ script, models: models(calls(1, 60)), store: newStore() });
    expect(of("turn")).toHaveLength(3);
    expect(clock.waited.filter((milliseconds) => milliseconds > 50_000)).toHaveLength(2);
  });

  test("reserves its tokens' worst, and pays what was used", async () => {
    // 10,000 read at $1 and 1000 written at $10 a million: $0.02 at the most.
    const script = [{ text: "nonsense" }, GOOD];
    const tight = await asking({ script, models: models(money(0.019, "ever")), store: newStore() });
    expect(tight.of("turn")).toHaveLength(0);
    expect(tight.of("attempt.ended")[0]).toMatchObject({
      class: "limit",
      error: expect.stringContaining("more than the limit ever allows"),
    });
    const fits = await asking({ script, models: models(money(0.021, "ever")), store: newStore() });
    expect(fits.of("turn")).toHaveLength(2);
    expect(fits.summary.runs[0]!.status).toBe("ok");
  });

  test("that refuses with a status costs a call and nothing else; an answer that breaks off, all it may have", async () => {
    const refused = await asking({
      script: [{ status: 500 }, { status: 500 }, GOOD],
      models: models(money(0.021, "ever"), calls(3, "ever")),
      store: newStore(),
    });
    expect(refused.summary.runs[0]!.status).toBe("ok");
    const broken = await asking({
      script: [{ text: "lost", breakAfter: 2 }, GOOD],
      models: models(money(0.021, "ever")),
      store: newStore(),
    });
    expect(broken.of("turn")).toHaveLength(1);
    expect(broken.of("attempt.ended").map((ended) => ended.class)).toEqual(["network", "limit"]);
  });
});
