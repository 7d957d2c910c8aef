// biome-ignore-all lint/suspicious/noTemplateCurlyInString: holes of Gang
import { describe, expect, test } from "vitest";
import { contextAt } from "../../lsp/context.ts";
import { marked } from "./marks.ts";

function at(source: string): string {
  const { text, offsets } = marked(source);
  const { context, start } = contextAt(text, offsets[0]!);
  const typed = text.slice(start, offsets[0]!);
  const detail = { ...context, kind: undefined } as Record<string, unknown>;
  if (detail.present instanceof Set) detail.present = [...detail.present];
  if (typeof detail.callee === "number") detail.callee = text.slice(0, detail.callee as number).match(/[\w.]+$/)?.[0];
  if (typeof detail.end === "number") detail.end = text.slice(0, detail.end as number).match(/[\w.)\]]+$/)?.[0];
  if (typeof detail.type === "number") detail.type = text.slice(0, detail.type as number).match(/[\w.]+$/)?.[0];
  const shown = Object.entries(detail)
    .filter(([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key}=${value}`);
  return [context.kind, ...shown].join(" ") + (typed === "" ? "" : ` <${typed}>`);
}

describe("what could stand at the cursor", () => {
  test.each<[string, string, string]>([
    ["an empty file", "<|>", "declaration"],
    ["the beginning of a declaration", "gang 1\npip<|>", "declaration <pip>"],
    ["the name of a declaration", "agent f<|>", "nothing <f>"],
    ["the subnet of a pipeline", "pipeline p for <|>", "name of=subnet"],
    ["the pipeline of a peer", "peer p for re<|>", "name of=pipeline <re>"],
    ["the word between", "peer p <|>", "words words=for"],
    ["a provider", "model m = <|>", "name of=provider"],
    ["a type", "type T = <|>", "type"],
    ["the type of a field", "type T = { a: flo<|>", "type <flo>"],
    ["the name of a field", "type T = { a<|>", "nothing <a>"],
    ["the type of a parameter", "agent f(task: <|>", "type"],
    ["the result of an agent", "agent f(task: T) -> M<|>", "type <M>"],
    ["a setting", "agent f() -> M {\n  <|>\n}", "entry owner=agent"],
    ["a setting after others", "agent f() -> M {\n  model: s\n  tu<|>", "entry owner=agent present=model <tu>"],
    ["settings on one line", "recall r { top: 3, <|> }", "entry owner=recall present=top"],
    ["the value of a setting", "agent f() -> M {\n  model: <|>\n}", "setting owner=agent name=model"],
    ["a value in a list", "retry r {\n  ladder: [self, q<|>]\n}", "setting owner=retry name=ladder <q>"],
    ["a member of a subnet", "subnet s {\n  <|>\n}", "entry owner=subnet"],
    ["the type of a metric", "subnet s {\n  metric m: <|>\n}", "type"],
    ["the settings of a metric", "subnet s {\n  metric m: float { goal: <|> }\n}", "setting owner=metric name=goal"],
    ["a statement", "pipeline p {\n  every: 1h\n  st<|>\n}", "entry owner=pipeline present=every statements=true <st>"],
    ["a statement in a for", "pipeline p {\n  for t in l {\n    <|>\n  }\n}", "entry owner=for statements=true"],
    ["the name of a stage", "pipeline p {\n  stage <|>\n}", "nothing"],
    ["a call", "pipeline p {\n  stage a = <|>\n}", "expression"],
    ["an argument", "pipeline p {\n  stage a = f(<|>)\n}", "argument callee=f"],
    ["a second argument", "pipeline p {\n  stage a = f(x: 1, y<|>)\n}", "argument callee=f present=x <y>"],
    ["the value of an argument", "pipeline p {\n  stage a = f(x: <|>)\n}", "argument callee=f name=x present=x"],
    ["an unclosed call", "pipeline p {\n  stage a = m.f(x: 1,\n    <|>", "argument callee=m.f present=x"],
    ["the settings of a stage", "pipeline p {\n  stage a = f(x: 1) { <|> }\n}", "entry owner=stage"],
    [
      "after a second alternative",
      "pipeline p {\n  stage a = f(x: 1)\n      or g() { re<|> }\n}",
      "entry owner=stage <re>",
    ],
    ["a metric", "pipeline p {\n  observe <|>\n}", "name of=metric"],
    ["what is learned from", "pipeline p {\n  learn a from <|>\n}", "name of=metric"],
    ["a member", "pipeline p {\n  let a = plan.<|>\n}", "member end=plan"],
    ["a member half typed", "pipeline p {\n  let a = plan.fam<|>\n}", "member end=plan <fam>"],
    ["a member of a call", "pipeline p {\n  let a = best(plan).<|>\n}", "member end=plan)"],
    ["a member of a list's item", "pipeline p {\n  let a = m[k].<|>\n}", "member end=k]"],
    ["a record of a named type", "pipeline p {\n  let a = Model { <|>\n}", "field type=Model"],
    ["a second field", "pipeline p {\n  let a = Model { scale: 1.0, <|> }\n}", "field type=Model present=scale"],
    ["an import", 'import { a, <|> } from "./x.ts"', "import present=a"],
    ["a comment", "// what <|>", "nothing"],
    ["a text", 'agent f() -> M {\n  prompt: "How <|>"\n}', "nothing"],
    ["a hole", 'agent f() -> M {\n  prompt: """\n    How ${ta<|>', "expression <ta>"],
    ["a member in a hole", 'agent f() -> M {\n  prompt: """\n    How ${task.as<|>', "member end=task <as>"],
    ["a closed hole", 'agent f() -> M {\n  prompt: "How ${task.<|>} now"\n}', "member end=task"],
    ["a number", "recall r { top: 1<|> }", "nothing"],
    ["a route's target", "route {\n  <|>\n}", "expression"],
    ["a route's backend", "route {\n  f -> <|>\n}", "name of=backend"],
    ["a route's settings", "route {\n  f -> local { g<|> }\n}", "entry owner=route <g>"],
    ["a test's step", 'test "t" for p {\n  <|>\n}', "words words=given,run,expect"],
    [
      "after a declaration that was never closed",
      "agent f() -> M {\n  model: s\n\nrecall r {\n  <|>\n}",
      "entry owner=recall",
    ],
    ["a nested record", "model m = f() {\n  price: { <|> }\n}", "field"],
  ])("%s", (_name, source, expected) => {
    expect(at(source)).toBe(expected);
  });

  test("every prefix of a file has a context", () => {
    const source =
      'gang 1\nimport { a } from "./x.ts"\nagent f(t: s.T) -> M { model: m, prompt: "${t.a}" }\npipeline p for s {\n  for x in s.tasks max 3 {\n    stage a = f(x) or g(y: [1, 2]) { recall: r }\n  }\n}\n';
    for (let end = 0; end <= source.length; end++)
      expect(contextAt(source.slice(0, end), end).start).toBeLessThanOrEqual(end);
  });
});
