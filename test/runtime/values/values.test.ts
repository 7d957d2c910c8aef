import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spaceOf } from "../../../runtime/models/space.ts";
import type { Arm, Field, Json, NumberType, Type } from "../../../runtime/types.ts";
import { canonical, canonicalArguments, sha256 } from "../../../runtime/values/canonical.ts";
import { quantityIn } from "../../../runtime/values/units.ts";
import { validate } from "../../../runtime/values/validate.ts";

const MODEL: Type = {
  kind: "record",
  fields: [
    { name: "scale", type: { kind: "float", low: 0.5, high: 2 }, default: 1 },
    {
      name: "family",
      type: {
        kind: "choice",
        arms: [
          { value: "gbm", fields: [] },
          { value: "garch", fields: [{ name: "tail", type: { kind: "float", low: 2.1, high: 30, log: true } }] },
        ],
      },
    },
    { name: "note", type: { kind: "optional", of: { kind: "string" } } },
  ],
};

const reasons = (value: unknown, type: Type): readonly string[] => {
  const checked = validate(value, type, "the answer");
  return checked.ok ? [] : checked.reasons;
};
const value = (given: unknown, type: Type): Json => {
  const checked = validate(given, type, "the answer", { unknown: "drop" });
  if (!checked.ok) throw new Error(checked.reasons.join("; "));
  return checked.value;
};

describe("a value that fits", () => {
  test.each<[string, unknown, Type, Json]>([
    ["a whole number given as 3.0", 3.0, { kind: "int" }, 3],
    ["a number in a text", " 2.50 ", { kind: "float" }, 2.5],
    ["a bigint", 12n, { kind: "int" }, 12],
    ["a date", new Date(0), { kind: "time" }, "1970-01-01T00:00:00.000Z"],
    ["a time with a zone", "2026-01-31T12:00:00+01:00", { kind: "time" }, "2026-01-31T11:00:00.000Z"],
    [
      "defaults are filled, the arm's fields lie flat",
      { family: "garch", tail: "5" },
      MODEL,
      { scale: 1, family: "garch", tail: 5 },
    ],
    ["null and absent are one", { family: "gbm", note: null, tail: null }, MODEL, { scale: 1, family: "gbm" }],
    ["a Map", new Map([["a", 1]]), { kind: "map", of: { kind: "int" } }, { a: 1 }],
    ["unknown fields of a tool's result are dropped", { family: "gbm", more: 1 }, MODEL, { scale: 1, family: "gbm" }],
    [
      "json as it is",
      { a: [1, undefined, new Date(0)], b: undefined },
      { kind: "json" },
      { a: [1, null, "1970-01-01T00:00:00.000Z"] },
    ],
  ])("%s", (_, given, type, expected) => {
    expect(value(given, type)).toEqual(expected);
  });
});

