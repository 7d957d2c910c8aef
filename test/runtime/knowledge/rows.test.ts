/** Rows out of records: of runs that went on in other processes. */
import { expect, test } from "vitest";
import { rowsOf, tableObjects } from "../../../runtime/knowledge/rows.ts";
import type { Record } from "../../../runtime/trail/record.ts";

const TIMES = ["2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z", "2026-01-01T00:00:03.000Z"];

/** What a process wrote of the run in its turn. */
function turn(process: string, number: number, end?: "ok" | "failed"): Record[] {
  const common = { v: 1, process, peer: "main", run: "r", time: TIMES[number - 1]! };
  const stage = { stage: "work.one", scope: "" };
  return [
    {
      kind: "run.started",
      pipeline: "work",
      cycle: 0,
      seed: 1,
      ...(number === 1 ? {} : { resumed: true, turn: number }),
    },
    { kind: "stage.started", ...stage },
    ...(end === undefined ? [] : [{ kind: "stage.ended", status: end, attempts: 1, elapsed: 0, ...stage }]),
    ...(end === undefined
      ? []
      : [{ kind: "run.ended", status: end, elapsed: 0, ...(end === "ok" ? {} : { error: "no" }) }]),
  ].map((record, seq) => ({ ...common, id: `${process}-${seq}`, seq, ...record }) as unknown as Record);
}

test.each([
  ["in the order in which they went on", ["a", "b", "c"]],
  ["by a process that is read before the one that began it", ["c", "b", "a"]],
  ["by one that is read between the others", ["b", "c", "a"]],
])("the last turn says what became of a run: %s", (_, [first, second, third]) => {
  const turns = [turn(first!, 1), turn(second!, 2, "failed"), turn(third!, 3, "ok")];
  // Processes are read by their names.
  const records = turns
    .flat()
    .toSorted((one, other) => (one.process < other.process ? -1 : one.process > other.process ? 1 : 0));
  const rows = rowsOf(records, () => false);
  expect(tableObjects(rows, "runs")).toMatchObject([
    { status: "ok", error: null, started: TIMES[0], ended: TIMES[2], process: third },
  ]);
  expect(tableObjects(rows, "stages")).toMatchObject([{ status: "ok", started: TIMES[0] }]);
});

test("a turn that has no end was cut off, whatever the turns before it came to", () => {
  const rows = rowsOf([...turn("a", 2), ...turn("b", 1, "failed")], () => false);
  expect(tableObjects(rows, "runs")).toMatchObject([{ status: "interrupted", ended: null }]);
});

test("a model's turn has what it cost, and what of it a cache gave", () => {
  const spent = { input_tokens: 900, output_tokens: 20, cached_tokens: 700, caching_tokens: 100, cost: 0.01 };
  const told = { v: 1, process: "p", seq: 9, id: "p-9", time: TIMES[0]!, peer: "main", run: "r", kind: "turn" };
  const record = { ...told, stage: "work.one", attempt: "a", number: 1, model: "m", latency: 0.5, ...spent };
  expect(
    tableObjects(
      rowsOf([record as unknown as Record], () => false),
      "turns",
    ),
  ).toMatchObject([spent]);
});
