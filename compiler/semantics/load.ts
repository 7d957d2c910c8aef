/** The files of a program: the entry, the Gang files that it imports, each once, and the prelude. */

import { PRELUDE, PRELUDE_PATH } from "../../stdlib/prelude.ts";
import * as tools from "../diagnostics/catalogue/tools.ts";
import { report } from "../diagnostics/diagnostic.ts";
import { type RefusalKind, refusalDiagnostic } from "../foreign/refusal.ts";
import type { FileRead, Host } from "../host.ts";
import { parse } from "../syntax/parse.ts";
import type * as tree from "../syntax/tree.ts";
import { BUILTINS } from "./builtins.ts";
import { plainText } from "./constants.ts";
import { collect } from "./declarations.ts";
import { Facts, Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";

export interface Loaded {
  readonly facts: Facts;
  /** The entry first, the prelude last. */
  readonly units: readonly Unit[];
}

let prelude: tree.SourceFile | undefined;

export function load(entry: string, host: Host): Loaded {
  const facts = new Facts(host, host.projectOf(entry));
  prelude ??= parse(PRELUDE_PATH, PRELUDE).file;
  const own = new Unit(prelude, facts, BUILTINS);
  collect(own);
  const outer: ReadonlyMap<string, Symbol> = new Map([...BUILTINS, ...own.globals]);

  const units = new Map<string, Unit>();
  const first = host.read(entry);
  if (!first.ok) facts.diagnostics.push(unreadable(entry, first));
  const open = [addFile(units, facts, outer, entry, first.ok ? first.text : "")];
  for (let unit = open.pop(); unit !== undefined; unit = open.pop()) {
    for (const item of unit.file.items) {
      if (item.kind !== "import") continue;
      const path = gangImport(unit, item);
      if (path === undefined || units.has(path)) continue;
      const read = importable(unit, path);
      if (!read.ok) sayUnreadable(unit, item, path, read);
      else open.push(addFile(units, facts, outer, path, read.text));
    }
  }
  for (const unit of units.values()) linkGangImports(unit, units);
  return { facts, units: [...units.values(), own] };
}

function addFile(
  units: Map<string, Unit>,
  facts: Facts,
  outer: ReadonlyMap<string, Symbol>,
  path: string,
  text: string,
): Unit {
  const parsed = parse(path, text);
  for (const diagnostic of parsed.diagnostics) facts.diagnostics.push(diagnostic);
  const unit = new Unit(parsed.file, facts, outer);
  units.set(path, unit);
  collect(unit);
  return unit;
}

// Paths -----------------------------------------------------------------------------------------------------------------

/** The absolute path of an imported Gang file; `undefined` for other imports. */
function gangImport(unit: Unit, item: tree.ImportDecl): string | undefined {
  const from = plainText(item.from);
  return from?.endsWith(".gang") ? beside(unit.file.path, from) : undefined;
}

/** A path relative to the folder of a file. Both kinds of slashes separate. */
export function beside(file: string, path: string): string {
  if (/^([A-Za-z]:|[/\\])/.test(path)) return path;
  const parts = file.split(/[/\\]/).slice(0, -1);
  for (const part of path.split(/[/\\]/)) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function importable(unit: Unit, path: string): FileRead | { readonly ok: false; readonly reason: "outside" } {
  const { host } = unit.facts;
  const root = host.realPath(host.projectOf(unit.file.path));
  const inside = root.endsWith("/") ? root : `${root}/`;
  return host.realPath(path).startsWith(inside) ? host.read(path) : { ok: false, reason: "outside" };
}

const REASONS = {
  missing: "",
  directory: "a folder",
  binary: "not text",
  "too-large": "larger than 4 MB",
  unreadable: "not readable here",
  outside: "",
} as const;

function sayUnreadable(
  unit: Unit,
  item: tree.ImportDecl,
  path: string,
  read: { readonly reason: keyof typeof REASONS },
): void {
  const kind: RefusalKind = read.reason === "missing" || read.reason === "outside" ? read.reason : "unreadable";
  unit.facts.diagnostics.push(
    refusalDiagnostic(
      { kind, name: "", file: path, detail: REASONS[read.reason], written: plainText(item.from) },
      unit.place(item.from ?? item),
    ),
  );
}

function unreadable(entry: string, read: { readonly reason: keyof typeof REASONS }): ReturnType<typeof report> {
  const definition = read.reason === "missing" ? tools.fileMissing : tools.fileUnreadable;
  return report(
    definition,
    { file: entry, start: 0, end: 0 },
    { name: "", file: entry, detail: REASONS[read.reason], suggestion: undefined },
  );
}

// Names of other Gang files ---------------------------------------------------------------------------------------------

function linkGangImports(unit: Unit, units: ReadonlyMap<string, Unit>): void {
  for (const item of unit.file.items) {
    if (item.kind !== "import") continue;
    const path = gangImport(unit, item);
    const target = path === undefined ? undefined : units.get(path);
    if (path === undefined) continue;
    for (const imported of item.names) {
      const local = imported.alias ?? imported.name;
      if (imported.name.text === "") continue;
      const symbol = target?.globals.get(imported.name.text);
      if (symbol !== undefined && symbol.file === target!.file) {
        unit.bind(imported.name, symbol);
        if (imported.alias !== undefined) unit.bind(imported.alias, symbol);
        importName(unit, local, symbol);
      } else if (target !== undefined) {
        const declared = [...target.globals.values()]
          .filter((candidate) => candidate.file === target.file)
          .map((candidate) => candidate.name);
        const suggestion = unit.facts.suggest(imported.name.text, declared);
        const detail = suggestion === undefined ? "It is not declared there." : `Did you mean \`${suggestion}\`?`;
        const refusal = { kind: "no-export" as const, name: imported.name.text, file: path, detail };
        unit.facts.diagnostics.push(
          refusalDiagnostic(suggestion === undefined ? refusal : { ...refusal, suggestion }, unit.place(imported.name)),
        );
        unit.broken.add(local.text);
      } else unit.broken.add(local.text);
    }
  }
}

/** Puts an imported name among the file's own. */
export function importName(unit: Unit, local: tree.Name, symbol: Symbol): void {
  const first = unit.globals.get(local.text);
  if (first === undefined) unit.globals.set(local.text, symbol);
  else if (first !== symbol) unit.sayDuplicate(local, symbol, first);
}