describe("a value that does not fit is told why", () => {
  test.each<[unknown, Type, string]>([
    [3.5, { kind: "int" }, "the answer must be a whole number, but is 3.5"],
    ["12345678901234567890", { kind: "int" }, 'the answer must be a whole number, but is "12345678901234567890"'],
    [Number.NaN, { kind: "float" }, "the answer must be a number, but is NaN"],
    [9, { kind: "int", low: 1, high: 5 }, "the answer must be a whole number from 1 to 5, but is 9"],
    [
      { family: "garhc" },
      MODEL,
      'the answer.family must be one of "gbm", "garch" (did you mean "garch"?), but is "garhc"',
    ],
    [{ family: "garch" }, MODEL, "the answer.tail is missing"],
    [{ family: "gbm", tail: 3 }, MODEL, "the answer has no field tail"],
    [{ family: "gbm", scael: 1 }, MODEL, "the answer has no field scael; did you mean scale?"],
    [
      [1, 2, 3],
      { kind: "list", of: { kind: "int" }, least: 1, most: 2 },
      "the answer must have 1 to 2 items, but has 3",
    ],
    [{ a: "x" }, { kind: "map", of: { kind: "int" } }, 'the answer.a must be a whole number, but is "x"'],
    ["soon", { kind: "time" }, 'the answer must be a time, such as 2026-01-31T12:00:00Z, but is "soon"'],
    [undefined, { kind: "string" }, "the answer must be a text, but is missing"],
  ])("%o", (given, type, reason) => {
    expect(reasons(given, type)).toEqual([reason]);
  });

  test("of a union a text stays a text, whatever it looks like", () => {
    const type: Type = { kind: "union", members: [{ kind: "int" }, { kind: "bool" }, { kind: "string" }] };
    for (const text of ["007", "1e5", "true"]) expect(validate(text, type, "id")).toEqual({ ok: true, value: text });
    expect(validate(7, type, "id")).toEqual({ ok: true, value: 7 });
  });

  test("of money a comma parts thousands, and nothing else", () => {
    expect(quantityIn("$1,234,567.50", "money")).toBe(1_234_567.5);
    expect(quantityIn("$1234.5", "money")).toBe(1234.5);
    for (const text of ["$2,50", "$1,5", "$,5"]) expect(quantityIn(text, "money")).toBeUndefined();
  });

  test("of a union the member that is meant gives the reasons", () => {
    const member = (tag: string, name: string): Type => ({
      kind: "record",
      fields: [
        { name: "kind", type: { kind: "choice", arms: [{ value: tag, fields: [] }] } },
        { name, type: { kind: "int" } },
      ],
    });
    const type: Type = { kind: "union", members: [member("a", "x"), member("b", "y"), { kind: "int" }] };
    expect(value({ kind: "b", y: 1 }, type)).toEqual({ kind: "b", y: 1 });
    expect(value(4, type)).toBe(4);
    expect(reasons({ kind: "b", y: "?" }, type)).toEqual(['the answer.y must be a whole number, but is "?"']);
  });

  test("names that every object has are fields like any other", () => {
    expect(reasons(JSON.parse('{"family":"gbm","__proto__":1}'), MODEL)).toEqual(["the answer has no field __proto__"]);
    expect(reasons({}, { kind: "record", fields: [{ name: "toString", type: { kind: "string" } }] })).toEqual([
      "the answer.toString is missing",
    ]);
  });
});

describe("a claim", () => {
  test("rounds to the step, else to 64 bins, and names its niche", () => {
    const claim = canonical({ scale: 1.0001, family: "garch", tail: 5.01 }, MODEL);
    expect(claim.chosen).toBe('{"family":"garch","scale":1,"tail":5}');
    expect(claim.claim).toBe(sha256(claim.chosen));
    expect(claim.niche).toBe('family = "garch", note = none');
    expect(canonical(7.3, { kind: "int", low: 0, high: 10, step: 2 }).chosen).toBe("8");
    expect(canonical(0.1 + 0.2, { kind: "float", low: 0, high: 1, step: 0.1 }).chosen).toBe("0.3");
  });

  test("the bin in which a declared default lies is known by the default, in a record, an arm, a list and as an argument", () => {
    const unit: NumberType = { kind: "float", low: 0, high: 1 };
    const tenth: Field = { name: "x", type: unit, default: 0.1 };
    const chosen = (given: Json, type: Type): Json => JSON.parse(canonical(given, type).chosen) as Json;
    const own: Type = { kind: "record", fields: [tenth] };
    expect(chosen({}, own)).toEqual({ x: 0.1 });
    expect(chosen({ x: 0.0955 }, own)).toEqual({ x: 0.1 });
    expect(chosen({ x: 0.12 }, own)).toEqual(
      chosen({ x: 0.12 }, { kind: "record", fields: [{ ...tenth, default: 0.9 }] }),
    );
    expect(canonical({ x: 0.1 }, own).claim).toBe(canonical({ x: 0.0955 }, own).claim);
    const arm: Type = {
      kind: "record",
      fields: [{ name: "kind", type: { kind: "choice", arms: [{ value: "a", fields: [tenth] }] } }],
    };
    expect(chosen({ kind: "a", x: 0.0955 }, arm)).toEqual({ kind: "a", x: 0.1 });
    const around: Type = { kind: "record", fields: [{ name: "in", type: own, default: { x: 0.3 } }] };
    expect(chosen({ in: { x: 0.298 } }, around)).toEqual({ in: { x: 0.3 } });
    const list: Type = { kind: "list", of: unit, least: 2, most: 2 };
    expect(
      chosen({ w: [0.0955, 0.7] }, { kind: "record", fields: [{ name: "w", type: list, default: [0.1, 0.7] }] }),
    ).toEqual({ w: [0.1, 0.7] });
    expect(canonicalArguments({ x: 0.0955 }, [tenth]).chosen).toBe('{"x":0.1}');
  });

  test("a tool's long arguments stand in it by their hash", () => {
    const parameters: Field[] = [
      { name: "text", type: { kind: "string" } },
      { name: "n", type: { kind: "int" } },
    ];
    const { chosen } = canonicalArguments({ text: "x".repeat(300), n: 1 }, parameters);
    expect(JSON.parse(chosen)).toEqual({ n: 1, text: `sha256:${sha256(JSON.stringify("x".repeat(300)))}` });
  });
});

