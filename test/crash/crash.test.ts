import { expect, test } from "vitest";
import { crashRounds } from "./rounds.ts";

test("kill -9 at random moments: no ended stage runs again, no effect happens twice or is lost, no item is done twice or forgotten, and all comes out the same", async () => {
  const report = await crashRounds({ kills: 8 });
  expect(report).toMatchObject({ again: 0, twice: 0, lost: 0, items: 0, different: 0, wrong: [] });
  // The test itself: something was killed, and done.
  expect(report.kills).toBeGreaterThanOrEqual(8);
  expect(report.effects).toBe(16 * report.rounds);
}, 300_000);
