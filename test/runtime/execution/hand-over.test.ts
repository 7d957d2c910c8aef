/** One pipeline of a file learns for ever, and another, which answers, hands over what is best and what is newest by then. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Expr } from "../../../runtime/plan.ts";
import { DrivenClock } from "./driven-clock.ts";
import { answering, MARKET, marketPlan, mine, sent, setMarket } from "./market.ts";
import {
  call,
  FLOAT,
  field,
  learn,
  letNode,
  literal,
  name,
  observe,
  planOf,
  record,
  SHAPE,
  stage,
  typescript,
} from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-hand-over-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const NOTHING = { x: -1, kind: "normal" } as const;
const known = (which: "best" | "last"): Expr => ({
  op: "binary",
  operator: "??",
  left: { op: "recalled", which, stage: "work.plan" },
  right: literal(NOTHING),
});
const pair = record(["best", FLOAT], ["last", FLOAT]);
const tools = { ...MARKET, hand: typescript("market.ts", "hand", pair, pair) };

const learning = planOf(
  [
    stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
    stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]),
    observe("loss", field(name("score"), "loss"), ["score"]),
    learn("plan", ["loss"]),
    stage("think", call("tool", "answer", { id: literal("think") }), ["score"]),
  ],
  { tools },
);
const handing = marketPlan(
  [
    answering([
      letNode("best", known("best"), ["request"]),
      letNode("last", known("last"), ["request"]),
      stage("hand", call("tool", "hand", { best: field(name("best"), "x"), last: field(name("last"), "x") }), [
        "best",
        "last",
      ]),
      sent,
    ]),
  ],
  { tools },
);

test("an item is answered at once with what is known then, while the other pipeline's stage still thinks", async () => {
  const clock = new DrivenClock();
  const stop = new AbortController();
  const handed: { best: number; last: number; thinks: boolean }[] = [];
  let next = 0;
  let thinks = false;
  setMarket({
    requests: () => [{ id: String(next++) }],
    answer: async (id: string) => {
      if (id !== "think") return;
      thinks = true;
      await clock.sleep(9_000);
      thinks = false;
    },
    hand: (given: { best: number; last: number }) => {
      handed.push({ ...given, thinks });
      if (handed.length === 24) stop.abort();
    },
  });
  const plan = { ...learning, pipelines: { learns: learning.pipelines.work!, answers: handing.pipelines.work! } };
  const mined = await clock.drive(mine(plan, store, clock, { cycles: "forever", signal: stop.signal }));

  const learned = mined
    .of("evidence")
    .filter(({ metric }) => metric === "loss")
    .map(({ time, chosen, value }) => ({ time, x: JSON.parse(chosen).x as number, loss: value! }));
  const runs = mined.of("run.started").filter(({ item }) => item !== undefined);
  const asked = handed.flatMap((one, index) => {
    const { time } = runs[index]!;
    const then = learned.filter((evidence) => evidence.time < time);
    // What is learned in the same instant may be known, or not yet.
    return learned.some((evidence) => evidence.time === time) ? [] : [{ ...one, then }];
  });
  expect(asked.map(({ best, last }) => ({ best, last }))).toEqual(
    asked.map(({ then }) => ({
      best: then.toSorted((a, b) => a.loss - b.loss)[0]!.x,
      last: then.at(-1)!.x,
    })),
  );
  expect(asked.filter((one) => one.thinks).length).toBeGreaterThan(10);
  expect(new Set(asked.map(({ best }) => best)).size).toBeGreaterThan(1);
});
