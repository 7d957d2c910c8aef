/**
 * Programs that are right: every name is declared, every value fits its type, every output is used. What the checker
 * says against one is a false alarm.
 */
import type { Random } from "./random.ts";

/** A type with its text, and a way to write a value of it. */
interface Kind {
  readonly text: string;
  /** A literal that fits; `undefined` where the language has none. */
  readonly literal: (random: Random) => string;
}

interface Callable {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: Kind }[];
  readonly result: Kind;
}

export function generateProgram(random: Random): string {
  const scalars = makeScalars(random);
  const types = makeTypes(random, scalars);
  const tools = makeTools(random, [...scalars, ...types.all]);
  const agents = makeAgents(random, [...scalars, ...types.all], types.all);
  const metrics = Array.from({ length: 1 + random.below(3) }, (_, i) => `m${i}`);
  const parts = [
    random.chance(0.9) ? "gang 1" : "",
    makeSubnet(random, metrics),
    ...types.declarations,
    "model sampler = embedded(explore: 0.2)",
    'model rig = openai("qwen3-32b") { price: $0 }',
    ...(random.chance(0.4) ? ["retry patient {\n  ladder: [self, rig x 2]\n  backoff: 1s..60s\n}"] : []),
    ...(random.chance(0.4)
      ? ["recall winners {\n  from: patterns\n  where: age < 14d and trust > 0.3\n  top: 10\n}"]
      : []),
    ...tools.map(
      (tool) =>
        `tool ${tool.name}(${signature(tool)}) -> ${tool.result.text} = exec("./${tool.name}") { timeout: ${1 + random.below(50)}m }`,
    ),
    `tool measure(${random.chance(0.5) ? "value: float, " : ""}note: string) -> float = exec("python3", "measure.py")`,
    ...agents.map(
      (agent) =>
        `${random.chance(0.3) ? `/// Chooses what ${agent.name} is about.\n` : ""}agent ${agent.name}(${signature(agent)}) -> ${agent.result.text} {\n  model: sampler\n  prompt: "Choose. \${${agent.parameters[0]!.name}}"\n}`,
    ),
  ];
  const takesValue = parts.some((part) => part.startsWith("tool measure(value"));
  for (let i = 0, count = 1 + random.below(2); i < count; i++)
    parts.push(makePipeline(random, `p${i}`, tools, agents, metrics, takesValue));
  return `${parts.filter((part) => part !== "").join(random.chance(0.8) ? "\n\n" : "\n")}\n`;
}

function signature({ parameters }: Callable): string {
  return parameters.map(({ name, type }) => `${name}: ${type.text}`).join(", ");
}

function makeSubnet(random: Random, metrics: readonly string[]): string {
  const tasks = Array.from(
    { length: 1 + random.below(3) },
    (_, i) => `  task t${i} { asset: "A${i}", weight: ${i}.5 }`,
  );
  const goals = metrics.map((name) => `  metric ${name}: float { goal: ${random.pick(["minimize", "maximize"])} }`);
  return `subnet net {\n  netuid: ${random.below(90)}\n${[...goals, ...tasks].join("\n")}\n}`;
}

function makeScalars(random: Random): readonly Kind[] {
  const low = random.below(50);
  const high = low + 1 + random.below(100);
  const words = random.pick([["red", "green"], ["gbm", "garch", "student"], ["only"]]);
  return [
    { text: "int", literal: (r) => String(r.below(1000)) },
    { text: "float", literal: (r) => `${r.below(100)}.${r.below(100)}` },
    { text: "bool", literal: (r) => r.pick(["true", "false"]) },
    { text: "string", literal: (r) => `"text ${r.below(10)}"` },
    { text: "duration", literal: (r) => r.pick(["30m", "1h", "250ms", "2d"]) },
    { text: "money", literal: (r) => r.pick(["$2", "$0.50"]) },
    { text: "size", literal: (r) => r.pick(["16GB", "5MiB"]) },
    { text: `int in ${low}..${high}`, literal: (r) => String(low + r.below(high - low + 1)) },
    { text: `float in ${low}.5..${high}.5`, literal: (r) => `${low + 1 + r.below(high - low)}.25` },
    { text: words.map((word) => `"${word}"`).join(" | "), literal: (r) => `"${r.pick(words)}"` },
  ];
}

