/**
 * A program as the checker leaves it: the files, what every name means, what type everything has, and what is wrong.
 * It exists for broken programs too, so that an editor hovers, completes and renames in a half-typed file; only
 * lowering asks that no error is left. Tools of the editor and lowering read this and nothing deeper.
 */

import type { Field, Json, Limit, Type } from "../../runtime/plan.ts";
import type { Diagnostic, Place } from "../diagnostics/diagnostic.ts";
import type { Forms } from "../foreign/meaning.ts";
import type * as tree from "../syntax/tree.ts";
import type { Numbered } from "../table.ts";

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

export interface Symbol extends Numbered {
  readonly kind: SymbolKind;
  readonly name: string;
  /** Where it is declared; `undefined` for what is built in. For an imported TypeScript function its place in that file. */
  readonly place: Place | undefined;
  /** The declaring node; `undefined` for what is built in or foreign. */
  readonly node: tree.Span | undefined;
  readonly file: tree.SourceFile | undefined;
  readonly doc: string | undefined;
  /** The pipeline of a stage, a let or an item; the subnet of a metric or a task; the callable or pipeline of a parameter. */
  readonly parent?: Symbol;
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
  readonly foreign:
    | {
        readonly file: string;
        readonly export: string;
        readonly nulls: readonly string[];
        readonly forms: Forms;
      }
    | undefined;
  /** For tools of an MCP server: the command that starts it, and the server's own name for the tool. */
  readonly server?: { readonly command: readonly string[]; readonly tool: string };
}

/** A call of an agent or a tool with its arguments bound: short forms resolved, in the order of the parameters, those left out not there. */
export interface BoundCall {
  readonly callable: Callable;
  readonly arguments: readonly { readonly name: string; readonly value: tree.Expression }[];
}

/** `best(…)` or `last(…)` of a stage or a metric; `scope` is the `k` of `best(research.plan[k])`. */
export interface RecalledCall {
  readonly which: "best" | "last";
  readonly symbol: Symbol;
  readonly scope: tree.Expression | undefined;
}

/** A call of what is built in, behind `model x =`, `tool f =`, `backend b =`: `openai("qwen3-32b")`, `exec("python3", "train.py")`. */
export interface ProviderCall {
  readonly provider: string;
  /** The literals without a name, in order. */
  readonly texts: readonly string[];
  readonly options: { readonly [name: string]: Json };
}

export interface LadderRung {
  readonly model: Symbol | "self";
  /** Attempts on this rung, at least 1. */
  readonly times: number;
}

export interface BoundTool {
  readonly tool: Symbol;
  /** Arguments that the model does not fill. */
  readonly bound: readonly { readonly name: string; readonly value: tree.Expression }[];
}

/** The value of a setting, read. Numbers are in the base unit (seconds, bytes, dollars). */
export type SettingValue =
  | { readonly kind: "constant"; readonly value: Json; readonly type: Type }
  /** One or several words of an enumeration: `goal: minimize`, `on: [timeout, invalid]`, `from: patterns`. */
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** A declaration named: `model: sampler`, `retry: escalate`, `confirm: findCommit`, `proxy: crps`. */
  | { readonly kind: "symbol"; readonly symbol: Symbol }
  | { readonly kind: "ladder"; readonly rungs: readonly LadderRung[] }
  | { readonly kind: "limits"; readonly limits: readonly Limit[] }
  /** Of a model: dollars a million tokens. Of a backend: dollars a second. */
  | {
      readonly kind: "price";
      readonly read: number;
      readonly write: number;
      readonly cached?: number;
      readonly caching?: number;
    }
  | { readonly kind: "rate"; readonly perSecond: number }
  | { readonly kind: "tokens"; readonly read: number; readonly write: number }
  | { readonly kind: "range"; readonly low: number; readonly high: number; readonly step: number | undefined }
  | { readonly kind: "halflife"; readonly seconds: number }
  | { readonly kind: "halflife"; readonly evaluations: number }
  | { readonly kind: "tools"; readonly tools: readonly BoundTool[] }
  /** In a peer: `forecaster.model: embedded(explore: 0.6)`. */
  | { readonly kind: "provider"; readonly call: ProviderCall }
  /** Evaluated when it runs: `prompt`, `expect`, `where`, `spent`. */
  | { readonly kind: "expression"; readonly node: tree.Expression };

/** One setting as written. In a peer `owner` is the declaration or stage that is changed, and `name` the setting of it. */
export interface ReadSetting {
  readonly name: string;
  readonly owner: Symbol | undefined;
  readonly node: tree.Setting;
  readonly value: SettingValue;
}

/** A construct that is checked but cannot run yet. */
export interface Unbuilt {
  readonly what: string;
  readonly place: Place;
}

/** What the expression of a statement stands in. */
export interface Program {
  /** The entry first; then the Gang files it imports, each once; the prelude last (its path is `prelude.gang`, not absolute). */
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
  /** A call of an agent or a tool; `undefined` for built-in functions and where an error stands. */
  boundCall(node: tree.CallExpression): BoundCall | undefined;
  /** A call of `best` or `last`. */
  recalled(node: tree.CallExpression): RecalledCall | undefined;
  /** The call behind `model x =`, `tool f =`, `tools m =`, `backend b =`. */
  provider(node: tree.Expression): ProviderCall | undefined;
  /** What `{ … }` (or a subnet, or the body of a pipeline or a `for`) sets, in the order written; broken entries are left out. */
  settings(owner: tree.Settings | tree.Block | tree.SubnetDecl): readonly ReadSetting[];
  /** The value of an expression that is known without running: literals, records and lists of them, with defaults filled in. */
  constant(node: tree.Expression): Json | undefined;
  /** What a `learn` credits: the stage itself, or the stage that a `let` took from `best` or `last`, with its scope. */
  credit(
    node: tree.LearnStatement,
  ): { readonly stage: Symbol; readonly scope: tree.Expression | undefined } | undefined;
  /** The names at file level of the program's own files and of the prelude: what `globals` says of the entry, for any file. */
  globalsOf(file: tree.SourceFile): ReadonlyMap<string, Symbol>;
  /** What the program uses and this version cannot run; each is also a warning. */
  readonly unbuilt: readonly Unbuilt[];
  /** The names that can be used at an offset of a file, nearest scope first. */
  visibleAt(file: tree.SourceFile, offset: number): readonly Symbol[];
}
