/** Random types for property tests, and short ways to write types down. */
import fc from "fast-check";
import { union } from "../../../compiler/semantics/types/make.ts";
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

const scalar: fc.Arbitrary<Type> = fc.oneof(
  fc.constantFrom<Type>(
    ...(
      ["bool", "int", "float", "string", "duration", "size", "money", "time", "file", "dir", "json", "none"] as const
    ).map((kind) => ({ kind })),
  ),
  fc.boolean().map((value): Type => ({ kind: "literal", value })),
  fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }).map((values) => oneOf(...values)),
  fc
    .tuple(fc.constantFrom("int", "float", "duration"), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 4 }))
    .map(([kind, low, width]) => within(kind, low, low + width)),
);

/** `optionals: false` leaves out optional fields and defaults, where width makes fitting intransitive. */
export function typeArbitrary(optionals = true): fc.Arbitrary<Type> {
  return fc.letrec<{ type: Type }>((tie) => {
    const type = tie("type");
    const fieldName = fc.constantFrom("x", "y", "z");
    const fieldType = optionals ? type : type.filter((inner) => inner.kind !== "optional" && inner.kind !== "none");
    const fields = fc.uniqueArray(fc.tuple(fieldName, fieldType), { maxLength: 3, selector: ([name]) => name });
    return {
      type: fc.oneof(
        { maxDepth: 3, depthSize: "small" },
        scalar,
        type.filter((of) => of.kind !== "none").map((of) => (of.kind === "optional" ? of : maybe(of))),
        fc
          .tuple(type, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }))
          .map(([of, least, more]) => list(of, least, least + more)),
        type.map((of) => list(of)),
        type.map(map),
        fields.map((all) => record(Object.fromEntries(all))),
        fc.tuple(fields, fields).map(([a, b]) =>
          record({
            family: {
              type: {
                kind: "choice",
                arms: [
                  { value: "a", fields: a.map(([name, of]) => ({ name, type: of })) },
                  { value: "b", fields: b.map(([name, of]) => ({ name, type: of })) },
                ],
              },
            },
          }),
        ),
        fc.array(type, { minLength: 2, maxLength: 3 }).map((members) => {
          const made = union(members);
          return made.ok ? made.type : members[0]!;
        }),
      ),
    };
  }).type;
}

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
