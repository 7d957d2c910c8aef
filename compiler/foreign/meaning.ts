/** What TypeScript's own names mean in Gang: one table for the two readers. */
import type { Field, Type } from "../../runtime/types.ts";
import type { Place } from "../diagnostics/diagnostic.ts";
import { union } from "../semantics/types/make.ts";
import { Refused } from "./refusal.ts";

/** `ganglion/runtime`: the names that carry a Gang type through TypeScript. */
export const RUNTIME_MODULE = "ganglion/runtime";

export const RUNTIME_TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["Duration", { kind: "duration" }],
  ["Size", { kind: "size" }],
  ["Money", { kind: "money" }],
  ["File", { kind: "file" }],
  ["Dir", { kind: "dir" }],
  ["Secret", { kind: "secret" }],
  ["Json", { kind: "json" }],
]);

export const GLOBAL_TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["Date", { kind: "time" }],
  ["Uint8Array", { kind: "file" }],
  ["Buffer", { kind: "file" }],
  ["String", { kind: "string" }],
  ["Number", { kind: "float" }],
  ["Boolean", { kind: "bool" }],
  ["Object", { kind: "json" }],
]);

/** What a function takes otherwise than JSON has it. */
export type Form = "bytes" | "date" | "bigint";

/** Forms of parameters, by their names. */
export type Forms = { readonly [name: string]: Form };

/** By the name of a type of the library. */
export const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["Date", "date"],
  ["Uint8Array", "bytes"],
  ["Buffer", "bytes"],
]);

const ITERATED = "an iterator is read once, and a value many times; return an array";
/** Names that are known, and known to have no meaning, with what would be right. */
export const STRANGE_TYPES: ReadonlyMap<string, string> = new Map([
  ["Map", "a `Map` is not JSON; return `Record<string, T>`"],
  ["WeakMap", "a `WeakMap` is not JSON; return `Record<string, T>`"],
  ["ReadonlyMap", "a `Map` is not JSON; return `Record<string, T>`"],
  ["Set", "a `Set` is not JSON; return an array"],
  ["WeakSet", "a `Set` is not JSON; return an array"],
  ["ReadonlySet", "a `Set` is not JSON; return an array"],
  ["RegExp", "a `RegExp` is not JSON; return its source"],
  ["Error", "an `Error` is not JSON; throw it, or return its message"],
  ["URL", "a `URL` is not JSON; return a string"],
  ["Iterator", ITERATED],
  ["Iterable", ITERATED],
  ["Generator", ITERATED],
  ["AsyncIterator", ITERATED],
  ["AsyncIterable", ITERATED],
  ["AsyncGenerator", ITERATED],
  ["ArrayBuffer", "bytes are a `Uint8Array`"],
  ["ReadableStream", "a stream is read once; return a `Uint8Array`, or a file"],
  ...["Int8", "Int16", "Int32", "Uint16", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64", "Uint8Clamped"].map(
    (prefix): [string, string] => [`${prefix}Array`, `a \`${prefix}Array\` is not JSON; return \`Array.from(…)\``],
  ),
]);

/** A union, or why JSON could not tell its members apart. */
export function unite(types: readonly Type[], place: Place | undefined): Type {
  const made = union(types);
  if (made.ok) return made.type;
  throw new Refused(
    "strange",
    lowerFirst([made.reason, made.help?.replace(/\.$/, "")].filter(Boolean).join("; ")),
    place,
  );
}

/** A list with bounds, where all parts are alike. */
export function tupleOf(
  parts: readonly Type[],
  least: number,
  most: number | undefined,
  place: () => Place | undefined,
): Type {
  const first = parts[0];
  if (first === undefined) return { kind: "list", of: { kind: "json" }, least: 0, most: 0 };
  const of = parts.length === 1 ? first : unite(parts, place());
  if (of.kind === "union" && first.kind !== "union") {
    throw new Refused("strange", "a tuple of different types; return a record", place());
  }
  return { kind: "list", of, least, ...(most === undefined ? {} : { most }) };
}

/** The fields of several records in one; of two fields of one name, the later stands. */
export function combine(all: readonly (readonly Field[])[]): readonly Field[] {
  const fields = new Map<string, Field>();
  for (const part of all) for (const field of part) fields.set(field.name, field);
  return [...fields.values()];
}

/** What the runtime hands to a tool's second parameter. */
export const CONTEXT_NAMES: ReadonlySet<string> = new Set([
  ...["seed", "stage", "run", "log", "signal", "folder", "checkpoint"],
]);

function lowerFirst(text: string): string {
  return text.startsWith("`") ? text : text[0]!.toLowerCase() + text.slice(1);
}
