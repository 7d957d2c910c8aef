/** What can be written at a cursor: keywords, names, settings, fields, parameters, values. */
import { dirname, join } from "node:path";
import { moduleAt } from "../compiler/foreign/module.ts";
import { Refused } from "../compiler/foreign/refusal.ts";
import { exportedNames } from "../compiler/foreign/resolve.ts";
import type { Host } from "../compiler/host.ts";
import { BUILTIN_TYPES, PROVIDERS } from "../compiler/semantics/builtins.ts";
import type { Program, Symbol, SymbolKind } from "../compiler/semantics/program.ts";
import { type OwnerKind, SETTINGS, type SettingDefinition, settingOf } from "../compiler/semantics/settings.ts";
import { display, displayValue } from "../compiler/semantics/types/display.ts";
import { fits } from "../compiler/semantics/types/fit.ts";
import { field } from "../compiler/semantics/types/operators.ts";
import { armsWithFields } from "../compiler/semantics/types/visit.ts";
import type { Item, SourceFile } from "../compiler/syntax/tree.ts";
import { nodeAt } from "../compiler/syntax/visit.ts";
import { keywords } from "../grammar/tokens.ts";
import type { Field, Type } from "../runtime/types.ts";
import { type Context, contextAt } from "./context.ts";
import { describe } from "./describe.ts";

export interface Completion {
  readonly label: string;
  readonly kind: "keyword" | "setting" | "field" | "value" | SymbolKind;
  readonly detail?: string;
  readonly doc?: string;
  /** Where it differs from the label. */
  readonly insert?: string;
  /** Nearer things come first; 0 is nearest. */
  readonly rank: number;
}

/** The completions at an offset, and where the word begins that they replace. */
export function completionsAt(
  program: Program,
  file: SourceFile,
  offset: number,
  host?: Host,
): { readonly start: number; readonly items: readonly Completion[] } {
  const { context, start } = contextAt(file.text, offset);
  const seen = new Set<string>();
  const items = new Completer(program, file, offset, host).complete(context).filter((item) => {
    if (seen.has(item.label)) return false;
    seen.add(item.label);
    return true;
  });
  return { start, items };
}

const VALUE_KINDS: ReadonlySet<SymbolKind> = new Set([
  "subnet",
  "metric",
  "task",
  "agent",
  "tool",
  "tools",
  "pipeline",
  "parameter",
  "stage",
  "let",
  "item",
  "secret",
]);

class Completer {
  readonly #program: Program;
  readonly #file: SourceFile;
  readonly #offset: number;
  readonly #host: Host | undefined;

  constructor(program: Program, file: SourceFile, offset: number, host: Host | undefined) {
    this.#program = program;
    this.#file = file;
    this.#offset = offset;
    this.#host = host;
  }

  complete(context: Context): readonly Completion[] {
    switch (context.kind) {
      case "nothing":
        return [];
      case "declaration":
        return words(keywords.declaration);
      case "words":
        return words(context.words);
      case "member":
        return this.#members(context.end);
      case "type":
        return [...this.#visible(["type", "subnet"]), ...this.#builtinTypes(), ...words(["map"], 2)];
      case "entry":
        return [
          ...this.#settings(context.owner, context.present),
          ...(context.statements ? words(keywords.statement, 1) : []),
          ...(context.owner === "subnet" ? words(keywords.member, 1) : []),
        ];
      case "setting":
        return this.#settingValues(context.owner, context.name);
      case "argument":
        return this.#arguments(context);
      case "field":
        return this.#fields(context.type, context.present);
      case "name":
        return context.of === "provider" ? this.#providers() : this.#visible([context.of], this.#metricsIn(context.of));
      case "import":
        return this.#importable(context.present);
      case "expression":
        return this.#values(undefined);
    }
  }

  // Names -------------------------------------------------------------------------------------------------------------

  #visibleSymbols(): readonly Symbol[] {
    return this.#program.visibleAt(this.#file, this.#offset);
  }

