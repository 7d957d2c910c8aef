/** `gangc run`: compiles, runs, shows what happens, and says in the end what was learned. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { nearest } from "../../compiler/diagnostics/suggestion.ts";
import { systemClock } from "../../runtime/clock.ts";
import { RefusedError } from "../../runtime/execution/load.ts";
import { type Resumed, resumable, takeRuns } from "../../runtime/execution/resuming.ts";
import { unsupported } from "../../runtime/execution/unsupported.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import type { Machine } from "../../runtime/machine.ts";
import type { Json, Plan } from "../../runtime/plan.ts";
import { Secrets } from "../../runtime/secrets.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import type { Trail, TrailProblem } from "../../runtime/trail/trail.ts";
import { CommandError, command, type Given, usageError } from "../command.ts";
import { sayDamage } from "../damage.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { programFile, shown } from "../paths.ts";
import { displayKind } from "../run/display.ts";
import { guarded } from "../run/guarded.ts";
import { machineOf } from "../run/machine.ts";
import { type Job, mine } from "../run/mining.ts";
import { parsePeers, undeclaredNote } from "../run/peers.ts";
import { planFor, planForStage, planOf, withSettings } from "../run/program.ts";

const OPTIONS = {
  pipeline: { value: "P", doc: "run this one; else all of the file" },
  stage: { value: "S", doc: "run this stage and what it needs, and learn what can be learned from these alone" },
  cycles: { value: "N", doc: "how many cycles, back to back (1 unless said)" },
  forever: { doc: "until it is interrupted, each cycle when its pipeline's `every` says" },
  peer: { value: "P[*N],…", doc: "as these peers, side by side: explorer*4,optimizer" },
  set: { value: "A.B=V", many: true, doc: "change a setting for this run: forecaster.turns=4" },
  input: { value: "F.yaml", doc: "the pipeline's parameters" },
  resume: {
    value: "RUN",
    // What a run's id begins with; anything else is the path.
    optional: /[0-9a-f][0-9a-f-]{3,}|last/,
    doc: "go on with a run that was interrupted, cancelled, parked or failed; without RUN, with what the last process left unfinished",
  },
  "dry-run": { doc: "rehearse: effects are not called, what reads them is skipped, nothing is learned" },
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
    { command: "gangc run --resume", doc: "after a kill or Ctrl-C: no stage that has ended runs again" },
  ],
  notes:
    "Ctrl-C ends a run cleanly, a second one at once; either way what was recorded stays, and `--resume` goes on from there: with the program, the settings, the input and the seed that the run was begun with. A source is asked until the other pipelines are done; where there is none, once a cycle. What waits and is over within a minute is sat out; anything else is left, with exit code 0, to a later run of the program (`gangc pending` lists it). A function in TypeScript that computes for seconds without an `await` keeps all pipelines of the process waiting: such work belongs in an `exec` program or a worker.",
  async run(given, io) {
    try {
      const request = await read(given, io);
      const plan = planOf(request.file, io);
      return plan === undefined ? EXIT.problems : await start(plan, request, io);
    } catch (error) {
      if (error instanceof RefusedError) {
        const exit = { program: EXIT.problems, usage: EXIT.usage, environment: EXIT.environment }[error.fault];
        throw new CommandError(exit, error.problems.join("\n  "));
      }
      throw error;
    }
  },
});

function jobOf({ head, plan, program, run }: Resumed): Job {
  const { peer, pipeline } = head;
  return { peer, plan, pipelines: [pipeline], pipeline, program, resume: run };
}

/** What a run that goes on has already. */
const BEGUN_WITH = ["pipeline", "stage", "cycles", "forever", "peer", "set", "input", "seed", "dry-run"] as const;

const isGiven = (value: string | boolean | readonly string[] | undefined): boolean =>
  typeof value === "object" ? value.length > 0 : value !== undefined && value !== false;

/** What was asked for. */
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

