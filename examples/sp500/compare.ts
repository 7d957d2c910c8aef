/**
 * Does it learn? For several seeds, in a store of its own each: runs the pipeline, and forecasts from the days that no
 * cycle ever saw, with what it recommends in the end, with its first guesses, and with the default.
 *
 *     node examples/sp500/compare.ts --from 11 --seeds 10 --cycles 30
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Model } from "./tools/families.ts";
import { evaluate } from "./tools/forecast.ts";
import { history } from "./tools/prices.ts";
import { KEPT_FROM } from "./tools/walk-forward.ts";

const GANGC = join(import.meta.dirname, "../../cli/gangc.cjs");
const HORIZON = 5;
/** Choices of the first cycles, which knew little. */
const FIRST = 5;

/** Ratios on the kept days; below 1 beats the baseline. */
export interface Comparison {
  readonly seed: number;
  readonly recommended: number;
  readonly model: Model;
  /** The mean over the first guesses, each by itself. */
  readonly firstGuesses: number;
  readonly firstGuess: number;
}

/** Runs `cycles` cycles in a new store, which is deleted afterwards. */
export function compare(seed: number, cycles: number): Comparison {
  const store = mkdtempSync(join(tmpdir(), "sp500-"));
  try {
    const lines = gangc(
      "run",
      import.meta.dirname,
      "--cycles",
      String(cycles),
      "--seed",
      String(seed),
      "--ui",
      "json",
      "--store",
      store,
    );
    const guesses = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly kind: string; readonly stage?: string; readonly output?: Model })
      .flatMap(({ kind, stage, output }) =>
        kind === "stage.ended" && stage === "research.choice" && output !== undefined ? [output] : [],
      )
      .slice(0, FIRST);
    const known = gangc("knowledge", "--stage", "research.choice", "--top", "1", "--format", "json", "--store", store);
    const { stages } = JSON.parse(known) as {
      readonly stages: readonly { readonly patterns: readonly { readonly chosen: string }[] }[];
    };
    const model = JSON.parse(stages[0]!.patterns[0]!.chosen) as Model;
    const scores = guesses.map(onKeptDays);
    return { seed, recommended: onKeptDays(model), model, firstGuesses: mean(scores), firstGuess: scores[0]! };
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

/** The score on every fifth of the kept days, so that no two outcomes overlap. */
export function onKeptDays(model: Model): number {
  const past = history();
  const days: number[] = [];
  for (let day = past.dates.findIndex((date) => date >= KEPT_FROM); day + HORIZON <= past.dates.length; day += HORIZON)
    days.push(day);
  return evaluate(model, past, days, HORIZON).ratio;
}

function gangc(...args: readonly string[]): string {
  return execFileSync(process.execPath, [GANGC, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28,
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      from: { type: "string", default: "1" },
      seeds: { type: "string", default: "10" },
      cycles: { type: "string", default: "30" },
    },
  });
  const comparisons: Comparison[] = [];
  const from = Number(values.from);
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    const comparison = compare(seed, Number(values.cycles));
    comparisons.push(comparison);
    const { recommended, firstGuesses, model } = comparison;
    console.log(
      `seed ${seed}  recommended ${recommended.toFixed(4)}  first ${FIRST} guesses ${firstGuesses.toFixed(4)}  ${JSON.stringify(model)}`,
    );
  }
  const spread = (name: string, pick: (one: Comparison) => number): void => {
    const all = comparisons.map(pick).sort((a, b) => a - b);
    console.log(`${name}  mean ${mean(all).toFixed(4)}  from ${all[0]!.toFixed(4)} to ${all.at(-1)!.toFixed(4)}`);
  };
  spread("recommended    ", ({ recommended }) => recommended);
  spread("first guesses  ", ({ firstGuesses }) => firstGuesses);
  spread("the very first ", ({ firstGuess }) => firstGuess);
  const better = comparisons.filter(({ recommended, firstGuesses }) => recommended < firstGuesses).length;
  console.log(`The recommendation beats the first guesses in ${better} of ${comparisons.length} seeds.`);
}
