/** What checking finds out, recorded as it is found: the program and the editor read nothing else. */

import type { Field, Json, Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import {
  type Details,
  type Diagnostic,
  type DiagnosticDefinition,
  type Place,
  report,
} from "../diagnostics/diagnostic.ts";
import { nearest } from "../diagnostics/suggestion.ts";
import type { ServedTool } from "../foreign/mcp.ts";
import type { Imported } from "../foreign/signatures.ts";
import type { Host } from "../host.ts";
import type * as tree from "../syntax/tree.ts";
import { nextId, Table } from "../table.ts";
import type { PipelineBody } from "./bodies.ts";
import { describe, noun } from "./naming.ts";
import type {
  BoundCall,
  Callable,
  ProviderCall,
  ReadSetting,
  RecalledCall,
  Symbol,
  SymbolKind,
  Unbuilt,
} from "./program.ts";
import type { Scope } from "./scope.ts";

export type SettingsOwner = tree.Settings | tree.Block | tree.SubnetDecl;

export class Facts {
  readonly host: Host;
  readonly root: string;
  readonly diagnostics: Diagnostic[] = [];
  readonly symbols = new Table<tree.Name, Symbol>();
  readonly types = new Map<tree.Expression | tree.TypeNode, Type>();
  readonly typeOfSymbol = new Table<Symbol, Type>();
  readonly fieldSymbols = new Map<Field, Symbol>();
  readonly callables = new Map<Symbol, Callable>();
  /** What stands before the `(`, looked up once; `undefined` where nothing was found, which has then been said. */
  readonly callees = new Map<tree.CallExpression, Symbol | undefined>();
  /** How many of a call's arguments belong to no parameter. */
  readonly unmatched = new Map<tree.CallExpression, number>();
  readonly calls = new Map<tree.CallExpression, BoundCall>();
  readonly recalls = new Map<tree.CallExpression, RecalledCall>();
  readonly providers = new Map<tree.Expression, ProviderCall>();
  readonly settings = new Map<SettingsOwner, readonly ReadSetting[]>();
  readonly credits = new Map<
    tree.LearnStatement,
    { readonly stage: Symbol; readonly scope: tree.Expression | undefined }
  >();
  readonly pipelines = new Map<Symbol, PipelineBody>();
  /** The JSON of a task, by its symbol; of a subnet's tasks, by the subnet's. */
  readonly constants = new Map<Symbol, Json>();
  /** By the callable or pipeline that has them. */
  readonly parameters = new Map<Symbol, ReadonlyMap<string, Symbol>>();
  /** The fields that the `where` of a recall names. */
  evidence: ReadonlyMap<string, Symbol> | undefined;
  /** What each body observes. */
  readonly observations = new Map<Scope, Map<Symbol, tree.ObserveStatement>>();
  /** What TypeScript files export, by path and name. */
  foreign: ReadonlyMap<string, ReadonlyMap<string, Imported>> = new Map();
  /** Tools of MCP servers that nothing has named yet. */
  readonly served = new Map<Symbol, ServedTool>();
  /** Of one name in one pipeline: which of them a reader means is not known. */
  readonly ambiguous = new Set<Symbol>();
  /** `let`s in whose value an error stands: what they stand for is not known. */
  readonly doubtful = new Set<Symbol>();
  /** Stages and tools without a result. */
  readonly voids = new Set<Symbol>();
  /** Names of a subnet, of a namespace of tools: what may stand behind the dot. */
  readonly members = new Map<Symbol, ReadonlyMap<string, Symbol>>();
  readonly scopes: { readonly file: tree.SourceFile; readonly span: tree.Span; readonly scope: Scope }[] = [];
  readonly unbuilt: Unbuilt[] = [];
  /** Comparisons left for "did you mean": ten thousand unknown names among ten thousand must not cost a minute. */
  #suggestions = 2_000_000;

  constructor(host: Host, root: string) {
    this.host = host;
    this.root = root;
  }

  suggest(word: string, candidates: Iterable<string>): string | undefined {
    if (this.#suggestions <= 0) return undefined;
    const list = [...candidates];
    this.#suggestions -= list.length;
    return nearest(word, list);
  }
}

/** One file under check, and the names at its top. */
export class Unit {
  readonly file: tree.SourceFile;
  readonly facts: Facts;
  /** Declared here or imported. */
  readonly globals = new Map<string, Symbol>();
  /** Names whose import failed: known to be names, of nobody knows what. Their uses are not errors of their own. */
  readonly broken = new Set<string>();
  /** Where names go on that the file does not declare: the prelude, then what is built in. */
  readonly outer: ReadonlyMap<string, Symbol>;

  constructor(file: tree.SourceFile, facts: Facts, outer: ReadonlyMap<string, Symbol>) {
    this.file = file;
    this.facts = facts;
    this.outer = outer;
  }

  place(span: tree.Span): Place {
    return { file: this.file.path, start: span.start, end: span.end };
  }

  report<Data>(definition: DiagnosticDefinition<Data>, span: tree.Span, data: Data, details?: Details): void {
    this.facts.diagnostics.push(report(definition, this.place(span), data, details));
  }

  bind(name: tree.Name, symbol: Symbol): void {
    this.facts.symbols.set(name, symbol);
  }

  find(name: string): Symbol | undefined {
    return this.globals.get(name) ?? this.outer.get(name);
  }

  /** The names at the file's top that stand for one of `kinds`. */
  *namesOf(...kinds: readonly SymbolKind[]): Iterable<string> {
    for (const [name, symbol] of this.globals) if (kinds.includes(symbol.kind)) yield name;
  }

  /** The same, and the names that the file does not declare. */
  *visibleNamesOf(...kinds: readonly SymbolKind[]): Iterable<string> {
    yield* this.namesOf(...kinds);
    for (const [name, symbol] of this.outer) if (kinds.includes(symbol.kind)) yield name;
  }

  /** A symbol for what `node` declares under `name`. */
  declare(
    kind: SymbolKind,
    name: tree.Name,
    node: tree.Span & { readonly doc?: string | undefined },
    parent?: Symbol,
  ): Symbol {
    const { file } = this;
    const plain: Symbol = { id: nextId(), kind, name: name.text, place: this.place(name), node, file, doc: node.doc };
    const symbol = parent === undefined ? plain : { ...plain, parent };
    this.facts.symbols.set(name, symbol);
    return symbol;
  }

  sayDuplicate(name: tree.Name, symbol: Symbol, first: Symbol): void {
    const labels = first.place === undefined ? [] : [{ ...first.place, message: "the first one" }];
    this.report(names.duplicateName, name, { name: name.text, what: noun(symbol), first: noun(first) }, { labels });
  }

  /** `what`: the kind that was looked for; `known`: the names that could have been meant. */
  sayUnknown(name: tree.Name, what: string, known: Iterable<string>): void {
    const suggestion = this.facts.suggest(name.text, known);
    this.report(names.unknownName, name, { name: name.text, what, suggestion }, this.renaming(name, suggestion));
  }

  sayWrongKind(name: tree.Name, symbol: Symbol, wanted: string, details?: Details): void {
    this.report(names.wrongKind, name, { name: name.text, actual: describe(symbol), wanted }, details);
  }

  /** Replaces the text of `span`. */
  replacement(
    title: string,
    span: tree.Span,
    newText: string,
  ): { title: string; edits: (Place & { newText: string })[] } {
    return { title, edits: [{ ...this.place(span), newText }] };
  }

  /** The mend that goes with a "did you mean". */
  renaming(name: tree.Span, suggestion: string | undefined): Details {
    return suggestion === undefined
      ? {}
      : { fixes: [this.replacement(`Replace with \`${suggestion}\``, name, suggestion)] };
  }
}
