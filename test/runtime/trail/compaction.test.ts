import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type CompactionOptions, compact } from "../../../runtime/trail/compaction.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { generationsOf, newestManifest } from "../../../runtime/trail/manifest.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { Record } from "../../../runtime/trail/record.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

const peers = ["explorer"];
const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

async function write(directory: string, from: number, to: number, segmentBytes = 1500): Promise<string> {
  const trail = await openTrail({ directory, peers, segmentBytes });
  for (const name of names(from, to)) await trail.append([event(name, { value: { ü: "漢" } })]);
  await trail.close();
  return trail.process;
}

const seal = (directory: string, more: Partial<CompactionOptions> = {}) => compact({ directory, from: 0, ...more });
const sealedFiles = (directory: string) =>
  readdirSync(join(directory, "sealed")).filter((name) => name.endsWith(".parquet"));

describe("sealing", () => {
  test("what was read before is read after, byte for byte and in order, and the segments are gone", async () => {
    const directory = temporaryFolder();
    const process = await write(directory, 1, 20);
    const before = await readAll(directory);
    const segments = readdirSync(join(directory, "trail", process)).length;
    expect(await seal(directory)).toMatchObject({ generation: 1, segments, records: 20, busy: false });
    expect(await readAll(directory)).toEqual(before);
    expect(readdirSync(join(directory, "trail", process)).every((name) => name.endsWith(".jsonl.sealed"))).toBe(true);
    await seal(directory, { asideSeconds: 0 });
    expect(existsSync(join(directory, "trail", process))).toBe(false);
    expect(await readAll(directory)).toEqual(before);
  });

  test("less than the threshold in all is left as it is", async () => {
    const directory = temporaryFolder();
    await write(directory, 1, 20);
    expect(await compact({ directory, from: 1_000_000 })).toMatchObject({ generation: 0, segments: 0 });
    expect(await compact({ directory, from: 1000 })).toMatchObject({ generation: 1 });
  });

  test("the segment that a live process writes to stays, and what it writes later is sealed later", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, segmentBytes: 1000 });
    for (const name of names(1, 10)) await trail.append([event(name)]);
    expect((await seal(directory)).records).toBeGreaterThan(3);
    for (const name of names(11, 20)) await trail.append([event(name)]);
    await seal(directory);
    expect(namesOf((await readAll(directory)).records)).toEqual(names(1, 20));
    await trail.append([event("21")]);
    await trail.close();
    await seal(directory, { asideSeconds: 0 });
    expect(await readAll(directory)).toMatchObject({ problems: [] });
    expect(namesOf((await readAll(directory)).records)).toEqual(names(1, 21));
    expect(readdirSync(join(directory, "trail"))).toEqual([]);
  });

  test("what a writer appended between the reading of its segment and the renaming is sealed too", async () => {
    const directory = temporaryFolder();
    const process = await write(directory, 1, 6, 1_000_000);
    const path = join(directory, "trail", process, "1.jsonl");
    const bytes = readFileSync(path);
    const half = bytes.indexOf(10, bytes.length >> 1) + 1;
    writeFileSync(path, bytes.subarray(0, half));
    // As if its owner were dead: another segment follows.
    writeFileSync(join(directory, "trail", process, "2.jsonl"), follower(bytes));
    await seal(directory);
    expect((await readAll(directory)).records.length).toBeLessThan(6);
    writeFileSync(`${path}.sealed`, bytes);
    expect(namesOf((await readAll(directory)).records)).toEqual(names(1, 6));
    await seal(directory, { asideSeconds: 0 });
    expect(existsSync(`${path}.sealed`)).toBe(false);
    expect(namesOf((await readAll(directory)).records)).toEqual(names(1, 6));
  });

  test("a copy that arrives later changes nothing; other content under a known number is kept for a person", async () => {
    const directory = temporaryFolder();
    const process = await write(directory, 1, 12);
    const folder = join(directory, "trail", process);
    const copy = temporaryFolder();
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
    const before = await readAll(directory);
    await seal(directory, { asideSeconds: 0 });
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(copy)) copyFileSync(join(copy, name), join(folder, name));
    expect(await readAll(directory)).toEqual(before);
    expect(await seal(directory, { asideSeconds: 0 })).toMatchObject({ records: 0 });
    expect(await readAll(directory)).toEqual(before);
    expect(existsSync(folder)).toBe(false);

    mkdirSync(folder);
    const [header, record] = readFileSync(join(copy, "1.jsonl"), "utf8").split("\n");
    writeFileSync(join(folder, "7.jsonl"), `${header}\n${resealed(record!, { name: "forged" })}`);
    writeFileSync(join(folder, "8.jsonl"), follower(readFileSync(join(copy, "1.jsonl"))));
    await seal(directory, { asideSeconds: 0 });
    expect((await readAll(directory)).records).toEqual(before.records);
    expect(readdirSync(folder)).toEqual(["7.jsonl.sealed", "8.jsonl"]);
  });

  test("a damaged line costs what was in it; its segment is kept", async () => {
    const directory = temporaryFolder();
    const process = await write(directory, 1, 6, 1_000_000);
    const path = join(directory, "trail", process, "1.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    lines[3] = lines[3]!.replace('"name":"3"', '"name":"9"');
    writeFileSync(path, lines.join("\n"));
    const before = (await readAll(directory)).records;
    await seal(directory, { asideSeconds: 0 });
    const { records, problems } = await readAll(directory);
    expect(records).toEqual(before);
    expect(problems.map(({ problem }) => problem)).toEqual(["missing-records"]);
    expect(existsSync(`${path}.sealed`)).toBe(true);
  });

  test("many sealed files of one size become one", async () => {
    const directory = temporaryFolder();
    for (let round = 0; round < 4; round += 1) {
      await write(directory, round * 5 + 1, round * 5 + 5);
      await seal(directory, { asideSeconds: 0 });
    }
    const before = await readAll(directory);
    expect(sealedFiles(directory)).toHaveLength(4);
    await seal(directory, { mergeFiles: 4, asideSeconds: 0 });
    expect(sealedFiles(directory)).toHaveLength(1);
    expect(generationsOf(directory)).toHaveLength(1);
    expect((await readAll(directory)).records.toSorted(byName)).toEqual(before.records.toSorted(byName));
  });

  test("two compactors and a writer at once: every record is there once", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, segmentBytes: 1000 });
    let writing = true;
    const compactors = Array.from({ length: 2 }, async () => {
      while (writing) await seal(directory, { asideSeconds: 0, mergeFiles: 3 });
    });
    for (const name of names(1, 60)) await trail.append([event(name)]);
    writing = false;
    await Promise.all(compactors);
    await trail.close();
    const { records, problems } = await readAll(directory);
    expect(namesOf(records)).toEqual(names(1, 60));
    expect(problems).toEqual([]);
  });
});

