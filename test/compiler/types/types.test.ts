import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { display, displayDefinition, displayNumber } from "../../../compiler/semantics/types/display.ts";
import { join, listOf, literalOf, named, optional, range, union } from "../../../compiler/semantics/types/make.ts";
import { binary, field, index, unary } from "../../../compiler/semantics/types/operators.ts";
import { same } from "../../../compiler/semantics/types/same.ts";
import { heldFields, spaceProblem } from "../../../compiler/semantics/types/space.ts";
import type { BinaryOperator } from "../../../compiler/syntax/tree.ts";
import type { NumberKind, Type } from "../../../runtime/types.ts";
import { typeArbitrary } from "./arbitrary.ts";
import {
  bool,
  chain,
  choice,
  doublings,
  duration,
  float,
  int,
  json,
  list,
  map,
  maybe,
  none,
  oneOf,
  record,
  secret,
  size,
  string,
  time,
  within,
} from "./shorthand.ts";

const text = (judgement: { ok: true; type: Type } | { ok: false; reason: string }): string =>
  judgement.ok ? display(judgement.type) : `! ${judgement.reason}`;

describe("display", () => {
  test.each<[Type, string]>([
    [within("int", 1, 5), "int in 1..5"],
    [{ kind: "duration", low: 3600, high: 2_592_000, log: true }, "duration in 1h..30d log"],
    [{ kind: "float", low: 0.5, high: 2, step: 0.5 }, "float in 0.5..2.0 step 0.5"],
    [literalOf(2.5, "money"), "$2.50"],
    [oneOf("a", "b"), '"a" | "b"'],
    [maybe(oneOf("a", "b")), '("a" | "b")?'],
    [list(within("int", 1, 5), 1, 8), "(int in 1..5)[1..8]"],
    [list(named(record({ a: int }), "synth.Task")), "synth.Task[]"],
    [list(int, 3, 3), "int[3]"],
    [map(maybe(float)), "map<float?>"],
    [
      record({ a: int, b: maybe(string), c: { type: duration, default: 90 } }),
      "{ a: int, b?: string, c: duration = 90s }",
    ],
    [choice({ gbm: {}, garch: { tail: float } }), '"gbm" | "garch" { tail: float }'],
  ])("%j", (type, expected) => {
    expect(display(type)).toBe(expected);
  });

  test.each<[number, NumberKind, string]>([
    [5400, "duration", "90m"],
    [0.8, "duration", "800ms"],
    [1.5, "duration", "1.5s"],
    [0, "duration", "0s"],
    [604_800, "duration", "7d"],
    [16e9, "size", "16GB"],
    [8 * 2 ** 30, "size", "8GiB"],
    [1, "float", "1.0"],
    [-0.25, "float", "-0.25"],
    [1e21, "int", "1000000000000000000000"],
    [1e-7, "float", "0.0000001"],
    [0.001, "money", "$0.001"],
  ])("%d as %s is %s", (value, kind, expected) => {
    expect(displayNumber(value, kind)).toBe(expected);
  });

  test("long types are cut, whatever their size", () => {
    fc.assert(fc.property(typeArbitrary(), (type) => void expect(display(type).length).toBeLessThan(200)));
    for (const type of [
      doublings(30, int),
      chain(10_000, int),
      oneOf(...Array.from({ length: 1000 }, (_, i) => `v${i}`)),
    ]) {
      expect(display(type)).toContain("…");
      expect(display(type).length).toBeLessThan(200);
    }
  });

  test("a definition is shown under a name", () => {
    expect(displayDefinition(named(record({ a: int }), "Model"))).toBe("{ a: int }");
  });
});

