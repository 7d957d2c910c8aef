/** Runs a plan: its pipelines side by side, each cycle after cycle, and each cycle a run of its own in the trail. */

import type { Model } from "../models/model.ts";
import { obstacle, openModel, type Surroundings } from "../models/open.ts";
import type { Pipeline, Plan } from "../plan.ts";
import { Secrets } from "../secrets.ts";
import { SETTINGS } from "../settings.ts";
import { filesOf } from "../tools/files.ts";
import { headerSecrets, serverHeaders } from "../tools/mcp-headers.ts";
import { isAddress } from "../tools/mcp-server.ts";
import { openTool } from "../tools/open.ts";
import { takesSecret, withSecrets } from "../tools/secret-arguments.ts";
import type { Tool } from "../tools/tool.ts";
import { artifactsOf } from "../trail/artifacts.ts";
import { freeSpace } from "../trail/disk.ts";
import type { Draft } from "../trail/record.ts";
import { type Trail, TrailError } from "../trail/trail.ts";
import type { Type } from "../types.ts";
import { validate } from "../values/validate.ts";
import { followSource, hasWaits, sourcesOf, waitsOf } from "./asking.ts";
import type { Input } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { limitsAround } from "./budget/limits.ts";
import type { Shared } from "./common.ts";
import { type Cycle, runCycle } from "./cycle.ts";
import { Latch } from "./latch.ts";
import { RefusedError } from "./load.ts";
import { itemName, outstandingOf, type Waiting } from "./outstanding.ts";
import { type Ladder, type Prepared, prepared } from "./prepared.ts";
import { effectsOfRuns, type RestoredRun, type TakenRun, takeRun } from "./restored.ts";
import type { RunOptions, RunSummary } from "./run.ts";
import { type Used, usedBy } from "./secrets-used.ts";
import type { Item, SourceNode } from "./source.ts";
import type { Waits } from "./waits.ts";

/** Under `--forever` the summary keeps the newest runs only: all of them stand in the trail. */
const SUMMARISED_FOREVER = 100;

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

/** A pipeline, as this run has it. */
type Lane = Omit<Cycle, "cycle" | "item" | "restored">;

/** What the runs of one call share: the linked plan, tools and models, opened once. */
class Execution {
  readonly #prepared: Prepared;
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #pipelines: readonly string[];
  /** Open, or being opened. */
  readonly #tools = new Map<string, Tool | Promise<Tool>>();
  readonly #models = new Map<string, Model>();
  readonly #around: Surroundings;
  readonly #runs: RunEntry[] = [];
  /** Cancels all that runs, for the caller's signal or the trail's failure. */
  readonly #stop = new AbortController();
  readonly #shared: Shared;
  readonly #waits: Waits | undefined;
  /** The pipelines without a source, from before any of them begins, so that no source takes itself to be alone. */
  readonly #others: Latch;
  #spaceChecked = -Infinity;