  #visible(kinds: readonly SymbolKind[], more: readonly Symbol[] = []): readonly Completion[] {
    return [...more, ...this.#visibleSymbols().filter((symbol) => kinds.includes(symbol.kind))].map((symbol) =>
      this.#symbol(symbol, 0),
    );
  }

  #symbol(symbol: Symbol, rank: number): Completion {
    const detail = describe(this.#program, symbol);
    return {
      label: symbol.name,
      kind: symbol.kind,
      detail,
      rank,
      ...(symbol.doc === undefined ? {} : { doc: symbol.doc }),
    };
  }

  #builtinTypes(): readonly Completion[] {
    return [...BUILTIN_TYPES].map(([name, { symbol }]) => ({
      label: name,
      kind: "builtin",
      rank: 1,
      doc: symbol.doc ?? "",
    }));
  }

  /** The metrics of the pipeline's subnet are named alone behind `observe` and `learn`. */
  #metricsIn(of: string): readonly Symbol[] {
    if (of !== "metric") return [];
    const found = this.#program.files.flatMap((file) =>
      file.items.flatMap((item) => (item.kind === "subnet" ? item.members : [])),
    );
    return found.flatMap((member) => {
      const symbol = member.kind === "metric" ? this.#program.symbolOf(member.name) : undefined;
      return symbol === undefined ? [] : [symbol];
    });
  }

  /** Names, functions and words that a value can begin with; those that fit `wanted` first. */
  #values(wanted: Type | undefined): readonly Completion[] {
    const names = this.#visibleSymbols().flatMap((symbol) => {
      if (symbol.kind === "builtin")
        return BUILTIN_TYPES.has(symbol.name) || PROVIDERS.has(symbol.name) ? [] : [this.#symbol(symbol, 2)];
      if (!VALUE_KINDS.has(symbol.kind)) return [];
      const type = this.#program.callable(symbol) === undefined ? this.#program.typeOfSymbol(symbol) : undefined;
      const rank = wanted !== undefined && type !== undefined && fits(type, wanted).verdict === "fits" ? 0 : 1;
      return [this.#symbol(symbol, rank)];
    });
    return [...(wanted === undefined ? [] : literals(wanted)), ...names, ...words([...keywords.literal, "not"], 3)];
  }

  #providers(): readonly Completion[] {
    const item = this.#item();
    return [...PROVIDERS].flatMap(([name, provider]) =>
      provider.of === item?.kind
        ? [{ label: name, kind: "builtin" as const, detail: provider.example, doc: provider.doc, rank: 0 }]
        : [],
    );
  }

  #item(): Item | undefined {
    return this.#file.items.findLast((item) => item.start <= this.#offset);
  }

  // Settings ------------------------------------------------------------------------------------------------------------

  #settings(owner: OwnerKind, present: ReadonlySet<string>): readonly Completion[] {
    const set = new Set([...present, ...this.#setAround()]);
    return SETTINGS[owner].filter((row) => !set.has(row.name)).map(settingCompletion);
  }

  /** What the block around the cursor sets before and behind it, but for the word that is being typed. */
  #setAround(): readonly string[] {
    const block = nodeAt(this.#file, this.#offset).findLast(
      (node) => node.kind === "settings" || node.kind === "block" || node.kind === "subnet",
    );
    const entries =
      block?.kind === "settings"
        ? block.entries
        : block?.kind === "block"
          ? block.items
          : block?.kind === "subnet"
            ? block.members
            : [];
    return entries.flatMap((entry) => {
      const name = entry.kind === "setting" && entry.path.names.length === 1 ? entry.path.names[0] : undefined;
      return name === undefined || (name.start <= this.#offset && this.#offset <= name.end) ? [] : [name.text];
    });
  }

  #settingValues(owner: OwnerKind, name: string): readonly Completion[] {
    const definition = settingOf(owner, name);
    if (definition === undefined) return this.#values(undefined);
    const { takes } = definition;
    switch (takes.kind) {
      case "words":
        return takes.words.map((word) => ({ label: word, kind: "value", rank: 0 }));
      case "symbol":
        return this.#visible(takes.kinds, takes.kinds.includes("metric") ? this.#metricsIn("metric") : []);
      case "constant":
        return literals(takes.type);
      case "ladder":
        return [
          ...this.#visible(["model"]),
          { label: "self", kind: "builtin", doc: "The agent's own model.", rank: 0 },
        ];
      case "tools":
        return this.#visible(["tool", "agent", "tools"]);
      case "expression":
        return this.#values(takes.type);
      default:
        return [];
    }
  }

  // Members, arguments, fields ---------------------------------------------------------------------------------------------

  #members(end: number): readonly Completion[] {
    const way = nodeAt(this.#file, end).toReversed();
    const name = way.find((node) => node.kind === "name" && node.end === end);
    const symbol = name?.kind === "name" ? this.#program.symbolOf(name) : undefined;
    const members = symbol === undefined ? undefined : this.#namespace(symbol);
    if (members !== undefined) return members;
    const type = this.#typeEndingAt(end) ?? (symbol === undefined ? undefined : this.#program.typeOfSymbol(symbol));
    return type === undefined ? [] : fieldsOf(type);
  }

  #typeEndingAt(end: number): Type | undefined {
    for (const node of nodeAt(this.#file, end).toReversed()) {
      if (node.kind === "member" && node.of.end === end) return this.#program.typeOf(node.of);
      if (node.end === end && isExpression(node.kind)) {
        const type = this.#program.typeOf(node as Parameters<Program["typeOf"]>[0]);
        if (type !== undefined) return type;
      }
    }
    return undefined;
  }

  /** Of a subnet, a pipeline: what is declared in it. */
  #namespace(symbol: Symbol): readonly Completion[] | undefined {
    const item = symbol.file?.items.find(
      (candidate) => candidate === symbol.node || ("name" in candidate && candidate.name === symbol.node),
    );
    if (symbol.kind === "subnet") {
      const rows: Completion[] = [
        { label: "tasks", kind: "field", detail: "tasks: Task[]", rank: 0 },
        { label: "metrics", kind: "field", rank: 0 },
        { label: "Task", kind: "type", rank: 1 },
      ];
      return rows;
    }
    if (symbol.kind !== "pipeline" || item?.kind !== "pipeline") return undefined;
    const stages: Completion[] = [];
    const visit = (items: typeof item.body.items): void => {
      for (const statement of items) {
        if (statement.kind === "stage") {
          const stage = this.#program.symbolOf(statement.name);
          if (stage !== undefined) stages.push(this.#symbol(stage, 0));
        } else if (statement.kind === "for" || statement.kind === "when") visit(statement.body.items);
      }
    };
    visit(item.body.items);
    return stages;
  }

  #arguments(context: Extract<Context, { kind: "argument" }>): readonly Completion[] {
    const parameters = this.#parametersOf(context.callee);
    if (context.name !== undefined) return this.#values(parameters?.find((field) => field.name === context.name)?.type);
    const left = parameters?.filter((field) => !context.present.has(field.name)) ?? [];
    return [...left.map((field) => fieldCompletion(field, 0)), ...this.#values(undefined)];
  }

  #parametersOf(callee: number): readonly Field[] | undefined {
    const name = nodeAt(this.#file, callee).findLast((node) => node.kind === "name" && node.end === callee);
    if (name?.kind !== "name") return undefined;
    const symbol = this.#program.symbolOf(name);
    return (symbol && this.#program.callable(symbol)?.parameters) ?? PROVIDERS.get(name.text)?.options;
  }

  #fields(type: number | undefined, present: ReadonlySet<string>): readonly Completion[] {
    if (type === undefined) return [];
    const name = nodeAt(this.#file, type).findLast((node) => node.kind === "name" && node.end === type);
    const symbol = name?.kind === "name" ? this.#program.symbolOf(name) : undefined;
    const of = symbol && this.#program.typeOfSymbol(symbol);
    if (of?.kind !== "record") return [];
    return allFields(of.fields)
      .filter((one) => !present.has(one.name))
      .map((one) => fieldCompletion(one, 0));
  }

  // Imports -----------------------------------------------------------------------------------------------------------------

  #importable(present: ReadonlySet<string>): readonly Completion[] {
    const item = this.#file.items.find((candidate) => candidate.start <= this.#offset && this.#offset <= candidate.end);
    const from = item?.kind === "import" ? item.from?.parts[0] : undefined;
    if (from?.kind !== "text" || this.#host === undefined) return [];
    const path = join(dirname(this.#file.path), from.value);
    return this.#exports(path, this.#host)
      .filter((name) => !present.has(name))
      .map((name) => ({ label: name, kind: "value", rank: 0 }));
  }

  #exports(path: string, host: Host): readonly string[] {
    const gang = this.#program.files.find((file) => file.path === path);
    if (gang !== undefined)
      return [...this.#program.globalsOf(gang).values()]
        .filter((symbol) => symbol.file === gang)
        .map((symbol) => symbol.name);
    try {
      const module = moduleAt(path, host);
      return module === undefined ? [] : exportedNames(module, host);
    } catch (error) {
      if (error instanceof Refused) return [];
      throw error;
    }
  }
}

const EXPRESSIONS: ReadonlySet<string> = new Set([
  "name-expression",
  "member",
  "index",
  "call",
  "parenthesized",
  "record",
  "list",
]);

function isExpression(kind: string): boolean {
  return EXPRESSIONS.has(kind);
}

function words(all: readonly string[], rank = 0): readonly Completion[] {
  return all.map((word) => ({ label: word, kind: "keyword", rank }));
}

function settingCompletion(row: SettingDefinition): Completion {
  return {
    label: row.name,
    kind: "setting",
    detail: row.what,
    doc: `${row.doc}\n\nAs in \`${row.example}\`.`,
    insert: `${row.name}: `,
    rank: row.required ? 0 : 1,
  };
}

function fieldCompletion(one: Field, rank: number): Completion {
  return {
    label: one.name,
    kind: "field",
    detail: `${one.name}: ${display(one.type)}${one.default === undefined ? "" : ` = ${displayValue(one.default, one.type)}`}`,
    insert: `${one.name}: `,
    rank,
    ...(one.doc === undefined ? {} : { doc: one.doc }),
  };
}

/** The fields of a record, those that its choices bring included. */
function allFields(fields: readonly Field[]): readonly Field[] {
  return fields.flatMap((one) => [one, ...armsWithFields(one.type).flatMap((arm) => allFields(arm.fields))]);
}

/** The fields behind a dot, each with the type that reading it has. */
function fieldsOf(type: Type): readonly Completion[] {
  const known = field(type, "").known ?? [];
  return known.flatMap((name) => {
    const read = field(type, name);
    return read.ok ? [{ label: name, kind: "field" as const, detail: `${name}: ${display(read.type)}`, rank: 0 }] : [];
  });
}

/** The values of a type that can be listed. */
function literals(type: Type): readonly Completion[] {
  switch (type.kind) {
    case "optional":
      return literals(type.of);
    case "bool":
      return ["true", "false"].map((label) => ({ label, kind: "value", rank: 0 }));
    case "choice":
      return type.arms.map((arm) => ({
        label: JSON.stringify(arm.value),
        kind: "value",
        rank: 0,
        ...(arm.doc === undefined ? {} : { doc: arm.doc }),
      }));
    case "union":
      return type.members.flatMap(literals);
    default:
      return [];
  }
}
