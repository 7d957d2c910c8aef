/** What a limit's window holds, against a naive count over all that was ever taken. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Book, type Line } from "../../../../runtime/execution/budget/book.ts";

const WINDOW = 1000;
const MOST = 10;

interface Taken {
  readonly at: number;
  amount: number;
  isOpen: boolean;
}

/** Even times: a summary tells no less than a thousandth of the window apart. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("take" as const), after: fc.nat(200).map((half) => 2 * half), amount: fc.nat(6) }),
    fc.record({ do: fc.constant("settle" as const), which: fc.nat(30), amount: fc.nat(6) }),
    fc.record({ do: fc.constant("go on" as const) }),
  ),
  { maxLength: 60 },
);

test.each([
  ["window", WINDOW],
  ["ever", null],
] as const)("a %s takes what a naive count would let it, also where the book goes on in a new file", (_, window) => {
  fc.assert(
    fc.property(steps, (given) => {
      let book = new Book();
      const write = (line: Line): void => book.read(JSON.stringify(line));
      write({ open: "pool", window, entries: [] });
      const all = new Map<string, Taken>();
      let now = 0;
      for (const [index, step] of given.entries()) {
        if (step.do === "take") {
          now += step.after;
          const id = `me:${index}`;
          const held = [...all.values()].filter(({ at }) => window === null || at > now - window);
          const sum = held.reduce((total, { amount }) => total + amount, 0);
          const open = held.reduce((total, { amount, isOpen }) => total + (isOpen ? amount : 0), 0);
          const refusal = book.refusal([["pool", window, step.amount, MOST]], now);
          write({ take: id, who: "me", at: now, of: [["pool", window, step.amount, MOST]] });
          const isTaken = sum + step.amount <= MOST;
          expect(book.took(id)).toBe(isTaken);
          if (isTaken) all.set(id, { at: now, amount: step.amount, isOpen: true });
          else {
            expect(refusal).toMatchObject({ sum, open });
            if (refusal!.free !== undefined) {
              const then = refusal!.free;
              const room = (time: number): boolean =>
                held.reduce((total, of) => total + (of.at > time - window! ? of.amount : 0), 0) + step.amount <= MOST;
              expect([room(then - 1), room(then)]).toEqual([false, true]);
            } else expect(window === null || step.amount > MOST).toBe(true);
          }
        } else if (step.do === "settle") {
          const [id, taken] = [...all][step.which] ?? [];
          if (id === undefined || !taken!.isOpen) continue;
          write({ give: id, of: { pool: step.amount } });
          Object.assign(taken!, { amount: step.amount, isOpen: false });
        } else {
          const lines = book.summary(() => false);
          book = new Book();
          lines.forEach(write);
        }
      }
    }),
  );
});

test("what is no line is passed over, and so is what comes after the end", () => {
  const book = new Book();
  const take = { take: "me:1", who: "me", at: 1, of: [["pool", null, 1, 5]] };
  for (const text of ["", "nonsense", '{"take":', JSON.stringify(take)]) book.read(text);
  expect(book.has("pool")).toBe(false);
  book.read(JSON.stringify({ open: "pool", window: null, entries: [[1, 2, null]] }));
  book.read(JSON.stringify({ open: "pool", window: null, entries: [] }));
  expect(book.refusal([["pool", null, 4, 5]], 1)).toMatchObject({ sum: 2, open: 0, free: undefined });
  book.read(JSON.stringify({ end: true }));
  book.read(JSON.stringify(take));
  expect([book.ended, book.took("me:1")]).toEqual([true, false]);
});
