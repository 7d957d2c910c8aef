/** A call's arguments against the parameters: each once, by name, and of a type that fits. */
import type { Field, Type } from "../../runtime/types.ts";
import * as calls from "../diagnostics/catalogue/calls.ts";
import type { Fix, Place } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";
import type { Unit } from "./facts.ts";
import { inWords, sampleOf } from "./judging.ts";
import type { Callable, Symbol } from "./program.ts";
import { lookup } from "./scope.ts";
import { fits } from "./types/fit.ts";
import type { Env } from "./values.ts";

export type Check = (
  env: Env,
  node: tree.Expression,
  wanted: Type | undefined,
  what: string,
  declared?: tree.Span | Place,
) => boolean;

/** Binds the arguments and records the call; its result type, `undefined` where there is none or an error stands. */
export function bindCall(env: Env, node: tree.CallExpression, callee: Symbol, check: Check): Type | undefined {
  const { facts } = env.scope.unit;
  const callable = facts.callables.get(callee);
  if (callable === undefined) {
    for (const argument of node.arguments) check(env, argument.value, undefined, "");
    return undefined;
  }
  const bound = bindArguments(env, node, callable, check);
  sayMissing(env, node, callable, bound);
  facts.calls.set(node, {
    callable,
    arguments: callable.parameters.flatMap(({ name }) => {
      const value = bound.get(name);
      return value === undefined ? [] : [{ name, value }];
    }),
  });
  return callable.result;
}

/** The arguments by the parameter that each is for; wrong ones are said and left out. */
export function bindArguments(
  env: Env,
  node: tree.CallExpression,
  callable: Callable,
  check: Check,
): Map<string, tree.Expression> {
  const { unit } = env.scope;
  const parameters = new Map(callable.parameters.map((parameter) => [parameter.name, parameter]));
  const bound = new Map<string, tree.Expression>();
  const callee = callable.symbol.name;
  for (const argument of node.arguments) {
    const name = argument.name?.text ?? shortForm(argument.value);
    const parameter = name === undefined ? undefined : parameters.get(name);
    if (name === undefined && argument.value.kind === "missing") continue;
    if (parameter === undefined) {
      // What was written is read all the same: its own errors are its own.
      check(env, argument.value, undefined, "");
      unit.facts.unmatched.set(node, (unit.facts.unmatched.get(node) ?? 0) + 1);
      if (name !== "") sayExtra(unit, argument, callable, bound);
      continue;
    }
    if (bound.has(parameter.name)) {
      check(env, argument.value, undefined, "");
      unit.report(
        calls.duplicateArgument,
        argument,
        { name: parameter.name },
        {
          labels: [{ ...unit.place(bound.get(parameter.name)!), message: "the first one" }],
          fixes: [dropArgument(unit, node, argument)],
        },
      );
      continue;
    }
    bound.set(parameter.name, argument.value);
    const symbol = unit.facts.fieldSymbols.get(parameter);
    if (symbol !== undefined && argument.name !== undefined) unit.bind(argument.name, symbol);
    check(
      env,
      argument.value,
      parameter.type,
      `The argument \`${parameter.name}\` of \`${callee}\``,
      symbol?.place ?? callable.symbol.place,
    );
  }
  return bound;
}

function shortForm(value: tree.Expression): string | undefined {
  return value.kind === "name-expression" ? value.name.text : undefined;
}

function sayExtra(unit: Unit, argument: tree.Argument, callable: Callable, bound: ReadonlyMap<string, unknown>): void {
  const callee = callable.symbol.name;
  const free = callable.parameters.filter((parameter) => !bound.has(parameter.name)).map((parameter) => parameter.name);
  const labels = callable.symbol.place === undefined ? [] : [{ ...callable.symbol.place, message: "declared here" }];
  // It may be meant for a parameter whose name was left out.
  const { node } = callable.symbol as { node: Partial<tree.ToolDecl> | undefined };
  if (node?.parameters?.some(({ name }) => name.text === "")) return;
  if (argument.name !== undefined) {
    const suggestion = unit.facts.suggest(argument.name.text, free);
    const details = { labels, ...unit.renaming(argument.name, suggestion) };
    unit.report(
      calls.unknownArgument,
      argument.name,
      {
        callee,
        name: argument.name.text,
        suggestion,
        parameters: callable.parameters.map((parameter) => parameter.name),
      },
      details,
    );
    return;
  }
  const actual = unit.facts.types.get(argument.value);
  const fitting = callable.parameters.filter(
    (parameter) =>
      free.includes(parameter.name) && (actual === undefined || fits(actual, parameter.type).verdict !== "never"),
  );
  const fixes: Fix[] = fitting
    .slice(0, 3)
    .map(({ name }) =>
      unit.replacement(`Name it \`${name}\``, { start: argument.start, end: argument.start }, `${name}: `),
    );
  unit.report(calls.unnamedArgument, argument, { callee, parameters: free }, { labels, fixes });
}

function dropArgument(unit: Unit, node: tree.CallExpression, argument: tree.Argument): Fix {
  const at = node.arguments.indexOf(argument);
  const before = node.arguments[at - 1];
  return unit.replacement("Delete it", { start: before?.end ?? argument.start, end: argument.end }, "");
}

function sayMissing(
  env: Env,
  node: tree.CallExpression,
  callable: Callable,
  bound: ReadonlyMap<string, unknown>,
): void {
  const missing = callable.parameters.filter((parameter) => isRequired(parameter) && !bound.has(parameter.name));
  const { unit } = env.scope;
  // An argument without a parameter was probably meant for one of them, and has been said.
  if (missing.length <= (unit.facts.unmatched.get(node) ?? 0)) return;
  const labels = callable.symbol.place === undefined ? [] : [{ ...callable.symbol.place, message: "declared here" }];
  unit.report(
    calls.missingArguments,
    node.callee,
    { callee: callable.symbol.name, missing: missing.map(({ name, type }) => ({ name, type: inWords(type) })) },
    {
      labels,
      help: `Add ${missing.map(({ name }) => `\`${name}: …\``).join(", ")}.`,
      fixes: insertion(env, node, missing),
    },
  );
}

export function isRequired(parameter: Field): boolean {
  return parameter.default === undefined && parameter.type.kind !== "optional";
}

/** A name in scope that fits is given in short; else a value of the type stands in. */
function insertion(env: Env, node: tree.CallExpression, missing: readonly Field[]): Fix[] {
  const { unit } = env.scope;
  if (unit.file.text[node.end - 1] !== ")") return [];
  const texts = missing.map((parameter) => {
    const found = lookup(env.scope, parameter.name);
    const type =
      found === undefined || found.through.length > 0 ? undefined : unit.facts.typeOfSymbol.get(found.symbol);
    if (type !== undefined && fits(type, parameter.type).verdict !== "never") return parameter.name;
    const sample = sampleOf(parameter.type);
    return sample === undefined ? undefined : `${parameter.name}: ${sample}`;
  });
  if (texts.includes(undefined)) return [];
  const at = node.arguments.at(-1)?.end ?? node.end - 1;
  const joined = texts.join(", ");
  return [
    unit.replacement(`Add \`${joined}\``, { start: at, end: at }, node.arguments.length === 0 ? joined : `, ${joined}`),
  ];
}
