/**
 * What is there without being declared and cannot be said in Gang: the scalar types, the functions over values, and the
 * providers behind `model`, `tool`, `tools` and `backend`. The rest of what is always there is Gang, in `stdlib/`.
 */

import type { Field, Type } from "../../runtime/types.ts";
import { nextId } from "../table.ts";
import type { Symbol } from "./program.ts";

const TYPES: { readonly [name: string]: readonly [Type, string] } = {
  bool: [{ kind: "bool" }, "`true` or `false`."],
  int: [{ kind: "int" }, "A whole number. `int in 1..5` is searched."],
  float: [{ kind: "float" }, "A number. `float in 0.5..2.0`, with `log` or `step s`, is searched."],
  string: [{ kind: "string" }, 'Text. A choice `"a" | "b"` is searched, free text is not.'],
  duration: [{ kind: "duration" }, "A time span: `500ms`, `30s`, `5m`, `2h`, `7d`. Seconds in JSON."],
  time: [{ kind: "time" }, "A moment. In JSON an ISO 8601 text in UTC."],
  money: [{ kind: "money" }, "An amount of dollars: `$2.50`."],
  size: [{ kind: "size" }, "An amount of bytes: `64KB`, `16GB`, `8GiB`."],
  file: [{ kind: "file" }, "A file by its content: the store keeps it, and a tool gets a copy."],
  dir: [{ kind: "dir" }, "A folder by its content: the store keeps it, and a tool gets a copy."],
  json: [{ kind: "json" }, "Any JSON value."],
  secret: [{ kind: "secret" }, "Only for a parameter of a tool: what it is given is never stored or shown."],
};

export type FunctionUse =
  /** `best` and `last`: of a stage or a metric. */
  | "recalled"
  /** Over a list or a map. */
  | "aggregate"
  /** Behind `stage x =`. */
  | "approval"
  /** Behind `given`. */
  | "given";

const FUNCTIONS: { readonly [name: string]: readonly [FunctionUse, string] } = {
  best: ["recalled", "`best(stage)`: the value of highest strength, as `T?`; `best(metric)`: the best value observed."],
  last: ["recalled", "`last(stage)`: the newest value, as `T?`; `last(metric)`: the newest value observed."],
  mean: ["aggregate", "The mean of a list or map; what is missing is passed over."],
  sum: ["aggregate", "The sum of a list or map; what is missing is passed over."],
  min: ["aggregate", "The least of a list or map; what is missing is passed over."],
  max: ["aggregate", "The greatest of a list or map; what is missing is passed over."],
  count: ["aggregate", "How many values of a list or map are there."],
  approve: [
    "approval",
    "Waits for a person, who sees the value: `stage go = approve(plan) every 1m within 12h` gives a `bool`.",
  ],
  fixture: ["given", 'In a test: the value in a file, `given prices = fixture("stale.json")`.'],
  recorded: ["given", 'In a test: an agent\'s answers from a file, `given forecaster = recorded("a.json")`.'],
};

export type ProviderOf = "model" | "tool" | "tools" | "backend";

export interface Provider {
  readonly of: ProviderOf;
  /** What its texts are, one for each; `more` where the last may stand any number of times. */
  readonly texts: readonly string[];
  readonly more?: true;
  readonly options: readonly Field[];
  readonly doc: string;
  readonly example: string;
}

const text: Type = { kind: "optional", of: { kind: "string" } };
const option = (name: string, type: Type, doc: string): Field => ({ name, type, doc });
const SHARE: Type = { kind: "optional", of: { kind: "float", low: 0, high: 1 } };
const SENTINELS = option(
  "sentinels",
  SHARE,
  "The share of a measured stage's attempts, 0 to 1, that evaluate a known claim again instead of asking: so it is seen when the subnet moves. None where nothing is said.",
);

