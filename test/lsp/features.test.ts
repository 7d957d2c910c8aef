// biome-ignore-all lint/suspicious/noTemplateCurlyInString: holes of Gang
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { completionsAt } from "../../lsp/completion.ts";
import { fileIn } from "../../lsp/cursor.ts";
import { hoverAt } from "../../lsp/hover.ts";
import { outline } from "../../lsp/outline.ts";
import { definitionAt, referencesAt, renameAt } from "../../lsp/references.ts";
import { memoryHost } from "../compiler/foreign/files.ts";
import { marked } from "./marks.ts";

const TOOLS = `
export interface Prices { /** In words. */ summary: string; closes: number[] }
/** Reads prices. */
export function fetchPrices({ asset, back }: { /** Which. */ asset: "BTC" | "ETH"; back?: number }): Prices { return null!; }
export function score({ model, prices }: { model: { scale: number }; prices: Prices }): { crps: number } { return null!; }
`;

/** The whole file of which each test changes a part. */
const FILE = `gang 1
import { fetchPrices, score } from "./tools.ts"

subnet synth {
  netuid: 50
  /// Lower is better.
  metric crps: float { goal: minimize }
  task btc { asset: "BTC", step: 5m }
}

/// How to simulate.
type Model = {
  scale: float in 0.5..2.0 = 1.0  // how wide
  family: "gbm" | "garch" { tail: float in 2.1..30.0 log }
}

model sampler = embedded(explore: 0.2)

agent forecaster(task: synth.Task, summary: string) -> Model {
  model: sampler
  prompt: "Forecast \${task.asset}: \${summary}"
}

pipeline research for synth {
  for task in synth.tasks {
    stage prices = fetchPrices(asset: "BTC")
    stage plan = forecaster(task, summary: prices.summary)
    stage result = score(model: plan, prices)
    observe crps = result.crps
    learn plan from crps
  }
}
`;

function open(text: string) {
  const host = memoryHost({ "/p/main.gang": text, "/p/tools.ts": TOOLS, "/p/package.json": "{}" });
  const program = compile("/p/main.gang", host);
  return { program, file: fileIn(program, "/p/main.gang")!, host };
}

/** `FILE` with a part exchanged for one with a mark. */
function withMark(from: string, to: string) {
  if (!FILE.includes(from)) throw new Error(`no ${from}`);
  const { text, offsets } = marked(FILE.replace(from, () => to));
  return { ...open(text), offset: offsets[0]!, text };
}

