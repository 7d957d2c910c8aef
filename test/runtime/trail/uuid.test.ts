import { expect, test } from "vitest";
import { uuidv7 } from "../../../runtime/trail/uuid.ts";

test("ids are UUIDv7, tell their time, and sort as they were made, also when the clock goes back", () => {
  const now = Date.now() + 60_000;
  const ids = Array.from({ length: 20_000 }, (_, index) => uuidv7(index < 15_000 ? now : now - 5000));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(ids[0]!.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
