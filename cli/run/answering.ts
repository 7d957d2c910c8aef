/** A person's answer to what a run waits for: an approval, or whether an effect happened. */
import { type Pending, pendingIn } from "../../runtime/execution/pending.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import type { Draft } from "../../runtime/trail/record.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { usageError } from "../command.ts";
import type { IO } from "../io.ts";
import { runNamed } from "./named.ts";

export interface Answer {
  readonly run: string;
  /** `stage` or `pipeline.stage`; where the run waits for one answer only it need not be said. */
  readonly stage: string | undefined;
  readonly scope: string | undefined;
  readonly yes: boolean;
  readonly why: string | undefined;
  readonly store: string | undefined;
  readonly as: string | undefined;
}

export async function answer({ run, stage, scope, yes, why, store, as }: Answer, io: IO): Promise<void> {
  const directory = resolveStore(io.cwd, store);
  const { records } = await readStore(directory);
  const asked = (await pendingIn(records)).filter(({ kind }) => kind === "approval" || kind === "effect");
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
  const person = as ?? io.env.USER ?? "person";
  const trail = await openTrail({ directory, peers: [person] });
  try {
    await trail.append([recordOf(pending, person, yes, why)]);
  } finally {
    await trail.close();
  }
  io.talk(
    pending.kind === "effect"
      ? `${pending.what}: ${yes ? "it did not, and is done when the run goes on" : "it is left as it is"}. gangc run --resume ${id} goes on.\n`
      : `${pending.stage} is ${yes ? "approved" : "rejected"}. The run goes on with the next gangc run.\n`,
  );
}

function recordOf(pending: Pending, person: string, yes: boolean, why: string | undefined): Draft {
  const { kind, run, stage, scope, tool = "", call = "" } = pending;
  const origin = { peer: person, run, stage, ...(scope === "" ? {} : { scope }) };
  const reason = why === undefined ? {} : { why };
  return kind === "effect"
    ? { kind: "effect", ...origin, tool, call, state: yes ? "undone" : "left", by: person, ...reason }
    : { kind: "answered", ...origin, answer: yes, ...reason };
}
