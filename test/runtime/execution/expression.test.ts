import { describe, expect, test } from "vitest";
import { evaluate } from "../../../runtime/execution/expression.ts";
import type { BinaryOp, Expr, Json } from "../../../runtime/plan.ts";
import { field, literal, name } from "./plans.ts";

const scope = new Map<string, Json>([
  ["plan", { x: 2, list: [1, 2] }],
  ["evals", { a: { wins: 1 }, b: { wins: 3 }, c: {} }],
  ["deep", { x: { a: { wins: 1 }, b: {} }, y: { c: { wins: 3 } }, z: {} }],
  ["tasks", [{ name: "lf", horizon: 60 }]],
]);
const value = (of: Expr): Json => evaluate(of, { get: (key) => scope.get(key) });
const binary = (left: Json, operator: BinaryOp, right: Json): Expr => ({
  op: "binary",
  operator,
  left: literal(left),
  right: literal(right),
});
const each = (of: string, key: string): Expr => ({ op: "field", of: name(of), name: key, each: 1 });
const aggregate = (which: "mean" | "sum" | "min" | "max" | "count", of: Expr): Expr => ({
  op: "aggregate",
  function: which,
  of,
});

describe("an expression gives", () => {
  test.each<[string, Expr, Json]>([
    ["a field", field(name("plan"), "x"), 2],
    ["the mark of a secret, never its value", { op: "secret", name: "hotkey" }, "<secret hotkey>"],
    ["none for a field of what is missing", field(name("nobody"), "x", "y"), null],
    ["a map of the fields of a fan-out", each("evals", "wins"), { a: 1, b: 3 }],
    [
      "a map of maps of the fields of a fan-out in a fan-out",
      { op: "field", of: name("deep"), name: "wins", each: 2 },
      { x: { a: 1 }, y: { c: 3 }, z: {} },
    ],
    ["an aggregate that passes over what is missing", aggregate("mean", each("evals", "wins")), 2],
    ["a count of nothing", aggregate("count", name("nobody")), 0],
    ["no mean of nothing", aggregate("mean", literal([])), null],
    [
      "an item of a map by a record's name",
      { op: "index", of: name("evals"), key: literal({ name: "b" }) },
      { wins: 3 },
    ],
    ["an item of a list by its name", field(name("tasks"), "lf", "horizon"), 60],
    ["the other side of ??", { op: "binary", operator: "??", left: name("nobody"), right: literal(1) }, 1],
    [
      "no look at what does not count",
      { op: "binary", operator: "and", left: literal(false), right: binary(1, "/", 0) },
      false,
    ],
    ["none for arithmetic with what is missing", binary(null, "+", 1), null],
    ["whether something is missing", binary(null, "==", null), true],
    ["equality of records, absent and null alike", binary({ a: 1, b: null }, "==", { a: 1 }), true],
    ["a duration between times", binary("2026-01-02T00:00:00Z", "-", "2026-01-01T00:00:00Z"), 86_400],
    ["a time after a duration", binary("2026-01-01T00:00:00Z", "+", 60), "2026-01-01T00:01:00.000Z"],
    ["an order of times", binary("2026-01-01T00:00:00Z", "<", "2026-01-01T00:00:00.001Z"), true],
    [
      "a text with holes",
      { op: "template", parts: ["x=", field(name("plan"), "x"), " of ", name("nobody")] },
      "x=2 of none",
    ],
  ])("%s", (_, expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });

  test.each<[Expr, string]>([
    [binary(1, "/", 0), "a division by zero"],
    [binary("a", "*", 2), '"a" * 2 has no meaning'],
    [binary(true, "<", 2), "true and 2 cannot be compared"],
    [field(literal(3), "x"), "3 has no field x"],
    [{ op: "unary", operator: "not", operand: literal(3) }, "not needs true or false, but has 3"],
    [aggregate("sum", literal(["a"])), 'sum needs numbers, but has "a"'],
  ])("a sentence where it cannot be computed: %o", (expression, message) => {
    expect(() => value(expression)).toThrow(message);
  });
});
