/** Runs one test of a plan: what it names, with what it is given, and whether what is expected of it holds. */
import type { Clock } from "../clock.ts";
import { AttemptError } from "../execution/attempt-error.ts";
import { isApproval } from "../execution/awaiting.ts";
import { runPlan } from "../execution/execute.ts";
import { evaluateAsking, type Scope } from "../execution/expression.ts";
import type { Settled } from "../execution/frame.ts";
import { RefusedError } from "../execution/load.ts";
import type { BodyResult } from "../execution/scheduler.ts";
import type { Machine } from "../machine.ts";
import type { Model } from "../models/model.ts";
import { obstacle, openModel } from "../models/open.ts";
import { heard, type Recorded, scriptedModel } from "../models/scripted.ts";
import type { Call, Expr, Node, Pipeline, Plan, Position, Retry, StageNode, Test } from "../plan.ts";
import type { Secrets } from "../secrets.ts";
import { filesOf } from "../tools/files.ts";
import type { Tool } from "../tools/tool.ts";
import { artifactsOf } from "../trail/artifacts.ts";
import type { Json } from "../types.ts";
import { link } from "../values/link.ts";
import { type Excerpt, excerptOf } from "./excerpt.ts";
import { type Givens, givensOf } from "./givens.ts";
import { offline } from "./offline.ts";
import { TestProblem } from "./problem.ts";
import { writeRecording } from "./recordings.ts";
import { type ThrowAwayStore, throwAwayStore } from "./throw-away.ts";

export interface TestOptions {
  readonly clock: Clock;
  readonly machine: Machine;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  /** Whether the answers in this file are to be had from the real models, and written. */
  fresh(path: string): boolean;
}

export interface TestResult {
  readonly title: string;
  readonly at: Position;
  /** None: it passed. */
  readonly failures: readonly TestFailure[];
  readonly seconds: number;
  /** Files that were written. */
  readonly recorded: readonly string[];
}

export interface TestFailure {
  readonly at: Position;
  /** What went wrong, where it was not an expectation. */
  readonly message?: string;
  /** The part of an expectation that does not hold, and what its sides are. */
  readonly condition?: Expr;
  readonly sides?: readonly { readonly of: Expr; readonly value: Json }[];
}

/** Never rejects but for a mistake of ours. */
export async function runTest(plan: Plan, test: Test, options: TestOptions): Promise<TestResult> {
  const began = options.clock.elapsed();
  const recorded: string[] = [];
  const store = throwAwayStore();
  const failures = await failuresOf(link(plan), test, store, options, recorded)
    .catch((error: unknown): TestFailure[] => {
      if (error instanceof TestProblem) return [{ at: error.at ?? test.at, message: error.message }];
      if (error instanceof RefusedError) return [{ at: test.at, message: error.problems.join(" ") }];
      if (error instanceof AttemptError) return [{ at: test.at, message: `${error.message}.` }];
      throw error;
    })
    .finally(store.remove);
  const seconds = Math.max(0, options.clock.elapsed() - began) / 1000;
  return { title: test.title, at: test.at, failures, seconds, recorded };
}

async function failuresOf(
  plan: Plan,
  test: Test,
  store: ThrowAwayStore,
  options: TestOptions,
  written: string[],
): Promise<readonly TestFailure[]> {
  const pipeline = plan.pipelines[test.pipeline];
  if (pipeline === undefined) throw new TestProblem(`There is no pipeline ${test.pipeline}.`, test.at);
  const files = filesOf(store.folder, plan.root, artifactsOf(store.folder), options.secrets.redactor);
  const givens = await givensOf(plan, test, options.fresh, files.kept);
  const excerpt = excerptOf(pipeline, test, givens.values);
  const waiting = excerpt.stages.find(
    ({ wait, alternatives }) =>
      wait !== undefined || alternatives.some(({ callee }) => isApproval(plan.tools[callee.name])),
  );
  if (waiting !== undefined)
    throw new TestProblem(
      `${waiting.name} waits, and a test does not: say what comes of it, \`given ${waiting.name} = …\`.`,
      waiting.at,
    );
  const recordings = new Map<string, Recorded[]>([...givens.record.keys()].map((agent) => [agent, []]));
  const { failures, settled } = await settle(plan, test, pipeline, excerpt, givens, store, recordings, options);
  const failed = failures.map(({ what, error }): TestFailure => {
    const at = excerpt.stages.find(({ id }) => id === what || what.startsWith(`${id} of `))?.at ?? test.at;
    return { at, message: `${what} failed: ${error}` };
  });
  for (const [agent, { path, file }] of givens.record) {
    const answers = recordings.get(agent)!;
    // What was cut short does not take the place of what is whole.
    if (answers.length === 0 || failed.length > 0 || options.signal.aborted) continue;
    writeRecording(path, agent, options.secrets.redactor.value(answers as unknown as Json) as unknown as Recorded[]);
    written.push(file);
  }
  return failed.length > 0 ? failed : expectations(test, scopeOf(settled, excerpt, givens));
}

