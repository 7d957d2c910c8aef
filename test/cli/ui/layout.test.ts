import { expect, test } from "vitest";
import { shareRows } from "../../../cli/ui/layout.ts";

const sections = [
  { wants: 2, least: 1 },
  { wants: 6, least: 3 },
  { wants: 4, least: 2 },
];

test("all get what they want where there is room", () => expect(shareRows(40, sections)).toEqual([2, 6, 4]));
test("the first ones grow first", () => expect(shareRows(9, sections)).toEqual([2, 5, 2]));
test("what cannot have its least is left out, and what follows may still fit", () => {
  expect(shareRows(3, sections)).toEqual([1, 0, 2]);
  expect(shareRows(1, sections)).toEqual([1, 0, 0]);
});
test("never more than there are", () => {
  for (let rows = -1; rows < 14; rows++) {
    const sum = shareRows(rows, sections).reduce((all, one) => all + one, 0);
    expect(sum).toBeLessThanOrEqual(Math.max(0, rows));
  }
});
test("an empty section takes nothing", () => expect(shareRows(5, [{ wants: 0, least: 0 }])).toEqual([0]));
