/**
 * The Plan: the whole of a program as one versioned, serialisable value, and the only thing that compiler and runtime
 * share. `gangc build` writes it, `gangc run` executes the same value without writing it.
 *
 * Declarations are keyed by name. Peers and `--set` change a plan by replacing values at paths (`Override`), so that
 * every peer runs a plan that was validated like any other. The hash covers all but the positions `at` and `source`.
 */
import { z } from "zod";
import { FieldSchema, Json, TypeSchema } from "./types.ts";

export type { Field, Json, Type } from "./types.ts";

/** The version of plan that this code makes and runs. Another one is refused with a clear sentence. */
export const PLAN_VERSION = 1;

/** Where in the source: an index into `plan.source`, a one-based line and column, and the length in characters. */
const Position = z.tuple([z.int().nonnegative(), z.int().positive(), z.int().positive(), z.int().nonnegative()]);
export type Position = z.infer<typeof Position>;

// Expressions ---------------------------------------------------------------------------------------------------------

export type UnaryOp = "not" | "-";
export type BinaryOp = "or" | "and" | "??" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/";

export type Expr =
  | { readonly op: "literal"; readonly value: Json }
  /** A stage's output, a `let`, a loop's variable, a parameter, `it`; in a recall's filter a field of evidence. */
  | { readonly op: "name"; readonly name: string }
  /** A field; over a missing value missing; over a fan-out's `map`, `each` maps deep, the map of the fields. */
  | { readonly op: "field"; readonly of: Expr; readonly name: string; readonly each?: number }
  /** `m[k]`: by the item's name or key. `key` may be a record, then its `name` or `key` counts. */
  | { readonly op: "index"; readonly of: Expr; readonly key: Expr }
  | { readonly op: "list"; readonly items: readonly Expr[] }
  | {
      readonly op: "record";
      readonly fields: readonly { readonly name: string; readonly value: Expr }[];
      readonly type?: string;
    }
  | { readonly op: "unary"; readonly operator: UnaryOp; readonly operand: Expr }
  | { readonly op: "binary"; readonly operator: BinaryOp; readonly left: Expr; readonly right: Expr }
  | { readonly op: "template"; readonly parts: readonly (string | Expr)[] }
  /** `mean sum min max count` over a list or a map; what is missing is passed over. */
  | { readonly op: "aggregate"; readonly function: Aggregate; readonly of: Expr }
  /** `best(stage)` and `last(stage)`, from any pipeline of the file; `scope` is the item whose value is asked for, else the item that the expression stands in. */
  | { readonly op: "recalled"; readonly which: "best" | "last"; readonly stage: string; readonly scope?: Expr }
  | { readonly op: "metric"; readonly which: "best" | "last"; readonly metric: string }
  | { readonly op: "secret"; readonly name: string }
  /** A tool called inside an `expect`. */
  | { readonly op: "call"; readonly call: Call };

export type Aggregate = "mean" | "sum" | "min" | "max" | "count";

const BINARY = [
  "or",
  "and",
  "??",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "+",
  "-",
  "*",
  "/",
] as const satisfies readonly BinaryOp[];

const Expr: z.ZodType<Expr> = z.lazy(() =>
  z.discriminatedUnion("op", [
    z.strictObject({ op: z.literal("literal"), value: Json }),
    z.strictObject({ op: z.literal("name"), name: z.string() }),
    z.strictObject({ op: z.literal("field"), of: Expr, name: z.string(), each: z.int().positive().optional() }),
    z.strictObject({ op: z.literal("index"), of: Expr, key: Expr }),
    z.strictObject({ op: z.literal("list"), items: z.array(Expr) }),
    z.strictObject({
      op: z.literal("record"),
      fields: z.array(z.strictObject({ name: z.string(), value: Expr })),
      type: z.string().optional(),
    }),
    z.strictObject({ op: z.literal("unary"), operator: z.enum(["not", "-"]), operand: Expr }),
    z.strictObject({ op: z.literal("binary"), operator: z.enum(BINARY), left: Expr, right: Expr }),
    z.strictObject({ op: z.literal("template"), parts: z.array(z.union([z.string(), Expr])) }),
    z.strictObject({ op: z.literal("aggregate"), function: z.enum(["mean", "sum", "min", "max", "count"]), of: Expr }),
    z.strictObject({
      op: z.literal("recalled"),
      which: z.enum(["best", "last"]),
      stage: z.string(),
      scope: Expr.optional(),
    }),
    z.strictObject({ op: z.literal("metric"), which: z.enum(["best", "last"]), metric: z.string() }),
    z.strictObject({ op: z.literal("secret"), name: z.string() }),
    z.strictObject({ op: z.literal("call"), call: Call }),
  ]),
) as z.ZodType<Expr>;

