/** What of a recall's filter is known without looking at any evidence. */
import { afterEach, describe, expect, it } from "vitest";
import { Facts } from "../../../runtime/knowledge/facts.ts";
import { filterSql } from "../../../runtime/knowledge/filter.ts";
import type { Knowledge, RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { BinaryOp, Expr } from "../../../runtime/plan.ts";
import { DAY, evidence, fakeTrail, NOW } from "./trail.ts";

const age: Expr = { op: "name", name: "age" };
const is = (value: number | boolean): Expr => ({ op: "literal", value });
const of = (left: Expr, operator: BinaryOp, right: Expr): Expr => ({ op: "binary", operator, left, right });
const not = (operand: Expr): Expr => ({ op: "unary", operator: "not", operand });
const young = of(age, "<", is(11));
const old = of(age, ">=", is(11));
const told: Expr = { op: "name", name: "ok" };

describe("whether all evidence passes that is 5 to 10 seconds old", () => {
  it.each<[string, Expr, boolean]>([
    ["age < 11", young, true],
    ["age < 10", of(age, "<", is(10)), false],
    ["age <= 10", of(age, "<=", is(10)), true],
    ["age <= 9", of(age, "<=", is(9)), false],
    ["age > 4", of(age, ">", is(4)), true],
    ["age > 5", of(age, ">", is(5)), false],
    ["age >= 5", of(age, ">=", is(5)), true],
    ["age >= 6", of(age, ">=", is(6)), false],
    ["11 > age", of(is(11), ">", age), true],
    ["it.age < 11", of({ op: "field", of: { op: "name", name: "it" }, name: "age" }, "<", is(11)), true],
    ["not age >= 11", not(old), true],
    ["not age < 11", not(young), false],
    ["not age < 7", not(of(age, "<", is(7))), false],
    ["age < 11 and ok", of(young, "and", told), false],
    ["age < 11 or ok", of(young, "or", told), true],
    ["ok or age < 7", of(told, "or", of(age, "<", is(7))), false],
    ["age < 11 and age >= 5", of(young, "and", of(age, ">=", is(5))), true],
    ["age == 5", of(age, "==", is(5)), false],
    ["age + 0 < 11", of(of(age, "+", is(0)), "<", is(11)), false],
    ["ok", told, false],
    ["true", is(true), true],
    ["false", is(false), false],
  ])("%s", (_, where, passes) => {
    expect(filterSql(where, new Facts(() => NOW)).passes({ least: 5, most: 10 })).toBe(passes);
  });
});

describe("a filter on age", () => {
  const opened: Knowledge[] = [];
  afterEach(async () => {
    for (const knowledge of opened.splice(0)) await knowledge.close();
  });

  it("leaves out what no longer passes, and what is news and never did", async () => {
    const trail = fakeTrail(
      evidence({ k: { x: 1 }, value: 1, time: NOW - DAY }),
      evidence({ k: { x: 2 }, value: 2, time: NOW - 3 * DAY }),
    );
    const knowledge = await openKnowledge({ source: trail, clock: { now: () => NOW }, trustEvery: Infinity });
    opened.push(knowledge);
    const asked = async (now: number) => {
      const query: RecallQuery = {
        ...{ subnet: "n", stage: "p.s", scope: null, top: 9, halflife: { seconds: 7 * 24 * 3600 }, now },
        ...{ from: ["patterns", "antipatterns"], where: of(age, "<=", is((4 * DAY) / 1000)) },
      };
      await knowledge.refresh();
      return (await knowledge.recall(query)).patterns.map(({ chosen }) => chosen).sort();
    };
    // What is known of the ages is known after the first.
    for (let again = 0; again < 2; again++) expect(await asked(NOW)).toEqual(['{"x":1}', '{"x":2}']);
    expect(await asked(NOW + DAY)).toEqual(['{"x":1}', '{"x":2}']);
    expect(await asked(NOW + DAY + 1)).toEqual(['{"x":1}']);
    trail.push(evidence({ k: { x: 3 }, value: 3, time: NOW - 5 * DAY }));
    expect(await asked(NOW)).toEqual(['{"x":1}', '{"x":2}']);
  });
});