test("the file itself is without error", () => {
  expect(open(FILE).program.diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
});

describe("hover", () => {
  test.each<[string, string, string, string]>([
    ["a stage", "model: plan", "model: pl<|>an", "stage plan: Model"],
    ["a type", "-> Model", "-> Mo<|>del", "type Model = { scale: float in 0.5..2.0 = 1.0, "],
    ["its documentation", "-> Model", "-> <|>Model", "How to simulate."],
    [
      "an imported function",
      "= fetchPrices(",
      "= fetch<|>Prices(",
      'tool fetchPrices(asset: "BTC" | "ETH", back?: float) -> Prices',
    ],
    ["its comment", "= fetchPrices(", "= fetchPrices<|>(", "Reads prices."],
    ["a metric", "from crps", "from cr<|>ps", "metric crps: float"],
    ["a setting", "model: sampler", "mo<|>del: sampler", "the name of a `model`"],
    ["a name in a hole", "${summary}", "${sum<|>mary}", "summary: string"],
  ])("%s", (_name, from, to, expected) => {
    const { program, file, offset } = withMark(from, to);
    expect(hoverAt(program, file, offset)?.text).toContain(expected);
  });

  test("nothing where there is nothing", () => {
    const { program, file, offset } = withMark("netuid: 50", "netuid: 5<|>0");
    expect(hoverAt(program, file, offset)).toBeUndefined();
  });
});

describe("completion", () => {
  const labels = (from: string, to: string): readonly string[] => {
    const { program, file, offset, host } = withMark(from, to);
    return completionsAt(program, file, offset, host).items.map((item) => item.label);
  };

  test.each<[string, string, string, readonly string[], readonly string[]]>([
    ["declarations", "model sampler", "<|>\nmodel sampler", ["agent", "pipeline"], ["stage", "plan"]],
    [
      "settings not yet set",
      "  model: sampler\n",
      "  model: sampler\n  <|>\n",
      ["tools", "turns"],
      ["model", "prompt", "stage"],
    ],
    ["statements and settings", "  for task in", "  <|>\n  for task in", ["stage", "every"], ["pipeline"]],
    ["models for a model", "model: sampler", "model: <|>", ["sampler"], ["forecaster", "crps"]],
    ["the words of a setting", "goal: minimize", "goal: <|>", ["minimize", "maximize"], ["crps"]],
    ["types", "-> Model", "-> <|>", ["Model", "float", "map"], ["sampler"]],
    ["fields of a stage", "prices.summary", "prices.<|>", ["summary", "closes"], ["plan"]],
    ["fields half typed", "prices.summary", "prices.su<|>", ["summary"], []],
    ["fields a choice brings", "result.crps", "plan.<|>", ["scale", "family", "tail"], ["crps"]],
    ["fields in a hole", "${task.asset}", "${task.<|>}", ["asset", "step"], []],
    ["parameters", 'fetchPrices(asset: "BTC")', "fetchPrices(<|>)", ["asset", "back"], []],
    [
      "parameters not yet given",
      "score(model: plan, prices)",
      "score(model: plan, <|>)",
      ["prices", "plan"],
      ["model"],
    ],
    [
      "the values of an argument",
      'fetchPrices(asset: "BTC")',
      "fetchPrices(asset: <|>)",
      ['"BTC"', '"ETH"'],
      ["stage"],
    ],
    ["members of a subnet", "synth.tasks", "synth.<|>", ["tasks"], ["plan"]],
    ["metrics", "observe crps", "observe <|>", ["crps"], ["plan"]],
    ["providers of a model", "= embedded(explore: 0.2)", "= <|>", ["embedded", "openai"], ["exec", "slurm"]],
    ["options of a provider", "explore: 0.2", "<|>", ["explore"], []],
    ["exports of a file", "import { fetchPrices, score }", "import { fetchPrices, <|> }", ["score"], ["fetchPrices"]],
    ["subnets", "research for synth", "research for <|>", ["synth"], ["Model"]],
    ["nothing in a comment", "// how wide", "// how <|>", [], ["stage", "Model"]],
    ["nothing for a new name", "stage prices", "stage <|>", [], ["plan", "stage"]],
  ])("%s", (_name, from, to, some, none) => {
    const found = labels(from, to);
    expect(found).toEqual(expect.arrayContaining([...some]));
    for (const label of none) expect(found).not.toContain(label);
  });

  test("what fits comes first", () => {
    const { program, file, offset } = withMark("score(model: plan,", "score(model: <|>,");
    const items = completionsAt(program, file, offset).items;
    const rank = (label: string) => items.find((item) => item.label === label)?.rank;
    expect(rank("plan")).toBe(0);
    expect(rank("task")).toBe(1);
  });
});

describe("names", () => {
  test("a definition, in Gang and in TypeScript", () => {
    const own = withMark("model: plan", "model: <|>plan");
    const place = definitionAt(own.program, own.file, own.offset)!;
    expect(own.text.slice(place.start, place.end)).toBe("plan");
    expect(own.text.slice(place.start - 6, place.start)).toBe("stage ");
    const foreign = withMark("= score(", "= sc<|>ore(");
    expect(definitionAt(foreign.program, foreign.file, foreign.offset)).toMatchObject({
      file: "/p/tools.ts",
      start: TOOLS.indexOf("score("),
    });
  });

  test("references, in holes and settings too", () => {
    const { program, file, offset, text } = withMark("summary: string", "summ<|>ary: string");
    const found = referencesAt(program, file, offset, true).map((place) => text.slice(place.start - 2, place.end + 1));
    expect(found).toEqual([", summary:", "${summary}", ", summary:"]);
    expect(referencesAt(program, file, offset, false)).toHaveLength(2);
  });

  const renamed = (from: string, to: string, newName: string): string => {
    const { program, file, offset, text } = withMark(from, to);
    const edits = renameAt(program, file, offset, newName);
    if (typeof edits === "string") throw new Error(edits);
    let after = text;
    for (const { start, end, newText } of [...edits].sort((a, b) => b.start - a.start)) {
      after = `${after.slice(0, start)}${newText}${after.slice(end)}`;
    }
    expect(open(after).program.diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
    return after;
  };

  test("a rename changes every use and nothing else", () => {
    expect(renamed("stage plan", "stage pl<|>an", "guess")).toBe(FILE.replaceAll("plan", "guess"));
  });

  test("an argument written short is written out, where its value or its parameter is renamed", () => {
    expect(renamed("stage prices", "stage <|>prices", "quotes")).toBe(
      FILE.replace("stage prices", "stage quotes")
        .replace("prices.summary", "quotes.summary")
        .replace("plan, prices)", "plan, prices: quotes)"),
    );
    expect(renamed("agent forecaster(task", "agent forecaster(<|>task", "job")).toBe(
      FILE.replace("forecaster(task: synth", "forecaster(job: synth")
        .replace("${task.", "${job.")
        .replace("forecaster(task,", "forecaster(job: task,"),
    );
  });

  test.each<[string, string, string, RegExp]>([
    ["to no name", "stage plan", "2x", /not a name/],
    ["to an operator", "stage plan", "none", /word of the language/],
    ["to a name that is taken", "stage plan", "prices", /already/],
    ["of what is built in", "= embedded", "x", /built in/],
    ["of what TypeScript declares", "= score", "x", /TypeScript/],
  ])("no rename %s", (_name, from, to, reason) => {
    const { program, file, offset } = withMark(from, `${from}<|>`);
    expect(renameAt(program, file, offset, to)).toMatch(reason);
  });

  test("an outline", () => {
    const show = (entries: ReturnType<typeof outline>): unknown[] =>
      entries.map((entry) =>
        entry.children.length === 0
          ? `${entry.kind} ${entry.name}`
          : [`${entry.kind} ${entry.name}`, ...show(entry.children)],
      );
    expect(show(outline(open(FILE).file))).toEqual([
      ["subnet synth", "metric crps", "task btc"],
      ["type Model", "parameter scale", "parameter family"],
      "model sampler",
      "agent forecaster",
      ["pipeline research", ["for task", "stage prices", "stage plan", "stage result"]],
    ]);
  });
});

test("a file typed a character at a time never fails", () => {
  for (let end = 0; end <= FILE.length; end += 7) {
    const { program, file, host } = open(FILE.slice(0, end));
    expect(() => {
      completionsAt(program, file, end, host);
      hoverAt(program, file, end);
      definitionAt(program, file, end);
      renameAt(program, file, end, "x");
      outline(file);
    }).not.toThrow();
  }
});