/** A call of an agent or a tool, with what the declarations around it settle. */
const Call = z.lazy(() =>
  z.strictObject({
    callee: z.strictObject({ kind: z.enum(["agent", "tool"]), name: z.string() }),
    arguments: z.array(z.strictObject({ name: z.string(), value: Expr })),
    /** Backends in the order of the route; `["local"]` where nothing is routed. */
    backends: z.array(z.string()).min(1),
    /** What the route asks of the backend (`gpu: 1`). */
    resources: z.record(z.string(), Json).optional(),
    /** The nearest of stage, route, pipeline, tool; in seconds. */
    timeout: z.number().positive().optional(),
    /** The name of the retry that rules it. Absent: three attempts for an agent, one for a tool. */
    retry: z.string().optional(),
    at: Position,
  }),
) as z.ZodType<Call>;
export interface Call {
  readonly callee: { readonly kind: "agent" | "tool"; readonly name: string };
  readonly arguments: readonly { readonly name: string; readonly value: Expr }[];
  readonly backends: readonly string[];
  readonly resources?: { readonly [name: string]: Json };
  readonly timeout?: number;
  readonly retry?: string;
  readonly at: Position;
}

// The body of a pipeline ------------------------------------------------------------------------------------------------

/** Names are unique along a path of enclosing bodies. `needs`: the names that a node reads; they are the edges of the graph. */
export type Node = StageNode | LetNode | ForNode | WhenNode | ObserveNode | LearnNode;

export interface StageNode {
  readonly kind: "stage";
  readonly name: string;
  /** `pipeline.name`: what trail and knowledge know it by. */
  readonly id: string;
  readonly doc?: string;
  /** Tried in order. */
  readonly alternatives: readonly Call[];
  /** `or none`: the stage ends without a value when all alternatives failed. */
  readonly orNone: boolean;
  /** The output's type, without what `when` and `for` around it add. */
  readonly type: Type;
  readonly needs: readonly string[];
  /** A waiting stage: asked again each `every` seconds, for `within` seconds. */
  readonly wait?: { readonly every: number; readonly within: number };
  readonly expect?: Expr;
  readonly recall: string;
  readonly cache?: boolean;
  /** The metrics that some `learn` credits this stage with: it is measured. */
  readonly measured: readonly string[];
  readonly at: Position;
}

export interface LetNode {
  readonly kind: "let";
  readonly name: string;
  readonly value: Expr;
  readonly type: Type;
  readonly needs: readonly string[];
  readonly at: Position;
}

export interface ForNode {
  readonly kind: "for";
  readonly variable: string;
  readonly type: Type;
  readonly over:
    | { readonly kind: "list"; readonly list: Expr; readonly max?: number }
    | { readonly kind: "source"; readonly call: Call; readonly every: number; readonly within?: Expr };
  /** The expression (over the variable) that names an item; absent: its `name` or `key`, or the literal itself. */
  readonly by?: Expr;
  readonly parallel?: number;
  readonly needs: readonly string[];
  readonly body: readonly Node[];
  readonly at: Position;
}

export interface WhenNode {
  readonly kind: "when";
  readonly condition: Expr;
  readonly needs: readonly string[];
  readonly body: readonly Node[];
  readonly at: Position;
}

export interface ObserveNode {
  readonly kind: "observe";
  readonly metric: string;
  readonly value: Expr;
  readonly late?: { readonly every: number; readonly within: number; readonly take: "first" | "last" };
  readonly needs: readonly string[];
  readonly at: Position;
}

export interface LearnNode {
  readonly kind: "learn";
  /** The stage or the `let` whose value is credited. */
  readonly choice: string;
  /** Where the credit goes: a stage's id. A `let` from `best(research.plan[k])` credits `research.plan` in scope k. */
  readonly stage: string;
  readonly scope?: Expr;
  readonly metrics: readonly string[];
  readonly needs: readonly string[];
  readonly at: Position;
}

import type { Type } from "./types.ts";

const base = { needs: z.array(z.string()), at: Position };

