/** Plans for tests, without a compiler: what `gangc build` would write for small pipelines. */
import { resolve } from "node:path";
import type {
  Call,
  Expr,
  Field,
  LearnNode,
  LetNode,
  Node,
  ObserveNode,
  Pipeline,
  Plan,
  Position,
  StageNode,
  Tool,
  Type,
} from "../../../runtime/plan.ts";

export const AT: Position = [0, 1, 1, 1];
export const FLOAT: Type = { kind: "float" };
export const STRING: Type = { kind: "string" };

export const literal = (value: Plan["subnets"][string]["tasks"][number]): Expr => ({ op: "literal", value });
export const name = (of: string): Expr => ({ op: "name", name: of });
export const field = (of: Expr, ...names: readonly string[]): Expr =>
  names.reduce<Expr>((from, n) => ({ op: "field", of: from, name: n }), of);
export const record = (...fields: readonly (readonly [string, Type, Field["default"]?])[]): Type => ({
  kind: "record",
  fields: fields.map(([n, type, preset]) => ({ name: n, type, ...(preset === undefined ? {} : { default: preset }) })),
});

export function call(
  kind: "agent" | "tool",
  callee: string,
  args: { readonly [name: string]: Expr } = {},
  more: Partial<Call> = {},
): Call {
  return {
    callee: { kind, name: callee },
    arguments: Object.entries(args).map(([n, value]) => ({ name: n, value })),
    backends: ["local"],
    at: AT,
    ...more,
  };
}

export function stage(
  of: string,
  calls: Call | readonly Call[],
  needs: readonly string[] = [],
  more: Partial<StageNode> = {},
): StageNode {
  return {
    kind: "stage",
    name: of,
    id: `work.${of}`,
    alternatives: Array.isArray(calls) ? (calls as Call[]) : [calls as Call],
    orNone: false,
    type: FLOAT,
    needs,
    recall: "recent",
    measured: [],
    at: AT,
    ...more,
  };
}

export const letNode = (of: string, value: Expr, needs: readonly string[] = []): LetNode => ({
  kind: "let",
  name: of,
  value,
  type: FLOAT,
  needs,
  at: AT,
});
export const observe = (metric: string, value: Expr, needs: readonly string[]): ObserveNode => ({
  kind: "observe",
  metric,
  value,
  needs,
  at: AT,
});
export const learn = (choice: string, metrics: readonly string[], more: Partial<LearnNode> = {}): LearnNode => ({
  kind: "learn",
  choice,
  stage: `work.${choice}`,
  metrics,
  needs: [choice],
  at: AT,
  ...more,
});

export function typescript(file: string, of: string, parameters: Type, result: Type, more: Partial<Tool> = {}): Tool {
  return {
    from: { kind: "typescript", file: `test/fixtures/tools/${file}`, export: of, nulls: [] },
    parameters: parameters.kind === "record" ? [...parameters.fields] : [],
    result,
    effect: false,
    limits: [],
    at: AT,
    ...more,
  };
}

const VALUE = record(["value", FLOAT]);

/** What the search is over: a number, and a choice with a field of its own. */
export const SHAPE: Type = record(
  ["x", { kind: "float", low: 0, high: 1 }],
  [
    "kind",
    {
      kind: "choice",
      arms: [
        { value: "normal", fields: [] },
        { value: "heavy", fields: [{ name: "tail", type: { kind: "float", low: 2, high: 30, log: true } }] },
      ],
    },
  ],
);

export const TOOLS: Plan["tools"] = {
  start: typescript("arithmetic.ts", "start", VALUE, VALUE),
  double: typescript("arithmetic.ts", "double", VALUE, VALUE),
  loss: typescript("arithmetic.ts", "loss", record(["x", FLOAT], ["shape", SHAPE]), record(["loss", FLOAT])),
  fails: typescript("arithmetic.ts", "fails", record(), FLOAT),
  failsFor: typescript("arithmetic.ts", "failsFor", record(["name", STRING]), record(["name", STRING])),
  never: typescript("arithmetic.ts", "never", record(), FLOAT),
};

export function planOf(body: readonly Node[], more: Partial<Plan> = {}, pipeline: Partial<Pipeline> = {}): Plan {
  return {
    format: "gang-plan",
    version: 1,
    hash: "0".repeat(64),
    source: [{ path: "main.gang", hash: "0".repeat(64) }],
    root: resolve(import.meta.dirname, "../../.."),
    types: {},
    subnets: {
      net: {
        metrics: {
          loss: { type: FLOAT, direction: -1, weight: 1 },
          bounded: { type: { kind: "float", low: 0, high: 1 }, direction: 1, weight: 1 },
        },
        tasks: [{ name: "a" }, { name: "b" }, { name: "c" }],
      },
    },
    models: {
      sampler: {
        provider: "embedded",
        options: { explore: 0.2 },
        tokens: { read: 1000, write: 1000 },
        limits: [],
        at: AT,
      },
    },
    agents: {
      chooser: {
        parameters: [],
        result: SHAPE,
        model: "sampler",
        tools: [],
        turns: 1,
        prompt: { op: "template", parts: ["Choose a shape."] },
        at: AT,
      },
    },
    tools: TOOLS,
    retries: {},
    recalls: { recent: { from: ["patterns", "antipatterns"], top: 10, halflife: { seconds: 7 * 86_400 } } },
    backends: {},
    secrets: [],
    pipelines: {
      work: { subnet: "net", parameters: [], limits: [], parallel: 4, body: [...body], at: AT, ...pipeline },
    },
    peers: {},
    tests: [],
    unbuilt: [],
    ...more,
  };
}