describe("make", () => {
  test("T?? is T?", () => expect(optional(optional(int))).toEqual(maybe(int)));

  test.each<[string, Type[], string]>([
    ["duplicates", [int, int, string], "int | string"],
    ["wider scalars absorb", [int, float], "float"],
    ["string absorbs literals", [oneOf("a"), string], "string"],
    ["literals become one choice", [oneOf("a"), oneOf("b"), oneOf("a")], '"a" | "b"'],
    ["none is an optional", [int, none], "int?"],
    ["true and false are a bool", [literalOf(true), string, literalOf(false)], "string | bool"],
    [
      "a tag makes a choice",
      [record({ k: oneOf("a"), x: int, id: string }), record({ k: oneOf("b"), id: string })],
      '{ k: "a" { x: int } | "b", id: string }',
    ],
    ["numbers of an enum", [literalOf(1, "int"), literalOf(2, "int")], "1 | 2"],
    [
      "told apart by a bool",
      [record({ ok: literalOf(true), x: int }), record({ ok: literalOf(false), y: int })],
      "{ ok: true, x: int } | { ok: false, y: int }",
    ],
    [
      "records alike",
      [record({ a: int }), record({ b: int })],
      "! `{ a: int }` and `{ b: int }` cannot be told apart in JSON",
    ],
    ["a time is a string", [time, string], "! `time` and `string` cannot be told apart in JSON"],
    ["units are numbers", [float, duration], "! `float` and `duration` cannot be told apart in JSON"],
    ["a map is a record", [map(int), record({ a: int })], "! `map<int>` and `{ a: int }` cannot be told apart in JSON"],
    ["json takes all", [json, int], "json"],
    ["secrets stay alone", [secret, int], "! A secret cannot be part of a union"],
  ])("union: %s", (_name, types, expected) => expect(text(union(types))).toBe(expected));

  test("the order of a union's members does not change what it holds", () => {
    fc.assert(
      fc.property(fc.array(typeArbitrary(), { minLength: 2, maxLength: 4 }), (members) => {
        expect(union([...members].reverse()).ok).toBe(union(members).ok);
      }),
    );
  });

  const number = (value: number, kind: NumberKind = "float") => ({ value, kind });
  test.each<[string, ReturnType<typeof range>, string]>([
    ["plain", range(float, number(0.5), number(2, "int")), "float in 0.5..2.0"],
    ["wrong way round", range(int, number(5, "int"), number(1, "int")), "! The range 5..1 is the wrong way round"],
    ["one value", range(int, number(5, "int"), number(5, "int")), "! The range 5..5 holds one value only"],
    ["log from zero", range(float, number(0), number(1), true), "! A logarithmic range cannot begin at 0.0"],
    ["no unit", range(duration, number(1, "int"), number(5, "int")), "! 1 is not a duration"],
    ["of a string", range(string, number(1), number(5)), "! `string` has no ranges"],
    ["half an int", range(int, number(0.5), number(2)), "! 0.5 is not a whole number, and the range is of ints"],
    [
      "step too wide",
      range(int, number(0, "int"), number(2, "int"), false, number(5, "int")),
      "! A step of 5 does not fit into 0..2",
    ],
  ])("range: %s", (_name, made, expected) => expect(text(made)).toBe(expected));

  test("bounds of a list", () => {
    expect(text(listOf(int, 3, 1))).toBe("! The bounds 3..1 are the wrong way round");
    expect(text(listOf(int, 0.5))).toBe("! A list cannot have 0.5 items");
  });

  test("join widens scalars only", () => {
    expect(display(join(within("float", 0, 1), literalOf(3, "float"))!)).toBe("float in 0.0..3.0");
    expect(join(string, int)).toBeUndefined();
  });

  test("same looks at structure", () => {
    fc.assert(fc.property(typeArbitrary(), (type) => void expect(same(type, structuredClone(type))).toBe(true)));
    expect(same(doublings(30, int), doublings(30, int))).toBe(true);
    expect(same(chain(10_000, int), chain(10_000, float))).toBe(false);
  });
});

