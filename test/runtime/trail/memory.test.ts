import { expect, test } from "vitest";
import { memoryTrail } from "../../../runtime/trail/memory.ts";
import { event, namesOf } from "./store.ts";

test("what was written is read from where reading stopped; times do not go back, and a record stays as it was read", async () => {
  const times = [1000, 2000, 1000, 3000];
  const trail = memoryTrail(() => times.shift() ?? 4000);
  trail.note([event("noted")]);
  expect(await trail.append([event("one"), event("two")])).toBe(2);
  const first = await trail.since({});
  expect(namesOf(first.records)).toEqual(["noted", "one", "two"]);
  expect(first.records.map(({ seq, time }) => [seq, Date.parse(time)])).toEqual([
    [1, 2000],
    [2, 2000],
    [3, 2000],
  ]);
  await trail.append([event("three")]);
  const next = (await trail.since(first.cursor)).records;
  expect(namesOf(next)).toEqual(["three"]);
  expect(Date.parse(next[0]!.time)).toBe(3000);
  const taken: unknown[] = [];
  const { records } = await trail.since({}, (some) => void taken.push(...some));
  expect([taken.slice(0, 3), records]).toEqual([first.records, []]);
});