/** The providers, by name. Options that `gang.yaml` has too (addresses, keys) are the machine's affair. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map<string, Provider>([
  [
    "embedded",
    {
      of: "model",
      texts: [],
      options: [option("explore", SHARE, "How far it strays from what is known to be good: 0 to 1."), SENTINELS],
      doc: "The sampler that comes with the box: searches the agent's result type, informed by what was recalled. No key, no network.",
      example: "embedded(explore: 0.2)",
    },
  ],
  [
    "anthropic",
    {
      of: "model",
      texts: ["the model's name"],
      options: [SENTINELS],
      doc: "A model of Anthropic's API.",
      example: 'anthropic("claude-opus-4-5")',
    },
  ],
  [
    "openai",
    {
      of: "model",
      texts: ["the model's name"],
      options: [SENTINELS],
      doc: "A model of OpenAI's API, or of whatever speaks its protocol.",
      example: 'openai("gpt-5")',
    },
  ],
  [
    "typescript",
    {
      of: "tool",
      texts: ["the file", "the function"],
      options: [],
      doc: "A TypeScript function, its signature its own.",
      example: 'typescript("./x.ts", "f")',
    },
  ],
  [
    "exec",
    {
      of: "tool",
      texts: ["the command"],
      more: true,
      options: [],
      doc: "A program in any language, spoken to in JSON over stdin and stdout.",
      example: 'exec("python3", "train.py")',
    },
  ],
  [
    "mcp",
    {
      of: "tools",
      texts: ["the command"],
      more: true,
      options: [],
      doc: 'A Model Context Protocol server: a program that is started, or an address, `mcp("https://…")`.',
      example: 'mcp("python3", "-m", "market_server")',
    },
  ],
  ["local", { of: "backend", texts: [], options: [], doc: "This machine.", example: "local()" }],
  [
    "slurm",
    {
      of: "backend",
      texts: [],
      options: [
        option("partition", text, "The partition."),
        option("account", text, "The account."),
        option("qos", text, "The quality of service."),
      ],
      doc: "A Slurm cluster.",
      example: 'slurm(partition: "gpu")',
    },
  ],
  [
    "ssh",
    {
      of: "backend",
      texts: [],
      options: [option("host", text, "The host, as in `~/.ssh/config`.")],
      doc: "A machine reached over ssh.",
      example: 'ssh(host: "box")',
    },
  ],
  [
    "kubernetes",
    {
      of: "backend",
      texts: [],
      options: [option("namespace", text, "The namespace."), option("image", text, "The container image.")],
      doc: "A Kubernetes cluster.",
      example: 'kubernetes(namespace: "miners")',
    },
  ],
  [
    "runpod",
    {
      of: "backend",
      texts: [],
      options: [option("gpu", text, "The kind of GPU."), option("image", text, "The container image.")],
      doc: "Machines rented from RunPod.",
      example: 'runpod(gpu: "A100")',
    },
  ],
]);

function builtin(name: string, doc: string): Symbol {
  return { id: nextId(), kind: "builtin", name, place: undefined, node: undefined, file: undefined, doc };
}

export const BUILTIN_TYPES: ReadonlyMap<string, { readonly symbol: Symbol; readonly type: Type }> = new Map(
  Object.entries(TYPES).map(([name, [type, doc]]) => [name, { symbol: builtin(name, doc), type }]),
);

export const BUILTIN_FUNCTIONS: ReadonlyMap<string, { readonly symbol: Symbol; readonly use: FunctionUse }> = new Map(
  Object.entries(FUNCTIONS).map(([name, [use, doc]]) => [name, { symbol: builtin(name, doc), use }]),
);

/** Providers by the symbol that a hover shows. */
export const PROVIDER_SYMBOLS: ReadonlyMap<string, Symbol> = new Map(
  [...PROVIDERS].map(([name, provider]) => [name, builtin(name, `${provider.doc} \`${provider.example}\``)]),
);

/** `self` in a ladder. */
export const SELF = builtin("self", "The agent's own model, as its peer sets it.");

/** Everything above by name, types and functions and providers. */
export const BUILTINS: ReadonlyMap<string, Symbol> = new Map([
  ...[...BUILTIN_TYPES].map(([name, { symbol }]) => [name, symbol] as const),
  ...[...BUILTIN_FUNCTIONS].map(([name, { symbol }]) => [name, symbol] as const),
  ...PROVIDER_SYMBOLS,
]);
