/** Signatures: of agents and tools as they are declared, and of what is imported from TypeScript. */

import type { Field, Type } from "../../runtime/types.ts";
import * as calls from "../diagnostics/catalogue/calls.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import { refusalDiagnostic } from "../foreign/refusal.ts";
import { type FunctionSignature, type Imported, signaturesOf } from "../foreign/signatures.ts";
import type * as tree from "../syntax/tree.ts";
import { nextId } from "../table.ts";
import { isRequired } from "./calls.ts";
import { plainText } from "./constants.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, shown } from "./judging.ts";
import { beside, importName } from "./load.ts";
import type { Callable, Symbol } from "./program.ts";
import { fieldsOf, resolveType, type Secrets } from "./type-nodes.ts";
import { fits } from "./types/fit.ts";

/** One symbol for a function of a file, however many Gang files import it. */
type ForeignSymbols = Map<string, Symbol>;

/** Imports from TypeScript, read once a file for all names asked of it. Before types are resolved: they may be types. */
export function linkForeignImports(units: readonly Unit[]): void {
  const wanted = new Map<string, { unit: Unit; names: Set<string> }>();
  const want = (unit: Unit, path: string, name: string): void => {
    const known = wanted.get(path);
    if (known === undefined) wanted.set(path, { unit, names: new Set([name]) });
    else known.names.add(name);
  };
  for (const unit of units) for (const use of foreignNames(unit)) want(unit, use.path, use.name);
  const symbols: ForeignSymbols = new Map();
  const read = new Map(
    [...wanted].map(([path, { unit, names }]) => [
      path,
      signaturesOf(path, [...names], unit.facts.host, unit.file.path),
    ]),
  );
  for (const unit of units) {
    for (const item of unit.file.items) if (item.kind === "import") linkImport(unit, item, read, symbols);
  }
  for (const unit of units) unit.facts.foreign = read;
}

function* foreignNames(unit: Unit): Iterable<{ readonly path: string; readonly name: string }> {
  for (const item of unit.file.items) {
    if (item.kind === "import") {
      const path = foreignPath(unit, item.from);
      if (path !== undefined) for (const { name } of item.names) if (name.text !== "") yield { path, name: name.text };
    }
    if (item.kind === "tool") {
      const source = typescriptOf(unit, item);
      if (source !== undefined) yield source;
    }
  }
}

function foreignPath(unit: Unit, from: tree.Expression | undefined): string | undefined {
  const text = plainText(from);
  return text === undefined || text === "" || text.endsWith(".gang") ? undefined : beside(unit.file.path, text);
}

/** The file and function of `typescript("./x.ts", "f")`. */
function typescriptOf(unit: Unit, node: tree.ToolDecl): { readonly path: string; readonly name: string } | undefined {
  const { value } = node;
  if (value.kind !== "call" || value.callee.kind !== "name-expression" || value.callee.name.text !== "typescript")
    return undefined;
  const path = foreignPath(unit, value.arguments[0]?.value);
  const name = plainText(value.arguments[1]?.value);
  return path === undefined || name === undefined || name === "" ? undefined : { path, name };
}

function linkImport(
  unit: Unit,
  item: tree.ImportDecl,
  read: ReadonlyMap<string, ReadonlyMap<string, Imported>>,
  symbols: ForeignSymbols,
): void {
  const path = foreignPath(unit, item.from);
  if (path === undefined) return;
  let said = false;
  for (const { name, alias } of item.names) {
    if (name.text === "") continue;
    const local = alias ?? name;
    const imported = read.get(path)?.get(name.text);
    if (imported === undefined) continue;
    if (!imported.ok) {
      unit.broken.add(local.text);
      // A file that is not there is one problem, however many names were asked of it.
      const whole = OF_THE_FILE.has(imported.refusal.kind);
      if (whole && said) continue;
      said ||= whole;
      unit.facts.diagnostics.push(
        refusalDiagnostic(
          { ...imported.refusal, written: plainText(item.from) },
          unit.place(whole ? (item.from ?? name) : name),
        ),
      );
      continue;
    }
    for (const hint of imported.signature.hints) unit.facts.diagnostics.push(refusalDiagnostic(hint, unit.place(name)));
    const key = `${path}\0${name.text}`;
    const symbol = symbols.get(key) ?? foreignSymbol(unit, path, name.text, imported.signature);
    symbols.set(key, symbol);
    unit.bind(name, symbol);
    if (alias !== undefined) unit.bind(alias, symbol);
    importName(unit, local, symbol);
  }
}