/** Declared records, each of which may hold those before it. They are search spaces: their fields are bounded. */
function makeTypes(random: Random, scalars: readonly Kind[]) {
  const all: Kind[] = [];
  const declarations: string[] = [];
  const bounded = scalars.filter(({ text }) => /^bool$| in |"/.test(text));
  for (let i = 0, count = 1 + random.below(4); i < count; i++) {
    const fields = Array.from({ length: 1 + random.below(4) }, (_, n) => {
      const base = random.pick([...bounded, ...all]);
      const list = random.chance(0.15);
      const type = list ? listOf(base) : base;
      const byDefault = !list && random.chance(0.2) ? ` = ${type.literal(random)}` : "";
      const doc = random.chance(0.15) ? " /// what it is" : "";
      return { name: `f${n}`, type, text: `f${n}: ${type.text}${byDefault}`, doc };
    });
    const name = `T${i}`;
    const literal = (r: Random) =>
      `${name} { ${fields.map((field) => `${field.name}: ${field.type.literal(r)}`).join(", ")} }`;
    const lines = fields.some(({ doc }) => doc !== "") || random.chance(0.6);
    declarations.push(
      lines
        ? `type ${name} = {\n${fields.map((field) => `  ${field.text}${field.doc}`).join("\n")}\n}`
        : `type ${name} = { ${fields.map((field) => field.text).join(", ")} }`,
    );
    all.push({ text: name, literal });
  }
  return { all, declarations };
}

function listOf(of: Kind): Kind {
  const text = / /.test(of.text) ? `(${of.text})[1..3]` : `${of.text}[1..3]`;
  return { text, literal: (r) => `[${Array.from({ length: 1 + r.below(3) }, () => of.literal(r)).join(", ")}]` };
}

function makeTools(random: Random, types: readonly Kind[]): readonly Callable[] {
  return Array.from({ length: 1 + random.below(4) }, (_, i) => ({
    name: `tool${i}`,
    parameters: Array.from({ length: random.below(4) }, (_, n) => ({ name: `a${n}`, type: random.pick(types) })),
    result: random.pick(types),
  }));
}

function makeAgents(random: Random, types: readonly Kind[], results: readonly Kind[]): readonly Callable[] {
  return Array.from({ length: 1 + random.below(2) }, (_, i) => ({
    name: `agent${i}`,
    parameters: Array.from({ length: 1 + random.below(2) }, (_, n) => ({ name: `a${n}`, type: random.pick(types) })),
    result: random.pick(results),
  }));
}

function makePipeline(
  random: Random,
  name: string,
  tools: readonly Callable[],
  agents: readonly Callable[],
  metrics: readonly string[],
  takesValue: boolean,
): string {
  const looped = random.chance(0.4);
  const margin = looped ? "    " : "  ";
  const known: { readonly name: string; readonly type: Kind }[] = [];
  const lines: string[] = [];
  const call = ({ name: callee, parameters }: Callable) => {
    const bound = parameters.map((parameter) => {
      const fitting = known.filter(({ type }) => type === parameter.type);
      const value =
        fitting.length > 0 && random.chance(0.7) ? random.pick(fitting).name : parameter.type.literal(random);
      return value === parameter.name && random.chance(0.5) ? value : `${parameter.name}: ${value}`;
    });
    return `${callee}(${bound.join(", ")})`;
  };
  for (let i = 0, count = random.below(4); i < count; i++) {
    const tool = random.pick(tools);
    const settings = random.pick(["", "", " { timeout: 5m }", " { cache: true }"]);
    lines.push(`stage s${i} = ${call(tool)}${random.chance(0.1) ? `\n    or ${call(tool)}` : ""}${settings}`);
    known.push({ name: `s${i}`, type: tool.result });
    if (random.chance(0.2)) {
      lines.push(`let l${i} = s${i}`);
      known.push({ name: `l${i}`, type: tool.result });
    }
  }
  lines.push(`stage choice = ${call(random.pick(agents))}`);
  const value = takesValue ? `value: ${random.pick(["0.5", "1.0 + 2.0", "(3.5 * 2.0)", "-1.5"])}, ` : "";
  lines.push(`stage score = measure(${value}note: "${random.below(9)}")`);
  for (const metric of metrics) lines.push(`observe ${metric} = score${random.pick(["", " * 2.0", " + 0.5"])}`);
  lines.push(`learn choice from ${metrics.join(", ")}`);
  const body = lines.map((line) => `${margin}${line}`).join("\n");
  const every = random.chance(0.5) ? `  every: ${1 + random.below(90)}m\n` : "";
  return `pipeline ${name} for net {\n${every}${looped ? `  for task in net.tasks {\n${body}\n  }` : body}\n}`;
}
