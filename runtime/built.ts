/** A built plan as a program: what `import` and `node out/plan.ts` need to run it over a store. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Clock, systemClock } from "./clock.ts";
import { runPlan } from "./execution/execute.ts";
import { planFrom, RefusedError } from "./execution/load.ts";
import { resumable, takeRuns } from "./execution/resuming.ts";
import type { RunOptions, RunSummary } from "./execution/run.ts";
import { onInterrupt } from "./interrupt.ts";
import { openKnowledge } from "./knowledge/open.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import { programsEnded } from "./tools/exec.ts";
import { openTrail } from "./trail/local.ts";
import { resolveStore } from "./trail/store.ts";
import { TrailError } from "./trail/trail.ts";

/** All may be left out: then one cycle of every pipeline is run, as `main`, over the project's store. */
export interface RunBuiltOptions
  extends Partial<Omit<RunOptions, "trail" | "knowledge" | "clock" | "store" | "resume">> {
  /**
   * Runs that go on instead: the one whose id begins so, or, where it is empty, all that the last process left unfinished.
   * Each goes on as it was begun, whatever the other options say of peer, cycles, seed and input.
   */
  readonly resume?: string;
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
  const { store: folder, clock = systemClock, peer = "main", resume, ...rest } = options;
  const valid = planFrom(plan);
  const machine = rest.machine ?? (await machineOf(plan.root));
  const store = resolveStore(plan.root, folder);
  const left = resume === undefined ? undefined : await resumable(store, resume, valid);
  const peers = left === undefined ? [peer] : [...new Set(left.map(({ head }) => head.peer))];
  const trail = await openTrail({ directory: store, peers, clock });
  try {
    const knowledge = await openKnowledge({ source: trail, store, clock });
    try {
      const around = {
        cycles: 1,
        seed: Math.floor(Math.random() * 2 ** 31),
        signal: new AbortController().signal,
        ...rest,
        ...{ trail, knowledge, clock, store, machine },
      };
      if (left === undefined) return await runPlan(valid, { ...around, peer });
      const resumed = await takeRuns(left, store, trail);
      const ended = await Promise.all(
        resumed.map(({ head, plan, program, run }) =>
          runPlan(plan, { ...around, peer: head.peer, resume: run, ...(program === undefined ? {} : { program }) }),
        ),
      );
      return { runs: ended.flatMap(({ runs }) => runs) };
    } finally {
      await knowledge.close();
    }
  } finally {
    await programsEnded();
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
  resume: { type: "string" },
  store: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const USAGE =
  "It takes [--pipeline P] [--cycles N | --forever] [--peer P] [--seed N] [--store DIR], or --resume [RUN] [--store DIR].";

const HELP = `Runs this plan over a store, and prints a line of JSON for each run.

  --pipeline P    run this one; else all of the plan
  --cycles N      how many cycles, back to back (1 unless said)
  --forever       until it is interrupted, each cycle when its pipeline's \`every\` says
  --peer P        the name under which its runs are recorded (main unless said)
  --seed N        the same seed and the same store make the same choices
  --resume [RUN]  go on with a run that was interrupted, cancelled, parked or failed, by the beginning of its id or \`last\`;
                  without RUN, with what the last process left unfinished
  --store DIR     another store than the project's .gang

Ctrl-C (SIGINT), SIGTERM and SIGHUP end it cleanly, a second one at once; either way what was recorded stays, and
--resume goes on from there. Exit codes: 0 all is well, 1 a run failed, 2 called wrongly, 3 the environment is at fault,
130 interrupted.
`;

/** Exit codes as those of `gangc`. */
const EXIT = { program: 1, usage: 2, environment: 3, interrupted: 130 } as const;

/** Runs the plan where `place` is the module that Node was started with, and sets the exit code; else does nothing. */
export async function main(plan: Plan, place: Place): Promise<void> {
  if (!isStarted(place)) return;
  const stop = new AbortController();
  const stopListening = onInterrupt(() => stop.abort());
  // After a hang-up nobody reads; the run is to end all the same.
  process.stdout.on("error", () => {});
  try {
    const options = optionsFrom(process.argv.slice(2));
    if (options === "help") return void process.stdout.write(HELP);
    const { runs } = await runBuilt(plan, { ...options, signal: stop.signal });
    for (const { run, pipeline, cycle, status, error } of runs)
      process.stdout.write(`${JSON.stringify({ run, pipeline, cycle, status, error })}\n`);
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else if (runs.some(({ status }) => status === "failed")) process.exitCode = EXIT.program;
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TrailError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof RefusedError ? EXIT[error.fault] : EXIT.environment;
  } finally {
    stopListening();
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

/** What a run that goes on has already. */
const BEGUN_WITH = ["pipeline", "cycles", "forever", "peer", "seed"] as const;

function optionsFrom(args: readonly string[]): RunBuiltOptions | "help" {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new RefusedError("usage", [(error as Error).message, USAGE]);
  }
  const { help, forever, cycles, seed, ...rest } = values;
  if (help) return "help";
  const given = rest.resume === undefined ? undefined : BEGUN_WITH.find((name) => values[name] !== undefined);
  if (given !== undefined)
    throw new RefusedError("usage", [
      `--resume and --${given} exclude each other: a run goes on as it was begun.`,
      USAGE,
    ]);
  if (forever && cycles !== undefined)
    throw new RefusedError("usage", ["--cycles and --forever exclude each other.", USAGE]);
  return {
    ...rest,
    ...(forever ? { cycles: "forever" } : cycles === undefined ? {} : { cycles: whole("cycles", cycles, 1) }),
    ...(seed === undefined ? {} : { seed: whole("seed", seed, 0) }),
  };
}

const RUN = /^([0-9a-f][0-9a-f-]{3,}|last)$/;

/** The run after `--resume` may be left out, which `parseArgs` has no word for. */
function parse(args: readonly string[]) {
  const own = args.flatMap((arg, i) => {
    if (arg === "--resume") return `--resume=${RUN.test(args[i + 1] ?? "") ? args[i + 1] : ""}`;
    return args[i - 1] === "--resume" && RUN.test(arg) ? [] : arg;
  });
  return parseArgs({ args: own, options: OPTIONS }).values;
}

function whole(name: string, text: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new RefusedError("usage", [
    `--${name} takes a whole number from ${least}, not ${JSON.stringify(text)}.`,
    USAGE,
  ]);
}
