import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { compact } from "../../runtime/trail/compaction.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import type { Cursor } from "../../runtime/trail/trail.ts";
import { mayWrite, writersOf } from "../../runtime/trail/writers.ts";
import { temporaryFolder } from "../runtime/trail/store.ts";
import { acknowledged, writer } from "./children.ts";
import { killRounds } from "./rounds.ts";

describe("kill -9", () => {
  test.each([
    [1, 6],
    [8, 3],
  ])(
    "%i writers, and one that seals: what was acknowledged is there, once, and SQL counts as much",
    async (writers, rounds) => {
      const report = await killRounds({ rounds, writers });
      expect(report).toMatchObject({ rounds, lost: 0, twice: 0, unopened: 0, damaged: 0, miscounted: 0, wrong: [] });
      // The test itself: something was written and killed.
      expect(report.acknowledged).toBeGreaterThan(0);
      expect(report.found).toBeGreaterThanOrEqual(report.acknowledged);
      expect(report.kills).toBeGreaterThanOrEqual(rounds * writers);
    },
    600_000,
  );

  test("eight processes at once lose nothing, and a reader that follows them sees every record once", async () => {
    const directory = temporaryFolder();
    const children = Array.from({ length: 8 }, () => writer(directory, { callers: 4, records: 40 }));
    const reader = readTrail(directory);
    const seen = new Map<string, number[]>();
    let cursor: Cursor = {};
    let running = true;
    const all = Promise.all(children.map(({ ended }) => ended)).then(() => {
      running = false;
    });
    for (let last = false; !last; ) {
      last = !running;
      const read = await reader.since(cursor);
      expect(read.problems).toEqual([]);
      cursor = read.cursor;
      for (const { process, seq } of read.records) seen.set(process, [...(seen.get(process) ?? []), seq]);
      await sleep(5);
    }
    await all;
    expect(seen.size).toBe(8);
    for (const child of children) {
      const { name, numbers } = acknowledged(child);
      expect(numbers).toHaveLength(160);
      expect(seen.get(name)).toEqual(Array.from({ length: 320 }, (_, index) => index + 1));
    }
  }, 120_000);

  test("a process that writes is alive, and dead once it was killed", async () => {
    const directory = temporaryFolder();
    const child = writer(directory, { callers: 1, records: 1_000_000 });
    while (acknowledged(child).numbers.length === 0) await sleep(2);
    const { name } = acknowledged(child);
    expect(writersOf(directory).get(name)?.liveness).toBe("alive");
    expect([mayWrite(directory)(name), mayWrite(directory)("nobody")]).toEqual([true, false]);
    child.process.kill("SIGSTOP");
    expect(writersOf(directory).get(name)?.liveness).toBe("alive");
    child.process.kill("SIGKILL");
    await child.ended;
    expect(writersOf(directory).get(name)?.liveness).toBe("dead");
    expect(mayWrite(directory)(name)).toBe(false);
    await compact({ directory, from: 0, asideSeconds: 0 });
    expect(mayWrite(directory)(name)).toBe(false);
  });
});
