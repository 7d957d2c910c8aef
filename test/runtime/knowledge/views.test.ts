/** The views of `gangc sql` that add up: what a model of a run cost, who scored best, whether being shown a pattern helped. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { query } from "../../../runtime/knowledge/sql/query.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import type { Json } from "../../../runtime/types.ts";
import { draft } from "./trail.ts";

let store: string;

const started = (run: string, pipeline: string): Draft => ({
  ...{ kind: "run.started", peer: "a", run, pipeline, subnet: "n", cycle: 0, seed: 1 },
});
const score = (peer: string, run: string, metric: string, value: number, more: Partial<Draft> = {}): Draft =>
  ({ kind: "score", peer, run, metric, value, direction: 1, feasible: true, ...more }) as Draft;
const turn = (run: string, model: string, number: number, more: Partial<Draft>): Draft =>
  ({ kind: "turn", peer: "a", run, stage: "p.s", attempt: "t", model, number, latency: 1, ...more }) as Draft;
const shown = (run: string, claims: readonly Json[], scope = ""): Draft =>
  ({
    ...{ kind: "recall", peer: "a", run, stage: "p.s", scope, recall: "default", known: 2, elapsed: 0 },
    shown: claims,
  }) as unknown as Draft;
const PATTERN = { claim: "c".repeat(64), strength: 0.5, anti: false };

beforeAll(async () => {
  store = mkdtempSync(join(tmpdir(), "gang-views-"));
  const trail = await openTrail({ directory: store, peers: ["a", "b"] });
  await trail.append([
    ...["told", "untold", "warned"].map((run) => started(run, "p")),
    started("other", "q"),

    turn("told", "large", 1, { input_tokens: 100, output_tokens: 10, cost: 0.5 } as Partial<Draft>),
    turn("told", "large", 2, { input_tokens: 50, output_tokens: 5, cost: 0.25 } as Partial<Draft>),
    turn("told", "small", 1, { input_tokens: 7 } as Partial<Draft>),
    turn("other", "large", 1, { cost: 0.125 } as Partial<Draft>),

    score("a", "told", "m", 3),
    score("a", "untold", "m", 5),
    score("a", "warned", "m", 9, { feasible: false } as Partial<Draft>),
    score("b", "told", "m", 8),
    score("b", "told", "m", 6),
    score("a", "told", "loss", 3, { direction: -1 } as Partial<Draft>),
    score("b", "told", "loss", 2, { direction: -1 } as Partial<Draft>),

    shown("told", [PATTERN]),
    shown("told", [PATTERN]),
    shown("warned", [{ ...PATTERN, anti: true }]),
    draft({ k: 1, run: "told", attempt: "1", value: 40 }),
    draft({ k: 1, run: "told", attempt: "1", value: 4 }),
    draft({ k: 2, run: "told", attempt: "2", value: 6 }),
    draft({ k: 2, run: "told", attempt: "2", value: 10, metric: "n", direction: 1 }),
    draft({ k: 1, run: "untold", attempt: "1", value: 1 }),
    draft({ k: 1, run: "warned", attempt: "1", value: 2 }),
    draft({ k: 3, run: "untold", attempt: "2", ok: false, class: "error" }),
  ]);
  await trail.close();
});
afterAll(() => rmSync(store, { recursive: true, force: true }));

async function ask(sql: string): Promise<Json[][]> {
  const rows: Json[][] = [];
  await query({ store, sql, now: Date.now(), onRows: (batch) => void rows.push(...(batch as Json[][])) });
  return rows;
}

test("costs: dollars and tokens of each model, by pipeline, dearest first; what has no price stands last", async () => {
  expect(await ask("select pipeline, peer, source, calls, input_tokens, output_tokens, cost from costs")).toEqual([
    ["p", "a", "large", 2, 150, 15, 0.75],
    ["q", "a", "large", 1, null, null, 0.125],
    ["p", "a", "small", 1, 7, null, null],
  ]);
});

test("leaderboard: the best feasible value of each peer, by the metric's direction, best first, without what was corrected", async () => {
  expect(await ask("select subnet, metric, peer, best, mean, scores, infeasible from leaderboard")).toEqual([
    ["n", "loss", "b", 2, 2, 1, 0],
    ["n", "loss", "a", 3, 3, 1, 0],
    ["n", "m", "b", 6, 6, 1, 0],
    ["n", "m", "a", 5, 4, 2, 1],
  ]);
});

test("uplift: attempts of a run that was shown a pattern, once or twice, apart from others, by their last word; an antipattern is none", async () => {
  expect(await ask("select stage, metric, recalled, attempts, ok, mean from uplift")).toEqual([
    ["p.s", "m", false, 2, 1, 1.5],
    ["p.s", "m", true, 2, 1, 5],
    ["p.s", "n", true, 1, 1, 10],
    ["p.s", null, false, 1, 0, null],
  ]);
});
