/** What a test is given: values of the pipeline's names, answers of agents, results of tools. */
import { dirname } from "node:path";
import { evaluate } from "../execution/expression.ts";
import type { Answers } from "../models/scripted.ts";
import type { Expr, Field, Node, Plan, Test, Type } from "../plan.ts";
import type { Files } from "../tools/files.ts";
import type { Json } from "../types.ts";
import { validate } from "../values/validate.ts";
import { TestProblem } from "./problem.ts";
import { readFixture, readRecording, testFile } from "./recordings.ts";

export interface Givens {
  readonly values: ReadonlyMap<string, Json>;
  /** By agent; `file` where they stand in one. */
  readonly agents: ReadonlyMap<string, { readonly answers: Answers; readonly file: string | undefined }>;
  /** Results by tool. */
  readonly tools: ReadonlyMap<string, Json>;
  /** By agent, the file that is to be recorded: instead of `agents`. */
  readonly record: ReadonlyMap<string, { readonly path: string; readonly file: string }>;
}

/**
 * `plan` is linked. `fresh`: whether a recording is to be made anew. `keep` takes the files in a value, which are paths of
 * the project. Rejects with `TestProblem`.
 */
export async function givensOf(
  plan: Plan,
  test: Test,
  fresh: (path: string) => boolean,
  keep: Files["kept"],
): Promise<Givens> {
  const pipeline = plan.pipelines[test.pipeline]!;
  const types = new Map<string, Type>(pipeline.parameters.map(({ name, type }: Field) => [name, type]));
  typesIn(pipeline.body, types);
  const values = new Map<string, Json>();
  const agents = new Map<string, { readonly answers: Answers; readonly file: string | undefined }>();
  const tools = new Map<string, Json>();
  const record = new Map<string, { readonly path: string; readonly file: string }>();
  const folder = dirname(plan.source[test.at[0]]?.path ?? "");
  for (const { name, value } of test.given) {
    const file = fileOf(value, "recorded");
    const type = types.get(name);
    if (type !== undefined) values.set(name, await fitting(read(value), type, name));
    else if (Object.hasOwn(plan.tools, name))
      tools.set(name, await fitting(read(value), plan.tools[name]!.result, name));
    else if (!Object.hasOwn(plan.agents, name))
      throw new TestProblem(`There is nothing called ${name} that could be given.`, test.at);
    else if (file === undefined)
      agents.set(name, { answers: { always: await fitting(read(value), plan.agents[name]!.result, name) }, file });
    else {
      const path = testFile(plan.root, folder, file);
      if (fresh(path)) record.set(name, { path, file });
      else agents.set(name, { answers: readRecording(path, file), file });
    }
  }
  return { values, agents, tools, record };

  function read(value: Expr): Json {
    const file = fileOf(value, "fixture") ?? fileOf(value, "recorded");
    if (file !== undefined) return readFixture(testFile(plan.root, folder, file), file);
    return evaluate(value, { get: (name) => values.get(name) });
  }

  async function fitting(value: Json, type: Type, name: string): Promise<Json> {
    const checked = validate(value, type, name, { unknown: "drop", places: true });
    if (checked.ok) return keep(checked.value, type, name);
    throw new TestProblem(`What is given does not fit: ${checked.reasons.join("; ")}.`, test.at);
  }
}

function fileOf(value: Expr, which: "fixture" | "recorded"): string | undefined {
  if (value.op !== "call" || value.call.callee.name !== which) return undefined;
  const file = value.call.arguments[0]?.value;
  return file?.op === "literal" && typeof file.value === "string" ? file.value : undefined;
}

/** Of stages, `let`s and items. */
function typesIn(body: readonly Node[], types: Map<string, Type>): void {
  for (const node of body) {
    if (node.kind === "stage" || node.kind === "let") types.set(node.name, node.type);
    if (node.kind === "for") types.set(node.variable, node.type);
    if (node.kind === "for" || node.kind === "when") typesIn(node.body, types);
  }
}
