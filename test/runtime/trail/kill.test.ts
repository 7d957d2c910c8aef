import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { newestManifest } from "../../../runtime/trail/manifest.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import { parquet, withDuckDB } from "../../../runtime/trail/sealed.ts";
import type { Cursor } from "../../../runtime/trail/trail.ts";
import { mayWrite, writersOf } from "../../../runtime/trail/writers.ts";
import { readAll, temporaryFolder } from "./store.ts";

/** Kills per test; a thousand by hand: GANG_KILL_ROUNDS=1000. */
const ROUNDS = Number(process.env.GANG_KILL_ROUNDS ?? 12);

interface Child {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<void>;
}

function writer(directory: string, callers: number, records: number, segmentBytes = 20_000): Child {
  return start(new URL("writer.ts", import.meta.url), directory, callers, records, segmentBytes);
}

function start(program: URL, ...args: readonly (string | number)[]): Child {
  const child = spawn(process.execPath, [program.pathname, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  return { process: child, output: () => text, ended };
}

/** The process's name, and the numbers that it was told are on disk. */
function acknowledged(child: Child): { readonly name: string; readonly numbers: readonly number[] } {
  const lines = child.output().split("\n");
  // The last one may be cut.
  lines.pop();
  return { name: lines[0] ?? "", numbers: lines.slice(1).map(Number) };
}

/** What DuckDB counts in the sealed files. */
async function counted(directory: string): Promise<number> {
  const files = newestManifest(directory)!.files.map(({ name }) => join(directory, "sealed", name));
  return withDuckDB(async (connection) => {
    const result = await connection.runAndReadAll(`select count(seq)::integer from ${parquet(files)}`);
    return Number(result.getRows()[0]![0]);
  });
}

describe("kill -9", () => {
  test("what was acknowledged is there, once, without gaps; the writer is known to be dead", async () => {
    const directory = temporaryFolder();
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = writer(directory, 1 + (round % 3) * 10, 1_000_000);
      while (child.output() === "") await sleep(2);
      await sleep(Math.random() * 60);
      child.process.kill("SIGKILL");
      await child.ended;
      const { name, numbers } = acknowledged(child);
      const { records, problems } = await readAll(directory);
      const found = records.filter(({ process }) => process === name).map(({ seq }) => seq);
      expect(found).toEqual(found.map((_, index) => index + 1));
      expect(found.length).toBeGreaterThanOrEqual(Math.max(0, ...numbers));
      expect(problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
      expect(writersOf(directory).get(name)?.liveness ?? "dead").toBe("dead");
    }
  }, 600_000);

  test("eight processes at once lose nothing, and a reader that follows them sees every record once", async () => {
    const directory = temporaryFolder();
    const children = Array.from({ length: 8 }, () => writer(directory, 4, 40));
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

  test.each([1, 8])(
    "%i writers, and one that seals, killed at random: what was acknowledged is there once",
    async (writers) => {
      let directory = temporaryFolder();
      let known = new Map<string, number>();
      const rounds = process.env.GANG_KILL_ROUNDS === undefined ? 3 : ROUNDS;
      for (let round = 0; round < rounds; round += 1) {
        if (round % 20 === 0) {
          directory = temporaryFolder();
          known = new Map();
        }
        const children = Array.from({ length: writers }, () => writer(directory, 3, 1_000_000, 4000));
        const sealing = start(new URL("compactor.ts", import.meta.url), directory);
        while (children.some((child) => acknowledged(child).numbers.length === 0)) await sleep(5);
        await sleep(Math.random() * 400);
        const all = [...children, sealing];
        for (const child of all.toSorted(() => Math.random() - 0.5)) child.process.kill("SIGKILL");
        await Promise.all(all.map(({ ended }) => ended));
        for (const child of children) {
          const { name, numbers } = acknowledged(child);
          known.set(name, Math.max(...numbers));
        }
        const { records, problems } = await readAll(directory);
        expect(problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
        const found = Map.groupBy(records, ({ process }) => process);
        expect(new Set(found.keys())).toEqual(new Set(known.keys()));
        for (const [name, own] of found) {
          expect(own.map(({ seq }) => seq)).toEqual(own.map((_, index) => index + 1));
          expect(own.length).toBeGreaterThanOrEqual(known.get(name)!);
          // What was not acknowledged and is there all the same stays there.
          known.set(name, own.length);
        }
        if (round % 20 !== 19 && round !== rounds - 1) continue;
        await compact({ directory, from: 0, asideSeconds: 0 });
        const total = newestManifest(directory)!.files.reduce((sum, { records }) => sum + records, 0);
        expect(total).toBe(records.length);
        expect(await counted(directory)).toBe(records.length);
      }
    },
    3_600_000,
  );

  test("a process that writes is alive, and dead once it closed its trail", async () => {
    const directory = temporaryFolder();
    const child = writer(directory, 1, 1_000_000);
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
