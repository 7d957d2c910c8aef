/** JSON Schema as types: what each form becomes, and what of a hostile one is refused. */
import { expect, test } from "vitest";
import { SchemaReader, SchemaRefused } from "../../../compiler/foreign/json-schema.ts";
import { display } from "../../../compiler/semantics/types/display.ts";
import type { Json } from "../../../runtime/types.ts";

function read(schema: Json): string {
  const reader = new SchemaReader(schema);
  try {
    const type = display(reader.type(schema, ""), 500);
    return [type, ...reader.notes.map(({ path, reason }) => `${path || "it"} ${reason}`)].join(" | ");
  } catch (error) {
    if (error instanceof SchemaRefused) return `refused: ${error.message}`;
    throw error;
  }
}

const record = (properties: Json, rest: { readonly [key: string]: Json } = {}): Json => ({
  type: "object",
  properties,
  ...rest,
});

test.each<[string, Json, string]>([
  ["a text", { type: "string", minLength: 3, pattern: "^a" }, "string"],
  ["a time", { type: "string", format: "date-time" }, "time"],
  ["a whole number within bounds", { type: "integer", minimum: 1, maximum: 5 }, "int in 1..5"],
  ["bounds that do not belong", { type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 6 }, "int in 1..5"],
  ["one bound alone", { type: "number", minimum: 0 }, "float"],
  ["a choice", { enum: ["a", "b"] }, '"a" | "b"'],
  ["a choice that may be missing", { enum: ["a", null] }, '"a"?'],
  ["a constant", { const: true }, "true"],
  ["nullable, as OpenAPI has it", { type: "string", nullable: true }, "string?"],
  ["several types", { type: ["string", "null"] }, "string?"],
  ["a list within bounds", { type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 3 }, "bool[1..3]"],
  ["a list of anything", { type: "array" }, "json[]"],
  ["a map", { type: "object", additionalProperties: { type: "number" } }, "map<float>"],
  ["an object of which nothing is said", { type: "object" }, "map<json>"],
  ["anything", {}, "json"],
  [
    "a record",
    record({ a: { type: "string" }, b: { type: "integer" } }, { required: ["a"] }),
    "{ a: string, b?: int }",
  ],
  ["a default", record({ a: { type: "integer", default: 3 } }), "{ a: int = 3 }"],
  [
    "a default that does not fit is the server's affair",
    record({ a: { type: "integer", default: "x" } }),
    "{ a?: int }",
  ],
  ["alternatives", { anyOf: [{ type: "string" }, { type: "number" }] }, "string | float"],
  [
    "alternatives with a field that tells them apart",
    {
      oneOf: [
        record({ kind: { const: "a" }, x: { type: "number" } }, { required: ["kind", "x"] }),
        record({ kind: { const: "b" } }, { required: ["kind"] }),
      ],
    },
    '{ kind: "a" { x: float } | "b" }',
  ],
  [
    "alternatives that nothing tells apart",
    record({ v: { oneOf: [record({ x: {} }), record({ y: {} })] } }),
    "{ v?: json } | v has alternatives that JSON cannot tell apart",
  ],
  [
    "a reference, its description beside it",
    record({ a: { $ref: "#/$defs/x", description: "…" } }, { $defs: { x: { type: "boolean" } }, required: ["a"] }),
    "{ a: bool }",
  ],
  [
    "a part that contains itself",
    { $ref: "#/$defs/n", $defs: { n: record({ next: { $ref: "#/$defs/n" }, v: { type: "number" } }) } },
    "{ next?: json, v?: float } | next contains itself",
  ],
  [
    "all of several records",
    { allOf: [record({ a: { type: "string" } }, { required: ["a"] }), record({ b: { type: "boolean" } })] },
    "{ a: string, b?: bool }",
  ],
  [
    "a place of its own for each item",
    { type: "array", prefixItems: [{}, {}] },
    "json | it is a list with a type for each place",
  ],
  [
    "another document",
    { $ref: "https://example.org/x.json" },
    "json | it is described by another document, or by nothing",
  ],
  ["a range of nothing", { type: "integer", minimum: 5, maximum: 1 }, "refused: has a range that holds no number"],
  ["a reference to nothing", { $ref: "#/$defs/gone" }, "refused: refers to `#/$defs/gone`, which is not there"],
  ["a reference to itself", { $ref: "#" }, "refused: has references that lead in a circle"],
  ["a name that objects inherit", { $ref: "#/constructor" }, "refused: refers to `#/constructor`, which is not there"],
  ["no schema at all", { type: "array", items: 7 }, "refused: has a part that is no schema"],
  [
    "a type that is none",
    record({ a: { type: "str" } }),
    "refused: has a `type` that JSON Schema does not know at `a`",
  ],
])("%s", (_, schema, expected) => {
  expect(read(schema)).toBe(expected);
});

test("a schema that doubles with every reference is refused, soon", () => {
  const $defs: { [name: string]: Json } = { d0: { type: "string" } };
  for (let n = 1; n <= 30; n++) {
    const $ref = `#/$defs/d${n - 1}`;
    $defs[`d${n}`] = record({ a: { $ref }, b: { $ref } });
  }
  const started = performance.now();
  expect(read({ $ref: "#/$defs/d30", $defs })).toBe("refused: unfolds to more than 4000 parts");
  expect(performance.now() - started).toBeLessThan(1000);
});

test("a schema nested without end is refused before the stack ends", () => {
  let schema: Json = { type: "string" };
  for (let depth = 0; depth < 5000; depth++) schema = { type: "array", items: schema };
  expect(read(schema)).toBe("refused: is nested more than 40 deep");
});