describe("operators", () => {
  test.each<[Type, BinaryOperator, Type, string]>([
    [duration, "+", duration, "duration"],
    [duration, "+", size, "! A duration and a size cannot be added"],
    [duration, "*", int, "duration"],
    [duration, "*", duration, "! Two of `duration` cannot be multiplied"],
    [duration, "/", duration, "float"],
    [size, "/", int, "size"],
    [time, "-", time, "duration"],
    [time, "+", time, "! Two times cannot be added"],
    [time, "-", duration, "time"],
    [int, "+", int, "int"],
    [int, "+", float, "float"],
    [int, "/", int, "float"],
    [int, "/", literalOf(0, "int"), "! This divides by zero"],
    [string, "+", string, "! Strings are not added"],
    [int, "<", float, "bool"],
    [duration, "<", int, "! A duration and an int cannot be compared"],
    [string, "<", string, "! `<` is for numbers and times, and this is `string`"],
    [maybe(int), "<", int, "! `<` needs a value, and this may be missing"],
    [maybe(int), "==", none, "bool"],
    [int, "==", none, "! `int` is never missing"],
    [oneOf("a", "b"), "==", oneOf("x"), '! `"a" | "b"` and `"x"` can never be equal'],
    [maybe(int), "??", literalOf(0, "int"), "int"],
    [maybe(within("float", 0, 1)), "??", literalOf(3, "float"), "float in 0.0..3.0"],
    [maybe(int), "??", string, "! `string` cannot stand in for `int`"],
    [maybe(int), "??", maybe(int), "int?"],
    [int, "??", int, "! What stands before `??` is never missing"],
    [bool, "and", literalOf(true), "bool"],
    [bool, "or", int, "! `or` is for bools, and this is `int`"],
    [secret, "==", secret, "! A secret has no operators"],
  ])("%j %s %j", (left, operator, right, expected) => expect(text(binary(operator, left, right))).toBe(expected));

  test("unary", () => {
    expect(text(unary("-", literalOf(5, "int")))).toBe("-5");
    expect(text(unary("not", int))).toBe("! `not` is for a bool, and this is `int`");
  });

  const model = record({
    scale: float,
    family: choice({ gbm: {}, garch: { tail: float, n: int }, wild: { n: float } }),
  });
  test.each<[string, Type, string, string]>([
    ["plain", model, "scale", "float"],
    ["of one arm", model, "tail", "float?"],
    ["of two arms", model, "n", "float?"],
    ["of all arms", record({ k: choice({ a: { x: int }, b: { x: string } }) }), "x", "int | string"],
    ["over an optional", maybe(model), "scale", "float?"],
    ["over a map", map(maybe(model)), "scale", "map<float?>"],
    ["with a default", record({ a: { type: maybe(int), default: 1 } }), "a", "int"],
    ["of json", json, "anything", "json?"],
    ["unknown", record({ a: int }), "b", "! `{ a: int }` has no field `b`"],
    ["of a list", list(model), "scale", "! A list has no field `scale`: its items have"],
    ["of a number", int, "scale", "! `int` has no fields"],
  ])("field %s", (_name, of, name, expected) => expect(text(field(of, name))).toBe(expected));

  test("an unknown field lists the known ones", () => {
    expect(field(model, "tial").known).toEqual(["scale", "family", "tail", "n"]);
  });

  test.each<[Type, Type, string]>([
    [map(int), string, "int?"],
    [map(int), int, "int?"],
    [map(int), float, "! A map is read by text or a whole number, and this is `float`"],
    [list(int), int, "int?"],
    [list(int, 2, 2), literalOf(1, "int"), "int"],
    [list(int, 2, 2), literalOf(2, "int"), "! The list has at most 2 items, counted from 0"],
    [maybe(map(int)), string, "int?"],
    [int, int, "! `int` has no items"],
  ])("%j[%j]", (of, key, expected) => expect(text(index(of, key))).toBe(expected));
});

describe("space", () => {
  test.each<[string, Type, string | undefined]>([
    ["a range", within("float", 0, 1), undefined],
    [
      "an unbounded number",
      record({ a: float }),
      "a: `float` has no bounds: give it a range, as in `float in 0.0..1.0`, or a default",
    ],
    ["held at its default", record({ a: { type: float, default: 1 } }), undefined],
    [
      "in an arm",
      record({ k: choice({ a: { x: string } }) }),
      'x: `string` cannot be searched: name the choices, as in `"a" | "b"`, or give it a default',
    ],
    ["a list without end", record({ xs: list(bool) }), "xs: `bool[]` has no greatest length: write `[1..8]`"],
    ["items", list(record({ t: time }), 1, 2), "[].t: `time` cannot be searched"],
    ["a coin", maybe(oneOf("a")), undefined],
  ])("%s", (_name, type, expected) => {
    const problem = spaceProblem(type);
    expect(problem && `${problem.path}: ${problem.reason}`).toBe(expected);
  });

  test("says what is held", () => {
    expect(
      heldFields(record({ a: { type: float, default: 1 }, b: bool, c: record({ d: { type: string, default: "" } }) })),
    ).toEqual(["a", "c.d"]);
  });

  test("deep and shared types", () => {
    expect(spaceProblem(doublings(30, bool))).toBeUndefined();
    expect(spaceProblem(chain(10_000, float))?.reason).toContain("no bounds");
  });
});
