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
  readonly direction: 1 | -1;
  readonly best: Ranked | undefined;
  /** The first values of the metric in the store. */
  readonly first: readonly number[];
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
  /** Characters a line. */
  readonly width: number;
}

/** Reasons of failed cycles that are repeated at the end; all of them stand in the trail. */
const TROUBLES = 3;

export function closingText({ state, elapsed, lessons, store, interrupted, next, width }: Closing): string {
  return [
    "",
    headline(state, elapsed, interrupted),
    ...state.notices
      .filter(({ level }) => level === "trouble")
      .slice(-TROUBLES)
      .map(({ text }) => `  ${printable(text)}`),
    ...lessons.flatMap((lesson) => ["", ...lessonLines(lesson)]),
    "",
    `The store is ${store}. Next:`,
    ...nextLines(next, width),
    "",
  ].join("\n");
}

/** What each command does beside it, or below where that is too wide. */
function nextLines(next: Closing["next"], width: number): string[] {
  const longest = Math.max(0, ...next.map(([command]) => command.length));
  const beside = next.every(([, doc]) => longest + doc.length + 4 <= width);
  return next.flatMap(([command, doc]) =>
    beside ? [`  ${command.padEnd(longest)}  ${doc}`] : [`  ${command}`, `      ${doc}`],
  );
}

/** What a run starts from, before its first cycle. */
export function openingText(lessons: readonly Lesson[]): string {
  return lessons
    .filter(({ before }) => before > 0)
    .map(({ stage, scope, before, best, metric }) => {
      const name = scope === "" ? stage : `${stage} for ${printable(scope)}`;
      const value = metric === undefined ? undefined : best?.values[metric];
      const known =
        best === undefined || value === undefined
          ? ""
          : `; the best so far: ${metric} ${numberText(value)}, ${claimText(best.chosen)}`;
      return `${name} starts from ${counted(before, "observation")}${known}\n`;
    })
    .join("");
}

function headline(state: RunState, elapsed: number, interrupted: boolean): string {
  const { ended } = state;
  const counts = (["failed", "cancelled", "parked"] as const)
    .filter((status) => ended[status] > 0)
    .map((status) => `${ended[status]} ${status}`);
  const rest = counts.length === 0 ? "" : `, ${counts.join(", ")}`;
  return `${interrupted ? "Interrupted after" : "Done:"} ${counted(cyclesEnded(state), "cycle")} in ${elapsedText(elapsed)}${rest}.`;
}

function lessonLines(lesson: Lesson): string[] {
  const { stage, scope, metric, best, first, evaluations, before, direction } = lesson;
  const name = scope === "" ? stage : `${stage} for ${printable(scope)}`;
  const source = before === 0 ? "all since it began" : `${before} of them from before this run`;
  const total = evaluations === 0 ? [] : [`  from    ${counted(evaluations, "observation")}, ${source}`];
  if (best === undefined) return [`${name} has learned nothing yet.`, ...total];
  const lines = [`What ${name} learned:`, `  best    ${claimText(best.chosen)}`];
  const value = metric === undefined ? undefined : best.values[metric];
  if (metric === undefined || value === undefined) return [...lines, ...total];
  const mean = first.reduce((sum, one) => sum + one, 0) / first.length;
  return [
    ...lines,
    `          ${metric} ${numberText(value)}, the mean of ${counted(best.evaluations, "evaluation")}; strength ${best.strength.toFixed(2)}`,
    ...(evaluations <= first.length
      ? []
      : [
          `  first   ${metric} ${numberText(mean)}, the mean of the first ${first.length}: the best is ${compared(value, mean, direction)}`,
        ]),
    ...total,
  ];
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