const Node: z.ZodType<Node> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("stage"),
      name: z.string(),
      id: z.string(),
      doc: z.string().optional(),
      alternatives: z.array(Call).min(1),
      orNone: z.boolean(),
      type: TypeSchema,
      wait: z.strictObject({ every: z.number().positive(), within: z.number().positive() }).optional(),
      expect: Expr.optional(),
      recall: z.string(),
      cache: z.boolean().optional(),
      measured: z.array(z.string()),
      ...base,
    }),
    z.strictObject({ kind: z.literal("let"), name: z.string(), value: Expr, type: TypeSchema, ...base }),
    z.strictObject({
      kind: z.literal("for"),
      variable: z.string(),
      type: TypeSchema,
      over: z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("list"), list: Expr, max: z.int().positive().optional() }),
        z.strictObject({
          kind: z.literal("source"),
          call: Call,
          every: z.number().positive(),
          within: Expr.optional(),
        }),
      ]),
      by: Expr.optional(),
      parallel: z.int().positive().optional(),
      body: z.array(Node),
      ...base,
    }),
    z.strictObject({ kind: z.literal("when"), condition: Expr, body: z.array(Node), ...base }),
    z.strictObject({
      kind: z.literal("observe"),
      metric: z.string(),
      value: Expr,
      late: z
        .strictObject({ every: z.number().positive(), within: z.number().positive(), take: z.enum(["first", "last"]) })
        .optional(),
      ...base,
    }),
    z.strictObject({
      kind: z.literal("learn"),
      choice: z.string(),
      stage: z.string(),
      scope: Expr.optional(),
      metrics: z.array(z.string()).min(1),
      ...base,
    }),
  ]),
) as z.ZodType<Node>;

// Declarations ----------------------------------------------------------------------------------------------------------

/** An amount per window: dollars, calls or tokens; `per` in seconds, `"cycle"`, or `"ever"`. */
const Limit = z.strictObject({
  amount: z.number().nonnegative(),
  of: z.enum(["money", "calls", "tokens"]),
  per: z.union([z.number().positive(), z.literal("cycle"), z.literal("ever")]),
});
export type Limit = z.infer<typeof Limit>;

const Metric = z.strictObject({
  /** With its range: outside it a value is infeasible. */
  type: TypeSchema,
  /** -1 minimise, +1 maximise. */
  direction: z.union([z.literal(-1), z.literal(1)]),
  proxy: z.string().optional(),
  weight: z.number().nonnegative(),
  doc: z.string().optional(),
});
export type Metric = z.infer<typeof Metric>;

const Subnet = z.strictObject({
  netuid: z.int().nonnegative().optional(),
  /** A string, or the tool that is asked once a cycle. */
  version: z.union([z.strictObject({ text: z.string() }), z.strictObject({ call: Call })]).optional(),
  metrics: z.record(z.string(), Metric),
  /** Each with its `name` as a field. */
  tasks: z.array(Json),
});
export type Subnet = z.infer<typeof Subnet>;

const Model = z.strictObject({
  provider: z.enum(["embedded", "anthropic", "openai", "scripted"]),
  /** The provider's name of the model; absent for the embedded sampler. */
  model: z.string().optional(),
  /** The call's further arguments (`explore: 0.2`). */
  options: z.record(z.string(), Json),
  /** Dollars a million tokens; of those read, `cached` for what the provider's cache had, and `caching` for what it took in. */
  price: z
    .strictObject({
      read: z.number().nonnegative(),
      write: z.number().nonnegative(),
      cached: z.number().nonnegative().optional(),
      caching: z.number().nonnegative().optional(),
    })
    .optional(),
  /** The most that one call may read and write. */
  tokens: z.strictObject({ read: z.int().positive(), write: z.int().positive() }),
  limits: z.array(Limit),
  at: Position,
});
export type Model = z.infer<typeof Model>;

const Agent = z.strictObject({
  doc: z.string().optional(),
  parameters: z.array(FieldSchema),
  result: TypeSchema,
  /** A model's name, a key of `models`. */
  model: z.string(),
  tools: z.array(
    z.strictObject({ tool: z.string(), bound: z.array(z.strictObject({ name: z.string(), value: Expr })) }),
  ),
  turns: z.int().positive(),
  prompt: Expr,
  at: Position,
});
export type Agent = z.infer<typeof Agent>;

