/** Declarations as rows of the plan's tables. */

import { relative, sep } from "node:path";
import type { Agent, Backend, Json, Metric, Model, Recall, Retry, Subnet, Tool } from "../../runtime/plan.ts";
import { priceOf } from "../../stdlib/prices.ts";
import type { Forms } from "../foreign/meaning.ts";
import type { ProviderCall, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import type { Context } from "./context.ts";
import { DEFAULTS } from "./defaults.ts";
import { present } from "./present.ts";
import type { Settings } from "./settings.ts";

export function lowerSubnet(context: Context, symbol: Symbol, node: tree.SubnetDecl): Subnet {
  const { program } = context;
  const file = symbol.file!;
  const settings = context.settings(symbol, node);
  const metrics: { [name: string]: Metric } = {};
  const tasks: Json[] = [];
  for (const member of node.members) {
    if (member.kind === "metric") metrics[member.name.text] = metric(context, member);
    if (member.kind === "task") {
      const fields = program.constant(member.value) as { readonly [name: string]: Json };
      tasks.push({ name: member.name.text, ...fields });
    }
  }
  return {
    ...present({ netuid: settings.number("netuid"), version: version(context, settings, file) }),
    metrics,
    tasks,
  };
}

function version(context: Context, settings: Settings, file: tree.SourceFile): Subnet["version"] {
  const text = settings.constant("version");
  if (typeof text === "string") return { text };
  const tool = settings.symbol("version");
  const callable = tool && context.program.callable(tool);
  const node = settings.node("version");
  if (callable === undefined || node === undefined) return undefined;
  return { call: context.call({ callable, arguments: [] }, node.value, file) };
}

function metric(context: Context, node: tree.MetricDecl): Metric {
  const symbol = context.program.symbolOf(node.name)!;
  const settings = context.settings(symbol, node.settings);
  return {
    type: context.type(context.program.typeOf(node.type)!),
    direction: settings.words("goal")?.[0] === "maximize" ? 1 : -1,
    weight: settings.number("weight") ?? 1,
    ...present({ proxy: settings.symbol("proxy")?.name, doc: node.doc }),
  };
}

function priceRow({ read, write, cached, caching }: NonNullable<Model["price"]>): Model["price"] {
  return { read, write, ...present({ cached, caching }) };
}

export function lowerModel(call: ProviderCall, settings: Settings, at: Model["at"]): Model {
  const provider = call.provider as Model["provider"];
  const [model] = call.texts;
  const price = settings.of("price", "price") ?? priceOf(provider, model ?? "");
  const tokens = settings.of("tokens", "tokens") ?? DEFAULTS.tokens;
  return {
    provider,
    ...present({ model, price: price && priceRow(price) }),
    options: call.options,
    tokens: { read: tokens.read, write: tokens.write },
    limits: [...settings.limits],
    at,
  };
}

export function lowerAgent(context: Context, symbol: Symbol, node: tree.AgentDecl): Agent {
  const { program } = context;
  const file = symbol.file!;
  const settings = context.settings(symbol, node.settings);
  const callable = program.callable(symbol)!;
  const tools = settings.of("tools", "tools")?.tools ?? [];
  const prompt = settings.expression("prompt");
  const at = context.at(file, node.name);
  return {
    ...present({ doc: node.doc }),
    parameters: callable.parameters.map((field) => ({ ...field, type: context.type(field.type) })),
    result: context.type(callable.result!),
    model: modelOf(context, settings, at),
    tools: tools.map(({ tool, bound }) => ({
      tool: context.declared(tool),
      bound: bound.map(({ name, value }) => ({ name, value: context.expression(value, file) })),
    })),
    turns: settings.number("turns") ?? (tools.length === 0 ? 1 : DEFAULTS.turns),
    prompt: prompt === undefined ? { op: "literal", value: node.doc ?? "" } : context.expression(prompt, file),
    at,
  };
}

function modelOf(context: Context, settings: Settings, at: Agent["at"]): string {
  const written = settings.of("model", "provider");
  if (written !== undefined) return context.model(written.call, at);
  const named = settings.symbol("model");
  return named === undefined
    ? context.model({ provider: "embedded", texts: [], options: {} }, at)
    : context.declared(named);
}

/** What comes with the box takes and gives what it likes. */
const BUILTIN = { parameters: [], result: { kind: "json" }, effect: false } as const;

export function lowerTool(context: Context, symbol: Symbol): Tool {
  const { program } = context;
  const callable = program.callable(symbol) ?? BUILTIN;
  const node = symbol.node as tree.ToolDecl | undefined;
  const settings = context.callableSettings(symbol);
  const confirm = settings.symbol("confirm");
  const spent = settings.expression("spent");
  const file = symbol.file;
  return {
    from: originOf(context, symbol, node),
    parameters: callable.parameters.map((field) => ({ ...field, type: context.type(field.type) })),
    result: context.type(callable.result ?? { kind: "none" }),
    effect: callable.effect,
    limits: [...settings.limits],
    ...present({
      doc: symbol.doc,
      confirm: confirm && context.declared(confirm),
      timeout: settings.number("timeout"),
      checkpoint: settings.number("checkpoint"),
      cache: settings.flag("cache"),
      cost: settings.number("cost"),
      spent: spent && file && context.expression(spent, file),
    }),
    at: node && file ? context.at(file, node.name) : context.placeOf(symbol),
  };
}

function originOf(context: Context, symbol: Symbol, node: tree.ToolDecl | undefined): Tool["from"] {
  const { program } = context;
  const foreign = program.callable(symbol)?.foreign;
  if (foreign !== undefined) {
    const file = relative(program.root, foreign.file).split(sep).join("/");
    return { kind: "typescript", file, export: foreign.export, nulls: [...foreign.nulls], ...formsOf(foreign.forms) };
  }
  const server = program.callable(symbol)?.server;
  if (server !== undefined) return { kind: "mcp", server: [...server.command], tool: server.tool };
  const call = node && program.provider(node.value);
  return call === undefined ? { kind: "builtin", name: symbol.name } : { kind: "exec", command: [...call.texts] };
}

const formsOf = (forms: Forms): { forms?: Forms } => (Object.keys(forms).length === 0 ? {} : { forms });

export function lowerRetry(context: Context, symbol: Symbol, node: tree.RetryDecl): Retry {
  const settings = context.settings(symbol, node.settings);
  const rungs = settings.of("ladder", "ladder")?.rungs ?? [];
  const ladder = rungs.flatMap(({ model, times }) => {
    const name = model === "self" ? model : context.declared(model);
    return Array.from({ length: times }, () => name);
  });
  const temperature = settings.of("temperature", "range");
  const backoff = settings.of("backoff", "range") ?? DEFAULTS.retry.backoff;
  const on = settings.words("on");
  return {
    ladder,
    attempts: ladder.length,
    stall: (settings.words("stall")?.[0] as Retry["stall"] | undefined) ?? DEFAULTS.retry.stall,
    backoff: { low: backoff.low, high: backoff.high },
    ...present({
      temperature: temperature && {
        low: temperature.low,
        high: temperature.high,
        ...present({ step: temperature.step }),
      },
      on: on && [...on],
    }),
    at: context.at(symbol.file!, node.name),
  };
}

export function lowerRecall(context: Context, symbol: Symbol, node: tree.RecallDecl): Recall {
  const settings = context.settings(symbol, node.settings);
  const where = settings.expression("where");
  const halflife = settings.of("halflife", "halflife");
  const from = settings.words("from") as Recall["from"] | undefined;
  const standard = context.prelude("standard");
  const rest = symbol === standard ? undefined : context.tables.recalls[context.declared(standard)];
  return {
    from: [...(from ?? rest?.from ?? [])],
    top: settings.number("top") ?? rest?.top ?? 0,
    halflife: halflife === undefined ? rest!.halflife : halflifeOf(halflife),
    ...present({ where: where && context.expression(where, symbol.file!) }),
    at: context.at(symbol.file!, node.name),
  };
}

function halflifeOf(value: { readonly seconds: number } | { readonly evaluations: number }): Recall["halflife"] {
  return "seconds" in value ? { seconds: value.seconds } : { evaluations: value.evaluations };
}

export function lowerBackend(context: Context, symbol: Symbol, node: tree.BackendDecl): Backend {
  const settings = context.settings(symbol, node.settings);
  const call = context.program.provider(node.value)!;
  return {
    kind: call.provider,
    options: call.options,
    limits: [...settings.limits],
    ...present({ price: settings.of("price", "rate")?.perSecond }),
    at: context.at(symbol.file!, node.name),
  };
}
