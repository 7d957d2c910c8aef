/** The last words of a run: what was learned, how that compares with where it began, and what to type next. */

import type { Ranked } from "../../runtime/knowledge/knowledge.ts";
import { cyclesEnded, type RunState } from "./state.ts";
import { claimText, counted, elapsedText, numberText, printable } from "./text.ts";

/** What is known in the end of one stage that learns. */
export interface Lesson {
  /** `pipeline.stage`. */
  readonly stage: string;
  readonly scope: string;
  /** The metric that the comparison is made by: the first that the stage learns from and has values of. */
  readonly metric: string | undefined;
  readonly best: Ranked | undefined;
  /** Evaluations in the store, of all peers; and how many of them there were before this run. */
  readonly evaluations: number;
  readonly before: number;
}

export interface Closing {
  readonly state: RunState;
  /** Seconds. */
  readonly elapsed: number;
  readonly lessons: readonly Lesson[];
  /** As shown to the user. */
  readonly store: string;
  readonly interrupted: boolean;
  /** Commands to type next, each with what it does. */
  readonly next: readonly (readonly [command: string, doc: string])[];
}

export function closingText({ state, elapsed, lessons, store, interrupted, next }: Closing): string {
  const width = Math.max(0, ...next.map(([command]) => command.length));
  return [
    "",
    headline(state, elapsed, interrupted),
    ...lessons.flatMap((lesson) => ["", ...lessonLines(lesson, state)]),
    "",
    `The store is ${store}. Next:`,
    ...next.map(([command, doc]) => `  ${command.padEnd(width)}  ${doc}`),
    "",
  ].join("\n");
}

function headline(state: RunState, elapsed: number, interrupted: boolean): string {
  const { ended } = state;
  const counts = (["failed", "cancelled", "parked"] as const)
    .filter((status) => ended[status] > 0)
    .map((status) => `${ended[status]} ${status}`);
  const rest = counts.length === 0 ? "" : `, ${counts.join(", ")}`;
  return `${interrupted ? "Interrupted after" : "Done:"} ${counted(cyclesEnded(state), "cycle")} in ${elapsedText(elapsed)}${rest}.`;
}

function lessonLines({ stage, scope, metric, best, evaluations, before }: Lesson, state: RunState): string[] {
  const name = scope === "" ? stage : `${stage} for ${printable(scope)}`;
  const source = before === 0 ? "all from this run" : `${before} of them from before this run`;
  const total = `  ${counted(evaluations, "observation")} in all, ${source}.`;
  if (best === undefined) return [`${name} has learned nothing yet.`, total];
  const lines = [`What ${name} learned:`, `  best    ${claimText(best.chosen)}`];
  const value = metric === undefined ? undefined : best.values[metric];
  if (metric === undefined || value === undefined) return [...lines, total];
  lines.push(
    `          ${metric} ${numberText(value)}, the mean of ${counted(best.evaluations, "evaluation")}; strength ${best.strength.toFixed(2)}`,
  );
  const series = state.series.find((one) => one.metric === metric && one.scope === scope);
  if (series !== undefined && series.count > series.first.length) {
    const first = series.first.reduce((sum, one) => sum + one, 0) / series.first.length;
    const verdict = compared(value, first, series.direction);
    lines.push(
      `  first   ${metric} ${numberText(first)}, the mean of this run's first ${series.first.length} cycles: the best is ${verdict}`,
    );
  }
  return [...lines, total];
}

function compared(value: number, first: number, direction: 1 | -1): string {
  const gain = direction * (value - first);
  if (gain === 0) return "as good";
  const share = Math.abs(gain / first) * 100;
  const amount =
    first === 0 || share > 1000
      ? `by ${numberText(Math.abs(gain))}`
      : `${share < 1 ? share.toFixed(2) : share.toFixed(1)} %`;
  return `${amount} ${gain > 0 ? "better" : "worse"}`;
}