async function settle(
  plan: Plan,
  test: Test,
  pipeline: Pipeline,
  { body, stages }: Excerpt,
  givens: Givens,
  store: ThrowAwayStore,
  recordings: ReadonlyMap<string, Recorded[]>,
  options: TestOptions,
): Promise<BodyResult> {
  const cast = castOf(plan, stages, givens, recordings, options);
  const own: Plan = {
    ...plan,
    ...cast.plan,
    pipelines: { [test.pipeline]: { ...pipeline, limits: [], body: body.map(cast.node) } },
    // Nothing is learned, so that no version stamps it.
    subnets: Object.fromEntries(Object.entries(plan.subnets).map(([name, { version: _, ...rest }]) => [name, rest])),
    unbuilt: [],
  };
  let result: BodyResult = { failures: [], parked: [], settled: new Map() };
  const parameters = pipeline.parameters.flatMap(({ name }) =>
    givens.values.has(name) ? [[name, givens.values.get(name)!] as const] : [],
  );
  const work = async (): Promise<void> => {
    await runPlan(own, {
      ...{ trail: store.trail, knowledge: store.knowledge, store: store.folder },
      ...{ clock: options.clock, machine: options.machine, secrets: options.secrets, signal: options.signal },
      ...{ models: cast.models, tools: cast.tools, pipeline: test.pipeline, input: Object.fromEntries(parameters) },
      ...{ cycles: 1, peer: "test", seed: 1 },
      onSettled: (of) => {
        result = of;
      },
    });
  };
  await (givens.record.size > 0 ? work() : offline(work));
  return result;
}

// Who plays whom ----------------------------------------------------------------------------------------------------------

interface Cast {
  readonly plan: Pick<Plan, "models" | "agents" | "tools" | "retries">;
  readonly models: ReadonlyMap<string, Model>;
  readonly tools: ReadonlyMap<string, Tool>;
  node(of: Node): Node;
}

