import { stripVTControlCharacters } from "node:util";
import { render } from "ink-testing-library";
import { afterEach, describe, expect, test } from "vitest";
import { Screen } from "../../../cli/ui/screen.tsx";
import { type RunState, withKnown } from "../../../cli/ui/state.ts";
import type { Ranked } from "../../../runtime/knowledge/knowledge.ts";
import { cycle, stateAfter } from "./records.ts";

const claim: Ranked = {
  claim: "c",
  chosen: '{"family":"garch","tail":4}',
  niche: "",
  anti: false,
  strength: 0.712,
  reliability: 0.5,
  quality: 0.9,
  P: 1,
  N: 0,
  C: 1,
  z: 1.2,
  peers: 1,
  evaluations: 4,
  values: { crps: 0.98 },
  newest: "2026-01-01T00:00:00.000Z",
};

let shown: ReturnType<typeof render> | undefined;
afterEach(() => shown?.unmount());

function frame(state: RunState, { columns = 80, rows = 24, ending = false } = {}): string {
  shown = render(<Screen state={state} elapsed={3.2} store=".gang" ending={ending} columns={columns} rows={rows} />);
  return stripVTControlCharacters(shown.lastFrame() ?? "");
}

const midway = withKnown(
  stateAfter([...[5, 4, 6].flatMap((value, number) => cycle(number, value)), ...cycle(3, 1).slice(0, 6)]),
  { stage: "research.plan", scope: "", claims: [claim] },
);

describe("the screen", () => {
  test("shows how far the run is, the stages, the metric and what is known", () => {
    expect(
      frame(midway)
        .split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual([
      " research  cycle 4 of 30  3.2 s",
      " main  store .gang",
      "",
      " ✓ plan         forecaster  0.01 s",
      " ▸ score",
      "",
      " crps  ▅▁█  last 6  best 4  of 3",
      "",
      " best of research.plan",
      " 0.71  crps 0.98 ×4  family garch · tail 4",
    ]);
  });

  test("gives a row to each of several peers", () => {
    const text = frame(stateAfter([...cycle(0, 2, "explorer"), ...cycle(0, 3, "optimizer")], 60));
    expect(text).toContain("explorer        1  ✓✓  crps 2  family garch · tail 0");
    expect(text).toContain("optimizer       1  ✓✓  crps 3");
  });

  test("says that a run is ending, and that one failed", () => {
    const failed = [
      ...cycle(0, 1).slice(0, 2),
      {
        kind: "run.ended",
        peer: "main",
        run: "run-main-0",
        status: "failed",
        elapsed: 1,
        error: "no\u001b[2J",
      } as const,
    ];
    const text = frame(stateAfter(failed), { ending: true, columns: 100 });
    expect(text).toContain("1 failed");
    expect(text).toContain("once more Ctrl-C");
    // Without its escape character, what a tool wrote clears no screen.
    expect(text).toContain("no [2J");
  });

  test.each([
    [80, 24],
    [40, 10],
    [20, 6],
    [10, 3],
    [200, 60],
  ])("fits %d columns and %d rows", (columns, rows) => {
    const lines = frame(midway, { columns, rows }).split("\n");
    expect(lines.length).toBeLessThan(rows);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test("stands before anything has happened", () => expect(frame(stateAfter([]))).toContain("starting"));
});
