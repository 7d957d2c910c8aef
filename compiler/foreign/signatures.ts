/**
 * What a Gang file imports from a TypeScript file, with its type. Read by syntax where that is enough, which takes a
 * fraction of a millisecond; else by TypeScript's checker. The file is read, never run.
 */

import { relative } from "node:path";
import type { Field, Type } from "../../runtime/types.ts";
import { listed } from "../diagnostics/catalogue/wording.ts";
import type { Place } from "../diagnostics/diagnostic.ts";
import { nearest } from "../diagnostics/suggestion.ts";
import type { Host } from "../host.ts";
import { checkedSignatures } from "./checked.ts";
import { docBefore } from "./docs.ts";
import { readFunction } from "./functions.ts";
import type { Forms } from "./meaning.ts";
import { type Module, moduleAt, placeIn } from "./module.ts";
import { type Refusal, Refused, Unsettled } from "./refusal.ts";
import { exportedNames, resolveExport } from "./resolve.ts";
import { TypeReader } from "./syntax-types.ts";

export type Signature = FunctionSignature | TypeSignature;

interface Described {
  readonly doc: string | undefined;
  /** The declared name, in the file that declares it. */
  readonly place: Place;
  /** What to say of it that is no error: where a type contains itself. */
  readonly hints: readonly Refusal[];
}

export interface FunctionSignature extends Described {
  readonly kind: "function";
  /** The fields of the one object that it takes. */
  readonly parameters: readonly Field[];
  /** Without `Promise`; absent for `void`. */
  readonly result: Type | undefined;
  readonly effect: boolean;
  /** Parameters that take `null` for what is missing, and not `undefined`. */
  readonly nulls: readonly string[];
  /** Parameters that it takes otherwise than JSON has them. */
  readonly forms: Forms;
}

export interface TypeSignature extends Described {
  readonly kind: "type";
  readonly type: Type;
}

export type Imported =
  | { readonly ok: true; readonly signature: Signature }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Each of `names` as `file` exports it. Paths are absolute; `importer` is the Gang file, whose project must hold
 * `file`. Never throws.
 */
export function signaturesOf(
  file: string,
  names: readonly string[],
  host: Host,
  importer: string = file,
): ReadonlyMap<string, Imported> {
  const refuseAll = (refusal: Omit<Refusal, "name" | "file">): ReadonlyMap<string, Imported> =>
    new Map(names.map((name) => [name, { ok: false, refusal: { ...refusal, name, file } }]));
  if (leavesProject(file, importer, host)) return refuseAll({ kind: "outside", detail: "" });
  let module: Module | undefined;
  try {
    module = moduleAt(file, host);
  } catch (error) {
    if (error instanceof Refused) return refuseAll(error.refusal);
    throw error;
  }
  if (module === undefined) return refuseAll({ kind: "missing", detail: "" });

  const all = new Map<string, Imported>();
  const unsettled: string[] = [];
  for (const name of names) {
    const imported = bySyntax(module, name, host);
    if (imported === undefined) unsettled.push(name);
    else all.set(name, imported);
  }
  if (unsettled.length > 0)
    for (const [name, imported] of checkedSignatures(module, unsettled, host)) all.set(name, imported);
  return all;
}

function leavesProject(file: string, importer: string, host: Host): boolean {
  const way = relative(host.realPath(host.projectOf(importer)), host.realPath(file));
  return way === ".." || /^\.\.[/\\]/.test(way) || /^([A-Za-z]:|\/)/.test(way);
}

/** The signature, or nothing where syntax does not suffice. */
function bySyntax(module: Module, name: string, host: Host): Imported | undefined {
  try {
    return { ok: true, signature: read(module, name, host) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: { ...error.refusal, name, file: module.path } };
    if (error instanceof Unsettled) return undefined;
    throw error;
  }
}

function read(module: Module, name: string, host: Host): Signature {
  const target = resolveExport(module, name, host);
  if (target === undefined) throw unknownExport(module, name, host);
  if (target.kind === "module") throw new Refused("value", "a module");
  if (target.kind !== "local") throw new Unsettled();
  const reader = new TypeReader(host);
  const hints = (): readonly Refusal[] =>
    reader.recursive.map((detail) => ({ kind: "recursive", name, file: module.path, detail }));
  const value = target.module.values.get(target.name);
  if (value !== undefined) {
    const doc = docBefore(target.module, value.statement);
    const meaning = readFunction(name, value, target.module, doc, reader);
    const place = placeIn(target.module, value.node);
    return { kind: "function", ...meaning, doc: doc.text === "" ? undefined : doc.text, place, hints: hints() };
  }
  const declarations = target.module.types.get(target.name);
  const first = declarations?.[0];
  if (declarations === undefined || first === undefined) throw new Unsettled();
  const type = reader.declared(target.name, declarations, target.module, []);
  const doc = type.kind === "record" ? type.doc : undefined;
  return { kind: "type", type, doc, place: placeIn(target.module, first.id ?? first), hints: hints() };
}

function unknownExport(module: Module, name: string, host: Host): Refused {
  if (module.exports.has("default")) {
    const link = module.exports.get("default")!;
    if (link.name === name || module.exports.size === 1) return new Refused("default", "");
  }
  const names = exportedNames(module, host);
  const exported = names.slice(0, 8);
  const more = names.length > exported.length ? `, and ${names.length - exported.length} more` : "";
  const declared = module.types.has(name) || module.values.has(name);
  const refused = new Refused(
    "no-export",
    declared
      ? `It is declared there: write \`export\` before it.`
      : names.length === 0
        ? "It exports nothing."
        : `It exports ${listed(exported)}${more}.`,
  );
  const suggestion = declared ? undefined : nearest(name, names);
  return suggestion === undefined ? refused : Object.assign(refused, { refusal: { ...refused.refusal, suggestion } });
}
