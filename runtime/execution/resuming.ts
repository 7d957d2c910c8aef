/** `--resume`: which runs go on, by which plan, and why one cannot. */
import type { Plan } from "../plan.ts";
import { artifactsOf } from "../trail/artifacts.ts";
import { readTrail } from "../trail/reader.ts";
import type { KnownRecord, Record } from "../trail/record.ts";
import type { Trail } from "../trail/trail.ts";
import { mayWrite } from "../trail/writers.ts";
import { planFrom, RefusedError } from "./load.ts";
import { type RestoredRun, type RunHead, runHeads, takeRun } from "./restored.ts";

/** A run that is to go on, and the plan with which it was begun. */
export interface Resumable {
  readonly head: RunHead;
  readonly plan: Plan;
  /** Hash of the program, where a peer or `--set` has changed its plan. */
  readonly program: string | undefined;
}

/**
 * `wanted`: the beginning of a run's id, or "" for all that the last process left unfinished. Items of a source are not
 * among these: whoever reads the source goes on with them. Rejects with `RefusedError`.
 */
export async function resumable(store: string, wanted: string, compiled: Plan): Promise<readonly Resumable[]> {
  const alive = mayWrite(store);
  const records: Record[] = [];
  const loaded = new Map<string, KnownRecord<"plan.loaded">>();
  const reader = readTrail(store, { kinds: ["run.started", "run.ended", "plan.loaded"] });
  for (const record of (await reader.since({})).records) {
    if (record.kind !== "plan.loaded") records.push(record);
    else if (record.plan !== undefined) loaded.set(record.plan, record);
  }
  const heads = runHeads(records);
  const chosen = wanted === "" ? unfinished(heads, alive) : named(heads, wanted);
  return Promise.all(
    chosen.map(async (head) => ({
      head,
      plan: await planOfRun(head, loaded.get(head.plan), compiled, store),
      program: head.plan === compiled.hash ? undefined : compiled.hash,
    })),
  );
}

function unfinished(heads: readonly RunHead[], alive: (process: string) => boolean): readonly RunHead[] {
  const left = heads.filter(
    ({ status, process, item }) =>
      item === undefined && (status === "cancelled" || status === "parked" || (status === "open" && !alive(process))),
  );
  const last = left.at(-1);
  if (last === undefined)
    throw new RefusedError("usage", ["There is no run to go on with: all have come to their end."]);
  return left.filter(({ process }) => process === last.process);
}

function named(heads: readonly RunHead[], wanted: string): readonly RunHead[] {
  const found = runsNamed(
    wanted,
    heads.map(({ run }) => run),
  );
  if (found.length === 1) return heads.filter(({ run }) => run === found[0]);
  const what = JSON.stringify(wanted);
  throw new RefusedError("usage", [
    found.length === 0
      ? `There is no run ${what}.`
      : `${found.length} runs begin with ${what}: more of the id is needed.`,
  ]);
}

/** The runs that may be meant: the one of this id, or those whose ids begin so; `last` is the newest. */
export function runsNamed(wanted: string, ids: readonly string[]): readonly string[] {
  const known = [...new Set(ids)];
  if (wanted === "last") return known.toSorted().slice(-1);
  return known.includes(wanted) ? [wanted] : known.filter((id) => id.startsWith(wanted));
}

/** A run goes on by the very plan that it was begun with, settings of its peer and of `--set` included, as long as the program is what it was. */
async function planOfRun(
  { run, plan }: RunHead,
  loaded: KnownRecord<"plan.loaded"> | undefined,
  compiled: Plan,
  store: string,
): Promise<Plan> {
  if (compiled.hash === plan) return compiled;
  if ((loaded?.program ?? plan) !== compiled.hash) {
    throw new RefusedError("program", [
      `The program has changed since the run ${run} was begun, so what its stages gave may no longer mean the same.`,
      "Undo the change to go on with it, or start a new run without --resume: what was learned is kept either way.",
    ]);
  }
  const bytes = loaded && (await artifactsOf(store).get(loaded.artifact));
  if (bytes === undefined) {
    throw new RefusedError("environment", [
      `The plan of the run ${run} is no longer in the store, and it cannot go on.`,
    ]);
  }
  // Where the project lies is no part of what it says.
  return { ...planFrom(JSON.parse(bytes.toString("utf8"))), root: compiled.root };
}

export interface Resumed extends Resumable {
  readonly run: RestoredRun;
}

/** Takes the runs over for the process that writes this trail. Rejects with `RefusedError`. */
export async function takeRuns(runs: readonly Resumable[], store: string, trail: Trail): Promise<readonly Resumed[]> {
  const resumed: Resumed[] = [];
  for (const one of runs) {
    const { run: id } = one.head;
    const taken = await takeRun(store, trail, id);
    if (taken.outcome === "taken") resumed.push({ ...one, run: taken.run });
    else if (taken.outcome === "running")
      throw new RefusedError("usage", [`The run ${id} is under way in another process.`]);
    else
      throw new RefusedError("usage", [`The run ${id} has come to its end.`, "Without --resume a new one is begun."]);
  }
  return resumed;
}