function foreignSymbol(
  unit: Unit,
  path: string,
  name: string,
  signature: (Imported & { ok: true })["signature"],
): Symbol {
  const { facts } = unit;
  const symbol: Symbol = {
    id: nextId(),
    kind: signature.kind === "type" ? "type" : "tool",
    name,
    place: signature.place,
    node: undefined,
    file: undefined,
    doc: signature.doc,
  };
  if (signature.kind === "type") facts.typeOfSymbol.set(symbol, signature.type);
  else facts.callables.set(symbol, foreignCallable(symbol, path, name, signature));
  return symbol;
}

function foreignCallable(symbol: Symbol, path: string, name: string, signature: FunctionSignature): Callable {
  const { parameters, result, effect, nulls, forms } = signature;
  return { symbol, kind: "tool", parameters, result, effect, foreign: { file: path, export: name, nulls, forms } };
}

// Agents and tools of Gang -------------------------------------------------------------------------------------------------

/** After types are resolved. */
export function resolveCallables(unit: Unit): void {
  for (const node of unit.file.items) {
    const symbol = "name" in node ? unit.facts.symbols.get(node.name) : undefined;
    if (symbol === undefined) continue;
    if (node.kind === "agent") unit.facts.callables.set(symbol, agent(unit, node, symbol));
    if (node.kind === "tool") {
      const callable = tool(unit, node, symbol);
      if (callable !== undefined) unit.facts.callables.set(symbol, callable);
    }
  }
}

function agent(unit: Unit, node: tree.AgentDecl, symbol: Symbol): Callable {
  return {
    symbol,
    kind: "agent",
    parameters: parametersOf(unit, node.parameters, symbol, "an agent's parameter"),
    result: resultOf(unit, node.result),
    effect: false,
    foreign: undefined,
  };
}

function tool(unit: Unit, node: tree.ToolDecl, symbol: Symbol): Callable | undefined {
  const effect =
    node.settings?.entries.some(
      ({ path, value }) => path.names[0]?.text === "effect" && value.kind === "bool" && value.value,
    ) ?? false;
  const source = typescriptOf(unit, node);
  const foreign = source === undefined ? undefined : foreignOf(unit, node, symbol, source);
  if (source !== undefined && foreign === undefined) return undefined;
  if (node.parameters !== undefined) {
    const parameters = parametersOf(unit, node.parameters, symbol, "taken");
    const result = node.result === undefined ? undefined : resultOf(unit, node.result);
    if (foreign !== undefined) checkSignature(unit, node, { parameters, result }, foreign);
    return {
      symbol,
      kind: "tool",
      parameters,
      result,
      effect: effect || (foreign?.effect ?? false),
      foreign: foreign?.foreign,
    };
  }
  if (foreign !== undefined) return { ...foreign, effect: foreign.effect || effect };
  // One that names its file or function badly has been said.
  const { value } = node;
  const isForeign =
    value.kind === "call" && value.callee.kind === "name-expression" && value.callee.name.text === "typescript";
  if (value.kind === "call" && !isForeign) {
    unit.report(names.missingSetting, node.name, {
      owner: "A tool that is a program",
      name: "signature",
      example: `tool ${node.name.text}(a: string) -> float = …`,
    });
  }
  return undefined;
}

/** What is wrong with a file as a whole, whatever was asked of it. */
const OF_THE_FILE: ReadonlySet<string> = new Set(["missing", "outside", "unreadable", "broken"]);