describe("reading while others seal", () => {
  test("a reader that follows sees every record once, whatever is sealed and deleted meanwhile", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, segmentBytes: 700 });
    const reader = readTrail(directory);
    const late = readTrail(directory);
    const seen: Record[] = [];
    let { cursor } = await reader.since({});
    const early = await late.since({});
    let sealing: Promise<unknown> = Promise.resolve();
    for (const name of names(1, 60)) {
      await trail.append([event(name)]);
      if (Number(name) % 15 === 0) sealing = seal(directory, { asideSeconds: 0, mergeFiles: 3 });
      if (Number(name) % 3 === 0) continue;
      const read = await reader.since(cursor);
      expect(read.problems).toEqual([]);
      seen.push(...read.records);
      cursor = read.cursor;
    }
    await sealing;
    await trail.close();
    await seal(directory, { asideSeconds: 0, mergeFiles: 2 });
    seen.push(...(await reader.since(cursor)).records);
    expect(namesOf(seen)).toEqual(names(1, 60));
    // One that slept all the time.
    expect(namesOf((await late.since(early.cursor)).records)).toEqual(names(1, 60));
    // And one that goes on from a cursor kept as JSON.
    const kept = { [trail.process]: 41 };
    expect(namesOf((await readTrail(directory).since(kept)).records)).toEqual(names(42, 60));
  });

  test("in batches there is the same, in order; and from where some are missing, just those", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, sealing: false });
    const count = 40_000;
    await trail.append(names(1, count).map((name) => event(name)));
    await trail.close();
    await seal(directory, { asideSeconds: 0 });
    const batches: (readonly Record[])[] = [];
    const { records, cursor } = await readTrail(directory).since({}, (batch) => void batches.push(batch));
    expect(batches.length).toBeGreaterThan(1);
    expect(namesOf([...batches.flat(), ...records])).toEqual(names(1, count));
    expect(cursor).toEqual({ [trail.process]: count });
    const holes = {
      [trail.process]: [
        [1, 10],
        [12, 12],
        [15, count - 1],
      ] as const,
    };
    const rest = await readTrail(directory).since(holes);
    expect(namesOf(rest.records)).toEqual(["11", "13", "14", `${count}`]);
    expect((await readTrail(directory).since({ ...rest.cursor })).records).toEqual([]);
  });

  test("a sealed file that is damaged or gone is said, and the others are read", async () => {
    const directory = temporaryFolder();
    for (let round = 0; round < 3; round += 1) {
      await write(directory, round * 5 + 1, round * 5 + 5);
      await seal(directory, { asideSeconds: 0 });
    }
    const [first, second] = newestManifest(directory)!.files.map(({ name }) => join(directory, "sealed", name));
    const bytes = readFileSync(first!);
    writeFileSync(first!, bytes.subarray(0, bytes.length >> 1));
    const read = await readAll(directory);
    expect(namesOf(read.records).sort()).toEqual(names(6, 15).sort());
    expect(read.problems).toMatchObject([{ problem: "unreadable", file: first }]);
    renameSync(second!, `${second}.elsewhere`);
    expect((await readAll(directory)).problems).toMatchObject([
      { problem: "unreadable", file: first },
      { problem: "unreadable", file: second },
    ]);
  });
});

function byName(a: Record, b: Record): number {
  return a.id < b.id ? -1 : 1;
}

/** The header of the segment after one. */
function follower(segment: Buffer): string {
  const header = segment.toString().split("\n")[0]!;
  return resealed(header, { segment: JSON.parse(header).segment + 1, first: 1000 });
}

function resealed(line: string, more: object): string {
  const { crc: _, ...value } = JSON.parse(line);
  const open = JSON.stringify({ ...value, ...more }).slice(0, -1);
  return `${open},"crc":"${crc32(open).toString(16).padStart(8, "0")}"}\n`;
}
