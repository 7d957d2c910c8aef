/** Processes that answer from one source are killed at any instant: no item is done twice, and none is forgotten. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readTrail } from "../../../runtime/trail/reader.ts";

const store = mkdtempSync(join(tmpdir(), "gang-killed-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const ITEMS = 40;
const ANSWERER = resolve(import.meta.dirname, "answerer.ts");

/** Resolves, with its exit code, when the process has ended; killed so long after its first poll. */
function answer(kill?: number): Promise<number | null> {
  const args = [ANSWERER, store, String(ITEMS), "25", ...(kill === undefined ? [] : [String(kill)])];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  return new Promise((done) => {
    child.on("exit", done);
  });
}

test("two at a time, killed at random, and then to the end", { timeout: 60_000 }, async () => {
  // From the claim of the first item on, over its start, to the ends of some.
  for (const round of [0, 1, 2, 3]) await Promise.all([answer(40 * round * Math.random()), answer(60 * round)]);
  expect(await answer()).toBe(0);

  const { records } = await readTrail(store).since({});
  const runs = new Map(
    records.flatMap(({ kind, run, ...rest }) =>
      kind === "run.started" ? [[run, (rest as { item?: string }).item] as const] : [],
    ),
  );
  const times = new Map<string, number>();
  for (const record of records) {
    if (record.kind !== "stage.ended" || record.status !== "ok") continue;
    const item = runs.get(record.run)!;
    times.set(item, (times.get(item) ?? 0) + 1);
  }
  expect([...times.keys()].sort()).toEqual(Array.from({ length: ITEMS }, (_, id) => String(id)).sort());
  expect([...times].filter(([, count]) => count !== 1)).toEqual([]);
  // Each item has one run, in however many processes it was done.
  expect(runs.size).toBe(ITEMS);
  // The kills hit: some runs were begun by one process and ended by another.
  expect(records.filter((record) => record.kind === "run.started" && record.resumed === true).length).toBeGreaterThan(
    0,
  );
  const ended = records.filter(({ kind }) => kind === "run.ended");
  expect(new Set(ended.map(({ run }) => run)).size).toBe(ITEMS);
  // What was cut off in the middle of its stage is all that was asked again.
  const asked = readFileSync(join(store, "asked"), "utf8").trim().split("\n");
  expect(new Set(asked).size).toBe(ITEMS);
  expect(asked.length).toBeLessThanOrEqual(ITEMS + 8 * 4);
});
