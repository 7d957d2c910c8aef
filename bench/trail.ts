/**
 * What a durable record costs, against the bare `fdatasync` of the same bytes, and what reading one costs. Figures are
 * medians over rounds that alternate with the bare call, so that a busy machine burdens both alike. Sealing, which a process
 * of its own does meanwhile, is off.
 */
import { spawn } from "node:child_process";
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openTrail } from "../runtime/trail/local.ts";
import { readTrail } from "../runtime/trail/reader.ts";
import type { Draft } from "../runtime/trail/record.ts";
import { median, type Row, rowOf } from "./row.ts";

/** A record of the usual size: 0.5 KB as a line. */
const DRAFT: Draft = {
  kind: "evidence",
  peer: "explorer-1",
  run: "01a203d8-d11f-75e2-a63e-83a3717ee0e7",
  plan: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  stage: "forecast.choose",
  scope: "2008-10-01",
  attempt: "01a203d8-d127-70f5-9ae5-048ee3bf1bf7",
  subnet: "sp500",
  claim: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  chosen: '{"family":"garch","p":1,"q":2}',
  niche: 'family = "garch"',
  regime: 0,
  ok: true,
  metric: "crps",
  value: 0.0123,
  direction: -1,
  weight: 1,
  verified: true,
  echo: false,
};
const ROUNDS = 7;

export async function* bench(): AsyncGenerator<Row> {
  // Beside the code, not in the system's temporary folder, which may be memory.
  const cache = join(import.meta.dirname, "..", "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "trail-"));
  try {
    yield* await oneCaller(folder);
    yield await manyCallers(folder);
    yield await manyProcesses(folder);
    yield* await reading(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneCaller(folder: string): Promise<readonly Row[]> {
  const trail = await openTrail({ directory: join(folder, "one"), peers: ["explorer-1"], sealing: false });
  await trail.append([DRAFT]);
  const [record] = (await trail.since({})).records;
  const bytes = Buffer.from(`${JSON.stringify({ ...record, crc: "00000000" })}\n`);
  const file = openSync(join(folder, "bare"), "a");
  const bare: number[] = [];
  const ours: number[] = [];
  const slow: number[] = [];
  // A process that appends for a moment has its code compiled.
  await timesOf(2000, () => trail.append([DRAFT]));
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(
      await medianOf(200, () => {
        writeSync(file, bytes);
        fdatasyncSync(file);
      }),
    );
    const times = await timesOf(200, () => trail.append([DRAFT]));
    ours.push(median(times));
    slow.push(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!);
  }
  closeSync(file);
  await trail.close();
  return [
    row("bare write and fdatasync of one record", "µs", bare),
    row("append, 1 caller", "µs", ours, { against: "the bare sync", values: bare }),
    row("append, 1 caller, p99", "µs", slow),
  ];
}

async function manyCallers(folder: string): Promise<Row> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rates.push(await rate(join(folder, `many-${round}`), 256, 100));
  return row("append, 256 callers", "records/s", rates);
}

/** Records a second that `callers` append, one at a time each. */
async function rate(directory: string, callers: number, each: number): Promise<number> {
  const trail = await openTrail({ directory, peers: ["explorer-1"], sealing: false });
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let number = 0; number < each; number += 1) await trail.append([DRAFT]);
    }),
  );
  const elapsed = performance.now() - start;
  await trail.close();
  return (callers * each * 1000) / elapsed;
}

/** Eight processes on one store with 16 callers each, all started and warm before any begins. */
async function manyProcesses(folder: string): Promise<Row> {
  const rates: number[] = [];
  const each = 400;
  const children = await Promise.all(Array.from({ length: 8 }, () => startWriter(folder)));
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    await Promise.all(children.map((write) => write(join(folder, `processes-${round}`), 16, each)));
    rates.push((8 * 16 * each * 1000) / (performance.now() - start));
  }
  for (const write of children) write.end();
  return row("append, 8 processes of 16 callers", "records/s", rates);
}

interface Writer {
  (directory: string, callers: number, each: number): Promise<void>;
  end(): void;
}

async function startWriter(folder: string): Promise<Writer> {
  const child = spawn(process.execPath, [import.meta.filename, "--write"], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const write = async (...job: readonly [directory: string, callers: number, each: number]): Promise<void> => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    if ((await answers.next()).done) throw new Error("A writing process ended early.");
  };
  await write(join(folder, "warm-up"), 16, 5);
  return Object.assign(write, { end: () => child.stdin.end() });
}

async function reading(folder: string): Promise<readonly Row[]> {
  const reader = readTrail(join(folder, "many-0"));
  const whole: number[] = [];
  const idle: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    let { records, cursor } = await reader.since({});
    whole.push(((performance.now() - start) * 1000) / records.length);
    idle.push(
      await medianOf(200, async () => {
        ({ cursor } = await reader.since(cursor));
      }),
    );
  }
  return [row("read, per record", "µs", whole), row("read with nothing new", "µs", idle)];
}

/** The median time of one call, in µs. */
async function medianOf(times: number, call: () => unknown): Promise<number> {
  return median(await timesOf(times, call));
}

async function timesOf(times: number, call: () => unknown): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const start = performance.now();
    await call();
    all.push((performance.now() - start) * 1000);
  }
  return all;
}

function row(
  name: string,
  unit: "µs" | "records/s",
  values: readonly number[],
  base?: Parameters<typeof rowOf>[2],
): Row {
  return rowOf({ bench: "store", case: name, unit }, values, base);
}

if (import.meta.main && process.argv[2] === "--write") {
  for await (const line of createInterface(process.stdin)) {
    const [directory, callers, each] = JSON.parse(line) as [string, number, number];
    await rate(directory, callers, each);
    console.log("done");
  }
}
