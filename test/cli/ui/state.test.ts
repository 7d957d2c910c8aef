import { describe, expect, test } from "vitest";
import { plainLine } from "../../../cli/ui/plain.ts";
import { advance, cyclesEnded, initialState, noticed } from "../../../cli/ui/state.ts";
import { cycle, stateAfter } from "./records.ts";

describe("the state of a run", () => {
  test("knows a cycle's stages before they start", () => {
    const { lanes } = stateAfter(cycle(0, 1).slice(0, 1));
    expect(lanes).toHaveLength(1);
    expect(lanes[0]).toMatchObject({ peer: "main", cycle: 1, status: "running" });
    expect(lanes[0]!.stages.map(({ name, started }) => [name, started])).toEqual([
      ["plan", 0],
      ["score", 0],
    ]);
  });

  test("follows a stage through its attempts", () => {
    const [started, stage, attempt] = cycle(0, 1);
    const state = stateAfter([started!, stage!, attempt!, attempt!]);
    expect(state.lanes[0]!.stages[0]).toMatchObject({ started: 1, ok: 0, attempts: 2, via: "forecaster" });
  });

  test("counts the items of a fan-out together, and takes the longest", () => {
    const origin = { peer: "main", run: "run-main-0", stage: "research.plan" };
    const state = stateAfter([
      cycle(0, 1)[0]!,
      { kind: "stage.started", ...origin, scope: "a" },
      { kind: "stage.started", ...origin, scope: "b" },
      { kind: "stage.ended", ...origin, scope: "a", status: "ok", attempts: 1, elapsed: 3 },
      { kind: "stage.ended", ...origin, scope: "b", status: "failed", attempts: 1, elapsed: 1, error: "no" },
    ]);
    expect(state.lanes[0]!.stages[0]).toMatchObject({ started: 2, ok: 1, failed: 1, elapsed: 3, error: "no" });
  });

  test("keeps each peer's own cycle", () => {
    const state = stateAfter([...cycle(0, 1, "a"), ...cycle(0, 2, "b"), ...cycle(1, 3, "a").slice(0, 4)]);
    expect(state.lanes.map(({ peer, cycle, status }) => [peer, cycle, status])).toEqual([
      ["a", 2, "running"],
      ["b", 1, "ok"],
    ]);
    expect(cyclesEnded(state)).toBe(2);
  });

  test("keeps a metric's newest values and its best, by its direction", () => {
    const state = stateAfter([5, 4, 6, 2, 3, 7, 1, 8].flatMap((value, number) => cycle(number, value)));
    expect(state.series).toHaveLength(1);
    expect(state.series[0]).toMatchObject({
      metric: "crps",
      count: 8,
      best: 1,
      values: [5, 4, 6, 2, 3, 7, 1, 8],
    });
  });

  test("takes no infeasible value for the best", () => {
    const bad = { kind: "score", peer: "main", metric: "m", value: 99, direction: 1, feasible: false } as const;
    expect(stateAfter([bad]).series[0]!.best).toBeUndefined();
    expect(stateAfter([bad, { ...bad, value: 3, feasible: true }]).series[0]!.best).toBe(3);
  });

  test("stays bounded in an endless run", () => {
    let state = initialState(undefined);
    for (let number = 0; number < 1000; number++) {
      for (const record of cycle(number, number)) state = advance(state, record, () => []);
      state = noticed(state, "note", `${number}`);
    }
    expect(state.series[0]!.values.length).toBeLessThanOrEqual(400);
    expect(state.notices.length).toBeLessThanOrEqual(30);
    expect(state.series[0]).toMatchObject({ count: 1000, best: 0 });
  });

  test("keeps the reasons of failures to show them", () => {
    const [started] = cycle(0, 1);
    const origin = { peer: "main", run: "run-main-0" };
    const state = stateAfter([
      started!,
      { kind: "attempt.ended", ...origin, stage: "research.plan", ok: false, elapsed: 0, error: "it broke" },
      { kind: "run.ended", ...origin, status: "failed", elapsed: 0.1, error: "research.plan failed: it broke" },
    ]);
    expect(state.notices).toEqual([
      { number: 0, level: "note", text: "research.plan: it broke" },
      { number: 1, level: "trouble", text: "research.plan failed: it broke" },
    ]);
    expect(state.ended.failed).toBe(1);
  });

  test("ignores what it does not know of", () => {
    const state = stateAfter(cycle(0, 1));
    expect(advance(state, { kind: "stage.started", peer: "x", run: "another", stage: "a.b" }, () => [])).toEqual(state);
  });
});

describe("a plain line", () => {
  const line = (records: ReturnType<typeof cycle>, cycles?: number) =>
    plainLine(stateAfter(records, cycles), records.at(-1)!);

  test("says how far the run is, the score, the best so far and what was chosen", () => {
    expect(line([...cycle(0, 2), ...cycle(1, 3)])).toBe(" 2/30  0.05 s  crps 3 (best 2)  family garch · tail 1");
  });

  test("names the peer where there are several", () => {
    expect(line([...cycle(0, 2, "a"), ...cycle(0, 3, "b")])).toContain("b research");
  });

  test("stands for the end of a cycle only", () => {
    expect(line(cycle(0, 2).slice(0, 5))).toBeUndefined();
  });
});