  constructor(plan: Plan, options: RunOptions) {
    this.#options = options;
    const pipeline = options.resume?.pipeline ?? options.pipeline;
    this.#pipelines = pipeline === undefined ? Object.keys(plan.pipelines) : [pipeline];
    this.#prepared = prepared(plan);
    this.#plan = this.#prepared.plan;
    const { machine = {}, clock } = options;
    const secrets = options.secrets ?? new Secrets({ machine, root: plan.root });
    this.#around = { machine, secrets, clock };
    for (const [name, model] of options.models ?? []) this.#models.set(name, model);
    for (const [name, tool] of options.tools ?? []) this.#tools.set(name, tool);
    this.#shared = {
      plan: this.#plan,
      options,
      stop: this.#stop.signal,
      outstanding: outstandingOf(options.trail),
      redactor: secrets.redactor,
      note: (drafts) => this.#note(drafts),
      show: (drafts) => this.#show(drafts),
      assertSpace: () => this.#assertSpace(),
      tool: (name) => this.#tool(name),
      model: (name) => Promise.resolve(this.#model(name)),
      usable: (models) => this.#usable(models),
      stageType: (id) => this.#stageType(id),
    };
    this.#others = options.others ?? new Latch();
    for (const name of options.resume === undefined ? this.#pipelines : []) {
      const pipeline = this.#plan.pipelines[name];
      if (pipeline !== undefined && sourcesOf(pipeline).length === 0) this.#others.begin();
    }
    const asks = this.#pipelines.some((name) => hasWaits(this.#plan.pipelines[name]?.body ?? [], this.#plan));
    this.#waits =
      asks && options.dry !== true ? waitsOf(this.#shared, this.#pipelines, (waited) => this.#goOn(waited)) : undefined;
  }

  async run(): Promise<RunSummary> {
    const { trail, signal, knowledge, resume } = this.#options;
    this.#refuse();
    const input = new Map<string, Input>();
    for (const name of this.#pipelines) input.set(name, await this.#inputOf(name, this.#plan.pipelines[name]!));
    const onAbort = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const broken = watch(trail, this.#stop);
    try {
      await this.#recordPlan();
      this.#sayMissingRungs();
      await knowledge.refresh();
      const ended = await this.#all(resume === undefined ? this.#lanes(input) : [this.#resume(resume)]);
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
    const problems = this.#prepared.unsupported(this.#pipelines);
    if (problems.length > 0) throw new RefusedError("program", problems);
    const stuck = new Set<string>();
    for (const { agent, rungs } of this.#ladders()) {
      if (this.#usable(rungs).length > 0) continue;
      const reasons = [...new Set(rungs.map((rung) => `${rung}: ${this.#obstacle(rung)}`))].join("; ");
      stuck.add(`The agent ${agent} has no model that it could use here (${reasons}).`);
    }
    if (stuck.size > 0) throw new RefusedError("environment", [...stuck]);
    this.#refuseUnpriced();
    const { secrets, tools } = this.#used();
    const { machine } = this.#around;
    const isAsked = (tool: string): boolean => {
      const from = plan.tools[tool]?.from;
      return from?.kind === "mcp" && isAddress(from.server);
    };
    const sent = [...tools].filter(isAsked).flatMap((tool) => headerSecrets(machine, tool));
    const missing = [...new Set([...secrets, ...sent])].flatMap((name) => this.#missingSecret(name) ?? []);
    if (missing.length > 0) throw new RefusedError("environment", missing);
  }

  #used(): Used {
    const { dry, tools } = this.#options;
    const isCalled = (tool: string): boolean =>
      tools?.has(tool) !== true && !(dry === true && this.#plan.tools[tool]?.effect === true);
    return usedBy(this.#plan, this.#pipelines, isCalled);
  }

  #missingSecret(name: string): string | undefined {
    const { secrets } = this.#around;
    const source = secrets.source(name);
    if (source === undefined)
      return `The secret ${name} comes from nowhere here: gang.yaml must say it, as in \`secrets: { ${name}: { env: ${name.toUpperCase()} } }\`.`;
    const missing = secrets.missing(source);
    return missing === undefined ? undefined : `The secret ${name} is missing: ${missing}.`;
  }

  /** Nobody could say what is left of a limit in money. */
  #refuseUnpriced(): void {
    const { machine } = this.#around;
    const said = new Set<string>();
    for (const { pipeline, rungs } of this.#ladders()) {
      for (const name of this.#usable(rungs)) {
        const model = this.#plan.models[name]!;
        if (model.price !== undefined || model.provider === "embedded" || model.provider === "scripted") continue;
        const held = limitsAround(this.#plan, machine, pipeline, { kind: "model", name });
        for (const { limit, called } of held) {
          if (limit.of === "money")
            said.add(`${called} cannot be kept: nobody knows what ${name} costs (its \`price\`).`);
        }
      }
    }
    if (said.size > 0)
      throw new RefusedError(
        "environment",
        [...said].map((text) => text[0]!.toUpperCase() + text.slice(1)),
      );
  }

  /** Every ladder that an agent of these pipelines climbs. */
  #ladders(): readonly Ladder[] {
    return this.#prepared.ladders.filter(({ pipeline }) => this.#pipelines.includes(pipeline));
  }

  #obstacle(model: string): string | undefined {
    if (this.#models.has(model)) return undefined;
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

  async #inputOf(name: string, pipeline: Pipeline): Promise<Input> {
    const { store } = this.#options;
    const type: Type = { kind: "record", fields: pipeline.parameters };
    const all = this.#options.resume?.input ?? this.#options.input;
    const given = Object.fromEntries(
      pipeline.parameters.flatMap((parameter) => {
        const value = all?.[parameter.name];
        return value === undefined ? [] : [[parameter.name, value]];
      }),
    );
    const checked = validate(given, type, name, { unknown: "refuse", places: true });
    const refused = (reasons: readonly string[]): RefusedError =>
      new RefusedError(
        "usage",
        reasons.map((reason) => `The input does not fit: ${reason}.`),
      );
    if (!checked.ok) throw refused(checked.reasons);
    const files = filesOf(store, this.#plan.root, artifactsOf(store), this.#around.secrets.redactor);
    return (await files.kept(checked.value, type, name, true).catch((error: unknown) => {
      throw error instanceof AttemptError ? refused([error.message]) : error;
    })) as Input;
  }

  async #recordPlan(): Promise<void> {
    const { peer, store, program } = this.#options;
    const plan = this.#plan;
    const { content, hash } = this.#prepared;
    const artifact = await artifactsOf(store).put(content, hash);
    this.#note([
      {
        ...{ kind: "plan.loaded", peer, plan: plan.hash, path: plan.source[0]?.path ?? "", artifact },
        ...(program === undefined ? {} : { program }),
      },
    ]);
  }

  // Cycles ----------------------------------------------------------------------------------------------------------

  /** The pipelines side by side: cycle after cycle, or as their sources give. */
  #lanes(inputs: ReadonlyMap<string, Input>): readonly Promise<void>[] {
    const lanes = this.#pipelines.map((name) => {
      const pipeline = this.#plan.pipelines[name]!;
      const [input, sources] = [inputs.get(name)!, sourcesOf(pipeline)];
      return { name, pipeline, graph: this.#prepared.graph(name), input, sources };
    });
    return lanes.flatMap((lane) =>
      lane.sources.length === 0
        ? [this.#cycles(lane).finally(() => this.#others.end())]
        : lane.sources.map((node, index) => this.#follow(lane, node, index)),
    );
  }

  /** … and beside them what is asked again when their runs have ended. */
  async #all(lanes: readonly Promise<void>[]): Promise<readonly PromiseSettledResult<void>[]> {
    const over = Promise.allSettled(lanes);
    const waits = this.#waits === undefined ? [] : await Promise.allSettled([this.#waits.run(over)]);
    return [...(await over), ...waits];
  }

  async #cycles(lane: Lane): Promise<void> {
    const { cycles, clock, peer } = this.#options;
    const { name, pipeline } = lane;
    const forever = cycles === "forever";
    const period = forever && pipeline.every !== undefined ? pipeline.every * 1000 : undefined;
    let due = clock.now();
    for (let cycle = 0; (forever || cycle < cycles) && !this.#stop.signal.aborted; cycle++) {
      const { run, status } = await this.#cycle({ ...lane, cycle });
      if (this.#stop.signal.aborted) continue;
      if (period === undefined) {
        // The next one would wait, too, and the one after that: their number would have no end.
        if (forever && status === "parked") await this.#waits?.settled(run);
        continue;
      }
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

  async #follow(lane: Lane, node: SourceNode, index: number): Promise<void> {
    const { store, trail } = this.#options;
    let cycle = 0;
    const begin = async ({ key, value, until, begun }: Item): Promise<void> => {
      let item: NonNullable<Cycle["item"]> = { node, index, key, value, until };
      // Begun with another plan, it is begun anew.
      const goesOn = begun?.run !== undefined && begun.plan === this.#plan.hash;
      const taken = goesOn ? await this.#takeOver(begun.run, "its item is begun anew") : undefined;
      if (begun !== undefined && taken === undefined) {
        const runs = this.#shared.outstanding.runsOf(itemName(lane.name, index, key));
        item = { ...item, effects: await effectsOfRuns(store, trail, runs) };
      }
      if (taken === undefined) await this.#cycle({ ...lane, cycle: cycle++, item });
      else if (taken.outcome === "taken")
        await this.#cycle({ ...lane, cycle: taken.run.cycle, item, restored: taken.run });
    };
    await followSource(this.#shared, { ...lane, node, index, others: this.#others, begin });
  }

  /** What a parked run waited for is over. One that was begun with another plan goes on when it is asked to. */
  async #goOn({ run, plan, peer }: Waiting): Promise<void> {
    if (run === undefined) return;
    if (plan !== this.#plan.hash) {
      const message = `the run ${run} could go on, but was begun with another plan: gangc run --resume ${run}`;
      return this.#note([{ kind: "event", peer, run, name: "resume.left", message }]);
    }
    const taken = await this.#takeOver(run, "it is left as it is");
    if (taken?.outcome === "taken") await this.#resume(taken.run);
  }

  /** Nothing, and said, where the store has lost what the run gave: the others go on. */
  async #takeOver(run: string, instead: string): Promise<TakenRun | undefined> {
    const { store, trail, peer } = this.#options;
    try {
      return await takeRun(store, trail, run);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const message = `${error.problems.join(" ")} Hence ${instead}.`;
      this.#note([{ kind: "event", peer, run, name: "resume.left", message }]);
      return undefined;
    }
  }

  /** A run of this plan goes on: what is on record is not done again. */
  async #resume(restored: RestoredRun): Promise<void> {
    const { pipeline: name, cycle, input, item: key, given } = restored;
    const pipeline = this.#plan.pipelines[name]!;
    const of = { name, pipeline, graph: this.#prepared.graph(name), cycle, input, restored };
    const node = given && sourcesOf(pipeline)[given.source];
    if (node === undefined || key === undefined) await this.#cycle(of);
    else
      await this.#cycle({ ...of, item: { node, index: given!.source, key, value: given!.value, until: given!.until } });
  }

  async #cycle(of: Cycle): Promise<RunEntry> {
    const entry = await runCycle(this.#shared, of);
    this.#runs.push(entry);
    if (this.#options.cycles === "forever" && this.#runs.length > SUMMARISED_FOREVER) this.#runs.shift();
    this.#waits?.wake();
    return entry;
  }

  // What stages use -------------------------------------------------------------------------------------------------

  #tool(name: string): Tool | Promise<Tool> {
    const known = this.#tools.get(name);
    if (known !== undefined) return known;
    const opening = this.#openTool(name);
    this.#tools.set(name, opening);
    opening.then(
      (tool) => this.#tools.set(name, tool),
      () => this.#tools.delete(name),
    );
    return opening;
  }

  /** With its secrets at hand: that one cannot be read is known before it is called. */
  async #openTool(name: string): Promise<Tool> {
    const declared = this.#plan.tools[name]!;
    const { secrets } = this.#around;
    const parameters: Type = { kind: "record", fields: declared.parameters };
    const values = new Map<string, string>();
    if (takesSecret(parameters))
      for (const secret of this.#used().secrets) values.set(secret, await secrets.value(secrets.source(secret)!));
    const headers = () => serverHeaders(this.#around.machine, secrets, name);
    return withSecrets(await openTool(name, declared, this.#plan.root, headers), parameters, values);
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
    const callee = this.#prepared.stages.get(id)?.alternatives[0]?.callee;
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

function list(names: readonly string[]): string {
  return names.length === 0 ? "is none" : names.length === 1 ? `is ${names[0]}` : `are ${names.join(", ")}`;
}