function foreignOf(
  unit: Unit,
  node: tree.ToolDecl,
  symbol: Symbol,
  source: { readonly path: string; readonly name: string },
): Callable | undefined {
  const imported = unit.facts.foreign.get(source.path)?.get(source.name);
  if (imported === undefined) return undefined;
  if (!imported.ok) {
    const { refusal } = imported;
    const [file, name] = node.value.kind === "call" ? node.value.arguments : [];
    const named = OF_THE_FILE.has(refusal.kind) ? file : name;
    unit.facts.diagnostics.push(refusalDiagnostic(refusal, unit.place(named ?? node.value)));
    return undefined;
  }
  const { signature } = imported;
  if (signature.kind === "function") return foreignCallable(symbol, source.path, source.name, signature);
  unit.report(names.wrongKind, node.value, { name: source.name, actual: "a type", wanted: "a function" });
  return undefined;
}

/** A signature of the tool's own must be one that the function can be called with. */
function checkSignature(
  unit: Unit,
  node: tree.ToolDecl,
  own: Pick<Callable, "parameters" | "result">,
  theirs: Callable,
): void {
  const reason = unfitting(own, theirs);
  if (reason === undefined) return;
  const labels = theirs.symbol.place === undefined ? [] : [{ ...unit.place(node.value), message: "the function" }];
  unit.report(calls.signatureUnfit, node.name, { tool: node.name.text, reason }, { labels });
}

function unfitting(own: Pick<Callable, "parameters" | "result">, theirs: Callable): string | undefined {
  for (const parameter of own.parameters) {
    const there = theirs.parameters.find(({ name }) => name === parameter.name);
    if (there === undefined) return `it takes no \`${parameter.name}\``;
    if (fits(parameter.type, there.type).verdict === "never")
      return `its \`${parameter.name}\` is ${shown(there.type)}`;
  }
  const lacking = theirs.parameters.find(
    (there) => isRequired(there) && own.parameters.every(({ name }) => name !== there.name),
  );
  if (lacking !== undefined) return `it needs \`${lacking.name}\` too`;
  if (own.result === undefined || own.result === BROKEN) return undefined;
  if (theirs.result === undefined) return "it gives nothing";
  return fits(theirs.result, own.result).verdict === "never" ? `it gives ${shown(theirs.result)}` : undefined;
}

export function parametersOf(
  unit: Unit,
  nodes: readonly tree.Parameter[],
  owner: Symbol,
  secrets: Secrets,
): readonly Field[] {
  const fields = fieldsOf(unit, nodes, new Map(), secrets);
  const symbols = new Map<string, Symbol>();
  const byName = new Map(fields.map((field) => [field.name, field]));
  for (const node of nodes) {
    const field = byName.get(node.name.text);
    if (field === undefined) continue;
    if (unit.facts.fieldSymbols.get(field)?.node !== node) {
      const first = symbols.get(field.name);
      if (first !== undefined) unit.facts.ambiguous.add(first);
      continue;
    }
    const plain = unit.facts.fieldSymbols.get(field)!;
    const symbol: Symbol = { ...plain, id: nextId(), kind: "parameter", parent: owner };
    unit.facts.fieldSymbols.set(field, symbol);
    unit.facts.symbols.set(node.name, symbol);
    unit.facts.typeOfSymbol.set(symbol, readingType(field));
    symbols.set(field.name, symbol);
  }
  unit.facts.parameters.set(owner, symbols);
  return fields;
}

/** A default is there when reading. */
function readingType(field: Field): Type {
  return field.default !== undefined && field.type.kind === "optional" ? field.type.of : field.type;
}

function resultOf(unit: Unit, node: tree.TypeNode): Type {
  const type = resolveType(unit, node);
  if (type?.kind !== "secret") return type ?? BROKEN;
  unit.report(safety.secretInType, node, { where: "the result of a tool or an agent" });
  return BROKEN;
}