// Any search space, and any point of it ------------------------------------------------------------------------------------

const number: fc.Arbitrary<NumberType> = fc
  .record({
    kind: fc.constantFrom("int" as const, "float" as const, "duration" as const, "money" as const),
    low: fc.integer({ min: -1000, max: 1000 }),
    width: fc.integer({ min: 1, max: 5000 }),
    log: fc.boolean(),
    step: fc.option(fc.constantFrom(0.1, 0.25, 1, 3), { nil: undefined }),
  })
  .map(({ kind, low, width, log, step }) => ({
    kind,
    low: log ? Math.abs(low) + 1 : low,
    high: (log ? Math.abs(low) + 1 : low) + width,
    ...(log ? { log: true as const } : {}),
    // A grid of a whole number is whole, and no wider than the range.
    ...(step === undefined || step > width ? {} : { step: kind === "int" ? Math.ceil(step) : step }),
  }));

const { type: spaces } = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    number,
    fc.constant<Type>({ kind: "bool" }),
    fc
      .tuple(fc.nat(2), fc.nat(2), tie("type"))
      .map(([least, more, of]): Type => ({ kind: "list", of, least, most: least + more })),
    tie("type").map((of): Type => (of.kind === "optional" ? of : { kind: "optional", of })),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map(
      (types): Type => ({
        kind: "record",
        fields: types.map((type, i) => ({ name: `f${i}`, type })),
      }),
    ),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map((types): Type => {
      const arms = types.map(
        (type, i): Arm => ({ value: `v${i}`, fields: i === 0 ? [] : [{ name: `own${i}`, type }] }),
      );
      return { kind: "record", fields: [{ name: "choice", type: { kind: "choice", arms } }] };
    }),
  ),
}));

const drawn = fc.tuple(spaces, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })));

describe("of any search space", () => {
  test("every point is a value that validates", () => {
    fc.assert(
      fc.property(drawn, ([type, coordinates]) => {
        const space = spaceOf(type);
        const point = space.dimensions.map(() => coordinates.next().value as number);
        expect(reasons(space.decode(point), type)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("a value has a point that means it again", () => {
    fc.assert(
      fc.property(drawn, ([type, coordinates]) => {
        const space = spaceOf(type);
        const first = space.decode(space.dimensions.map(() => coordinates.next().value as number));
        const again = space.decode(space.encode(first)!.map((coordinate) => coordinate ?? 0));
        expect(canonical(again, type).chosen).toBe(canonical(first, type).chosen);
      }),
      { numRuns: 300 },
    );
  });

  test("the canonical form is a value of the type, its own canonical form, and the same for any order of keys", () => {
    fc.assert(
      fc.property(drawn, ([type, coordinates]) => {
        const space = spaceOf(type);
        const sample = space.decode(space.dimensions.map(() => coordinates.next().value as number));
        const { chosen } = canonical(sample, type);
        const read = validate(JSON.parse(chosen), type, "");
        expect(read.ok).toBe(true);
        expect(canonical(read.ok ? read.value : null, type).chosen).toBe(chosen);
        expect(canonical(reversed(sample), type).chosen).toBe(chosen);
      }),
      { numRuns: 300 },
    );
  });
});

function reversed(of: Json): Json {
  if (typeof of !== "object" || of === null) return of;
  if (Array.isArray(of)) return of.map(reversed);
  return Object.fromEntries(
    Object.entries(of)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
