/** Calls of agents and tools, with what the declarations around them settle: where they run, how long, how often. */
import type { Call, Json, Type } from "../../runtime/plan.ts";
import type { BoundCall, Callable, Program, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import type { Context, Surroundings } from "./context.ts";
import { present } from "./present.ts";
import type { Settings } from "./settings.ts";

/** A rule of a `route`, read. */
export interface Rule {
  readonly backends: readonly string[];
  readonly settings: Settings;
}

/** By what the rules name: a stage, a tool or an agent; `*` apart. */
export interface Routes {
  readonly named: ReadonlyMap<Symbol, Rule>;
  readonly star: Rule | undefined;
}

/** What a rule may set beside what it asks of its backend. */
const NO_RESOURCE: ReadonlySet<string> = new Set(["timeout", "retry"]);

/** All routes of the program; of two rules for one thing the entry's, then the first, counts. */
export function routesOf(context: Context): Routes {
  const named = new Map<Symbol, Rule>();
  let star: Rule | undefined;
  for (const file of context.program.files) {
    for (const item of file.items) {
      if (item.kind !== "route") continue;
      for (const rule of item.rules) {
        const read = readRule(context, rule);
        const last = rule.target?.names.at(-1);
        const target = last && context.program.symbolOf(last);
        if (rule.star) star ??= read;
        else if (target !== undefined && !named.has(target)) named.set(target, read);
      }
    }
  }
  return { named, star };
}

function readRule(context: Context, rule: tree.RouteRule): Rule {
  const backends = rule.backends.flatMap((name) => context.program.symbolOf(name) ?? []);
  return { backends: backends.map(context.declared), settings: context.settings(undefined, rule.settings) };
}

/** A call of what comes with the box (`approve(plan)`, `fixture("a.json")`); `undefined` where it calls something else. */
export function builtinCall(
  program: Program,
  node: tree.CallExpression,
  result: Type | undefined,
  unnamed: string,
): BoundCall | undefined {
  const symbol = node.callee.kind === "name-expression" ? program.symbolOf(node.callee.name) : undefined;
  if (symbol?.kind !== "builtin") return undefined;
  return {
    callable: { symbol, kind: "tool", parameters: [], result, effect: false, foreign: undefined },
    arguments: node.arguments.map(({ name, value }) => ({ name: name?.text ?? unnamed, value })),
  };
}

export function lowerCall(
  context: Context,
  routes: Routes,
  { callable, arguments: given }: BoundCall,
  node: tree.Span,
  file: tree.SourceFile,
  around?: Surroundings,
): Call {
  const rule = (around?.stage && routes.named.get(around.stage)) ?? routes.named.get(callable.symbol) ?? routes.star;
  const routed = rule === undefined ? [] : [rule.settings];
  const nearest = around === undefined ? routed : [around.own, ...routed, ...around.blocks];
  const own = ownSettings(context, callable);
  return {
    callee: { kind: callable.kind, name: context.declared(callable.symbol) },
    arguments: given.map(({ name, value }) => ({ name, value: context.expression(value, file) })),
    ...present({
      // An agent's models are asked from here; what it calls is routed by name.
      backends: callable.kind === "tool" ? (rule?.backends ?? [LOCAL]) : [LOCAL],
      resources: callable.kind === "tool" ? resourcesOf(rule) : undefined,
      timeout: first([...nearest, own], (settings) => settings.number("timeout")),
      retry: retryOf(context, callable, around?.stage === undefined ? routed : nearest),
    }),
    at: context.at(file, node),
  };
}

const LOCAL = "local";

function first<T>(list: readonly Settings[], read: (settings: Settings) => T | undefined): T | undefined {
  for (const settings of list) {
    const value = read(settings);
    if (value !== undefined) return value;
  }
  return undefined;
}

function ownSettings(context: Context, { symbol }: Callable): Settings {
  return context.callableSettings(symbol);
}

/** The nearest `retry`; else the prelude's. What an effect does is never done again, whatever stands around it. */
function retryOf(context: Context, { kind, effect }: Callable, nearest: readonly Settings[]): string {
  const declared = effect ? undefined : first(nearest, (settings) => settings.symbol("retry"));
  return context.declared(declared ?? context.prelude(kind === "agent" ? "thrice" : "once"));
}

function resourcesOf(rule: Rule | undefined): { readonly [name: string]: Json } | undefined {
  if (rule === undefined) return undefined;
  const asked: { [name: string]: Json } = {};
  for (const name of rule.settings.names()) {
    const value = NO_RESOURCE.has(name) ? undefined : rule.settings.constant(name);
    if (value !== undefined) asked[name] = value;
  }
  return Object.keys(asked).length === 0 ? undefined : asked;
}