const Tool = z.strictObject({
  doc: z.string().optional(),
  /** A path in the project, relative to `plan.root`; a command; a tool of an MCP server; a tool of the prelude. */
  from: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("typescript"),
      file: z.string(),
      export: z.string(),
      /** Parameters whose absence the function expects as `null` instead of `undefined`. */
      nulls: z.array(z.string()),
      /** Parameters that it takes otherwise than JSON has them: a file as bytes, a time as a `Date`, an int as a `bigint`. */
      forms: z.record(z.string(), z.enum(["bytes", "date", "bigint"])).optional(),
    }),
    z.strictObject({ kind: z.literal("exec"), command: z.array(z.string()).min(1) }),
    z.strictObject({ kind: z.literal("mcp"), server: z.array(z.string()).min(1), tool: z.string() }),
    z.strictObject({ kind: z.literal("builtin"), name: z.string() }),
  ]),
  parameters: z.array(FieldSchema),
  result: TypeSchema,
  effect: z.boolean(),
  /** The tool that says whether an effect happened. */
  confirm: z.string().optional(),
  timeout: z.number().positive().optional(),
  checkpoint: z.number().positive().optional(),
  cache: z.boolean().optional(),
  /** The most that a call can cost, in dollars, and what it did (`it` is the result). */
  cost: z.number().nonnegative().optional(),
  spent: Expr.optional(),
  limits: z.array(Limit),
  at: Position,
});
export type Tool = z.infer<typeof Tool>;

const Retry = z.strictObject({
  /** Model names, or `"self"`: the agent's own. One entry an attempt. Absent: `attempts` of its own. */
  ladder: z.array(z.string()).optional(),
  attempts: z.int().positive(),
  temperature: z.strictObject({ low: z.number(), high: z.number(), step: z.number().positive().optional() }).optional(),
  stall: z.enum(["ignore", "diverge"]),
  /** Seconds before the second attempt, and the most between two. */
  backoff: z.strictObject({ low: z.number().nonnegative(), high: z.number().nonnegative() }),
  /** The failures that are tried again; absent: all that may pass. */
  on: z.array(z.string()).optional(),
  at: Position,
});
export type Retry = z.infer<typeof Retry>;

const Recall = z.strictObject({
  from: z.array(z.enum(["patterns", "antipatterns"])).min(1),
  where: Expr.optional(),
  top: z.int().positive(),
  halflife: z.union([
    z.strictObject({ seconds: z.number().positive() }),
    z.strictObject({ evaluations: z.number().positive() }),
  ]),
  at: Position.optional(),
});
export type Recall = z.infer<typeof Recall>;

const Backend = z.strictObject({
  kind: z.string(),
  options: z.record(z.string(), Json),
  /** Dollars a second. */
  price: z.number().nonnegative().optional(),
  limits: z.array(Limit),
  at: Position.optional(),
});
export type Backend = z.infer<typeof Backend>;

const Pipeline = z.strictObject({
  doc: z.string().optional(),
  subnet: z.string().optional(),
  parameters: z.array(FieldSchema),
  /** Seconds from one cycle's start to the next, under `--forever`. */
  every: z.number().positive().optional(),
  limits: z.array(Limit),
  /** Items of a fan-out that run side by side. */
  parallel: z.int().positive(),
  body: z.array(Node),
  at: Position,
});
export type Pipeline = z.infer<typeof Pipeline>;

/** Replaces the value at a path of the plan: `["agents", "forecaster", "model"]`. */
const Override = z.strictObject({ path: z.array(z.string()).min(2), value: Json });
export type Override = z.infer<typeof Override>;

const Peer = z.strictObject({ pipeline: z.string(), overrides: z.array(Override), at: Position });
export type Peer = z.infer<typeof Peer>;

const Test = z.strictObject({
  title: z.string(),
  pipeline: z.string(),
  given: z.array(z.strictObject({ name: z.string(), value: Expr })),
  run: z.array(z.string()),
  expect: z.array(z.strictObject({ condition: Expr, at: Position })),
  at: Position,
});
export type Test = z.infer<typeof Test>;

export const Plan = z.strictObject({
  format: z.literal("gang-plan"),
  version: z.literal(PLAN_VERSION),
  /** SHA-256, hex, of the canonical JSON of all but `hash`, `source`, `root` and every `at`. */
  hash: z.string(),
  /** Files by path relative to `root`, the entry first; positions refer to them by index. */
  source: z.array(z.strictObject({ path: z.string(), hash: z.string() })),
  /** Absolute path of the project: tools' files lie under it. */
  root: z.string(),
  types: z.record(z.string(), TypeSchema),
  subnets: z.record(z.string(), Subnet),
  models: z.record(z.string(), Model),
  agents: z.record(z.string(), Agent),
  tools: z.record(z.string(), Tool),
  retries: z.record(z.string(), Retry),
  recalls: z.record(z.string(), Recall),
  backends: z.record(z.string(), Backend),
  secrets: z.array(z.string()),
  pipelines: z.record(z.string(), Pipeline),
  peers: z.record(z.string(), Peer),
  tests: z.array(Test),
  /** What the program uses and this version cannot run: a sentence each, with its place. `run` refuses them. */
  unbuilt: z.array(z.strictObject({ what: z.string(), at: Position })),
});
export type Plan = z.infer<typeof Plan>;
