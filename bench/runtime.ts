/**
 * What a stage that does nothing costs, in a chain and in a fan: ours in memory and in a store, beside LangGraph and
 * Mastra, which live in a package of their own in `runtime/`. Each case is a process of its own. Who does not come to an
 * end is stopped, and the row says when.
 */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { install } from "./install.ts";
import { median, type Row, rowOf } from "./row.ts";

const PACKAGE = join(import.meta.dirname, "runtime");
const RIVALS = join(PACKAGE, "rivals.mjs");
const MEMORY = "memory that ours grows by";
const SHAPES = ["chain", "fan"] as const;
const ROUNDS: { readonly [stages: number]: number } = { 100: 9, 1000: 5, 10000: 3 };
const STOPPED_AFTER_MILLISECONDS = 60_000;
/** Cycles, and items of a source. */
const GROWN = 10_000;
const HEAP_MEGABYTES = 4_096;

interface Runtime {
  readonly name: string;
  readonly worker: readonly string[];
  /** It keeps what it did: compared with ours in a store, else with ours in memory. */
  readonly kept: boolean;
}

/** Ours first: the others are set against it. */
function runtimes(): readonly Runtime[] {
  const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
    readonly dependencies: { readonly [name: string]: string };
  };
  const rival = (of: string, named: string, how: string, kept: boolean): Runtime => ({
    name: `${named} ${dependencies[of]}, ${how}`,
    worker: [RIVALS, `${named}, ${how}`],
    kept,
  });
  return [
    { name: "ours, in memory", worker: [join(PACKAGE, "ours.ts"), "memory"], kept: false },
    { name: "ours, in a store", worker: [join(PACKAGE, "ours.ts"), "store"], kept: true },
    rival("@langchain/langgraph", "langgraph", "no checkpointer", false),
    rival("@langchain/langgraph", "langgraph", "MemorySaver", false),
    rival("@langchain/langgraph", "langgraph", "SqliteSaver", true),
    rival("@mastra/core", "mastra", "no storage", false),
    rival("@mastra/core", "mastra", "LibSQLStore", true),
  ];
}

/** `only`: a part of the names of the cases to measure (`ours`, `chain of 100,`); absent, all. */
export async function* bench(only = ""): AsyncGenerator<Row> {
  // Beside the code, not in the system's temporary folder, which may be memory.
  const cache = join(import.meta.dirname, "..", "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "runtime-"));
  try {
    for (const shape of SHAPES) {
      for (const [stages, rounds] of Object.entries(ROUNDS)) yield* beside(shape, Number(stages), rounds, folder, only);
    }
    if (MEMORY.includes(only)) yield* growth(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* beside(
  shape: string,
  stages: number,
  rounds: number,
  folder: string,
  only: string,
): AsyncGenerator<Row> {
  const caseOf = (what: string): string => `${shape} of ${stages.toLocaleString("en")}, ${what}, a stage`;
  const perStage = (ms: number): number => (ms * 1000) / stages;
  const nameOf = (what: string) => ({ bench: "runtime", case: caseOf(what), unit: "µs" });
  const ours = new Map<boolean, number>();
  for (const { name, worker, kept } of runtimes()) {
    if (!caseOf(name).includes(only) || (worker[0] === RIVALS && !rivalsAreThere())) continue;
    const { measured, stopped } = await measuredIn([...worker, shape, `${stages}`, `${rounds}`, folder]);
    const costs = measured.map(({ ms }) => perStage(ms));
    const bare = measured.flatMap((round) => (round.bare === undefined ? [] : [perStage(round.bare)]));
    if (stopped !== undefined) {
      yield rowOf(nameOf(`${name}: no result when it ended, after ${(stopped / 1000).toFixed(1)} s, so more than`), [
        perStage(stopped),
      ]);
    } else if (worker[0] !== RIVALS) {
      ours.set(kept, median(costs));
      if (bare.length === 0) yield rowOf(nameOf(name), costs);
      else {
        yield rowOf(nameOf(name), costs, { against: "the bare syncs of the same bytes", values: bare });
        yield rowOf(nameOf("the bare syncs"), bare);
      }
    } else {
      const base = ours.get(kept);
      const against = kept ? "ours in a store" : "ours in memory";
      yield rowOf(nameOf(name), costs, base === undefined ? undefined : { against, values: costs.map(() => base) });
    }
  }
}

let areThere: boolean | undefined;

/** Installs the others before the first of them is measured; where that fails, it is said, and they are left out. */
function rivalsAreThere(): boolean {
  if (areThere !== undefined) return areThere;
  try {
    install(PACKAGE, "the other runtimes");
    areThere = true;
  } catch (error) {
    console.error(`The other runtimes cannot be installed, and are left out: ${(error as Error).message}`);
    areThere = false;
  }
  return areThere;
}

/** What a run that goes on and on keeps hold of: nothing, so that these are noise. */
async function* growth(folder: string): AsyncGenerator<Row> {
  for (const turns of ["cycles", "items"]) {
    const worker = ["--expose-gc", join(PACKAGE, "growth.ts"), turns, `${GROWN}`, folder];
    const { stdout } = await promisify(execFile)(process.execPath, worker, { cwd: PACKAGE });
    const grown = JSON.parse(stdout) as { readonly heap: number; readonly resident: number };
    for (const [what, bytes] of Object.entries(grown)) {
      const name = `${MEMORY} over ${GROWN.toLocaleString("en")} ${turns} in a store, ${what}`;
      yield rowOf({ bench: "runtime", case: name, unit: "MB" }, [bytes / 2 ** 20]);
    }
  }
}

interface Measured {
  readonly measured: readonly { readonly ms: number; readonly bare?: number }[];
  /** Milliseconds after which it was stopped, or gave up, without a single round. */
  readonly stopped?: number;
}

async function measuredIn(args: readonly string[]): Promise<Measured> {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MEGABYTES}`, ...args], {
    cwd: PACKAGE,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const began = performance.now();
  const stop = setTimeout(() => child.kill("SIGKILL"), STOPPED_AFTER_MILLISECONDS);
  const measured: Measured["measured"][number][] = [];
  for await (const line of createInterface({ input: child.stdout })) measured.push(JSON.parse(line));
  clearTimeout(stop);
  return measured.length > 0 ? { measured } : { measured, stopped: performance.now() - began };
}
