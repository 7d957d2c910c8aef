/** GANG3xxx: types, units and values; of calls, `calls.ts`. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { circle } from "./wording.ts";

export const mismatch = define<{
  readonly what: string;
  readonly actual: string;
  readonly wanted: string;
  readonly reason: string | undefined;
}>({
  code: "GANG3001",
  severity: "error",
  title: "Wrong type",
  message: ({ what, actual, wanted, reason }) =>
    `${what} is ${actual}, which can never be ${wanted}${reason === undefined ? "" : `: ${reason}`}.`,
  explain: {
    text: "A value fits a type, may fit it, or never does. What may fit (a `float` for a range) is checked as it arrives; what never can does not compile.",
    wrong: 'gang 1\ntype Share = { part: float in 0.0..1.0 = "half" }\n',
    right: "gang 1\ntype Share = { part: float in 0.0..1.0 = 0.5 }\n",
  },
});

export const wrongUnit = define<{
  readonly what: string;
  readonly actual: string;
  readonly wanted: string;
  readonly example: string;
}>({
  code: "GANG3002",
  severity: "error",
  title: "Wrong unit",
  message: ({ what, actual, wanted }) => `${what} is ${actual}; ${wanted} is wanted.`,
  help: ({ example }) => `Write it with its unit, such as \`${example}\`.`,
  explain: {
    text: "Durations, sizes and money are types of their own. A duration is written `30m`, a size `16GB`, money `$2.50`.",
    wrong: 'gang 1\ntool train() -> float = exec("./train") { timeout: 16GB }\n',
    right: 'gang 1\ntool train() -> float = exec("./train") { timeout: 30m }\n',
  },
});

export const missingUnit = define<{ readonly what: string; readonly wanted: string; readonly example: string }>({
  code: "GANG3003",
  severity: "error",
  title: "Missing unit",
  message: ({ what, wanted }) => `${what} is a plain number; ${wanted} is wanted.`,
  help: ({ example }) => `Say the unit: \`${example}\`.`,
  explain: {
    text: "A number without a unit is never read as seconds, bytes or dollars.",
    wrong: 'gang 1\ntool train() -> float = exec("./train") { timeout: 30 }\n',
    right: 'gang 1\ntool train() -> float = exec("./train") { timeout: 30s }\n',
  },
});

export const missingFields = define<{
  readonly type: string;
  readonly missing: readonly { readonly name: string; readonly type: string }[];
}>({
  code: "GANG3009",
  severity: "error",
  title: "Missing field",
  message: ({ type, missing }) =>
    `This ${type} lacks ${missing.map((field) => `\`${field.name}\` (${field.type})`).join(", ")}.`,
  explain: {
    text: "A record's value has every field that is neither optional nor has a default; with a choice come the fields of the arm that was chosen.",
    wrong: "gang 1\ntype Point = { x: float, y: float }\ntype Line = { from: Point = Point { x: 1.0 } }\n",
    right: "gang 1\ntype Point = { x: float, y: float }\ntype Line = { from: Point = Point { x: 1.0, y: 0.0 } }\n",
  },
});

export const missingValue = define<{ readonly what: string; readonly type: string }>({
  code: "GANG3011",
  severity: "error",
  title: "Value may be missing",
  message: ({ what, type }) => `${what} may be missing: it is ${type}.`,
  help: () => "Say what holds without it: `… ?? another value`.",
  explain: {
    text: "A `T?` is a value or `none`. Whoever reads it as a `T` says what stands in for a missing one.",
    wrong: `gang 1
import { buy } from "./tools.ts"
tool fetch() -> float = exec("./fetch")
pipeline p {
  stage price = fetch() or none
  stage bought = buy(price)
}
`,
    right: `gang 1
import { buy } from "./tools.ts"
tool fetch() -> float = exec("./fetch")
pipeline p {
  stage price = fetch() or none
  stage bought = buy(price: price ?? 0.0)
}
`,
    files: TOOLS,
  },
});

export const badOperands = define<{ readonly reason: string }>({
  code: "GANG3012",
  severity: "error",
  title: "Operator does not apply",
  message: ({ reason }) => reason,
  explain: {
    text: "Like is added to like; a duration, size or money is multiplied by a number and divided by its own kind; a time and a duration give a time. Only values of one type are compared.",
    wrong: "gang 1\npipeline p {\n  let sum = 1h + 16GB\n  when sum > 1h { }\n}\n",
    right: "gang 1\npipeline p {\n  let sum = 1h + 30m\n  when sum > 1h { }\n}\n",
  },
});

export const badRange = define<{ readonly reason: string }>({
  code: "GANG3013",
  severity: "error",
  title: "Impossible range",
  message: ({ reason }) => reason,
  help: () => "A range is `in low..high`, both of the type's own unit, low below high, and above zero with `log`.",
  explain: {
    text: "Both ends of a range belong to it. On a logarithmic scale it cannot reach zero.",
    wrong: "gang 1\ntype Rate = float in 1.0..0.1\n",
    right: "gang 1\ntype Rate = float in 0.1..1.0\n",
  },
});

export const recursiveType = define<{ readonly names: readonly string[] }>({
  code: "GANG3014",
  severity: "error",
  title: "Type contains itself",
  message: ({ names }) =>
    names.length === 1 ? `\`${names[0]}\` contains itself.` : `${circle(names)}: these types contain each other.`,
  help: () => "Break the circle with `json`, or with the key of the other value.",
  explain: {
    text: "A type of Gang has finite depth, so that a model's answer and a search have an end.",
    wrong: "gang 1\ntype Tree = { left: Tree?, value: int }\n",
    right: "gang 1\ntype Tree = { left: json, value: int }\n",
  },
});

export const ambiguousUnion = define<{ readonly reason: string }>({
  code: "GANG3015",
  severity: "error",
  title: "Union cannot be told apart",
  message: ({ reason }) => reason,
  help: () => 'Give the members a field that differs: a literal such as `kind: "a"`.',
  explain: {
    text: "When a value arrives as JSON, it must be plain which member of the union it is: by its JSON kind, or by one common field with different literals.",
    wrong: "gang 1\ntype Amount = float | duration\n",
    right: "gang 1\ntype Amount = float | string\n",
  },
});

export const notIndexable = define<{ readonly type: string }>({
  code: "GANG3016",
  severity: "error",
  title: "Cannot be indexed",
  message: ({ type }) => `\`[…]\` picks an item of a map; this is ${type}.`,
  help: () => "Maps are written `map<T>`; outside a `for`, a stage inside it is one, by the items' keys.",
  explain: {
    text: "A stage inside a `for` is, outside of it, a map by the item's name or key.",
    wrong: "gang 1\npipeline p(rate: float) {\n  let one = rate[0]\n  when (one ?? 0) > 1.0 { }\n}\n",
    right: 'gang 1\npipeline p(rates: map<float>) {\n  let one = rates["btc"]\n  when (one ?? 0.0) > 1.0 { }\n}\n',
  },
});

export const notACondition = define<{ readonly type: string }>({
  code: "GANG3017",
  severity: "error",
  title: "Not a condition",
  message: ({ type }) => `A condition is true or false; this is ${type}.`,
  help: () => "Compare it with something, as in `x > 0`.",
  explain: {
    text: "`when`, `where` and `expect` take a `bool`; a `bool?` says what holds when it is missing: `go ?? false`.",
    wrong: "gang 1\npipeline p(count: int) {\n  when count { }\n}\n",
    right: "gang 1\npipeline p(count: int) {\n  when count > 0 { }\n}\n",
  },
});

export const notSearchable = define<{ readonly agent: string; readonly path: string; readonly reason: string }>({
  code: "GANG3019",
  severity: "error",
  title: "Not a search space",
  message: ({ agent, path, reason }) =>
    `The embedded model cannot search what \`${agent}\` answers: ${path === "" ? "" : `in \`${path}\`, `}${reason}.`,
  help: ({ reason }) =>
    // Most reasons say themselves what to write.
    reason.includes(": ")
      ? undefined
      : 'Give numbers a range (`float in 0.0..1.0`), words a choice (`"a" | "b"`), other fields a default.',
  explain: {
    text: "A search space is made of `bool`, literals, ranges, choices, records, and `T?` and `T[lo..hi]` of these. It is needed as soon as one rung of an agent's ladder, in any peer, is embedded.",
    wrong: 'gang 1\nmodel own = embedded()\nagent guess() -> float {\n  model: own\n  prompt: "How much?"\n}\n',
    right:
      'gang 1\nmodel own = embedded()\ntype Guess = float in 0.0..1.0\nagent guess() -> Guess {\n  model: own\n  prompt: "How much?"\n}\n',
  },
});

export const notIterable = define<{ readonly type: string }>({
  code: "GANG3020",
  severity: "error",
  title: "Not a list",
  message: ({ type }) => `\`for\` goes over a list; this is ${type}.`,
  help: () => "Lists are written `T[]`; what is asked again and again is read by `for x in source() every 1m by x.id`.",
  explain: {
    text: "`for x in l` takes a list, or a tool that is read again and again with `every`.",
    wrong: "gang 1\npipeline p(count: int) {\n  for x in count { }\n}\n",
    right: 'gang 1\npipeline p(names: ("a" | "b")[1..2]) {\n  for x in names { }\n}\n',
  },
});

export const notAValue = define<{ readonly name: string; readonly actual: string }>({
  code: "GANG3021",
  severity: "error",
  title: "Not a value",
  message: ({ name, actual }) => `\`${name}\` is ${actual}, not a value.`,
  help: () => "Values are what stages, parameters, `let` and `for` name, and what is written out.",
  explain: {
    text: "Declarations such as models, retries and pipelines are named in settings; they are not values that a stage could read.",
    wrong: "gang 1\nmodel own = embedded()\npipeline p {\n  let x = own\n  when x == 1 { }\n}\n",
    right: "gang 1\npipeline p(x: int) {\n  when x == 1 { }\n}\n",
  },
});

export const badSettingValue = define<{ readonly setting: string; readonly wanted: string; readonly example: string }>({
  code: "GANG3023",
  severity: "error",
  title: "Wrong setting",
  message: ({ setting, wanted }) => `\`${setting}\` takes ${wanted}.`,
  help: ({ example }) => `For example \`${example}\`.`,
  explain: {
    text: "Each setting says what may stand behind it; hover over it to read what it does.",
    wrong: "gang 1\nrecall winners { halflife: soon }\n",
    right: "gang 1\nrecall winners { halflife: 7d }\n",
  },
});

export const notConstant = define<{ readonly what: string }>({
  code: "GANG3024",
  severity: "error",
  title: "Not known beforehand",
  message: ({ what }) => `${what} must be known before anything runs.`,
  help: () => "Write a literal here.",
  explain: {
    text: "Defaults, ranges and settings are part of the plan; they cannot depend on what a run produces.",
    wrong: "gang 1\ntype Size = int in 0..most\n",
    right: "gang 1\ntype Size = int in 0..8\n",
  },
});
