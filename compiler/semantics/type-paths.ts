/** What a path means where a type stands: `Model`, `synth.Task`. */
import type { Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import type * as tree from "../syntax/tree.ts";
import { BUILTIN_TYPES } from "./builtins.ts";
import type { Facts, Unit } from "./facts.ts";
import { describe } from "./naming.ts";
import type { Symbol } from "./program.ts";

/** `Model`, `synth.Task`. */
export function resolveTypePath(unit: Unit, path: tree.Path): Type | undefined {
  const [first, second] = path.names;
  if (first === undefined || first.text === "") return undefined;
  const builtin = unit.globals.has(first.text) ? undefined : BUILTIN_TYPES.get(first.text);
  if (builtin !== undefined && second === undefined) {
    unit.bind(first, builtin.symbol);
    return builtin.type;
  }
  const symbol = unit.find(first.text);
  if (symbol === undefined) {
    if (unit.broken.has(first.text)) return undefined;
    const suggestion = unit.facts.suggest(first.text, typeNames(unit));
    unit.report(names.unknownType, first, { name: first.text, suggestion }, unit.renaming(first, suggestion));
    return undefined;
  }
  unit.bind(first, symbol);
  if (second === undefined) {
    if (symbol.kind === "type") return unit.facts.typeOfSymbol.get(symbol);
    if (symbol.kind === "subnet") return subnetHasNoSuchType(unit, symbol, path);
    unit.sayWrongKind(first, symbol, "a type");
    return undefined;
  }
  if (symbol.kind !== "subnet" || path.names.length > 2) {
    unit.report(names.wrongKind, path, { name: first.text, actual: describe(symbol), wanted: "a type" });
    return undefined;
  }
  const member = second.text === "Task" ? unit.facts.members.get(symbol)?.get("Task") : undefined;
  if (member === undefined) {
    if (second.text !== "")
      unit.report(
        names.unknownType,
        path,
        { name: `${first.text}.${second.text}`, suggestion: `${first.text}.Task` },
        unit.renaming(second, "Task"),
      );
    return undefined;
  }
  unit.bind(second, member);
  return unit.facts.typeOfSymbol.get(member);
}

/** The type that a path was found to mean. */
export function typeOfPath(facts: Facts, path: tree.Path): Type | undefined {
  const symbol = facts.symbols.get(path.names.at(-1)!);
  if (symbol?.kind !== "type" && symbol?.kind !== "builtin") return undefined;
  return facts.typeOfSymbol.get(symbol) ?? BUILTIN_TYPES.get(symbol.name)?.type;
}

function subnetHasNoSuchType(unit: Unit, symbol: Symbol, path: tree.Path): undefined {
  unit.report(
    names.wrongKind,
    path,
    { name: symbol.name, actual: describe(symbol), wanted: "a type" },
    {
      help: `The type of its tasks is \`${symbol.name}.Task\`.`,
      fixes: [unit.replacement(`Replace with \`${symbol.name}.Task\``, path, `${symbol.name}.Task`)],
    },
  );
}

function* typeNames(unit: Unit): Iterable<string> {
  yield* unit.namesOf("type");
  yield* BUILTIN_TYPES.keys();
  for (const [name, symbol] of unit.outer) if (symbol.kind === "type") yield name;
}
