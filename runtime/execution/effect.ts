/**
 * A tool that changes something in the world is called at most once: over attempts, over all the times that its run goes
 * on, and over the processes of a store. What it did is known by the stage, its item, and the run (or, where the run
 * answers an item of a source, that item): claimed, written ahead, done, and its result on record before the claim goes.
 *
 * Where the records have its start and not its result, nobody knows whether it happened: its `confirm` is asked, else a
 * person, for whom the run is parked. What a person may say stands as `effect` records. Of one that has just failed only a
 * `confirm` that knows its result is believed: what its time was over for may still be under way.
 */
import { TrailError } from "../trail/trail.ts";
import type { Json } from "../types.ts";
import { type Attempt, accept, asAttemptError, type Input } from "./attempt.ts";
import { AttemptError, Halt, NotStarted } from "./attempt-error.ts";
import type { RestoredEffect } from "./known-effect.ts";
import { stageKey } from "./restored.ts";
import { type Invoked, invoke } from "./tool-call.ts";

/** Rejects with `Halt` where only a person can say how it goes on. */
export async function performEffect(
  attempt: Attempt,
  name: string,
  input: Input,
  timeout: number | undefined,
): Promise<Invoked> {
  const { context, node, scopeKey, origin } = attempt;
  const { restored, claims, item, plan } = context;
  if (context.dry) {
    const message = `${name} is an effect, and was not called with ${brief(input)}`;
    context.note({ kind: "event", ...origin, name: "rehearsed", message });
    throw new Halt("rehearsed", message);
  }
  const effects = restored?.effects ?? context.given?.effects;
  const known = effects?.get(stageKey(node.id, scopeKey));
  if (known?.state === "done") {
    context.note({
      kind: "event",
      ...origin,
      name: "effect.kept",
      message: `${name} was done before, and is not done again`,
    });
    // The program may have changed since.
    return { value: accept(known.value, plan.tools[name]!.result, `what ${name} gave before`, "drop") };
  }
  const key = JSON.stringify(["effect", node.id, item ?? origin.run, scopeKey]);
  // Only of a run that goes on do the records say what a dead holder came to.
  let claimed = await claims.take(key, { inherit: effects !== undefined });
  if (claimed.outcome === "held" && claimed.liveness !== "alive") {
    if (known === undefined || known.state === "unsure")
      return askPerson(attempt, name, "was claimed by a process that is gone", known);
    // It was said what its holder came to.
    claims.settle(key);
    claimed = await claims.take(key);
  }
  if (claimed.outcome === "held") throw new AttemptError("error", `another process is doing ${name} for this item`);
  const settle = (): void => claims.settle(key);
  try {
    const inDoubt = known !== undefined && known.state !== "undone";
    const happened = inDoubt ? await ask(attempt, name, input, timeout, known) : undefined;
    const done = happened ?? (await perform(attempt, name, input, timeout));
    settle();
    return done;
  } catch (error) {
    // What is known of it is on record, unless nothing can be written any more.
    if (!(error instanceof TrailError)) settle();
    throw error;
  }
}

/** Does it. What fails and has happened all the same, as its `confirm` says, is done. */
async function perform(attempt: Attempt, name: string, input: Input, timeout: number | undefined): Promise<Invoked> {
  const call = attempt.context.nextId();
  try {
    return await invoke(attempt, name, input, timeout, { effect: true, call });
  } catch (error) {
    const failure = asAttemptError(error);
    const { plan } = attempt.context;
    const { confirm } = plan.tools[name]!;
    if (confirm === undefined || plan.tools[confirm] === undefined || failure instanceof NotStarted) throw failure;
    const said = await confirmed(attempt, confirm, input, timeout).catch((problem: unknown) => {
      asAttemptError(problem);
      return null;
    });
    if (said === null) throw failure;
    return happenedAs(attempt, name, call, confirm, said);
  }
}

/** What `confirm` says that the effect gave; null where it knows of none. */
async function confirmed(attempt: Attempt, confirm: string, input: Input, timeout: number | undefined): Promise<Json> {
  const asked = attempt.context.plan.tools[confirm]!;
  const own = accept(input, { kind: "record", fields: asked.parameters }, confirm, "drop") as Input;
  return (await invoke(attempt, confirm, own, asked.timeout ?? timeout)).value;
}

async function happenedAs(attempt: Attempt, name: string, call: string, by: string, said: Json): Promise<Invoked> {
  const { context, origin } = attempt;
  const value = accept(said, context.plan.tools[name]!.result, `the result of ${by}`, "drop");
  const output = await context.outputOf(value);
  await context.append([{ kind: "effect", ...origin, tool: name, call, state: "happened", by, ...output }]);
  return { value };
}

type InDoubt = Exclude<RestoredEffect, { readonly state: "done" }>;

/** Parks the run for a person, who is asked once. */
async function askPerson(attempt: Attempt, name: string, how: string, known: InDoubt | undefined): Promise<never> {
  const { context, origin } = attempt;
  const why = `${name} ${how} and may have happened: a person must say`;
  if (known?.asked !== true) {
    const call = known?.call ?? context.nextId();
    await context.append([{ kind: "effect", ...origin, tool: name, call, state: "unsure", why }]);
  }
  throw new Halt("parked", why);
}

/** What came of an effect of which only the start is known; nothing where it did not happen, and is to be done. */
async function ask(
  attempt: Attempt,
  name: string,
  input: Input,
  timeout: number | undefined,
  known: InDoubt,
): Promise<Invoked | undefined> {
  const { context, origin } = attempt;
  const { plan } = context;
  const { state, call, error } = known;
  const how = error === undefined ? "was cut off" : `failed (${error})`;
  if (state === "left")
    throw new AttemptError("error", `${name} ${how} and may have happened; it was decided to leave it so`);
  const { confirm } = plan.tools[name]!;
  if (confirm === undefined || plan.tools[confirm] === undefined) return askPerson(attempt, name, how, known);
  let said: Json;
  try {
    said = await confirmed(attempt, confirm, input, timeout);
  } catch (failure) {
    const { class: kind, message } = asAttemptError(failure);
    if (kind === "cancelled" || context.cancellation.cancelled) throw failure;
    // It is asked again when the run goes on: given up now, it would be lost.
    return askPerson(attempt, name, `${how}, ${confirm} cannot tell (${message}),`, known);
  }
  if (said === null) {
    await context.append([{ kind: "effect", ...origin, tool: name, call, state: "undone", by: confirm }]);
    return undefined;
  }
  return happenedAs(attempt, name, call, confirm, said);
}

const brief = (input: Input): string => JSON.stringify(input).slice(0, 500);
