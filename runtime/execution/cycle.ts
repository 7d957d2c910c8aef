/** One cycle of a pipeline, or one item of its source: a run of its own in the trail, from its first record to its last. */
import type { ForNode, Node, Pipeline } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import type { Draft } from "../trail/record.ts";
import { uuidv7 } from "../trail/uuid.ts";
import type { Json } from "../types.ts";
import type { Input } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { Cancellation } from "./cancellation.ts";
import { contextOf, globalsOf, type Shared } from "./common.ts";
import type { RunContext } from "./context.ts";
import type { Graph } from "./graph.ts";
import { leaveRun, type RestoredRun } from "./restored.ts";
import type { RunSummary } from "./run.ts";
import { runBody } from "./scheduler.ts";
import { openRegimes } from "./sentinel.ts";
import { versionOf } from "./version.ts";

export interface Cycle {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  readonly cycle: number;
  readonly input: Input;
  readonly item?: {
    readonly node: ForNode;
    /** Which of the pipeline's sources it is from. */
    readonly index: number;
    readonly key: string;
    readonly value: Json;
    /** Milliseconds since 1970. */
    readonly until: number | undefined;
    readonly effects?: NonNullable<RunContext["given"]>["effects"];
  };
  readonly restored?: RestoredRun;
}

/** Stages that are named where a run goes on. */
const NAMED = 12;

/** Rejects only with what ends all runs. */
export async function runCycle(shared: Shared, of: Cycle): Promise<RunSummary["runs"][number]> {
  const { name, pipeline, graph, cycle, input, item, restored } = of;
  const { plan, options, outstanding } = shared;
  const { clock } = options;
  const peer = restored?.peer ?? options.peer;
  const run = restored?.run ?? uuidv7(clock.now());
  const seed = restored?.seed ?? deriveSeed(options.seed, peer, name, item?.key ?? cycle);
  const origin = { peer, run, plan: plan.hash };
  const began = clock.elapsed();
  const cancellation = new Cancellation(shared.stop, item?.until);
  shared.assertSpace();
  const answers = item === undefined ? {} : { item: item.key, ...(item.index === 0 ? {} : { source: item.index }) };
  const common = contextOf(shared, { name, pipeline, origin, cancellation, restored });
  const started: Draft = {
    kind: "run.started",
    ...origin,
    pipeline: name,
    ...(pipeline.subnet === undefined ? {} : { subnet: pipeline.subnet }),
    cycle,
    seed,
    ...(Object.keys(input).length === 0 ? {} : { input }),
    ...answers,
    ...(item === undefined ? {} : await common.outputOf(item.value)),
    ...(item?.until === undefined ? {} : { until: new Date(item.until).toISOString() }),
    ...(restored === undefined ? {} : { resumed: true, turn: restored.turns + 1 }),
    ...(common.dry ? { dry: true } : {}),
  };
  outstanding.busy.add(run);
  common.note(started, ...(restored === undefined ? [] : [{ kind: "event", ...origin, ...saidOf(restored) } as const]));
  const timer = deadline(shared, item?.until, cancellation);
  try {
    const context: RunContext = {
      ...common,
      version: await versionOf({ ...common, seed }, input),
      restored,
      began: restored?.began ?? clock.now(),
      seed,
      item: item?.key,
      given: item,
    };
    await openRegimes(context, stageIds(pipeline.body));
    const result = await runBody(context, graph, globalsOf(plan, input));
    options.onSettled?.(result);
    const { failures, parked } = result;
    const [waits] = parked;
    const first = failures.find((failure) => failure.class !== "cancelled");
    const { reason } = cancellation;
    const isOver = reason?.class === "timeout";
    // What waits comes before what failed: a run that is parked is not over, unless its time is.
    const why = waits ?? first;
    const error = isOver ? reason.message : why && `${why.what}: ${why.error}`;
    const status =
      reason !== undefined && !isOver
        ? "cancelled"
        : waits !== undefined && !isOver
          ? "parked"
          : error === undefined
            ? "ok"
            : "failed";
    const said = status === "cancelled" || error === undefined ? {} : { error };
    const ended: Draft = {
      kind: "run.ended",
      ...origin,
      status,
      elapsed: Math.max(0, clock.elapsed() - began) / 1000,
      ...said,
      // A rehearsal does no item.
      ...(item === undefined || common.dry ? {} : { pipeline: name, ...answers }),
    };
    await common.append([ended]);
    if (restored !== undefined) leaveRun(common.claims, run);
    return { run, pipeline: name, cycle, status, ...said };
  } finally {
    timer?.abort();
    cancellation.release();
    outstanding.busy.delete(run);
  }
}

function stageIds(body: readonly Node[]): readonly string[] {
  return body.flatMap((node) => (node.kind === "stage" ? [node.id] : "body" in node ? stageIds(node.body) : []));
}

/** Ends the run at that time, if there is one; aborted, it does not. */
function deadline(
  { options }: Shared,
  until: number | undefined,
  cancellation: Cancellation,
): AbortController | undefined {
  if (until === undefined) return undefined;
  const timer = new AbortController();
  const end = (): void => cancellation.cancel(new AttemptError("timeout", "the time for its item was over"));
  const left = until - options.clock.now();
  if (left <= 0) end();
  else options.clock.sleep(left, timer.signal).then(end, () => {});
  return timer;
}

/** What a run that goes on does not do again. */
function saidOf({ stages }: RestoredRun): { readonly name: string; readonly message: string } {
  const names = new Map<string, number>();
  for (const key of stages.keys()) {
    const stage = key.slice(key.indexOf(".") + 1, key.indexOf("\0"));
    names.set(stage, (names.get(stage) ?? 0) + 1);
  }
  const named = [...names].map(([name, count]) => (count === 1 ? name : `${name} (${count})`));
  const shown = named.length > NAMED ? [...named.slice(0, NAMED), `${named.length - NAMED} more`] : named;
  const done =
    stages.size === 0 ? "no stage has ended yet" : `${stages.size} ended before, not run again: ${shown.join(", ")}`;
  return { name: "resumed", message: `goes on; ${done}` };
}
