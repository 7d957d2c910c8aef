/**
 * `npm run fuzz [-- --runs N --seconds N --seed N --only PART --workers N --input N]`: feeds the compiler with inputs
 * that nobody meant, counts them, and prints the least text of each way in which it went wrong. Fails if there is one.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { examine, PARTS, type Part } from "./examine.ts";
import { inputAt, placeCount } from "./inputs.ts";
import type { Finding, Message, Share, Tally } from "./worker.ts";

const FOUND = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "fuzz");
/** A thread that stays at one input for so long hangs; minimising does not count, since it looks at many. */
const HANG = 60_000;
const USAGE = `npm run fuzz -- [--runs 1000000] [--seconds N] [--seed N] [--only ${PARTS.join("|")}|all] [--workers 1] [--input N]`;

interface Options {
  readonly runs: number;
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  readonly parts: readonly Part[];
  readonly input: number | undefined;
}

function options(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { runs: text, seconds: text, seed: text, only: text, workers: text, input: text },
  });
  const number = (name: "runs" | "seconds" | "seed" | "workers" | "input", otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isNaN(value) || value < 0) throw new Error(`--${name} takes a number`);
    return value;
  };
  const only = values.only ?? "all";
  const part = PARTS.find((name) => name === only);
  if (part === undefined && only !== "all") throw new Error(`--only takes ${PARTS.join(", ")} or all`);
  return {
    runs: number("runs", values.seconds === undefined ? 1_000_000 : Number.MAX_SAFE_INTEGER),
    seconds: number("seconds", Number.POSITIVE_INFINITY),
    seed: number("seed", Date.now() % 1_000_000),
    workers: Math.max(1, number("workers", 1)),
    parts: part === undefined ? PARTS : [part],
    input: values.input === undefined ? undefined : number("input", 0),
  };
}

