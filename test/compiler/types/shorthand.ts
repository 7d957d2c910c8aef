/** Short ways to write types down. */
import type { Field, NumberType, Type } from "../../../runtime/types.ts";

export const int: Type = { kind: "int" };
export const float: Type = { kind: "float" };
export const string: Type = { kind: "string" };
export const bool: Type = { kind: "bool" };
export const json: Type = { kind: "json" };
export const duration: Type = { kind: "duration" };
export const size: Type = { kind: "size" };
export const time: Type = { kind: "time" };
export const secret: Type = { kind: "secret" };
export const none: Type = { kind: "none" };

export const within = (kind: NumberType["kind"], low: number, high: number): Type => ({ kind, low, high });
export const maybe = (of: Type): Type => ({ kind: "optional", of });
export const list = (of: Type, least?: number, most?: number): Type => ({
  kind: "list",
  of,
  ...(least === undefined ? {} : { least }),
  ...(most === undefined ? {} : { most }),
});
export const map = (of: Type): Type => ({ kind: "map", of });
export const record = (fields: { readonly [name: string]: Type | Omit<Field, "name"> }): Type => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, field]) =>
    "kind" in field ? { name, type: field } : { name, ...(field as Omit<Field, "name">) },
  ),
});
/** Arms by their value, each with its fields. */
export const choice = (arms: { readonly [value: string]: { readonly [name: string]: Type } }): Type => ({
  kind: "choice",
  arms: Object.entries(arms).map(([value, fields]) => ({
    value,
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  })),
});
export const oneOf = (...values: string[]): Type => choice(Object.fromEntries(values.map((value) => [value, {}])));

/** A record in which each level stands twice in the next: 2ⁿ paths through n types. */
export function doublings(levels: number, leaf: Type): Type {
  let type = leaf;
  for (let level = 0; level < levels; level++) type = record({ left: type, right: type });
  return type;
}

export function chain(length: number, leaf: Type): Type {
  let type = leaf;
  for (let level = 0; level < length; level++) type = record({ next: type });
  return type;
}
