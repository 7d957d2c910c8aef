/**
 * What one cycle of a pipeline can come to: from ladders, turns, timeouts, prices and fan-outs, each at its worst. What
 * the world adds (a rate limit that asks for longer waits than `backoff`) is left out of time.
 */
import type { Call, Expr, ForNode, Model, Node, Pipeline, Plan, Position, StageNode } from "../../runtime/plan.ts";
import { type Amount, greater, type Most, plus, times, type Unbounded } from "./amount.ts";
import { itemsOf, type Names, namesIn, namesInside } from "./items.ts";
import { callsIn } from "./reach.ts";

export interface Bounds {
  /** Of agents and tools, over all alternatives and retries. */
  readonly attempts: Amount;
  /** Calls of language models, over all turns. The embedded sampler's are none. */
  readonly modelCalls: Amount;
  /** Read and written. */
  readonly tokens: Amount;
  /** Dollars. The least is what is spent for sure: tools of a fixed cost, whose results do not say what they did. */
  readonly cost: Amount;
  /** Seconds, with all that can run side by side doing so. */
  readonly time: Most;
  /** Dollars that the cheapest run must find free at once: below it no run can end well. */
  readonly reserve: number;
}

export interface StageBounds {
  readonly id: string;
  /** How often it runs in a cycle. */
  readonly runs: Amount;
  /** Of all these together; the time is that of one. */
  readonly bounds: Bounds;
  readonly at: Position;
}

export interface PipelineBounds {
  /** A pipeline that reads a source has a cycle for each of its items. */
  readonly unit: "cycle" | "item";
  readonly bounds: Bounds;
  /** With a cycle each `every`, none left out; absent where nothing says how many cycles a day has. */
  readonly day?: { readonly cycles: number } & Pick<Bounds, "attempts" | "modelCalls" | "tokens" | "cost">;
  readonly stages: readonly StageBounds[];
}

const ZERO: Amount = { least: 0, most: 0 };
const NOTHING: Bounds = { attempts: ZERO, modelCalls: ZERO, tokens: ZERO, cost: ZERO, time: 0, reserve: 0 };
const DAY = 86_400;

/** How often a call is tried at most. */
export function attemptsOf({ retries }: Plan, { retry, callee }: Call): number {
  const declared = retry === undefined ? undefined : retries[retry];
  return declared?.attempts ?? (callee.kind === "agent" ? 3 : 1);
}

/** The models that an agent's call asks, one an attempt. */
export function ladderOf(plan: Plan, call: Call): readonly string[] {
  const own = plan.agents[call.callee.name]!.model;
  const ladder = call.retry === undefined ? undefined : plan.retries[call.retry]?.ladder;
  return (ladder ?? Array.from({ length: attemptsOf(plan, call) }, () => "self")).map((rung) =>
    rung === "self" ? own : rung,
  );
}

export function boundsOf(plan: Plan, name: string): PipelineBounds {
  const pipeline = plan.pipelines[name]!;
  const stages: StageBounds[] = [];
  const names = new Map(pipeline.parameters.map((parameter) => [parameter.name, parameter.type]));
  const body = ofBody(plan, pipeline, pipeline.body, names, { least: 1, most: 1 }, stages);
  const bounds = together(body, ofVersion(plan, pipeline), (a, b) => plus(a, b));
  const unit = pipeline.body.some((node) => node.kind === "for" && node.over.kind === "source") ? "item" : "cycle";
  const cycles = unit === "item" || pipeline.every === undefined ? undefined : Math.ceil(DAY / pipeline.every);
  return {
    unit,
    bounds,
    ...(cycles === undefined ? {} : { day: { cycles, ...overCycles(bounds, cycles) } }),
    stages,
  };
}

/** The bounds of so many cycles. */
export function overCycles({ attempts, modelCalls, tokens, cost }: Bounds, cycles: number) {
  const all = (amount: Amount): Amount => scaled(amount, { least: cycles, most: cycles });
  return { attempts: all(attempts), modelCalls: all(modelCalls), tokens: all(tokens), cost: all(cost) };
}

