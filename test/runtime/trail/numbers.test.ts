import fc from "fast-check";
import { expect, test } from "vitest";
import { Numbers } from "../../../runtime/trail/numbers.ts";

const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(8)).map(([from, more]) => [from, from + more] as const);

test("a set of ranges is what a set of numbers is, in as few ranges as can be", () => {
  fc.assert(
    fc.property(fc.array(range), range, (added, [from, to]) => {
      const numbers = new Numbers();
      const plain = new Set<number>();
      for (const [low, high] of added) {
        numbers.add(low, high);
        for (let number = low; number <= high; number += 1) plain.add(number);
      }
      const all = Array.from({ length: 80 }, (_, number) => number);
      expect(all.filter((number) => numbers.has(number))).toEqual(all.filter((number) => plain.has(number)));
      expect(numbers.last).toBe(Math.max(0, ...plain));
      const asked = all.filter((number) => number >= from && number <= to);
      expect(numbers.covers(from, to)).toBe(asked.every((number) => plain.has(number)));
      const lacking = numbers.lacking(from, to).flatMap(([low, high]) => all.filter((n) => n >= low && n <= high));
      expect(lacking).toEqual(asked.filter((number) => !plain.has(number)));
      numbers.ranges.slice(1).forEach(([low], index) => {
        expect(low).toBeGreaterThan(numbers.ranges[index]![1] + 1);
      });
    }),
  );
});
