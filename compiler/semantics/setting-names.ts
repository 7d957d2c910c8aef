/** The declaration that a setting names. */
import type * as tree from "../syntax/tree.ts";
import type { Unit } from "./facts.ts";
import { kinds } from "./naming.ts";
import type { Symbol } from "./program.ts";
import { servedTool } from "./servers.ts";
import { sayBadValue } from "./setting-quantities.ts";
import type { SettingDefinition } from "./settings.ts";

/** The declaration that `x`, or `market.quote`, names. */
export function named(
  unit: Unit,
  node: tree.Expression,
  definition: SettingDefinition,
  wanted: readonly Symbol["kind"][],
  among?: ReadonlyMap<string, Symbol>,
): Symbol | undefined {
  if (node.kind === "member" && node.of.kind === "name-expression" && wanted.includes("tool"))
    return toolOf(unit, node.of.name, node.name);
  if (node.kind === "missing") return undefined;
  if (node.kind !== "name-expression") return sayBadValue(unit, definition, node);
  const { name } = node;
  if (name.text === "" || unit.broken.has(name.text)) return undefined;
  const symbol = among?.get(name.text) ?? unit.find(name.text);
  if (symbol === undefined) {
    const known = among?.keys() ?? unit.visibleNamesOf(...wanted);
    unit.sayUnknown(name, kinds(wanted).replace(/^an? /, ""), known);
    return undefined;
  }
  unit.bind(name, symbol);
  if (wanted.includes(symbol.kind)) return symbol;
  const labels = symbol.place === undefined ? [] : [{ ...symbol.place, message: "declared here" }];
  unit.sayWrongKind(name, symbol, kinds(wanted), { labels });
  return undefined;
}

function toolOf(unit: Unit, namespace: tree.Name, name: tree.Name): Symbol | undefined {
  const symbol = unit.find(namespace.text);
  if (symbol === undefined) {
    unit.sayUnknown(namespace, "namespace of tools", []);
    return undefined;
  }
  unit.bind(namespace, symbol);
  if (symbol.kind === "tools") return servedTool(unit, symbol, name);
  unit.sayWrongKind(namespace, symbol, "a namespace of tools");
  return undefined;
}