/** Agents speak from what was given or recorded, tools give what was given; nobody is asked over a network. */
function castOf(
  plan: Plan,
  stages: readonly StageNode[],
  givens: Givens,
  recordings: ReadonlyMap<string, Recorded[]>,
  options: TestOptions,
): Cast {
  const models = new Map<string, Model>();
  const declared: { [name: string]: Plan["models"][string] } = { ...plan.models };
  const agents: { [name: string]: Plan["agents"][string] } = { ...plan.agents };
  const tools = new Map<string, Tool>();
  const retries: { [name: string]: Retry } = { ...plan.retries };
  const stubbed = Object.fromEntries(
    [...givens.tools].map(([name, value]) => {
      tools.set(name, { name, call: async () => ({ value: structuredClone(value) }) });
      return [name, { ...plan.tools[name]!, effect: false, limits: [] }];
    }),
  );
  for (const [agent, { answers, file }] of givens.agents) {
    const name = `${agent} in a test`;
    models.set(name, scriptedModel(name, answers, file ?? "the test"));
    declared[name] = {
      provider: "scripted",
      options: {},
      tokens: { read: 1, write: 1 },
      limits: [],
      at: agents[agent]!.at,
    };
    agents[agent] = { ...agents[agent]!, model: name };
  }
  const around = { machine: options.machine, secrets: options.secrets, clock: options.clock };
  const listening = (agent: string, rung: string): string => {
    const name = `${rung} for ${agent} in a test`;
    const recorded = recordings.get(agent)!;
    if (declared[name] === undefined) {
      declared[name] = declared[rung]!;
      const model = openModel(rung, declared[rung]!, around);
      models.set(
        name,
        heard(model, (answer) => recorded.push(answer)),
      );
    }
    return name;
  };
  const real = (agent: string, rungs: readonly string[]): readonly string[] => {
    const whys = new Map(rungs.map((rung) => [rung, obstacle(rung, declared[rung]!, around)]));
    const usable = rungs.filter((rung) => whys.get(rung) === undefined);
    if (usable.length > 0) return usable;
    const reasons = [...whys].map(([rung, why]) => `${rung}: ${why}`).join("; ");
    throw new TestProblem(`${agent} has no model here that could be recorded (${reasons}).`);
  };
  const rungsOf = (agent: string, retry: Retry | undefined): readonly string[] => {
    const own = agents[agent]!.model;
    const rungs = (retry?.ladder ?? new Array<string>(retry?.attempts ?? 3).fill("self")).map((rung) =>
      rung === "self" ? own : rung,
    );
    if (givens.agents.has(agent)) return rungs.map(() => own);
    if (recordings.has(agent)) return real(agent, rungs).map((rung) => listening(agent, rung));
    const free = rungs.filter((rung) => plan.models[rung]?.provider === "embedded");
    if (free.length > 0) return free;
    throw new TestProblem(
      `${agent} would ask a language model, and a test asks none: say what it answers, \`given ${agent} = recorded("${agent}.json")\`.`,
    );
  };
  const cast = (call: Call): Call => {
    const { kind, name } = call.callee;
    const retry = call.retry === undefined ? undefined : retries[call.retry];
    if (kind === "tool") {
      if (plan.tools[name]?.effect === true && !givens.tools.has(name))
        throw new TestProblem(
          `${name} is an effect, which no test has: say what it gives, \`given ${name} = …\`.`,
          call.at,
        );
      // What is waited for between attempts tells nothing.
      return retry === undefined ? call : { ...call, retry: quick(call.retry!, retry) };
    }
    const base: Retry = retry ?? { attempts: 3, stall: "diverge", backoff: NO_WAIT, at: call.at };
    const ladder = [...rungsOf(name, retry)];
    const own = `${call.retry ?? "retry"} of ${name} in a test`;
    retries[own] = { ...base, backoff: recordings.has(name) ? base.backoff : NO_WAIT, ladder, attempts: ladder.length };
    return { ...call, retry: own };
  };
  const quick = (name: string, retry: Retry): string => {
    const own = `${name} in a test`;
    retries[own] = { ...retry, backoff: NO_WAIT };
    return own;
  };
  const recast = new Map(stages.map((of) => [of.id, of.alternatives.map(cast)]));
  const node = (of: Node): Node => {
    if (of.kind === "stage") return { ...of, alternatives: recast.get(of.id)! };
    return of.kind === "for" || of.kind === "when" ? { ...of, body: of.body.map(node) } : of;
  };
  return { plan: { models: declared, agents, tools: { ...plan.tools, ...stubbed }, retries }, models, tools, node };
}

const NO_WAIT = { low: 0, high: 0 };

// What is expected --------------------------------------------------------------------------------------------------------

/** A test sees names as its item does: not as the maps that they are outside of a `for`. */
function scopeOf(settled: ReadonlyMap<string, Settled>, { depthOf }: Excerpt, { values }: Givens): Scope {
  return {
    get(name) {
      if (values.has(name)) return values.get(name);
      const came = settled.get(name);
      let value = came?.ok === true ? came.value : null;
      for (let deep = depthOf(name); deep > 0 && value !== null; deep--) value = Object.values(value)[0] ?? null;
      return value;
    },
  };
}

async function expectations(test: Test, scope: Scope): Promise<readonly TestFailure[]> {
  // Nothing is known in a test, so `best` and `last` have no value.
  const valueOf = (of: Expr): Promise<Json> => evaluateAsking(of, scope, async () => null);
  const found: TestFailure[] = [];
  for (const { condition, at } of test.expect) {
    try {
      if ((await valueOf(condition)) === true) continue;
      const part = await culprit(condition, valueOf);
      const sides = await Promise.all(sidesOf(part).map(async (of) => ({ of, value: await valueOf(of) })));
      found.push({ at, condition: part, sides });
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      found.push({ at, condition, message: `It cannot be worked out: ${error.message}.` });
    }
  }
  return found;
}

/** Of what must hold together, the first part that does not. */
async function culprit(condition: Expr, valueOf: (of: Expr) => Promise<Json>): Promise<Expr> {
  if (condition.op !== "binary" || condition.operator !== "and") return condition;
  return culprit((await valueOf(condition.left)) === true ? condition.right : condition.left, valueOf);
}

/** What is to be shown of it: both sides of a comparison, without those that stand there as they are. */
function sidesOf(of: Expr): readonly Expr[] {
  if (of.op === "unary") return sidesOf(of.operand);
  const sides = of.op === "binary" ? [of.left, of.right] : [of];
  return sides.filter((side) => side.op !== "literal");
}