async function read({ positionals: [path], options }: Given<typeof OPTIONS>, io: IO): Promise<Request> {
  if (options.resume !== undefined) {
    const given = BEGUN_WITH.find((name) => isGiven(options[name]));
    if (given !== undefined)
      throw usageError(`--resume and --${given} exclude each other: a run goes on as it was begun.`);
  }
  if (options.forever && options.cycles !== undefined) throw usageError("--cycles and --forever exclude each other.");
  return {
    file: programFile(io.cwd, path),
    path,
    options,
    cycles: options.forever ? "forever" : (whole("cycles", options.cycles, 1, 1e9) ?? 1),
    seed: whole("seed", options.seed, 0, Number.MAX_SAFE_INTEGER) ?? Math.floor(Math.random() * 2 ** 31),
    input: options.input === undefined ? undefined : await inputFrom(resolve(io.cwd, options.input), options.input),
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

/** Parameters as JSON has them: a duration in seconds, a size in bytes. */
async function inputFrom(path: string, named: string): Promise<{ readonly [name: string]: Json }> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw usageError(`--input cannot read ${named}.`);
  }
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 10 });
  } catch (error) {
    throw usageError(`${named} is not YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usageError(`${named} must name the pipeline's parameters, one a line.`);
  return value as { readonly [name: string]: Json };
}

async function jobsOf(compiled: Plan, { file, options }: Request, machine: Machine, io: IO): Promise<readonly Job[]> {
  const { plan, set } = withSettings(file, compiled, options.set, options.pipeline);
  const participants = parsePeers(options.peer ?? machine.peer ?? "main", plan.peers);
  return participants.map((participant) => {
    const note = options.peer === undefined ? undefined : undeclaredNote(participant, plan.peers);
    if (note !== undefined) io.talk(`${note}\n`);
    const whole = planFor(plan, participant, set, options.pipeline);
    refuseMissing(whole);
    const { plan: own, pipeline } =
      options.stage === undefined ? whole : planForStage(whole, options.stage, options["dry-run"]);
    const pipelines = pipeline === undefined ? Object.keys(own.pipelines) : [pipeline];
    const problems = unsupported(own, pipelines);
    if (problems.length > 0) throw new RefusedError("program", problems);
    const program = own.hash === compiled.hash ? undefined : compiled.hash;
    return { peer: participant.name, plan: own, pipelines, pipeline, program, resume: undefined };
  });
}

function refuseMissing({ plan, pipeline }: { readonly plan: Plan; readonly pipeline: string | undefined }): void {
  const known = Object.keys(plan.pipelines);
  if (known.length === 0) throw new RefusedError("program", ["the file has no pipeline to run."]);
  if (pipeline === undefined || known.includes(pipeline)) return;
  const near = nearest(pipeline, known);
  throw usageError(
    `there is no pipeline ${pipeline}.`,
    near === undefined ? `There is ${known.join(", ")}.` : `Did you mean ${near}?`,
  );
}

async function start(plan: Plan, request: Request, io: IO): Promise<ExitCode> {
  const machine = await machineOf(io);
  const secrets = new Secrets({ machine, environment: io.env, root: plan.root });
  return guarded(secrets.redactor, io, (safe) => mineWith(plan, request, machine, secrets, safe));
}

async function mineWith(plan: Plan, request: Request, machine: Machine, secrets: Secrets, io: IO): Promise<ExitCode> {
  const { resume } = request.options;
  const resumed = resume === undefined ? undefined : await resumable(request.store, resume, plan);
  const begun = resumed === undefined ? await jobsOf(plan, request, machine, io) : [];
  const peers = [...begun, ...(resumed ?? []).map(({ head }) => head)].map(({ peer }) => peer);
  const trail = await openTrail({ directory: request.store, peers: [...new Set(peers)], clock: systemClock });
  try {
    const jobs = resumed === undefined ? begun : (await takeRuns(resumed, request.store, trail)).map(jobOf);
    const damage: TrailProblem[] = [];
    const source: Pick<Trail, "since"> = {
      async since(cursor, take) {
        const read = await trail.since(cursor, take);
        damage.push(...read.problems);
        return read;
      },
    };
    const knowledge = await openKnowledge({ source, store: request.store, clock: systemClock });
    try {
      const { cycles, seed, input, store } = request;
      return await mine({
        ...{ jobs, cycles, seed, input, machine, secrets, store, trail, knowledge, io },
        clock: systemClock,
        dry: request.options["dry-run"],
        display: displayKind(request.options.ui, io),
        ...wordsOf(request, io),
      });
    } finally {
      await knowledge.close();
      sayDamage(io, damage);
    }
  } finally {
    await trail.close();
  }
}

/** The store and the commands as this user would write them. */
function wordsOf(
  { path, options, store }: Request,
  io: IO,
): {
  readonly storeShown: string;
  readonly storeOption: string;
  readonly gangc: string;
  readonly again: string;
  readonly resume: string;
} {
  const gangc = io.env.npm_command === "exec" ? "npx gangc" : "gangc";
  const storeOption = options.store === undefined ? "" : ` --store ${options.store}`;
  const given = (["pipeline", "stage", "cycles", "peer"] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name} ${options[name]}`],
  );
  const again = [gangc, "run", path, ...given, options.forever ? "--forever" : undefined]
    .filter((part) => part !== undefined)
    .join(" ");
  const resume = [gangc, "run", path, "--resume"].filter((part) => part !== undefined).join(" ");
  return {
    ...{ storeShown: shown(io.cwd, store), storeOption, gangc },
    ...{ again: `${again}${storeOption}`, resume: `${resume}${storeOption}` },
  };
}
