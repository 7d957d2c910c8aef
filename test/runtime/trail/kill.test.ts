import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { Cursor } from "../../../runtime/trail/trail.ts";
import { writersOf } from "../../../runtime/trail/writers.ts";
import { readAll, temporaryFolder } from "./store.ts";

/** Kills per test; a thousand by hand: GANG_KILL_ROUNDS=1000. */
const ROUNDS = Number(process.env.GANG_KILL_ROUNDS ?? 12);

interface Child {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<void>;
}

function writer(directory: string, callers: number, records: number, segmentBytes = 20_000): Child {
  const args = [new URL("writer.ts", import.meta.url).pathname, directory, callers, records, segmentBytes].map(String);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
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
  }, 60_000);

  test("a process that writes is alive, and dead once it closed its trail", async () => {
    const directory = temporaryFolder();
    const child = writer(directory, 1, 1_000_000);
    while (acknowledged(child).numbers.length === 0) await sleep(2);
    const { name } = acknowledged(child);
    expect(writersOf(directory).get(name)?.liveness).toBe("alive");
    child.process.kill("SIGSTOP");
    expect(writersOf(directory).get(name)?.liveness).toBe("alive");
    child.process.kill("SIGKILL");
    await child.ended;
    expect(writersOf(directory).get(name)?.liveness).toBe("dead");
  });
});
