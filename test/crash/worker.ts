/** Does what is left of the program, and says so; to be killed at any moment. A person's answers are given first. */
import { readFileSync } from "node:fs";
import { systemClock } from "../../runtime/clock.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { planFrom } from "../../runtime/execution/load.ts";
import { runHeads, takeRun } from "../../runtime/execution/restored.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import type { Draft, Record } from "../../runtime/trail/record.ts";
import { hasHappened } from "./program/tools.ts";

const [file, store] = process.argv.slice(2) as [string, string];
const plan = planFrom(JSON.parse(readFileSync(file, "utf8")));
const trail = await openTrail({ directory: store, peers: ["main"] });
const knowledge = await openKnowledge({ source: trail, clock: systemClock });
const { records } = await trail.since({});
const chain = runHeads(records).find(({ item }) => item === undefined);
await trail.append(answers(records));
process.stdout.write("ready\n");

const options = {
  ...{ trail, knowledge, clock: systemClock, store, cycles: 2, peer: "main", seed: 1 },
  signal: new AbortController().signal,
};
await Promise.all([
  runPlan(plan, { ...options, pipeline: "answers" }),
  chain === undefined ? runPlan(plan, { ...options, cycles: 1, pipeline: "chain" }) : goOn(chain.run, chain.status),
]);
await knowledge.close();
await trail.close();
process.stdout.write("done\n");

async function goOn(run: string, status: string): Promise<void> {
  if (status === "ok") return;
  const taken = await takeRun(store, trail, run);
  if (taken.outcome !== "taken") throw new Error(`the run cannot go on: ${taken.outcome}`);
  await runPlan(plan, { ...options, resume: taken.run });
}

/** What a person says of effects that may have happened, having looked. */
function answers(of: readonly Record[]): readonly Draft[] {
  const answered = new Set(of.flatMap((one) => (one.kind === "effect" && one.state !== "unsure" ? [one.call] : [])));
  return of.flatMap((one): Draft[] => {
    if (one.kind !== "effect" || one.state !== "unsure" || answered.has(one.call)) return [];
    const { peer, run, stage, tool, call } = one;
    const about = {
      kind: "effect",
      peer,
      ...(run && { run }),
      ...(stage && { stage }),
      tool,
      call,
      by: "a person",
    } as const;
    const what = stage === "chain.paid" ? "p1" : "p2";
    if (!hasHappened(what)) return [{ ...about, state: "undone" }];
    const from = stage === "chain.paid" ? "chain.t1" : "chain.t6";
    const input = of.find((other) => other.kind === "stage.ended" && other.stage === from && other.run === run);
    return [{ ...about, state: "happened", output: { ticket: `${what}:${(input as { output?: unknown }).output}` } }];
  });
}
