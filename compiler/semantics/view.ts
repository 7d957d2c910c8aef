/** The program as its readers see it. */
import type { Diagnostic, Place } from "../diagnostics/diagnostic.ts";
import type { Name, SourceFile } from "../syntax/tree.ts";
import { walk } from "../syntax/visit.ts";
import type { Table } from "../table.ts";
import { SELF } from "./builtins.ts";
import { constantOf } from "./constants.ts";
import type { Unit } from "./facts.ts";
import type { Loaded } from "./load.ts";
import type { Program, Symbol } from "./program.ts";
import { fileScope, visible } from "./scope.ts";
import { resolvedType } from "./type-nodes.ts";

export function asProgram({ facts, units }: Loaded, diagnostics: readonly Diagnostic[]): Program {
  const entry = units[0]!;
  const globals = new Map<Unit, ReadonlyMap<string, Symbol>>();
  const unitOf = new Map(units.map((unit) => [unit.file, unit]));
  const globalsOf = (unit: Unit): ReadonlyMap<string, Symbol> => {
    const known = globals.get(unit) ?? new Map([...unit.outer, ...unit.globals]);
    globals.set(unit, known);
    return known;
  };
  let references: Map<Symbol, Place[]> | undefined;
  return {
    files: units.map((unit) => unit.file),
    root: facts.root,
    diagnostics,
    unbuilt: facts.unbuilt,
    get globals() {
      return globalsOf(entry);
    },
    globalsOf: (file) => globalsOf(unitOf.get(file) ?? entry),
    symbolOf: (name) => facts.symbols.get(name),
    referencesTo(symbol) {
      references ??= collectReferences(facts.symbols, units);
      return references.get(symbol) ?? [];
    },
    typeOf: (node) => resolvedType(facts, node),
    typeOfSymbol: (symbol) => (symbol.kind === "secret" ? { kind: "secret" } : facts.typeOfSymbol.get(symbol)),
    callable: (symbol) => facts.callables.get(symbol),
    boundCall: (node) => facts.calls.get(node),
    recalled: (node) => facts.recalls.get(node),
    provider: (node) => facts.providers.get(node),
    settings: (owner) => facts.settings.get(owner) ?? [],
    constant: (node) => constantOf(facts, node),
    credit: (node) => facts.credits.get(node),
    visibleAt(file, offset) {
      const around = facts.scopes
        .filter((one) => one.file === file && one.span.start <= offset && offset <= one.span.end)
        .sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start));
      const unit = unitOf.get(file) ?? entry;
      return [...new Set([...visible(around[0]?.scope ?? fileScope(unit)).values(), SELF])];
    },
  };
}

/** Every name by what it means. Which file a name stands in is found by walking each file's tree no more than once. */
function collectReferences(symbols: Table<Name, Symbol>, units: readonly Unit[]): Map<Symbol, Place[]> {
  const found = new Map<Symbol, Place[]>();
  for (const unit of units) {
    forEachName(unit.file, (name) => {
      const symbol = symbols.get(name);
      if (symbol === undefined) return;
      const places = found.get(symbol) ?? [];
      places.push(unit.place(name));
      found.set(symbol, places);
    });
  }
  return found;
}

function forEachName(file: SourceFile, visit: (name: Name) => void): void {
  walk(file, (node) => {
    if (node.kind === "name") visit(node);
  });
}
