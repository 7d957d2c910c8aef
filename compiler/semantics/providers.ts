/** The calls behind `model x =`, `tool f =`, `tools m =`, `backend b =`: texts in order, options by name. */
import type { Json } from "../../runtime/types.ts";
import * as calls from "../diagnostics/catalogue/calls.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import { PROVIDER_SYMBOLS, PROVIDERS, type Provider, type ProviderOf } from "./builtins.ts";
import { constantOf, plainText } from "./constants.ts";
import { check } from "./expressions.ts";
import type { Unit } from "./facts.ts";
import type { ProviderCall } from "./program.ts";
import { fileScope } from "./scope.ts";
import { sayUnbuiltProvider } from "./unbuilt.ts";

const WANTED: { readonly [Of in ProviderOf]: string } = {
  model: "a provider of models",
  tool: "a way to run a tool",
  tools: "an MCP server",
  backend: "a kind of backend",
};

export function readProvider(unit: Unit, node: tree.Expression, of: ProviderOf): ProviderCall | undefined {
  if (node.kind === "missing") return undefined;
  const examples = [...PROVIDERS.values()].filter((provider) => provider.of === of).map(({ example }) => example);
  if (node.kind !== "call" || node.callee.kind !== "name-expression") {
    unit.report(types.badSettingValue, node, {
      setting: "=",
      wanted: `a call of ${WANTED[of]}`,
      example: examples[0]!,
    });
    return undefined;
  }
  const { name } = node.callee;
  const provider = PROVIDERS.get(name.text);
  if (provider?.of !== of) {
    if (name.text === "") return undefined;
    if (provider !== undefined)
      unit.report(names.wrongKind, name, { name: name.text, actual: WANTED[provider.of], wanted: WANTED[of] });
    else {
      const known = [...PROVIDERS].filter(([, candidate]) => candidate.of === of).map(([candidate]) => candidate);
      const suggestion = unit.facts.suggest(name.text, known);
      const help =
        suggestion === undefined ? { help: `There are ${known.map((one) => `\`${one}\``).join(", ")}.` } : {};
      unit.report(
        names.unknownName,
        name,
        { name: name.text, what: WANTED[of].replace(/^an? /, ""), suggestion },
        { ...unit.renaming(name, suggestion), ...help },
      );
    }
    return undefined;
  }
  unit.bind(name, PROVIDER_SYMBOLS.get(name.text)!);
  sayUnbuiltProvider(unit, name.text, node);
  const call = readArguments(unit, node, name.text, provider);
  unit.facts.providers.set(node, call);
  return call;
}

function readArguments(unit: Unit, node: tree.CallExpression, name: string, provider: Provider): ProviderCall {
  const texts: string[] = [];
  const options: { [name: string]: Json } = {};
  for (const argument of node.arguments) {
    if (argument.name === undefined) {
      const text = plainText(argument.value);
      if (text !== undefined && (texts.length < provider.texts.length || provider.more)) texts.push(text);
      else if (argument.value.kind !== "missing") sayBad(unit, argument, name, provider);
      continue;
    }
    if (argument.name.text === "") continue;
    const option = provider.options.find((candidate) => candidate.name === argument.name!.text);
    if (option === undefined) {
      const known = provider.options.map((candidate) => candidate.name);
      const suggestion = unit.facts.suggest(argument.name.text, known);
      unit.report(
        calls.unknownArgument,
        argument.name,
        { callee: name, name: argument.name.text, suggestion, parameters: known },
        { ...unit.renaming(argument.name, suggestion), ...(suggestion === undefined ? elsewhere(provider, name) : {}) },
      );
      continue;
    }
    if (!check({ scope: fileScope(unit), calls: "none" }, argument.value, option.type, `\`${option.name}\``)) continue;
    const value = constantOf(unit.facts, argument.value);
    if (value !== undefined) options[option.name] = value;
  }
  const lacking = provider.texts.slice(texts.length);
  if (
    lacking.length > 0 &&
    !node.arguments.some((argument) => argument.name === undefined && plainText(argument.value) === undefined)
  ) {
    unit.report(
      calls.missingArguments,
      node.callee,
      { callee: name, missing: lacking.map((text) => ({ name: text, type: "a text" })) },
      { help: `For example \`${provider.example}\`.` },
    );
  }
  return { provider: name, texts, options };
}

/** Keys and addresses are another machine's business on another machine. */
function elsewhere({ of }: Provider, name: string): { help: string } | undefined {
  if (of !== "model" || name === "embedded") return undefined;
  return { help: "Keys and addresses belong to the machine: they stand under `models` in `gang.yaml`." };
}

function sayBad(unit: Unit, argument: tree.Argument, name: string, provider: Provider): void {
  unit.report(types.badSettingValue, argument, {
    setting: name,
    wanted: provider.texts.length === 0 ? "no texts" : "texts in quotes",
    example: provider.example,
  });
}
