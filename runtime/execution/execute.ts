/** Runs a plan: its pipelines side by side, each cycle after cycle, and each cycle a run of its own in the trail. */

import type { Model } from "../models/model.ts";
import { obstacle, openModel, type Surroundings } from "../models/open.ts";
import type { Node, Pipeline, Plan, StageNode } from "../plan.ts";
import { deriveSeed } from "../random.ts";
import { Secrets } from "../secrets.ts";
import { SETTINGS } from "../settings.ts";
import { openTool } from "../tools/open.ts";
import type { Tool } from "../tools/tool.ts";
import { artifactsOf, outputFields } from "../trail/artifacts.ts";
import { claimsOf } from "../trail/claims.ts";
import { freeSpace } from "../trail/disk.ts";
import type { Draft } from "../trail/record.ts";
import { type Trail, TrailError } from "../trail/trail.ts";
import { uuidv7 } from "../trail/uuid.ts";
import type { Json, Type } from "../types.ts";
import { link } from "../values/link.ts";
import { validate } from "../values/validate.ts";
import { Cancellation } from "./cancellation.ts";
import type { RunContext } from "./context.ts";
import { type Graph, graphOf } from "./graph.ts";
import { RefusedError } from "./load.ts";
import { subnetValue } from "./proposing.ts";
import { leaveRun, type RestoredRun } from "./restored.ts";
import type { RunOptions, RunSummary } from "./run.ts";
import { runBody } from "./scheduler.ts";
import { openRegimes } from "./sentinel.ts";
import { unsupported } from "./unsupported.ts";

/** Under `--forever` the summary keeps the newest runs only: all of them stand in the trail. */
const SUMMARISED_FOREVER = 100;

/** Stages that are named where a run goes on. */
const NAMED = 12;

/** How often the free space is looked at. */
const SPACE_MILLISECONDS = 1000;

/**
 * Resolves when all cycles have ended, cancelled ones included. Rejects with `RefusedError` before anything has run, and
 * with `TrailError` where records can no longer be written: what was running is cancelled then.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const execution = new Execution(plan, options);
  return execution.run();
}

type RunEntry = RunSummary["runs"][number];

/** What the runs of one call share: the linked plan, tools and models, opened once. */
class Execution {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #pipelines: readonly string[];
  readonly #tools = new Map<string, Promise<Tool>>();
  readonly #models = new Map<string, Model>();
  readonly #around: Surroundings;
  readonly #stages = new Map<string, StageNode>();
  readonly #runs: RunEntry[] = [];
  /** Cancels all that runs, for the caller's signal or the trail's failure. */
  readonly #stop = new AbortController();
  #spaceChecked = -Infinity;

