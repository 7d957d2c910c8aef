/** What the editor and lowering read of a program. */
import { expect, test } from "vitest";
import { SETTINGS } from "../../../compiler/semantics/settings.ts";
import { display } from "../../../compiler/semantics/types/display.ts";
import type * as tree from "../../../compiler/syntax/tree.ts";
import { programOf } from "./memory.ts";

const TEXT = `gang 1
/// Where it goes.
type Port = int in 1..9
subnet s {
  metric loss: float { goal: minimize }
  task a { port: 1 }
  task b { port: 3, slow: true }
}
type Model = { scale: float = 1.0, family: "x" | "y" { tail: float = 2.0 } }
model own = embedded(explore: 0.2)
agent guess(port: Port, model?: Model) -> Port {
  model: own
  prompt: "Near \${port}?"
}
tool measure(port: Port) -> float = exec("./measure", "fast") { timeout: 90s }
backend gpus = slurm(partition: "gpu")
recall few { top: 2, halflife: 20 evaluations, from: [patterns] }
pipeline p for s {
  limit: [$2 per cycle, 60 calls per 1m]
  for t in s.tasks {
    stage choice = guess(port: t.port) { recall: few }
    stage score = measure(port: choice)
    observe loss = score
    learn choice from loss
  }
  let chosen = best(choice[s.tasks.a]) ?? 1
  when chosen > 2 {
    stage again = measure(port: chosen)
    observe loss = again
    learn chosen from loss
  }
}
peer wild for p { guess.model: embedded(explore: 0.6) }
`;

const program = programOf(TEXT);
const file = program.files[0]!;
const symbol = (name: string) => program.globals.get(name)!;
const item = <Kind extends tree.Item["kind"]>(kind: Kind, name: string) =>
  file.items.find(
    (one): one is Extract<tree.Item, { kind: Kind }> => one.kind === kind && "name" in one && one.name?.text === name,
  )!;
const body = (): tree.PipelineDecl["body"] => item("pipeline", "p").body;

test("the program has no errors, and says what cannot run yet", () => {
  expect(program.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(program.unbuilt.map(({ what }) => what)).toEqual(["The backend `slurm` cannot run yet."]);
});

test("every use is recorded: references are found, the declaration among them", () => {
  const uses = program.referencesTo(symbol("Port")).map(({ start, end }) => TEXT.slice(start, end));
  expect(uses).toEqual(["Port", "Port", "Port", "Port"]);
  expect(symbol("Port").doc).toBe("Where it goes.");
});

test("fields, tasks and metrics are symbols too", () => {
  const loss = program.symbolOf((item("subnet", "s").members[0] as tree.MetricDecl).name)!;
  expect(loss.kind).toBe("metric");
  expect(loss.parent).toBe(symbol("s"));
  expect(program.referencesTo(loss).length).toBe(5);
});

test("a subnet's tasks are one record that all of them fit, and known beforehand", () => {
  const loop = body().items.find((one): one is tree.ForStatement => one.kind === "for")!;
  expect(display(program.typeOfSymbol(program.symbolOf(loop.name)!)!)).toBe("s.Task");
  expect(program.typeOf(loop.iterated)).toMatchObject({ kind: "list", least: 2, most: 2 });
  expect(program.constant(loop.iterated)).toEqual([
    { name: "a", port: 1 },
    { name: "b", port: 3, slow: true },
  ]);
});

test("settings are read as what they are", () => {
  expect(program.settings(item("recall", "few").settings).map(({ name, value }) => [name, value])).toEqual([
    ["top", { kind: "constant", value: 2, type: expect.anything() }],
    ["halflife", { kind: "halflife", evaluations: 20 }],
    ["from", { kind: "words", words: ["patterns"] }],
  ]);
  expect(program.settings(body())[0]!.value).toEqual({
    kind: "limits",
    limits: [
      { amount: 2, of: "money", per: "cycle" },
      { amount: 60, of: "calls", per: 60 },
    ],
  });
  const [setting] = program.settings(item("peer", "wild").settings);
  expect(setting).toMatchObject({
    name: "model",
    owner: symbol("guess"),
    value: { kind: "provider", call: { provider: "embedded", options: { explore: 0.6 } } },
  });
});

test("providers and calls are bound", () => {
  expect(program.provider(item("tool", "measure").value)).toEqual({
    provider: "exec",
    texts: ["./measure", "fast"],
    options: {},
  });
  const loop = body().items.find((one): one is tree.ForStatement => one.kind === "for")!;
  const stage = loop.body.items[0] as tree.StageStatement;
  const bound = program.boundCall(stage.alternatives[0] as tree.CallExpression)!;
  expect(bound.callable.symbol).toBe(symbol("guess"));
  expect(bound.arguments.map(({ name }) => name)).toEqual(["port"]);
});

test("a `let` from `best` is credited to the stage and item that it took", () => {
  const when = body().items.find((one): one is tree.WhenStatement => one.kind === "when")!;
  const learn = when.body.items.find((one): one is tree.LearnStatement => one.kind === "learn")!;
  const credit = program.credit(learn)!;
  expect(credit.stage.name).toBe("choice");
  expect(program.constant(credit.scope!)).toEqual({ name: "a", port: 1 });
});

test("names can be used where they are visible, the nearest first", () => {
  const at = (text: string) => program.visibleAt(file, TEXT.indexOf(text) + 1).map(({ name }) => name);
  expect(at("stage score").slice(0, 3)).toEqual(["t", "choice", "score"]);
  expect(at("port}?")[0]).toBe("port");
  expect(at("port}?")).not.toContain("choice");
  expect(at("model own")).toContain("Model");
});

test("every setting says what it does and how it is written", () => {
  for (const rows of Object.values(SETTINGS)) {
    for (const { name, doc, example } of rows) {
      expect(doc, name).toMatch(/\.$/);
      expect(example, name).toMatch(new RegExp(`^${name}: `));
    }
  }
});
