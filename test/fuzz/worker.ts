/** One thread of a run: examines its share of the inputs and tells what it found. */
import { parentPort, workerData } from "node:worker_threads";
import { examine, LIMIT, type Part, type Problem } from "./examine.ts";
import { type Input, inputAt, type Kind } from "./inputs.ts";
import { minimize } from "./minimize.ts";

export interface Share {
  readonly seed: number;
  /** Inputs `first`, `first + step`, …, below `end`. */
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly parts: readonly Part[];
  /** When to stop, as `Date.now()` tells it. */
  readonly until: number;
  /** The input at work, at this thread's own place: who watches sees that it moves. */
  readonly at: Float64Array;
  readonly place: number;
}

export interface Finding extends Problem {
  readonly index: number;
  readonly kind: Kind;
  readonly sample: string;
  readonly text: string;
  /** The least text found that goes wrong in the same way. */
  readonly least: string;
}

export interface Tally {
  readonly counts: { readonly [kind: string]: number };
  readonly slowest: { readonly ms: number; readonly step: string; readonly index: number };
  /** How often each problem was met, by its words. */
  readonly met: { readonly [what: string]: number };
}

export type Message = { readonly finding: Finding } | { readonly tally: Tally; readonly done: boolean };

const TELL_EVERY = 1000;

export function work(share: Share, tell: (message: Message) => void): void {
  const parts = new Set(share.parts);
  const counts: Record<string, number> = {};
  const met: Record<string, number> = {};
  let slowest: Tally["slowest"] = { ms: 0, step: "", index: -1 };
  let told = performance.now();
  for (let index = share.first; index < share.end; index += share.step) {
    share.at[share.place] = index;
    const input = inputAt(share.seed, index);
    counts[input.kind] = (counts[input.kind] ?? 0) + 1;
    const { problem, slowest: ms, step } = examine(input, parts);
    if (ms > slowest.ms) slowest = { ms, step, index };
    if (problem !== undefined) {
      met[problem.what] = (met[problem.what] ?? 0) + 1;
      if (met[problem.what] === 1)
        tell({ finding: { ...problem, index, ...input, least: least(input, problem, parts) } });
    }
    if (performance.now() - told > TELL_EVERY) {
      told = performance.now();
      tell({ tally: { counts, slowest, met }, done: false });
      if (Date.now() > share.until) break;
    }
  }
  tell({ tally: { counts, slowest, met }, done: true });
}

function least(input: Input, problem: Problem, parts: ReadonlySet<Part>): string {
  // What is slow takes too long to try thousands of times.
  if (problem.what.includes(`${LIMIT} ms`)) return input.text;
  return minimize(input.text, (text) => examine({ ...input, text }, parts).problem?.what === problem.what);
}

if (parentPort !== null && workerData !== null && "seed" in workerData) {
  const port = parentPort;
  work(workerData as Share, (message) => port.postMessage(message));
}
