/** A built plan as a program: what `import` and `node out/plan.ts` need to run it over a store. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Clock, systemClock } from "./clock.ts";
import { runPlan } from "./execution/execute.ts";
import { planFrom, RefusedError } from "./execution/load.ts";
import type { RunOptions, RunSummary } from "./execution/run.ts";
import { openKnowledge } from "./knowledge/open.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import { openTrail } from "./trail/local.ts";
import { resolveStore } from "./trail/store.ts";
import { TrailError } from "./trail/trail.ts";

/** All may be left out: then one cycle of every pipeline is run, as `main`, over the project's store. */
export interface RunBuiltOptions extends Partial<Omit<RunOptions, "trail" | "knowledge" | "clock" | "store">> {
  /** The folder of the store; absent: `.gang` in the plan's project. */
  readonly store?: string;
  readonly clock?: Clock;
}

/** A module's own place; `import.meta` is one. */
interface Place {
  readonly url?: string;
}

/** The folder that `way` leads to from a module's own. */
export function rootOf(place: Place, way: string): string {
  return resolve(dirname(fileURLToPath(place.url!)), way);
}

/** Rejects as `runPlan` does, and with `TrailError` where the store cannot be opened. */
export async function runBuilt(plan: Plan, options: RunBuiltOptions = {}): Promise<RunSummary> {
  const { store: folder, clock = systemClock, peer = "main", ...rest } = options;
  const valid = planFrom(plan);
  const machine = rest.machine ?? (await machineOf(plan.root));
  const store = resolveStore(plan.root, folder);
  const trail = await openTrail({ directory: store, peers: [peer], clock });
  try {
    const knowledge = await openKnowledge({ source: trail, store, clock });
    try {
      return await runPlan(valid, {
        cycles: 1,
        seed: Math.floor(Math.random() * 2 ** 31),
        signal: new AbortController().signal,
        ...rest,
        ...{ trail, knowledge, clock, store, peer, machine },
      });
    } finally {
      await knowledge.close();
    }
  } finally {
    await trail.close();
  }
}

/** What the project's `gang.yaml` says; a run on a machine that is described wrongly does not begin. */
async function machineOf(root: string): Promise<Machine> {
  const path = join(root, "gang.yaml");
  if (!existsSync(path)) return {};
  const { parseMachine } = await import("./machine.ts");
  const { machine, problems } = parseMachine(readFileSync(path, "utf8"));
  if (problems.length === 0) return machine;
  throw new RefusedError(
    "environment",
    problems.map(({ message }) => `${path}: ${message}.`),
  );
}

const OPTIONS = {
  pipeline: { type: "string" },
  cycles: { type: "string" },
  forever: { type: "boolean" },
  peer: { type: "string" },
  seed: { type: "string" },
  store: { type: "string" },
} as const;

const USAGE = "It takes [--pipeline P] [--cycles N | --forever] [--peer P] [--seed N] [--store DIR].";

/** Exit codes as those of `gangc`. */
const EXIT = { program: 1, usage: 2, environment: 3, interrupted: 130 } as const;

/** Runs the plan where `place` is the module that Node was started with, and sets the exit code; else does nothing. */
export async function main(plan: Plan, place: Place): Promise<void> {
  if (!isStarted(place)) return;
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const { runs } = await runBuilt(plan, { ...optionsFrom(process.argv.slice(2)), signal: stop.signal });
    for (const { run, pipeline, cycle, status, error } of runs)
      process.stdout.write(`${JSON.stringify({ run, pipeline, cycle, status, error })}\n`);
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else if (runs.some(({ status }) => status === "failed")) process.exitCode = EXIT.program;
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TrailError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof RefusedError ? EXIT[error.fault] : EXIT.environment;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function isStarted({ url }: Place): boolean {
  const started = process.argv[1];
  if (started === undefined || url === undefined) return false;
  try {
    return realpathSync(started) === realpathSync(fileURLToPath(url));
  } catch {
    return false; // started by something that is no file
  }
}

function optionsFrom(args: readonly string[]): RunBuiltOptions {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new RefusedError("usage", [(error as Error).message, USAGE]);
  }
  const { forever, cycles, seed, ...rest } = values;
  if (forever && cycles !== undefined)
    throw new RefusedError("usage", ["--cycles and --forever exclude each other.", USAGE]);
  return {
    ...rest,
    ...(forever ? { cycles: "forever" } : cycles === undefined ? {} : { cycles: whole("cycles", cycles, 1) }),
    ...(seed === undefined ? {} : { seed: whole("seed", seed, 0) }),
  };
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;

function whole(name: string, text: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new RefusedError("usage", [
    `--${name} takes a whole number from ${least}, not ${JSON.stringify(text)}.`,
    USAGE,
  ]);
}
