/** `gangc run`: compiles, runs, shows what happens, and says in the end what was learned. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemClock } from "../../runtime/clock.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { RefusedError } from "../../runtime/execution/load.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { parseMachine } from "../../runtime/machine.ts";
import type { Json, Plan } from "../../runtime/plan.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { TrailError } from "../../runtime/trail/trail.ts";
import { CommandError, command, environmentError, type Given, usageError } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { programFile, shown } from "../paths.ts";
import { displayKind, onInterrupt, openDisplay } from "../run/display.ts";
import { type Learner, learnersOf, lessonsOf, ranked, stagesOf, Tally } from "../run/lessons.ts";
import { parsePeers, undeclaredNote } from "../run/peers.ts";
import { overridesOf, planFor, planOf } from "../run/program.ts";
import { closingText } from "../ui/closing.ts";
import { advance, initialState, type RunState, withKnown } from "../ui/state.ts";
import { counted } from "../ui/text.ts";

const OPTIONS = {
  pipeline: { value: "P", doc: "run this one; else all of the file" },
  cycles: { value: "N", doc: "how many cycles, back to back (1 unless said)" },
  forever: { doc: "until it is interrupted, each cycle when its pipeline's `every` says" },
  peer: { value: "P[*N],…", doc: "as these peers, side by side: explorer*4,optimizer" },
  set: { value: "A.B=V", many: true, doc: "change a setting for this run: forecaster.turns=4" },
  input: { value: "F.yaml", doc: "the pipeline's parameters" },
  seed: { value: "N", doc: "the same seed and the same store make the same choices" },
  ui: {
    value: "UI",
    choices: ["auto", "ink", "plain", "json"],
    default: "auto",
    doc: "a screen, lines, or an event a line on stdout",
  },
  store: { value: "DIR", doc: "another store than the project's .gang" },
} as const;

export default command({
  name: "run",
  summary: "mine: think, try, learn, cycle after cycle",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: OPTIONS,
  examples: [
    {
      command: "gangc run examples/sp500 --cycles 30",
      doc: "thirty cycles; run again, it goes on from what it learned",
    },
    { command: "gangc run --forever --peer explorer*2,optimizer", doc: "three peers on one store, until Ctrl-C" },
    { command: "gangc run --cycles 10 --ui json", doc: "an event a line, for scripts" },
  ],
  notes: "Ctrl-C ends a run cleanly, a second one at once; either way what was recorded stays.",
  async run(given, io) {
    const request = read(given, io);
    const plan = planOf(request.file, io);
    if (plan === undefined) return EXIT.problems;
    try {
      return await mine(plan, request, io);
    } catch (error) {
      if (error instanceof RefusedError) {
        const exit = { program: EXIT.problems, usage: EXIT.usage, environment: EXIT.environment }[error.fault];
        throw new CommandError(exit, error.problems.join("\n  "));
      }
      if (error instanceof TrailError) throw environmentError(error.message);
      throw error;
    }
  },
});

interface Request {
  readonly file: string;
  /** As the user wrote it. */
  readonly path: string | undefined;
  readonly options: Given<typeof OPTIONS>["options"];
  readonly cycles: number | "forever";
  readonly seed: number;
  readonly input: { readonly [name: string]: Json } | undefined;
  readonly store: string;
}

function read({ positionals: [path], options }: Given<typeof OPTIONS>, io: IO): Request {
  if (options.forever && options.cycles !== undefined) throw usageError("--cycles and --forever exclude each other.");
  return {
    file: programFile(io.cwd, path),
    path,
    options,
    cycles: options.forever ? "forever" : (whole("cycles", options.cycles, 1, 1e9) ?? 1),
    seed: whole("seed", options.seed, 0, Number.MAX_SAFE_INTEGER) ?? Math.floor(Math.random() * 2 ** 31),
    input: options.input === undefined ? undefined : inputFrom(resolve(io.cwd, options.input), options.input),
    store: resolveStore(io.cwd, options.store),
  };
}

function whole(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw usageError(`--${name} takes a whole number from ${least}, not ${JSON.stringify(text)}.`);
  return value;
}
