/** What the runs of one call of `runPlan` have in common, with each other and with what is asked outside of them. */
import type { Pipeline, Plan } from "../plan.ts";
import type { Secrets } from "../secrets.ts";
import { callCacheOf } from "../tools/cached.ts";
import { callFolder } from "../tools/call-folder.ts";
import { checkpointsOf } from "../tools/checkpoint.ts";
import { filesOf } from "../tools/files.ts";
import { artifactsOf, outputFields } from "../trail/artifacts.ts";
import { claimsOf } from "../trail/claims.ts";
import type { Draft } from "../trail/record.ts";
import type { Json } from "../types.ts";
import type { Input } from "./attempt.ts";
import { budgetOf } from "./budget/budget.ts";
import type { Cancellation } from "./cancellation.ts";
import type { RunContext } from "./context.ts";
import type { Outstanding } from "./outstanding.ts";
import { subnetValue } from "./proposing.ts";
import type { RestoredRun } from "./restored.ts";
import type { RunOptions } from "./run.ts";

export interface Shared extends Pick<RunContext, "assertSpace" | "tool" | "model" | "usable" | "stageType"> {
  /** Linked. */
  readonly plan: Plan;
  readonly options: RunOptions;
  /** Cancels all that runs. */
  readonly stop: AbortSignal;
  readonly outstanding: Outstanding;
  /** Keeps secrets out of all that is written and shown. */
  readonly redactor: Secrets["redactor"];
  note(drafts: readonly Draft[]): void;
  show(drafts: readonly Draft[]): void;
}

/** In a rehearsal measurements are shown, and neither kept nor learned from. */
const countsNothing = ({ kind }: Draft): boolean => !COUNTED.has(kind);
const COUNTED: ReadonlySet<Draft["kind"]> = new Set(["evidence", "score", "waiting", "credit"]);

/** Names that mean something before a cycle has begun. */
export function globalsOf(plan: Plan, input: Input): ReadonlyMap<string, Json> {
  const subnets = Object.keys(plan.subnets).map((name) => [name, subnetValue(plan, name)] as const);
  return new Map<string, Json>([...Object.entries(input), ...subnets]);
}

export type CommonContext = Omit<RunContext, "restored" | "began" | "seed" | "item" | "given">;

/** Of a run of this pipeline, or of what is asked for it outside of one: then `origin.run` only makes ids. */
export function contextOf(
  shared: Shared,
  of: {
    readonly name: string;
    readonly pipeline: Pipeline;
    readonly origin: CommonContext["origin"];
    readonly cancellation: Cancellation;
    readonly restored?: RestoredRun | undefined;
  },
): CommonContext {
  const { name, pipeline, origin, cancellation, restored } = of;
  const { plan, options } = shared;
  const { clock, knowledge, store, trail } = options;
  const subnet = pipeline.subnet === undefined ? undefined : plan.subnets[pipeline.subnet];
  const artifacts = artifactsOf(store);
  const { redactor } = shared;
  const dry = restored?.dry ?? options.dry ?? false;
  /** As it is shown, and as it is kept. */
  const said = (drafts: readonly Draft[]): readonly Draft[] => {
    const clean = redactor.drafts(drafts);
    const rest = restored === undefined ? clean : clean.filter((draft) => !restored.absorbs(draft));
    shared.show(rest);
    return dry ? rest.filter(countsNothing) : rest;
  };
  let ids = restored?.lastId ?? 0;
  const idOpening = `${origin.run}:`;
  return {
    plan,
    knowledge,
    clock,
    origin,
    pipeline: name,
    subnetName: pipeline.subnet ?? "",
    subnet,
    version: subnet?.version !== undefined && "text" in subnet.version ? subnet.version.text : undefined,
    dry,
    claims: claimsOf(store, trail.process),
    cache: callCacheOf(store, artifacts, (value) => JSON.stringify(redactor.value(value)) === JSON.stringify(value)),
    checkpoints: checkpointsOf(store),
    folder: () => callFolder(store, trail.process),
    files: filesOf(store, plan.root, artifacts, redactor),
    budget: budgetOf({
      ...{ plan, store, trail, clock, pipeline: name, run: origin.run, isResumed: restored !== undefined },
      machine: options.machine ?? {},
      say: (message) => shared.note([{ kind: "event", ...origin, name: "limit.waiting", message }]),
    }),
    parallel: pipeline.parallel,
    cancellation,
    append: (drafts) => {
      const kept = said(drafts);
      return kept.length > 0 ? trail.append(kept) : Promise.resolve();
    },
    note: (...drafts) => trail.note(said(drafts)),
    outputOf: (value) => outputFields(artifacts, redactor.value(value)),
    assertSpace: shared.assertSpace,
    tool: shared.tool,
    model: shared.model,
    usable: shared.usable,
    stageType: shared.stageType,
    nextId: () => idOpening + ++ids,
  };
}