// Bodies ----------------------------------------------------------------------------------------------------------------

function ofBody(
  plan: Plan,
  pipeline: Pipeline,
  body: readonly Node[],
  outer: Names,
  runs: Amount,
  stages: StageBounds[],
): Bounds {
  const names = namesIn(body, outer);
  const each = body.map((node): Bounds => {
    switch (node.kind) {
      case "stage": {
        const bounds = ofStage(plan, node);
        stages.push({ id: node.id, runs, bounds: { ...repeated(bounds, runs, 1), time: bounds.time }, at: node.at });
        return bounds;
      }
      case "for":
        return ofFor(plan, pipeline, node, names, runs, stages);
      case "when": {
        const inside = ofBody(plan, pipeline, node.body, names, { least: 0, most: runs.most }, stages);
        return { ...least(inside), time: inside.time };
      }
      case "observe":
        return node.late === undefined ? NOTHING : ofPolling(plan, node.value, node.late);
      default:
        return NOTHING;
    }
  });
  const sum = each.reduce((all, bounds) => together(all, bounds, greater), NOTHING);
  return { ...sum, time: longestPath(body, each) };
}

function ofFor(
  plan: Plan,
  pipeline: Pipeline,
  node: ForNode,
  names: Names,
  runs: Amount,
  stages: StageBounds[],
): Bounds {
  const items = itemsOf(plan, node, names);
  const all: Amount = { least: runs.least * items.least, most: times(runs.most, items.most) };
  const one = ofBody(plan, pipeline, node.body, namesInside(node, names), all, stages);
  return repeated(one, items, node.parallel ?? pipeline.parallel);
}

/** Nodes start when what they read is there: the longest way through them, in seconds. */
function longestPath(body: readonly Node[], bounds: readonly Bounds[]): Most {
  const giver = new Map<string, number>();
  const offer = (nodes: readonly Node[], index: number): void => {
    for (const node of nodes) {
      if (node.kind === "stage" || node.kind === "let") giver.set(node.name, index);
      else if ("body" in node) offer(node.body, index);
    }
  };
  body.forEach((node, index) => {
    offer([node], index);
  });
  const readers = body.map((): number[] => []);
  const waitsFor = body.map((node, index) => {
    const before = new Set(node.needs.flatMap((name) => giver.get(name) ?? []).filter((other) => other !== index));
    for (const other of before) readers[other]!.push(index);
    return before.size;
  });
  const starts: Most[] = body.map(() => 0);
  const ready = body.flatMap((_, index) => (waitsFor[index] === 0 ? [index] : []));
  let end: Most = 0;
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const done = plus(starts[next]!, bounds[next]!.time);
    end = greater(end, done);
    for (const reader of readers[next]!) {
      starts[reader] = greater(starts[reader]!, done);
      if (--waitsFor[reader]! === 0) ready.push(reader);
    }
  }
  return end;
}

// Stages ----------------------------------------------------------------------------------------------------------------

function ofStage(plan: Plan, node: StageNode): Bounds {
  const checks = node.expect === undefined ? NOTHING : ofCalls(plan, node.expect);
  const calls = node.alternatives.map((call) => ofCall(plan, call, checks));
  // The cheapest run takes the cheapest alternative: one that is refused is passed over like one that failed.
  const ways = node.orNone ? [...calls, NOTHING] : calls;
  const sum = calls.reduce((all, bounds) => together(all, bounds, plus), NOTHING);
  const cheapest = (of: (bounds: Bounds) => number): number => Math.min(...ways.map(of));
  const first = calls[0]!;
  const once: Bounds = {
    attempts: { least: first.attempts.least, most: sum.attempts.most },
    modelCalls: { least: cheapest(({ modelCalls }) => modelCalls.least), most: sum.modelCalls.most },
    tokens: { least: 0, most: sum.tokens.most },
    cost: { least: cheapest(({ cost }) => cost.least), most: sum.cost.most },
    time: sum.time,
    reserve: cheapest(({ reserve }) => reserve),
  };
  const cached = node.cache === true ? least(once) : once;
  if (node.wait === undefined) return cached;
  // Asked again until there is a value: at best at once, and for no longer than `within`.
  const asks = Math.floor(node.wait.within / node.wait.every) + 1;
  const all = repeated(cached, { least: 1, most: asks }, 1);
  return { ...all, time: plus(node.wait.within, cached.time) };
}