  constructor(plan: Plan, options: RunOptions) {
    this.#options = options;
    const pipeline = options.resume?.pipeline ?? options.pipeline;
    this.#pipelines = pipeline === undefined ? Object.keys(plan.pipelines) : [pipeline];
    this.#plan = link(plan);
    const { machine = {}, clock, scripts } = options;
    const secrets = options.secrets ?? new Secrets({ machine, root: plan.root });
    this.#around = { machine, secrets, clock, ...(scripts === undefined ? {} : { scripts }) };
    for (const pipeline of Object.values(this.#plan.pipelines))
      for (const stage of stagesOf(pipeline.body)) this.#stages.set(stage.id, stage);
  }

  async run(): Promise<RunSummary> {
    const { trail, signal, knowledge, resume } = this.#options;
    this.#refuse();
    const input = new Map(this.#pipelines.map((name) => [name, this.#inputOf(name, this.#plan.pipelines[name]!)]));
    const onAbort = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const broken = watch(trail, this.#stop);
    try {
      await this.#recordPlan();
      this.#sayMissingRungs();
      await knowledge.refresh();
      const ended = await Promise.allSettled(
        resume === undefined
          ? this.#pipelines.map((name) => this.#cycles(name, input.get(name)!))
          : [this.#resume(resume)],
      );
      const failed = ended.find((result) => result.status === "rejected");
      if (broken.error !== undefined) throw broken.error;
      if (failed !== undefined) throw failed.reason;
      return { runs: this.#runs };
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  // Before anything runs --------------------------------------------------------------------------------------------

  #refuse(): void {
    const plan = this.#plan;
    for (const name of this.#pipelines) {
      if (Object.hasOwn(plan.pipelines, name)) continue;
      throw new RefusedError("usage", [`There is no pipeline ${name}; there ${list(Object.keys(plan.pipelines))}.`]);
    }
    if (this.#pipelines.length === 0) throw new RefusedError("program", ["The plan has no pipeline to run."]);
    const { resume } = this.#options;
    if (resume !== undefined && resume.plan !== plan.hash) {
      throw new RefusedError("program", [
        `The run ${resume.run} was begun with another plan (${resume.plan.slice(0, 12)}, now ${plan.hash.slice(0, 12)}), and cannot go on with this one.`,
      ]);
    }
    const problems = unsupported(plan, this.#pipelines);
    if (problems.length > 0) throw new RefusedError("program", problems);
    const stuck = new Set<string>();
    for (const { agent, rungs } of this.#ladders()) {
      if (this.#usable(rungs).length > 0) continue;
      const reasons = [...new Set(rungs.map((rung) => `${rung}: ${this.#obstacle(rung)}`))].join("; ");
      stuck.add(`The agent ${agent} has no model that it could use here (${reasons}).`);
    }
    if (stuck.size > 0) throw new RefusedError("environment", [...stuck]);
  }

  /** Every ladder that an agent of these pipelines climbs. */
  *#ladders(): Generator<{ readonly agent: string; readonly rungs: readonly string[] }> {
    for (const name of this.#pipelines) {
      for (const stage of stagesOf(this.#plan.pipelines[name]!.body)) {
        for (const { callee, retry } of stage.alternatives) {
          const agent = callee.kind === "agent" ? this.#plan.agents[callee.name] : undefined;
          if (agent === undefined) continue;
          const ladder = retry === undefined ? undefined : this.#plan.retries[retry]?.ladder;
          yield {
            agent: callee.name,
            rungs: (ladder ?? [agent.model]).map((rung) => (rung === "self" ? agent.model : rung)),
          };
        }
      }
    }
  }

  #obstacle(model: string): string | undefined {
    const declared = this.#plan.models[model];
    return declared === undefined ? "the plan does not declare it" : obstacle(model, declared, this.#around);
  }

  #usable(models: readonly string[]): readonly string[] {
    return models.filter((model) => this.#obstacle(model) === undefined);
  }

  #sayMissingRungs(): void {
    const said = new Set<string>();
    for (const { agent, rungs } of this.#ladders()) {
      for (const rung of rungs) {
        const why = this.#obstacle(rung);
        if (why === undefined || said.has(`${agent} ${rung}`)) continue;
        said.add(`${agent} ${rung}`);
        this.#note([
          {
            kind: "event",
            peer: this.#options.peer,
            plan: this.#plan.hash,
            name: "rung.skipped",
            message: `${agent} goes without ${rung}: ${why}`,
          },
        ]);
      }
    }
  }

  #inputOf(name: string, pipeline: Pipeline): { readonly [name: string]: Json } {
    const all = this.#options.resume?.input ?? this.#options.input;
    const given = Object.fromEntries(
      pipeline.parameters.flatMap((parameter) => {
        const value = all?.[parameter.name];
        return value === undefined ? [] : [[parameter.name, value]];
      }),
    );
    const checked = validate(given, { kind: "record", fields: pipeline.parameters }, name);
    if (!checked.ok)
      throw new RefusedError(
        "usage",
        checked.reasons.map((reason) => `The input does not fit: ${reason}.`),
      );
    return checked.value as { readonly [name: string]: Json };
  }

  async #recordPlan(): Promise<void> {
    const { peer, store, program } = this.#options;
    const plan = this.#plan;
    const artifact = await artifactsOf(store).put(Buffer.from(JSON.stringify(plan)));
    this.#note([
      {
        ...{ kind: "plan.loaded", peer, plan: plan.hash, path: plan.source[0]?.path ?? "", artifact },
        ...(program === undefined ? {} : { program }),
      },
    ]);
  }

  // Cycles ----------------------------------------------------------------------------------------------------------

  async #cycles(name: string, input: { readonly [name: string]: Json }): Promise<void> {
    const { cycles, clock, peer } = this.#options;
    const pipeline = this.#plan.pipelines[name]!;
    const graph = graphOf(pipeline.body);
    const forever = cycles === "forever";
    const period = forever && pipeline.every !== undefined ? pipeline.every * 1000 : undefined;
    let due = clock.now();
    for (let cycle = 0; (forever || cycle < cycles) && !this.#stop.signal.aborted; cycle++) {
      await this.#cycle(name, pipeline, graph, cycle, input);
      if (period === undefined || this.#stop.signal.aborted) continue;
      const missed = Math.floor((clock.now() - due) / period);
      if (missed > 0) {
        this.#note([
          {
            kind: "event",
            peer,
            plan: this.#plan.hash,
            name: "cycle.left_out",
            message: `${name}: ${missed} ${missed === 1 ? "cycle" : "cycles"} fell due while another was under way, and ${missed === 1 ? "is" : "are"} left out`,
          },
        ]);
      }
      due += (missed + 1) * period;
      await clock.sleep(Math.max(0, due - clock.now()), this.#stop.signal).catch(() => {});
    }
  }

  /** A run of this plan goes on: what is on record is not done again. */
  async #resume(restored: RestoredRun): Promise<void> {
    const { pipeline: name, cycle, input } = restored;
    const pipeline = this.#plan.pipelines[name]!;
    await this.#cycle(name, pipeline, graphOf(pipeline.body), cycle, input, restored);
  }

  async #cycle(
    name: string,
    pipeline: Pipeline,
    graph: Graph,
    cycle: number,
    input: { readonly [name: string]: Json },
    restored?: RestoredRun,
  ): Promise<void> {
    const { clock, trail, knowledge } = this.#options;
    const peer = restored?.peer ?? this.#options.peer;
    const run = restored?.run ?? uuidv7(clock.now());
    const seed = restored?.seed ?? deriveSeed(this.#options.seed, peer, name, cycle);
    const origin = { peer, run, plan: this.#plan.hash };
    const dry = restored?.dry ?? this.#options.dry ?? false;
    const claims = claimsOf(this.#options.store, trail.process);
    const began = clock.elapsed();
    const cancellation = new Cancellation(this.#stop.signal);
    const subnet = pipeline.subnet === undefined ? undefined : this.#plan.subnets[pipeline.subnet];
    this.#assertSpace();
    const started: Draft = {
      kind: "run.started",
      ...origin,
      pipeline: name,
      ...(pipeline.subnet === undefined ? {} : { subnet: pipeline.subnet }),
      cycle,
      seed,
      ...(Object.keys(input).length === 0 ? {} : { input }),
      ...(restored === undefined ? {} : { resumed: true, turn: restored.turns + 1 }),
      ...(dry ? { dry } : {}),
    };
    this.#note(restored === undefined ? [started] : [started, { kind: "event", ...origin, ...saidOf(restored) }]);
    let ids = restored?.lastId ?? 0;
    const { redactor } = this.#around.secrets;
    const fresh = (drafts: readonly Draft[]): readonly Draft[] => {
      const clean = redactor.drafts(drafts);
      return restored === undefined ? clean : clean.filter((draft) => !restored.absorbs(draft));
    };
    const artifacts = artifactsOf(this.#options.store);
    const context: RunContext = {
      plan: this.#plan,
      knowledge,
      clock,
      origin,
      subnetName: pipeline.subnet ?? "",
      subnet,
      version: subnet?.version !== undefined && "text" in subnet.version ? subnet.version.text : undefined,
      dry,
      item: restored?.item,
      claims,
      began: restored?.began ?? clock.now(),
      restored,
      seed,
      parallel: pipeline.parallel,
      cancellation,
      append: async (drafts) => {
        const rest = fresh(drafts);
        this.#show(rest);
        const kept = dry ? rest.filter(countsNothing) : rest;
        if (kept.length > 0) await trail.append(kept);
      },
      note: (...drafts) => {
        const rest = fresh(drafts);
        this.#show(rest);
        trail.note(dry ? rest.filter(countsNothing) : rest);
      },
      outputOf: (value) => outputFields(artifacts, redactor.value(value)),
      assertSpace: () => this.#assertSpace(),
      tool: (tool) => this.#tool(tool),
      model: (model) => Promise.resolve(this.#model(model)),
      usable: (models) => this.#usable(models),
      stageType: (id) => this.#stageType(id),
      nextId: () => `${run}:${++ids}`,
    };
    const globals = new Map<string, Json>(Object.entries(input));
    for (const of of Object.keys(this.#plan.subnets)) globals.set(of, subnetValue(this.#plan, of));
    let entry: RunEntry = { run, pipeline: name, cycle, status: "failed" };
    try {
      await openRegimes(
        context,
        [...stagesOf(pipeline.body)].map(({ id }) => id),
      );
      const { failures, cancelled, parked } = await runBody(context, graph, globals);
      const [waits] = parked;
      const first = failures.find((failure) => failure.class !== "cancelled");
      // What waits comes before what failed: a run that is parked is not over.
      const status = cancelled ? "cancelled" : waits !== undefined ? "parked" : first === undefined ? "ok" : "failed";
      const why = waits ?? first;
      entry = {
        run,
        pipeline: name,
        cycle,
        status,
        ...(cancelled || why === undefined ? {} : { error: `${why.what}: ${why.error}` }),
      };
      const ended: Draft = {
        kind: "run.ended",
        ...origin,
        status,
        elapsed: Math.max(0, clock.elapsed() - began) / 1000,
        ...(entry.error === undefined ? {} : { error: entry.error }),
      };
      await context.append([ended]);
      if (restored !== undefined) leaveRun(claims, run);
    } finally {
      cancellation.release();
      this.#runs.push(entry);
      if (this.#options.cycles === "forever" && this.#runs.length > SUMMARISED_FOREVER) this.#runs.shift();
    }
  }

  // What stages use -------------------------------------------------------------------------------------------------

  #tool(name: string): Promise<Tool> {
    let tool = this.#tools.get(name);
    if (tool === undefined) {
      tool = openTool(name, this.#plan.tools[name]!, this.#plan.root);
      this.#tools.set(name, tool);
      tool.catch(() => this.#tools.delete(name));
    }
    return tool;
  }

  #model(name: string): Model {
    let model = this.#models.get(name);
    if (model === undefined) {
      model = openModel(name, this.#plan.models[name]!, this.#around);
      this.#models.set(name, model);
    }
    return model;
  }

  #stageType(id: string): Type | undefined {
    const callee = this.#stages.get(id)?.alternatives[0]?.callee;
    return callee?.kind === "agent" ? this.#plan.agents[callee.name]?.result : undefined;
  }

  /** What is written and shown holds no secret: nothing passes but through here and `append`. */
  #note(given: readonly Draft[]): void {
    const drafts = this.#around.secrets.redactor.drafts(given);
    this.#show(drafts);
    this.#options.trail.note(drafts);
  }

  #show(drafts: readonly Draft[]): void {
    const { onRecord } = this.#options;
    if (onRecord !== undefined) for (const draft of drafts) onRecord(draft);
  }

  #assertSpace(): void {
    const now = this.#options.clock.elapsed();
    if (now - this.#spaceChecked < SPACE_MILLISECONDS) return;
    this.#spaceChecked = now;
    const free = freeSpace(this.#options.store);
    if (free >= SETTINGS.trail.freeBytes) return;
    throw new TrailError(
      `Only ${Math.floor(free / 2 ** 20)} MB are free where the store is (${this.#options.store}): no stage is started with less than ${SETTINGS.trail.freeBytes / 2 ** 20} MB.`,
    );
  }
}

/** Stops what runs once the trail fails. Apart, since what it keeps lives as long as the trail, which may see many runs. */
function watch(trail: Trail, stop: AbortController): { readonly error: TrailError | undefined } {
  const broken: { error: TrailError | undefined } = { error: undefined };
  void trail.failed.then((error) => {
    broken.error = error;
    stop.abort(error);
  });
  return broken;
}

/** In a rehearsal measurements are shown, and neither kept nor learned from. */
const countsNothing = ({ kind }: Draft): boolean => kind !== "evidence" && kind !== "score";

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

function* stagesOf(body: readonly Node[]): Generator<StageNode> {
  for (const node of body) {
    if (node.kind === "stage") yield node;
    else if ("body" in node) yield* stagesOf(node.body);
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "is none" : names.length === 1 ? `is ${names[0]}` : `are ${names.join(", ")}`;
}
