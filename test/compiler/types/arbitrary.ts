/** Random types for property tests. */
import fc from "fast-check";
import { union } from "../../../compiler/semantics/types/make.ts";
import type { Type } from "../../../runtime/types.ts";
import { list, map, maybe, oneOf, record, within } from "./shorthand.ts";

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
