import { describe, expect, test } from "vitest";
import { typeWriter } from "../../../compiler/lowering/typescript.ts";
import type { Field, Type } from "../../../runtime/types.ts";

const text = (type: Type, declared: { readonly [name: string]: Type } = {}) => typeWriter(declared).expression(type);
const record = (...fields: Field[]): Type => ({ kind: "record", fields });

describe("a type of Gang in TypeScript", () => {
  test.each<[string, Type, string]>([
    ["a duration", { kind: "duration" }, "Duration"],
    ["a range", { kind: "int", low: 1, high: 5 }, "number"],
    ["a literal number", { kind: "float", low: 0.5, high: 0.5 }, "0.5"],
    [
      "a choice",
      {
        kind: "choice",
        arms: [
          { value: "a", fields: [] },
          { value: 'say "b"', fields: [] },
        ],
      },
      '"a" | "say \\"b\\""',
    ],
    [
      "a list of optional",
      { kind: "list", of: { kind: "optional", of: { kind: "int" } } },
      "readonly (number | undefined)[]",
    ],
    ["a map", { kind: "map", of: { kind: "time" } }, "{ readonly [name: string]: Date }"],
    ["an empty record", record(), "{}"],
    [
      "an optional field",
      record({ name: "a", type: { kind: "optional", of: { kind: "bool" } } }),
      "{ a?: boolean | undefined }",
    ],
    ["a field that is no identifier", record({ name: "a-b", type: { kind: "json" } }), '{ "a-b": any }'],
    [
      "a field that means something to JavaScript",
      record({ name: "__proto__", type: { kind: "file" } }),
      '{ ["__proto__"]: File }',
    ],
  ])("%s", (_, type, expected) => expect(text(type)).toBe(expected));

  test("an optional choice with fields may be left out, its fields with it", () => {
    const choice: Type = {
      kind: "choice",
      arms: [
        { value: "a", fields: [] },
        { value: "b", fields: [{ name: "n", type: { kind: "int" } }] },
      ],
    };
    expect(text(record({ name: "c", type: { kind: "optional", of: choice } }))).toBe(
      '(\n  | { c: "a" }\n  | { c: "b"; n: number }\n  | { c?: undefined }\n)',
    );
  });

  test("what TypeScript cannot say is a comment, which nothing in it can end", () => {
    const scale: Field = { name: "scale", type: { kind: "float", low: 0, high: 2 }, default: 1, doc: "ends */ here" };
    expect(text(record(scale))).toBe(
      "{\n  /**\n   * ends *\\/ here\n   * `float in 0.0..2.0; 1.0 unless given`\n   */\n  scale: number;\n}",
    );
  });

  test("declared types get names that are free, whatever they are called", () => {
    const none: Type = record();
    const writer = typeWriter({ "synth.Task": none, synthTask: none, Date: none, class: none, "Model 2": none });
    expect(writer.declarations().match(/type \S+/g)).toEqual([
      "type synthTask",
      "type synthTask_",
      "type Date_",
      "type class_",
      "type Model2",
    ]);
  });

  test("an optional type behind a name is optional where it stands", () => {
    const declared = { Maybe: { kind: "optional", of: { kind: "int" } } } as const;
    expect(text(record({ name: "x", type: { kind: "named", name: "Maybe" } }), declared)).toBe(
      "{ x?: Maybe | undefined }",
    );
  });
});
