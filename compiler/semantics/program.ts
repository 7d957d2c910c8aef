/**
 * A program as the checker leaves it: the files, what every name means, what type everything has, and what is wrong.
 * It exists for broken programs too, so that an editor hovers, completes and renames in a half-typed file; only
 * lowering asks that no error is left. Tools of the editor and lowering read this and nothing deeper.
 */
import type { Field, Type } from "../../runtime/plan.ts";
import type { Diagnostic, Place } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";

export type SymbolKind =
  | "subnet"
  | "metric"
  | "task"
  | "type"
  | "model"
  | "agent"
  | "tool"
  | "tools" // a namespace of tools, from an MCP server
  | "retry"
  | "backend"
  | "recall"
  | "secret"
  | "pipeline"
  | "peer"
  | "parameter" // of an agent, a tool or a pipeline
  | "stage"
  | "let"
  | "item" // the variable of a `for`
  | "field" // of a record type or a choice
  | "builtin"; // what the prelude gives: scalar types, `best`, `mean`, `embedded`, `local`, …

export interface Symbol {
  readonly kind: SymbolKind;
  readonly name: string;
  /** Where it is declared; `undefined` for what is built in. For an imported TypeScript function its place in that file. */
  readonly place: Place | undefined;
  /** The declaring node; `undefined` for what is built in or foreign. */
  readonly node: tree.Span | undefined;
  readonly file: tree.SourceFile | undefined;
  readonly doc: string | undefined;
}

/** Agents and tools alike: what can stand behind `stage x =`. */
export interface Callable {
  readonly symbol: Symbol;
  readonly kind: "agent" | "tool";
  readonly parameters: readonly Field[];
  /** `undefined` where the result is of no use (`void`). */
  readonly result: Type | undefined;
  readonly effect: boolean;
  /** For tools of a TypeScript file: absolute path and export. */
  readonly foreign: { readonly file: string; readonly export: string; readonly nulls: readonly string[] } | undefined;
}

/** What the expression of a statement stands in. */
export interface Program {
  /** The entry first; then the Gang files it imports, each once. */
  readonly files: readonly tree.SourceFile[];
  /** Absolute path of the project. */
  readonly root: string;
  readonly diagnostics: readonly Diagnostic[];
  /** The entry's own scope: every declaration visible in it, by name, imports and prelude included. */
  readonly globals: ReadonlyMap<string, Symbol>;
  /** What a name refers to, or declares. Every use is recorded, from the first day. */
  symbolOf(name: tree.Name): Symbol | undefined;
  /** Every name, in every file of the program, that means `symbol`, its declaration included. */
  referencesTo(symbol: Symbol): readonly Place[];
  /** The type of an expression, a type node (the type it denotes), or a declaration's value. `undefined` where an error stands. */
  typeOf(node: tree.Expression | tree.TypeNode): Type | undefined;
  /** The type of what a symbol names: a stage as seen from its own body, a let, an item, a parameter, a field, a task, a metric, a declared type. */
  typeOfSymbol(symbol: Symbol): Type | undefined;
  callable(symbol: Symbol): Callable | undefined;
  /** The names that can be used at an offset of a file, nearest scope first. */
  visibleAt(file: tree.SourceFile, offset: number): readonly Symbol[];
}
