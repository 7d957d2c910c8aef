/** What the parts of lowering share: the program, the tables that fill up, and how things are named and placed. */
import type {
  Agent,
  Backend,
  Call,
  Expr,
  Json,
  Model,
  Position,
  Recall,
  Retry,
  Subnet,
  Tool,
  Type,
} from "../../runtime/plan.ts";
import type { BoundCall, Program, ProviderCall, ReadSetting, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import type { Settings } from "./settings.ts";

export interface Tables {
  readonly types: { [name: string]: Type };
  readonly subnets: { [name: string]: Subnet };
  readonly models: { [name: string]: Model };
  readonly agents: { [name: string]: Agent };
  readonly tools: { [name: string]: Tool };
  readonly retries: { [name: string]: Retry };
  readonly recalls: { [name: string]: Recall };
  readonly backends: { [name: string]: Backend };
  readonly secrets: Set<string>;
}

/** The settings that a peer replaces, by what they belong to and their name. */
export type Replaced = ReadonlyMap<Symbol, ReadonlyMap<string, ReadSetting>>;

export interface Context {
  readonly program: Program;
  readonly replaced: Replaced;
  readonly tables: Tables;
  at(file: tree.SourceFile, span: tree.Span): Position;
  /** Where a Gang file first speaks of a symbol that is declared elsewhere. */
  placeOf(symbol: Symbol): Position;
  /** With declared types as references into the plan's types. */
  type(type: Type): Type;
  /** The key of a declaration in its table; it is lowered when it is first asked for. */
  declared(symbol: Symbol): string;
  /** What the prelude declares under a name, whatever the program calls the same. */
  prelude(name: string): Symbol;
  /** The key of a model that is written where it is used. */
  model(call: ProviderCall, at: Position): string;
  expression(node: tree.Expression, file: tree.SourceFile, around?: Surroundings): Expr;
  call(bound: BoundCall, node: tree.Span, file: tree.SourceFile, around?: Surroundings): Call;
  settings(owner: Symbol | undefined, node: tree.Settings | tree.Block | tree.SubnetDecl | undefined): Settings;
  /** Of an agent or a tool; a server's tools have what is set for all of them. */
  callableSettings(symbol: Symbol): Settings;
  /** Lowers what stands inside a `for`. */
  inside<T>(node: tree.ForStatement, lower: () => T): T;
  /** How many `for`s deep a stage or a `let` is one value for each item, seen from where lowering stands. */
  fannedOut(symbol: Symbol): number;
}

/**
 * What a call stands in: the settings around it, the nearest first, and the stage that it makes. A call in an `expect` makes
 * none, and is neither routed nor tried again as its stage is.
 */
export interface Surroundings {
  readonly stage: Symbol | undefined;
  readonly own: Settings;
  readonly blocks: readonly Settings[];
}

export interface Named {
  readonly name: string;
  readonly value: Expr;
}

/** A name not in a table yet: the name itself, else with a number. */
export function freeKey(table: { readonly [key: string]: unknown }, name: string): string {
  let key = name;
  for (let n = 2; Object.hasOwn(table, key); n++) key = `${name} ${n}`;
  return key;
}

export const literal = (value: Json): Expr => ({ op: "literal", value });