/** All attempts of one alternative, each with what its `expect` calls. */
function ofCall(plan: Plan, call: Call, checks: Bounds): Bounds {
  const attempts = attemptsOf(plan, call);
  const retry = call.retry === undefined ? undefined : plan.retries[call.retry];
  const tried = call.callee.kind === "agent" ? ofAgent(plan, call) : ofTool(plan, call);
  const checked = repeated(checks, { least: 0, most: attempts }, 1);
  const timeout = call.timeout ?? plan.tools[call.callee.name]?.timeout;
  const { name } = call.callee;
  const one: Most = timeout ?? { because: `\`${name}\` has no timeout`, mend: "A `timeout` bounds it.", at: call.at };
  return {
    ...together(tried, { ...checked, reserve: 0 }, plus),
    time: plus(plus(times(one, attempts), checked.time), waits(attempts, retry?.backoff)),
  };
}

/** Seconds between attempts: doubled from low up to high. */
function waits(attempts: number, backoff: { readonly low: number; readonly high: number } | undefined): number {
  if (backoff === undefined) return 0;
  let sum = 0;
  let wait = Math.min(backoff.low, backoff.high);
  for (let gap = 1; gap < attempts; gap++) {
    if (wait === backoff.high || wait === 0) return sum + wait * (attempts - gap);
    sum += wait;
    wait = Math.min(backoff.high, wait * 2);
  }
  return sum;
}

function ofAgent(plan: Plan, call: Call): Bounds {
  const agent = plan.agents[call.callee.name]!;
  const rungs = ladderOf(plan, call).map((name) => ({ name, model: plan.models[name]! }));
  const asked = rungs.filter(({ model }) => model.provider !== "embedded");
  const turns: Amount = { least: 1, most: agent.turns };
  const each = asked.map(({ name, model }) => ofModelCall(name, model));
  const calls = asked.length * agent.turns;
  const tokens = asked.reduce((sum, { model }) => sum + (model.tokens.read + model.tokens.write) * agent.turns, 0);
  const cost = each.reduce<Most>((sum, one) => plus(sum, times(one, turns.most)), 0);
  // A machine may have the key of one rung alone.
  const cheapest =
    asked.length < rungs.length ? 0 : Math.min(...each.map((one) => (typeof one === "number" ? one : 0)));
  const offered = asked.length === 0 ? 0 : offeredCost(plan, call);
  return {
    attempts: { least: 1, most: rungs.length },
    modelCalls: { least: asked.length < rungs.length ? 0 : 1, most: calls },
    tokens: { least: 0, most: tokens },
    cost: { least: 0, most: plus(cost, offered) },
    time: 0,
    reserve: cheapest,
  };
}

/** Dollars that one call reserves. */
function ofModelCall(name: string, { tokens, price, at }: Model): Most {
  if (price === undefined)
    return { because: `nobody knows what \`${name}\` costs`, mend: "Its `price` says what a call costs.", at };
  return (tokens.read * Math.max(price.read, price.caching ?? 0) + tokens.write * price.write) / 1e6;
}

/** A model calls what it is offered as often as it likes, or as the tool's own limits let it. */
function offeredCost(plan: Plan, call: Call): Most {
  const agent = plan.agents[call.callee.name]!;
  let sum: Most = 0;
  for (const { tool: name } of agent.tools) {
    const { cost = 0, limits } = plan.tools[name]!;
    const within = limits.flatMap(({ amount, of, per }) =>
      typeof per === "number" || of === "tokens" ? [] : [of === "calls" ? amount * cost : amount],
    );
    const unlimited: Unbounded = {
      because: `\`${call.callee.name}\` may call \`${name}\` as often as it likes`,
      mend: `A limit of its own bounds it: \`limit: 20 calls per cycle\` in \`${name}\`.`,
      at: agent.at,
    };
    sum = plus(sum, cost === 0 ? 0 : within.length > 0 ? Math.min(...within) : unlimited);
  }
  return sum;
}

