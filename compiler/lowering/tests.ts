/** The `test` blocks of the entry. */
import type { Expr, Test } from "../../runtime/plan.ts";
import type { Program } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import { builtinCall } from "./calls.ts";
import type { Context } from "./context.ts";

export function lowerTests(program: Program, context: Context): Test[] {
  const file = program.files[0]!;
  return file.items.flatMap((item) => (item.kind === "test" ? [lowerTest(context, item, file)] : []));
}

function lowerTest(context: Context, { title, pipeline, steps }: tree.TestDecl, file: tree.SourceFile): Test {
  return {
    title: title.parts.map((part) => (part.kind === "text" ? part.value : "")).join(""),
    pipeline: pipeline?.text ?? "",
    given: steps.flatMap((step) =>
      step.kind === "given" ? [{ name: nameOf(context, step.name), value: givenValue(context, step.value, file) }] : [],
    ),
    run: steps.flatMap((step) => (step.kind === "run" ? [step.target.names.map(({ text }) => text).join(".")] : [])),
    expect: steps.flatMap((step) =>
      step.kind === "expect"
        ? [{ condition: context.expression(step.condition, file), at: context.at(file, step.condition) }]
        : [],
    ),
    at: context.at(file, title),
  };
}

/** Agents and tools are known by what they are called in the plan, which an import may have changed. */
function nameOf({ program, declared }: Context, name: tree.Name): string {
  const symbol = program.symbolOf(name);
  return symbol?.kind === "agent" || symbol?.kind === "tool" ? declared(symbol) : name.text;
}

/** `fixture("a.json")` and `recorded("a.json")` are calls of what comes with the box; anything else is a value. */
function givenValue(context: Context, node: tree.Expression, file: tree.SourceFile): Expr {
  const built = node.kind === "call" ? builtinCall(context.program, node, undefined, "file") : undefined;
  if (built === undefined) return context.expression(node, file);
  return { op: "call", call: context.call(built, node, file) };
}
