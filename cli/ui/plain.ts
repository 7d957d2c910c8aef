/** A run in plain lines, where there is no terminal to draw on: one for each cycle that ends, one for each trouble. */

import type { Draft } from "../../runtime/trail/record.ts";
import { cyclesEnded, type RunState } from "./state.ts";
import { claimText, elapsedText, numberText, printable } from "./text.ts";

/** The line that a record is worth, or none; `state` is the one after it. */
export function plainLine(state: RunState, record: Draft): string | undefined {
  if (record.kind === "event") return `  ${printable(record.message ?? record.name)}`;
  if (record.kind !== "run.ended") return undefined;
  const lane = state.lanes.find(({ run }) => run === record.run);
  if (lane === undefined) return undefined;

  const done = cyclesEnded(state);
  const total = state.cycles === undefined ? "" : `/${state.cycles}`;
  const several = state.lanes.length > 1;
  const scores = Object.entries(lane.scores).map(([metric, { sum, count }]) => {
    const bests = state.series.filter((series) => series.metric === metric && series.best !== undefined);
    // The items of a fan-out differ in scale: a best over all of them would mean nothing.
    const best = bests.length === 1 ? ` (best ${numberText(bests[0]!.best!)})` : "";
    return `${metric} ${numberText(sum / count)}${best}`;
  });
  const parts = [
    `${String(done).padStart(String(state.cycles ?? "").length)}${total}`,
    several ? `${lane.peer} ${lane.pipeline}` : undefined,
    record.status === "ok" ? undefined : record.status,
    elapsedText(record.elapsed),
    ...scores,
    lane.chosen === undefined ? undefined : claimText(lane.chosen),
    record.error === undefined ? undefined : printable(record.error),
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}
