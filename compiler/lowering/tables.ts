/** The plan's tables, filled as declarations are asked for: each declaration once, under one key. */
import type { Pipeline, Position } from "../../runtime/plan.ts";
import { PRELUDE_PATH } from "../../stdlib/prelude.ts";
import type { Program, ProviderCall, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import { creditsOf, lowerPipeline } from "./bodies.ts";
import { lowerCall, type Routes, routesOf } from "./calls.ts";
import { type Context, freeKey, type Replaced, type Tables } from "./context.ts";
import {
  lowerAgent,
  lowerBackend,
  lowerModel,
  lowerRecall,
  lowerRetry,
  lowerSubnet,
  lowerTool,
} from "./declarations.ts";
import { lowerExpression } from "./expressions.ts";
import { fanOuts } from "./fan-outs.ts";
import { Settings } from "./settings.ts";
import { typeLowering } from "./types.ts";

export interface Lowered {
  readonly context: Context;
  readonly tables: Tables;
  readonly pipelines: { readonly [name: string]: Pipeline };
}

/** Every declaration of the entry, and what these use of other files, with the settings that `replaced` puts in place of those written. */
export function lowerTables(program: Program, replaced: Replaced): Lowered {
  const context = contextOf(program, replaced);
  const pipelines: { [name: string]: Pipeline } = {};
  const credits = creditsOf(context);
  for (const symbol of new Set(program.globals.values())) {
    if (symbol.file?.path === PRELUDE_PATH) continue;
    if (symbol.kind === "pipeline") {
      pipelines[symbol.name] = lowerPipeline(context, credits, symbol.node as tree.PipelineDecl, symbol.file!);
    } else if (TABLE_OF[symbol.kind] !== undefined || symbol.kind === "secret") context.declared(symbol);
    else if (symbol.kind === "type") context.type(program.typeOfSymbol(symbol)!);
  }
  return { context, tables: context.tables, pipelines };
}

const TABLE_OF: { readonly [kind: string]: Exclude<keyof Tables, "types" | "secrets"> } = {
  subnet: "subnets",
  model: "models",
  agent: "agents",
  tool: "tools",
  retry: "retries",
  recall: "recalls",
  backend: "backends",
};

function contextOf(program: Program, replaced: Replaced): Context {
  const tables: Tables = {
    types: {},
    subnets: {},
    models: {},
    agents: {},
    tools: {},
    retries: {},
    recalls: {},
    backends: {},
    secrets: new Set(),
  };
  const keys = new Map<Symbol, string>();
  const indexOf = new Map(program.files.map((file, index) => [file.path, index]));
  const prelude = program.globalsOf(program.files.find(({ path }) => path === PRELUDE_PATH)!);
  let routes: Routes | undefined;

  const context: Context = {
    program,
    replaced,
    tables,
    type: typeLowering(tables.types),
    ...fanOuts(program),
    prelude: (name) => prelude.get(name)!,
    at: (file, span) => position(indexOf.get(file.path) ?? 0, file, span),
    placeOf(symbol) {
      for (const place of program.referencesTo(symbol)) {
        const file = program.files[indexOf.get(place.file) ?? -1];
        if (file !== undefined) return context.at(file, place);
      }
      return [0, 1, 1, 0];
    },
    declared(symbol) {
      const known = keys.get(symbol);
      if (known !== undefined) return known;
      if (symbol.kind === "secret") {
        tables.secrets.add(symbol.name);
        return symbol.name;
      }
      // What is built in can be called like a tool.
      const table = tables[TABLE_OF[symbol.kind] ?? "tools"];
      const key = freeKey(
        table,
        symbol.parent?.kind === "tools" ? `${symbol.parent.name}.${symbol.name}` : symbol.name,
      );
      keys.set(symbol, key);
      // The key is taken before the row is there: a row may lead back to itself.
      Object.assign(table, { [key]: undefined });
      Object.assign(table, { [key]: row(context, symbol) });
      return key;
    },
    model(call, at) {
      const name = written(call);
      tables.models[name] ??= lowerModel(call, new Settings([], undefined), at);
      return name;
    },
    expression: (node, file, around) => lowerExpression(context, node, file, around),
    call(bound, node, file, around) {
      routes ??= routesOf(context);
      return lowerCall(context, routes, bound, node, file, around);
    },
    settings: (owner, node) =>
      new Settings(node === undefined ? [] : program.settings(node), owner && replaced.get(owner)),
    callableSettings(symbol) {
      const owner = symbol.parent?.kind === "tools" ? symbol.parent : symbol;
      return context.settings(
        owner,
        (owner.node as tree.AgentDecl | tree.ToolDecl | tree.ToolsDecl | undefined)?.settings,
      );
    },
  };
  return context;
}

function row(context: Context, symbol: Symbol): object {
  const { program } = context;
  const node = symbol.node;
  switch (symbol.kind) {
    case "subnet":
      return lowerSubnet(context, symbol, node as tree.SubnetDecl);
    case "model": {
      const decl = node as tree.ModelDecl;
      const settings = context.settings(symbol, decl.settings);
      return lowerModel(program.provider(decl.value)!, settings, context.at(symbol.file!, decl.name));
    }
    case "agent":
      return lowerAgent(context, symbol, node as tree.AgentDecl);
    case "retry":
      return lowerRetry(context, symbol, node as tree.RetryDecl);
    case "recall":
      return lowerRecall(context, symbol, node as tree.RecallDecl);
    case "backend":
      return lowerBackend(context, symbol, node as tree.BackendDecl);
    default:
      return lowerTool(context, symbol);
  }
}

/** A provider's call as text: the key of a model without a name. */
function written({ provider, texts, options }: ProviderCall): string {
  const named = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${provider}(${[...texts.map((text) => JSON.stringify(text)), ...named].join(", ")})`;
}

function position(index: number, { lineStarts }: tree.SourceFile, { start, end }: tree.Span): Position {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lineStarts[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  return [index, low + 1, start - lineStarts[low]! + 1, end - start];
}
