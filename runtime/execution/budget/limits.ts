/** Which limits hold for a call: of what it calls, of its pipeline, and of this machine. */
import type { Machine } from "../../machine.ts";
import type { Limit, Plan } from "../../plan.ts";
import { limitText } from "../../values/limits.ts";
import { MOST_UNITS } from "./pool.ts";

/** What is about to be done, at its worst. */
export type Charge =
  | { readonly kind: "tool"; readonly name: string }
  /** One exchange with a language model. */
  | { readonly kind: "model"; readonly name: string };

export interface Held {
  /** Of the pool, in the store. */
  readonly key: string;
  readonly limit: Limit;
  /** Milliseconds; `null`: what was taken stays taken. */
  readonly window: number | null;
  /** "the limit `$2 per cycle` of the pipeline research". */
  readonly called: string;
}

/** Dollars are counted in billionths, so that all amounts are whole. */
const BILLION = 1e9;

/** What a tool or a provider says may be anything: what is no amount is none, and none is too large for the ledger. */
export const unitsOf = (amount: number, of: Limit["of"]): number =>
  Math.min(MOST_UNITS, Math.max(0, Math.round(of === "money" ? amount * BILLION : amount) || 0));
export const amountOf = (units: number, of: Limit["of"]): number => (of === "money" ? units / BILLION : units);

/** The most that a call can come to. */
export function worstOf(plan: Plan, { kind, name }: Charge): { readonly [of in Limit["of"]]: number } {
  if (kind === "tool") return { calls: 1, tokens: 0, money: plan.tools[name]?.cost ?? 0 };
  const { tokens, price } = plan.models[name]!;
  const reading = price === undefined ? 0 : Math.max(price.read, price.caching ?? 0);
  const money = (tokens.read * reading + tokens.write * (price?.write ?? 0)) / 1e6;
  return { calls: 1, tokens: tokens.read + tokens.write, money };
}

/** Those that the call takes something from. */
export function limitsOf(plan: Plan, machine: Machine, pipeline: string, run: string, charge: Charge): readonly Held[] {
  const worst = worstOf(plan, charge);
  return limitsAround(plan, machine, pipeline, charge, run).filter(({ limit }) => worst[limit.of] > 0);
}

/** All that hold for it. A pipeline's and a machine's calls are those of language models. */
export function limitsAround(
  plan: Plan,
  machine: Machine,
  pipeline: string,
  charge: Charge,
  run = "",
): readonly Held[] {
  const { kind, name } = charge;
  const own = kind === "tool" ? plan.tools[name]!.limits : plan.models[name]!.limits;
  const local = kind === "model" ? entryOf(machine.models, name)?.limit : undefined;
  const around = (limits: readonly Limit[]): readonly Limit[] =>
    limits.filter(({ of }) => kind === "model" || of === "money");
  const all = [
    ...held(subjectOf(plan, charge), calledOf(plan, charge), own, run),
    ...held(`model ${name}`, `${name} in gang.yaml`, local === undefined ? [] : [local], run),
    ...held(`pipeline ${pipeline}`, `the pipeline ${pipeline}`, around(plan.pipelines[pipeline]!.limits), run),
    ...held("machine", "gang.yaml", around(machine.limits ?? []), run),
  ];
  // The program and the machine may limit a model alike: that is one pool, from which a call takes once.
  const tightest = new Map<string, Held>();
  for (const one of all) {
    const known = tightest.get(one.key);
    if (known === undefined || one.limit.amount < known.limit.amount) tightest.set(one.key, one);
  }
  return [...tightest.values()];
}

function held(subject: string, called: string, limits: readonly Limit[], run: string): Held[] {
  return limits.map((limit) => ({
    key: `${subject} ${limit.of} per ${limit.per === "cycle" ? `cycle ${run}` : limit.per}`,
    limit,
    window: typeof limit.per === "number" ? limit.per * 1000 : null,
    called: `the limit \`${limitText(limit)}\` of ${called}`,
  }));
}

/** The tools of one server share its limits. */
function subjectOf(plan: Plan, { kind, name }: Charge): string {
  return kind === "tool" && plan.tools[name]!.from.kind === "mcp" ? `tools ${spaceOf(name)}` : `${kind} ${name}`;
}

const calledOf = (plan: Plan, charge: Charge): string => subjectOf(plan, charge).replace(/^\w+ /, "");

export const spaceOf = (tool: string): string => tool.split(".")[0]!;

/** What a pool's key says. */
export interface PoolName {
  readonly subject: string;
  readonly of: Limit["of"];
  readonly run: string | undefined;
  /** Milliseconds; `undefined`: all of its time. */
  readonly window: number | undefined;
}

export function poolName(key: string): PoolName {
  const [, subject, of, per, run] = /^(.+) (money|calls|tokens) per (ever|cycle|[\d.e+-]+)(?: (.+))?$/.exec(key)!;
  const window = Number(per) * 1000;
  return { subject: subject!, of: of as Limit["of"], run, window: Number.isNaN(window) ? undefined : window };
}

export const isOfCycle = (key: string): boolean => poolName(key).run !== undefined;

function entryOf<T>(table: { readonly [name: string]: T } | undefined, name: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