async function main(args: readonly string[]): Promise<number> {
  let chosen: Options;
  try {
    chosen = options(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (chosen.input !== undefined) return showInput(chosen, chosen.input);
  const { seed, runs, workers } = chosen;
  console.log(
    `seed ${seed}, ${chosen.parts.join(", ")}, ${workers} worker${workers === 1 ? "" : "s"}; ${placeCount()} places in the corpus`,
  );
  const started = performance.now();
  const found = new Map<string, Finding>();
  const at = new Float64Array(new SharedArrayBuffer(8 * workers));
  const progress = setInterval(() => console.error(`at input ${Math.min(...at).toLocaleString("en")}`), 30_000);
  const tallies = await Promise.all(
    Array.from({ length: workers }, (_, place) =>
      runWorker(chosen, place, Math.min(runs, Number.MAX_SAFE_INTEGER), at, found),
    ),
  );
  clearInterval(progress);
  summarize(tallies.flat(), found, seed, (performance.now() - started) / 1000);
  return found.size === 0 ? 0 : 1;
}

/** One share of the work, in as many threads, one after another, as it takes: a thread that hangs is left behind. */
async function runWorker(
  chosen: Options,
  place: number,
  end: number,
  at: Float64Array<SharedArrayBuffer>,
  found: Map<string, Finding>,
): Promise<Tally[]> {
  const { seed, workers, parts, seconds } = chosen;
  const until = Date.now() + seconds * 1000;
  const tallies: Tally[] = [];
  for (let first = place; first < end && Date.now() < until; ) {
    const share: Share = { seed, first, step: workers, end, parts, until, at, place };
    const { tally, stuck } = await runThread(share, found);
    if (tally !== undefined) tallies.push(tally);
    if (stuck === undefined) break;
    const finding = {
      part: "parser",
      what: stuck.what,
      detail: "",
      index: stuck.index,
      ...inputAt(seed, stuck.index),
    } as const;
    announce({ ...finding, least: finding.text }, seed, found);
    first = stuck.index + workers;
  }
  return tallies;
}

interface Ended {
  readonly tally: Tally | undefined;
  readonly stuck: { readonly index: number; readonly what: string } | undefined;
}

function runThread(share: Share, found: Map<string, Finding>): Promise<Ended> {
  return new Promise((resolve) => {
    const thread = new Worker(new URL("./worker.ts", import.meta.url), { workerData: share });
    let tally: Tally | undefined;
    let [last, since] = [-1, Date.now()];
    const end = (what?: string): void => {
      clearInterval(watch);
      const index = share.at[share.place]!;
      void thread.terminate();
      resolve({ tally, stuck: what === undefined ? undefined : { index, what } });
    };
    const watch = setInterval(() => {
      const index = share.at[share.place]!;
      if (index !== last) [last, since] = [index, Date.now()];
      else if (Date.now() - since > HANG) end("hangs");
    }, 1000);
    thread.on("message", (message: Message) => {
      if ("finding" in message) announce(message.finding, share.seed, found);
      else {
        tally = message.tally;
        if (message.done) end();
      }
    });
    thread.on("error", (error) => end(`the thread dies: ${error.message}`));
  });
}

function announce(finding: Finding, seed: number, found: Map<string, Finding>): void {
  const key = `${finding.part}: ${finding.what}`;
  if (found.has(key)) return;
  found.set(key, finding);
  mkdirSync(FOUND, { recursive: true });
  const file = join(FOUND, `${seed}-${finding.index}.json`);
  writeFileSync(file, JSON.stringify({ seed, ...finding, files: undefined }, null, 2));
  console.log(
    `\n${key}\n  --seed ${seed} --input ${finding.index} (${finding.kind} of ${finding.sample}), kept in ${file}`,
  );
  if (finding.detail !== "")
    console.log(
      finding.detail
        .split("\n")
        .slice(0, 6)
        .map((line) => `  ${line}`)
        .join("\n"),
    );
  const text = JSON.stringify(finding.least);
  console.log(
    `  [${JSON.stringify(key)}, ${text.length > 600 ? `${text.slice(0, 300)}… ${finding.least.length} characters` : text}],`,
  );
}

function summarize(
  tallies: readonly Tally[],
  found: ReadonlyMap<string, Finding>,
  seed: number,
  seconds: number,
): void {
  const counts: Record<string, number> = {};
  const met: Record<string, number> = {};
  const add = (to: Record<string, number>, from: Tally["counts"]): void => {
    for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
  };
  for (const tally of tallies) {
    add(counts, tally.counts);
    add(met, tally.met);
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  console.log(
    `\n${rows.map(([kind, count]) => `${kind.padEnd(12)}${count.toLocaleString("en").padStart(10)}`).join("\n")}`,
  );
  console.log(
    `${"all".padEnd(12)}${total.toLocaleString("en").padStart(10)} in ${seconds.toFixed(0)} s, ${Math.round(total / seconds).toLocaleString("en")} a second`,
  );
  const slowest = tallies
    .map((tally) => tally.slowest)
    .reduce((a, b) => (b.ms > a.ms ? b : a), { ms: 0, step: "", index: -1 });
  console.log(`slowest step: ${slowest.ms.toFixed(1)} ms, ${slowest.step}, --seed ${seed} --input ${slowest.index}`);
  const times = Object.values(met).reduce((sum, count) => sum + count, 0);
  console.log(found.size === 0 ? "no problem" : `${found.size} kinds of problems, met ${times} times`);
  for (const [what, count] of Object.entries(met).sort(([, a], [, b]) => b - a))
    console.log(`  ${String(count).padStart(7)} × ${what}`);
}

/** Shows one input of a seed, and what is wrong with it. */
function showInput({ seed, parts }: Options, index: number): number {
  const input = inputAt(seed, index);
  const { problem, slowest, step } = examine(input, new Set(parts));
  console.log(`${input.kind} of ${input.sample}:\n${input.text}\n--- slowest step: ${slowest.toFixed(1)} ms, ${step}`);
  if (problem !== undefined) console.log(`--- ${problem.part}: ${problem.what}\n${problem.detail}`);
  return problem === undefined ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
