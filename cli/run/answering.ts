/** A person's answer to what a run waits for: an approval, or whether an effect happened. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AttemptError } from "../../runtime/execution/attempt-error.ts";
import { PENDING_KINDS, type Pending, pendingIn } from "../../runtime/execution/pending.ts";
import { runHeads } from "../../runtime/execution/restored.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import { Redactor } from "../../runtime/secrets.ts";
import { filesOf } from "../../runtime/tools/files.ts";
import { artifactsOf, outputFields } from "../../runtime/trail/artifacts.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import type { Draft, Record } from "../../runtime/trail/record.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import type { Json } from "../../runtime/types.ts";
import { validate } from "../../runtime/values/validate.ts";
import { usageError } from "../command.ts";
import type { IO } from "../io.ts";
import { runNamed } from "./named.ts";
import { recordedPlan } from "./recorded-plan.ts";

export interface Answer {
  readonly run: string;
  /** `stage` or `pipeline.stage`; where the run waits for one answer only it need not be said. */
  readonly stage: string | undefined;
  readonly scope: string | undefined;
  readonly yes: boolean;
  /** Of an effect that happened what it gave: JSON, or `@` and a file that holds it. */
  readonly value?: string | undefined;
  readonly why: string | undefined;
  readonly store: string | undefined;
  readonly as: string | undefined;
}

export async function answer({ run, stage, scope, yes, value, why, store, as }: Answer, io: IO): Promise<void> {
  const directory = resolveStore(io.cwd, store);
  const { records, alive } = await readStore(directory, { kinds: [...PENDING_KINDS, "plan.loaded"] });
  const asked = (await pendingIn(records, alive, Date.now())).filter(
    ({ kind }) => kind === "approval" || kind === "effect",
  );
  if (asked.length === 0) throw usageError("nothing waits for an answer.", "gangc pending lists what waits.");
  const id = runNamed(
    run,
    asked.map((pending) => pending.run),
  );
  const meant = asked.filter(
    (pending) =>
      pending.run === id &&
      (stage === undefined || pending.stage === stage || pending.stage.endsWith(`.${stage}`)) &&
      (scope === undefined || pending.scope === scope),
  );
  const [pending, other] = meant;
  if (pending === undefined) throw usageError(`the run does not wait for an answer to ${stage}.`);
  if (other !== undefined) {
    const places = meant.map((one) => (one.scope === "" ? one.stage : `${one.stage} of ${one.scope}`));
    throw usageError(
      `the run waits for ${meant.length} answers: ${places.join(", ")}.`,
      "Say the stage, and --scope where that is not enough.",
    );
  }
  const result = value === undefined ? undefined : await resultOf(pending, value, records, directory, io);
  const person = as ?? io.env.USER ?? "person";
  const trail = await openTrail({ directory, peers: [person] });
  try {
    const output = result === undefined ? {} : await outputFields(artifactsOf(directory), result);
    await trail.append([recordOf(pending, person, yes, why, output)]);
  } finally {
    await trail.close();
  }
  const said = result !== undefined ? IT.did : yes ? IT.didNot : IT.isLeft;
  const about =
    pending.kind === "effect" ? `${pending.what}: ${said}` : `${pending.stage} is ${yes ? "approved" : "rejected"}`;
  const next =
    pending.kind === "effect" ? `gangc run --resume ${id} goes on.` : "The run goes on with the next gangc run.";
  io.talk(`${about}. ${next}\n`);
}

const IT = {
  did: "it did, and is not done again",
  didNot: "it did not, and is done when the run goes on",
  isLeft: "it is left as it is",
} as const;

/** What an effect gave, as its tool's type has it. */
async function resultOf(
  { kind, run, stage, tool = "" }: Pending,
  given: string,
  records: readonly Record[],
  store: string,
  io: IO,
): Promise<Json> {
  if (kind !== "effect") throw usageError(`--value is what an effect gave; ${stage} waits for yes or no.`);
  const { plan: hash } = runHeads(records).find((head) => head.run === run)!;
  const plan = await recordedPlan(records, hash, store);
  const declared = plan.tools[tool];
  if (declared === undefined) throw usageError(`the plan of the run has no tool ${tool}.`);
  const value = jsonFrom(given, io);
  const checked = validate(value, declared.result, "the value", { unknown: "refuse", places: true });
  if (!checked.ok) throw usageError(`--value is not what ${tool} gives: ${checked.reasons.join("; ")}.`);
  const files = filesOf(store, plan.root, artifactsOf(store), new Redactor());
  return files.kept(checked.value, declared.result, "the value", true).catch((error: unknown) => {
    throw error instanceof AttemptError ? usageError(`--value cannot be kept: ${error.message}.`) : error;
  });
}

function jsonFrom(given: string, io: IO): unknown {
  let text = given;
  if (given.startsWith("@")) {
    try {
      text = readFileSync(resolve(io.cwd, given.slice(1)), "utf8");
    } catch {
      throw usageError(`--value cannot read ${given.slice(1)}.`);
    }
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(
      `--value is not JSON: ${(error as Error).message}.`,
      "A text has quotes of its own: '\"like this\"'.",
    );
  }
}

function recordOf(pending: Pending, person: string, yes: boolean, why: string | undefined, output: object): Draft {
  const { kind, run, stage, scope, tool = "", call = "" } = pending;
  const origin = { peer: person, run, stage, ...(scope === "" ? {} : { scope }) };
  const reason = why === undefined ? {} : { why };
  if (kind !== "effect") return { kind: "answered", ...origin, answer: yes, ...reason };
  const state = "hash" in output ? "happened" : yes ? "undone" : "left";
  return { kind: "effect", ...origin, tool, call, state, by: person, ...reason, ...output };
}