function ofTool(plan: Plan, call: Call): Bounds {
  const tool = plan.tools[call.callee.name]!;
  const attempts = attemptsOf(plan, call);
  const most = plus(tool.cost ?? 0, rent(plan, call));
  const isCached = tool.cache === true;
  return {
    ...NOTHING,
    attempts: { least: isCached ? 0 : 1, most: attempts },
    cost: { least: isCached || tool.spent !== undefined ? 0 : (tool.cost ?? 0), most: times(most, attempts) },
    reserve: isCached ? 0 : (tool.cost ?? 0) + cheapestRent(plan, call),
  };
}

/** Dollars for the dearest backend of the route until the timeout. */
function rent(plan: Plan, { backends, timeout, callee, at }: Call): Most {
  const price = Math.max(...backends.map((name) => plan.backends[name]?.price ?? 0));
  const longest = timeout ?? plan.tools[callee.name]?.timeout;
  if (price > 0 && longest === undefined)
    return {
      because: `\`${callee.name}\` runs on a paid backend without a timeout`,
      mend: "A `timeout` of the route or the tool bounds it.",
      at,
    };
  return price * (longest ?? 0);
}

function cheapestRent(plan: Plan, { backends, timeout, callee }: Call): number {
  const price = Math.min(...backends.map((name) => plan.backends[name]?.price ?? 0));
  return price * (timeout ?? plan.tools[callee.name]?.timeout ?? 0);
}

/** The tools that an expression calls, one after another. */
function ofCalls(plan: Plan, expression: Expr): Bounds {
  return callsIn(expression)
    .map((call) => ofCall(plan, call, NOTHING))
    .reduce((all, bounds) => together(all, bounds, plus), NOTHING);
}

/** A late score is asked for after the cycle: it costs, and takes none of the cycle's time. */
function ofPolling(
  plan: Plan,
  value: Expr,
  { every, within }: { readonly every: number; readonly within: number },
): Bounds {
  const asks = Math.floor(within / every) + 1;
  const all = repeated(ofCalls(plan, value), { least: 0, most: asks }, 1);
  return { ...all, time: 0 };
}

function ofVersion(plan: Plan, { subnet }: Pipeline): Bounds {
  const version = subnet === undefined ? undefined : plan.subnets[subnet]?.version;
  return version !== undefined && "call" in version ? ofCall(plan, version.call, NOTHING) : NOTHING;
}

// Arithmetic ------------------------------------------------------------------------------------------------------------

const added = (a: Amount, b: Amount): Amount => ({ least: a.least + b.least, most: plus(a.most, b.most) });

const scaled = (a: Amount, by: Amount): Amount => ({ least: a.least * by.least, most: times(a.most, by.most) });

/** `time`: how theirs go together, one after another or side by side. */
function together(a: Bounds, b: Bounds, time: (a: Most, b: Most) => Most): Bounds {
  const cost = added(a.cost, b.cost);
  return {
    attempts: added(a.attempts, b.attempts),
    modelCalls: added(a.modelCalls, b.modelCalls),
    tokens: added(a.tokens, b.tokens),
    cost,
    time: time(a.time, b.time),
    // What was reserved and not spent is free again: of all calls the dearest counts, or what is spent for sure.
    reserve: Math.max(a.reserve, b.reserve, cost.least),
  };
}

function repeated(one: Bounds, by: Amount, parallel: number): Bounds {
  const cost = scaled(one.cost, by);
  const rounds = typeof by.most === "number" ? Math.ceil(by.most / parallel) : by.most;
  return {
    attempts: scaled(one.attempts, by),
    modelCalls: scaled(one.modelCalls, by),
    tokens: scaled(one.tokens, by),
    cost,
    time: times(one.time, rounds),
    reserve: by.least === 0 ? 0 : Math.max(one.reserve, cost.least),
  };
}

/** What may not run at all. */
const least = (bounds: Bounds): Bounds => repeated(bounds, { least: 0, most: 1 }, 1);
