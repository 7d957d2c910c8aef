/** A symbol in one line of Gang, as a hover and a completion show it. */
import type { Callable, Program, Symbol } from "../compiler/semantics/program.ts";
import { display, displayDefinition } from "../compiler/semantics/types/display.ts";
import type { Field } from "../runtime/types.ts";

/** `stage plan: Model`, `tool fetchPrices(asset: string) -> Prices`. */
export function describe(program: Program, symbol: Symbol): string {
  const callable = program.callable(symbol);
  if (callable !== undefined) return signature(callable);
  const type = program.typeOfSymbol(symbol);
  switch (symbol.kind) {
    case "type":
      return type === undefined ? `type ${symbol.name}` : `type ${symbol.name} = ${displayDefinition(type)}`;
    case "item":
      return typed(`for ${symbol.name}`, type && display(type));
    case "builtin":
      return symbol.name;
    case "parameter":
    case "field":
      return typed(symbol.name, type && display(type));
    default:
      return typed(`${symbol.kind} ${symbol.name}`, type && display(type));
  }
}

function typed(head: string, type: string | undefined): string {
  return type === undefined ? head : `${head}: ${type}`;
}

export function signature(callable: Callable): string {
  const parameters = callable.parameters.map(parameter).join(", ");
  const result = callable.result === undefined ? "" : ` -> ${display(callable.result)}`;
  const effect = callable.effect ? " // effect" : "";
  return `${callable.kind} ${callable.symbol.name}(${parameters})${result}${effect}`;
}

export function parameter(field: Field): string {
  if (field.type.kind === "optional" && field.default === undefined)
    return `${field.name}?: ${display(field.type.of, 40)}`;
  return `${field.name}: ${display(field.type, 40)}${field.default === undefined ? "" : ` = ${JSON.stringify(field.default)}`}`;
}
