/** A pipeline's sources and late scores, as a run of the plan asks for them. */
import type { Expr, Node, Pipeline, Plan } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import { artifactsOf, outputFields } from "../trail/artifacts.ts";
import { type Claims, claimsOf } from "../trail/claims.ts";
import type { Draft, Origin } from "../trail/record.ts";
import { uuidv7 } from "../trail/uuid.ts";
import { mayWrite } from "../trail/writers.ts";
import type { Json } from "../types.ts";
import { accept, type Input } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { waitOf } from "./awaiting.ts";
import { Cancellation } from "./cancellation.ts";
import { contextOf, globalsOf, type Shared } from "./common.ts";
import { evaluateAsking } from "./expression.ts";
import type { Latch } from "./latch.ts";
import { originOf, type Waiting } from "./outstanding.ts";
import { type Item, Source, type SourceNode } from "./source.ts";
import { inputOf } from "./stage.ts";
import { type Caller, invoke } from "./tool-call.ts";
import { Waits } from "./waits.ts";

export function sourcesOf({ body }: Pipeline): readonly SourceNode[] {
  return body.filter((node): node is SourceNode => node.kind === "for" && node.over.kind === "source");
}

export interface Followed {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly node: SourceNode;
  readonly index: number;
  readonly input: Input;
  /** The pipelines without a source that run beside it: as long as they do, it is asked. */
  readonly others: Latch;
  begin(item: Item): Promise<void>;
}

/** Asks the source and does its items, as often as the run is to do so. */
export function followSource(shared: Shared, followed: Followed): Promise<void> {
  const { name, pipeline, node, index, input, others, begin } = followed;
  const { plan, options, stop, outstanding } = shared;
  const { clock, store, trail, peer, cycles } = options;
  const { call } = node.over;
  const tool = call.callee.name;
  const globals = globalsOf(plan, input);
  const alone = !others.open;
  const ask = asker(shared, name, pipeline, listing(plan, tool), new Cancellation(stop));
  const source = new Source({
    pipeline: name,
    index,
    node,
    globals,
    parallel: node.parallel ?? pipeline.parallel,
    clock,
    signal: stop,
    outstanding,
    claims: options.dry === true ? UNCLAIMED : claimsOf(store, trail.process),
    again: (count) => cycles === "forever" || (alone ? count < cycles : others.open),
    others: alone ? new Promise(() => {}) : others.over,
    begin,
    writers: () => mayWrite(store),
    valueOf: (begun) => storedValue(store, begun),
    say: (of, message) => shared.note([{ kind: "event", peer, plan: plan.hash, name: of, message }]),
    poll: (news) =>
      ask({
        origin: { peer, plan: plan.hash },
        node: { id: `${name}.${tool}` },
        isKept: news,
        work: (caller) =>
          invoke(caller, tool, inputOf(plan, call, globals), call.timeout ?? plan.tools[tool]?.timeout).then(
            ({ value }) => value,
          ),
      }),
  });
  return source.run();
}

/** What asks again for the late scores and the waiting stages of these pipelines. */
export function waitsOf(shared: Shared, pipelines: readonly string[], goOn: (waited: Waiting) => Promise<void>): Waits {
  const { plan, options, stop, outstanding } = shared;
  const { clock, store, trail } = options;
  // One for all: each would stand on the run's list for as long as that lives.
  const cancellation = new Cancellation(stop);
  return new Waits({
    plan,
    pipelines,
    goOn,
    outputOf: (value) => outputFields(artifactsOf(store), shared.redactor.value(value)),
    process: trail.process,
    clock,
    signal: stop,
    outstanding,
    claims: claimsOf(store, trail.process),
    writers: () => mayWrite(store),
    expressionOf: async ({ record }) => (await storedValue(store, record)) as Expr | undefined,
    append: async (drafts) => {
      const clean = shared.redactor.drafts(drafts);
      shared.show(clean);
      await trail.append(clean);
    },
    say: (wait, name, message) => shared.note([{ kind: "event", ...originOf(wait), name, message }]),
    evaluate: (wait, expression) => {
      const { pipeline, metric, stage } = wait.record;
      const ask = asker(shared, pipeline, plan.pipelines[pipeline]!, plan, cancellation);
      return ask({
        origin: originOf(wait),
        node: { id: stage ?? `${pipeline}.${metric}` },
        isKept: (value) => value !== null,
        work: (caller) => evaluateAsking(expression, NOTHING, (request) => answer(caller, request)),
      });
    },
  });
}

/** In a rehearsal nobody is kept from an item. */
const UNCLAIMED: Claims = { take: async () => ({ outcome: "taken", from: undefined }), settle: () => {} };

const NOTHING = { get: () => undefined };

async function answer(caller: Caller, request: Parameters<Parameters<typeof evaluateAsking>[2]>[0]): Promise<Json> {
  if (request.kind !== "call") throw new AttemptError("invalid", "only a tool can be asked again");
  const { callee, timeout } = request.call;
  const declared = caller.context.plan.tools[callee.name];
  if (declared === undefined) throw new AttemptError("error", `the program has no tool ${callee.name} any more`);
  const input = accept(request.input, { kind: "record", fields: declared.parameters }, callee.name, "drop") as Input;
  return (await invoke(caller, callee.name, input, timeout ?? declared.timeout)).value;
}

interface Asked {
  readonly origin: Origin;
  readonly node: Caller["node"];
  /** Whether what came of it is worth a trace: most is the same nothing as before. A failure always is. */
  isKept(value: Json): boolean | Promise<boolean>;
  work(caller: Caller): Promise<Json>;
}

function asker(
  shared: Shared,
  name: string,
  pipeline: Pipeline,
  plan: Plan,
  cancellation: Cancellation,
): (asked: Asked) => Promise<Json> {
  const { options } = shared;
  const ids = { peer: options.peer, run: uuidv7(options.clock.now()), plan: plan.hash };
  const common = contextOf(shared, { name, pipeline, origin: ids, cancellation });
  return async ({ origin, node, isKept, work }) => {
    const drafts: Draft[] = [];
    const note = (...more: readonly Draft[]): void => void drafts.push(...more);
    let kept = true;
    try {
      const seed = deriveSeed(options.seed, node.id);
      const value = await work({ context: { ...common, plan, note }, origin, node, seed });
      kept = await isKept(value);
      return value;
    } finally {
      if (kept) shared.note(drafts);
    }
  };
}

/** The plan with the tool's items still to be judged, one by one. */
function listing(plan: Plan, tool: string): Plan {
  const declared = plan.tools[tool]!;
  return { ...plan, tools: { ...plan.tools, [tool]: { ...declared, result: { kind: "json" } } } };
}

/** A value that a record has, itself or by its hash. */
async function storedValue(
  store: string,
  { output, artifact }: { readonly output?: unknown; readonly artifact?: string | undefined },
): Promise<Json | undefined> {
  if (artifact === undefined) return output as Json | undefined;
  const bytes = await artifactsOf(store).get(artifact);
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString("utf8")) as Json);
}

/** Whether something in it may have to be asked for again. */
export function hasWaits(body: readonly Node[], plan: Plan): boolean {
  return body.some((node) => {
    if (node.kind === "observe") return node.late !== undefined;
    if (node.kind === "stage") return waitOf(node, plan.tools) !== undefined;
    return "body" in node && hasWaits(node.body, plan);
  });
}
