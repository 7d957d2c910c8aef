import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainText, fits } from "../../../compiler/semantics/types/fit.ts";
import { literalOf, union } from "../../../compiler/semantics/types/make.ts";
import type { Type } from "../../../runtime/types.ts";
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

const model = record({
  family: choice({ gbm: {}, garch: { tail: within("float", 2.1, 30) }, bootstrap: { block: duration } }),
});
const either = (...types: Type[]): Type => {
  const made = union(types);
  if (!made.ok) throw new Error(made.reason);
  return made.type;
};

const cases: readonly [string, Type, Type, "fits" | "may" | "never", string?][] = [
  ["int into float", int, float, "fits"],
  ["float into int", float, int, "may", "it may not be a whole number"],
  ["2.5 into int", literalOf(2.5, "float"), int, "never", "2.5 is not a whole number"],
  ["narrower range", within("int", 1, 5), within("int", 1, 10), "fits"],
  ["wider range", within("int", 1, 10), within("int", 1, 5), "may", "it may lie outside 1..5"],
  ["disjoint", literalOf(3, "float"), within("float", 0.5, 2), "never", "3.0 lies outside 0.5..2.0"],
  ["no whole number between", within("float", 1.2, 1.8), int, "never"],
  ["unbounded into a range", float, within("float", 0.5, 2), "may"],
  ["number without a unit", literalOf(30, "int"), duration, "never", "`30` has no unit, and `duration` needs one"],
  ["duration into size", duration, size, "never", "`duration` does not fit `size`"],
  ["string into time", string, time, "never"],
  ["literal into string", oneOf("a"), string, "fits"],
  ["string into choice", string, oneOf("a", "b"), "may"],
  ["choice into wider", oneOf("a"), oneOf("a", "b"), "fits"],
  ["choice into narrower", oneOf("a", "b"), oneOf("a"), "may", '"b" is none of `"a"`'],
  ["strange literal", oneOf("x"), oneOf("a", "b"), "never", '"x" is none of `"a" | "b"`'],
  ["bool into true", bool, literalOf(true), "may"],
  ["true into bool", literalOf(true), bool, "fits"],
  ["T into T?", int, maybe(int), "fits"],
  ["T? into T", maybe(int), int, "never", "it may be missing: say what stands in for it with `??`"],
  ["none into T?", none, maybe(int), "fits"],
  ["json into anything", json, record({ a: int }), "may"],
  ["anything into json", maybe(list(record({ a: time }))), json, "fits"],
  [
    "secret into json",
    record({ a: secret }),
    json,
    "never",
    'field "a": a secret fits only a parameter declared `secret`',
  ],
  ["secret into secret", secret, { kind: "secret" }, "fits"],
  ["secret into secret?", secret, maybe(secret), "fits"],
  ["secret into json?", secret, maybe(json), "never"],
  ["string into secret", string, secret, "never"],
  ["more fields", record({ a: int, b: int }), record({ a: int }), "fits"],
  ["a field too few", record({ a: int }), record({ a: int, b: int }), "never", 'field "b": it is missing'],
  ["left out with default", record({}), record({ b: { type: int, default: 3 } }), "fits"],
  ["optional into default", record({ b: maybe(int) }), record({ b: { type: int, default: 3 } }), "fits"],
  ["default into required", record({ b: { type: int, default: 3 } }), record({ b: int }), "fits"],
  [
    "depth",
    record({ a: record({ b: maybe(int) }) }),
    record({ a: record({ b: int }) }),
    "never",
    'field "a.b": it may be missing: say what stands in for it with `??`',
  ],
  ["list in bounds", list(int, 2, 3), list(float, 1, 8), "fits"],
  ["list beyond bounds", list(int), list(int, 1, 8), "may", "it may not have 1 to 8 items"],
  ["list too short", list(int, 0, 2), list(int, 3, 3), "never", "it has at most 2 items, not 3"],
  ["list of another", list(string), list(int), "never", 'field "[]": `string` does not fit `int`'],
  ["record into map", record({ a: int, b: maybe(int) }), map(float), "may"],
  [
    "record into map of another",
    record({ a: string }),
    map(float),
    "never",
    'field "a": `string` does not fit `float`',
  ],
  ["map into record", map(int), record({ a: int }), "may"],
  ["an arm, written out", record({ family: oneOf("garch"), tail: literalOf(3, "float") }), model, "fits"],
  ["an arm without its field", record({ family: oneOf("garch") }), model, "never", 'field "tail": it is missing'],
  ["an arm that brings nothing", record({ family: oneOf("gbm") }), model, "fits"],
  [
    "a field of another arm",
    record({ family: oneOf("bootstrap"), tail: float }),
    model,
    "never",
    'field "block": it is missing',
  ],
  ["some arms fit", model, record({ family: choice({ gbm: {}, garch: { tail: float } }) }), "may"],
  ["fields of all arms", record({ k: choice({ a: { x: int }, b: { x: float } }) }), record({ x: float }), "fits"],
  ["fields of some arms", model, record({ tail: float }), "may"],
  ["fields of some arms, optional", model, record({ tail: maybe(float) }), "fits"],
  [
    "a choice whose fields differ",
    model,
    record({ family: choice({ gbm: {}, garch: { tail: string }, bootstrap: { block: duration } }) }),
    "may",
  ],
  ["member of a union", int, either(int, string), "fits"],
  ["union into a member", either(int, string), int, "may"],
  ["union into neither", either(int, string), bool, "never"],
  ["numbers of an enum", literalOf(2, "int"), either(literalOf(1, "int"), literalOf(2, "int")), "fits"],
];

test.each(cases)("%s", (_name, from, to, verdict, why) => {
  const fit = fits(from, to);
  expect(fit.verdict).toBe(verdict);
  if (why !== undefined) expect(explainText(fit)).toBe(why);
  expect(fit.why === undefined).toBe(fit.verdict === "fits");
});

describe("laws", () => {
  test("every type fits itself", () => {
    fc.assert(
      fc.property(typeArbitrary(), (type) => {
        expect(fits(type, type).verdict).toBe("fits");
        expect(fits(type, structuredClone(type)).verdict).toBe("fits");
      }),
    );
  });

  test("what fits what fits, fits, as long as no field may be left out", () => {
    const type = typeArbitrary(false);
    fc.assert(
      fc.property(type, type, type, (a, b, c) => {
        if (fits(a, b).verdict === "fits" && fits(b, c).verdict === "fits") expect(fits(a, c).verdict).toBe("fits");
      }),
      { numRuns: 3_000 },
    );
  });

  test("a member fits the union it was put into", () => {
    fc.assert(
      fc.property(fc.array(typeArbitrary(), { minLength: 1, maxLength: 4 }), (members) => {
        const made = union(members);
        if (made.ok) for (const member of members) expect(fits(member, made.type).verdict).toBe("fits");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("size", () => {
  test("thirty doublings are judged in no time", () => {
    const start = performance.now();
    expect(fits(doublings(30, int), doublings(30, float)).verdict).toBe("fits");
    expect(fits(doublings(30, string), doublings(30, float)).verdict).toBe("never");
    expect(fits(doublings(30, int), json).verdict).toBe("fits");
    expect(performance.now() - start).toBeLessThan(200);
  });

  test("a chain of ten thousand is judged, and its path shortened", () => {
    const fit = fits(chain(10_000, string), chain(10_000, int));
    expect(fit.verdict).toBe("never");
    expect(explainText(fit)).toBe(`field "${"next.".repeat(10)}….next": \`string\` does not fit \`int\``);
    expect(fits(chain(10_000, string), json).verdict).toBe("fits");
  });
});
