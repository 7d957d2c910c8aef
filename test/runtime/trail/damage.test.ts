import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { livenessOf } from "../../../runtime/trail/liveness.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { TrailProblem } from "../../../runtime/trail/trail.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

interface Written {
  readonly directory: string;
  readonly process: string;
  readonly folder: string;
  /** The first segment, and where its lines begin. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly lines: readonly number[];
}

/** A closed trail of `count` records, each named by its number; of one segment, and then of a dead writer, where nothing else is said. */
async function written(count: number, segmentBytes?: number): Promise<Written> {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["explorer"], ...(segmentBytes && { segmentBytes }) });
  for (let number = 1; number <= count; number += 1) {
    await trail.append([event(`${number}`, { value: { v: number, crc: "no", text: '{"v":1,"crc":"00000000"}' } })]);
  }
  await trail.close();
  const folder = join(directory, "trail", trail.process);
  const path = join(folder, "1.jsonl");
  const bytes = segmentBytes === undefined ? orphaned(readFileSync(path)) : readFileSync(path);
  writeFileSync(path, bytes);
  const lines = [0];
  for (let at = bytes.indexOf(10); at !== -1 && at + 1 < bytes.length; at = bytes.indexOf(10, at + 1))
    lines.push(at + 1);
  return { directory, process: trail.process, folder, path, bytes, lines };
}

/** The segment as if its writer were dead: this process, which wrote it, is not. */
function orphaned(bytes: Buffer): Buffer {
  const text = bytes.toString();
  const end = text.indexOf("\n");
  const { crc: _, ...header } = JSON.parse(text.slice(0, end));
  // Of as many digits, so that all offsets stay.
  let pid = header.pid;
  while (livenessOf({ ...header, pid }, "") !== "dead")
    pid = Number(`${pid}`.replace(/./g, () => `${1 + ((Math.random() * 9) | 0)}`));
  return Buffer.from(`${sealed({ ...header, pid })}${text.slice(end + 1)}`);
}

function sealed(value: object): string {
  const open = JSON.stringify(value).slice(0, -1);
  return `${open},"crc":"${crc32(open).toString(16).padStart(8, "0")}"}\n`;
}

function kinds(problems: readonly TrailProblem[]): string[] {
  return [...new Set(problems.map(({ problem }) => problem))].sort();
}

describe("damage", () => {
  test("cut at every byte: the lines before are read, and a cut line is said", async () => {
    const store = await written(4);
    const { bytes } = store;
    const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    for (let length = 0; length < bytes.length; length += 1) {
      writeFileSync(store.path, bytes.subarray(0, length));
      const { records, problems } = await readAll(store.directory);
      const whole = ends.filter((end) => end <= length).length;
      expect(namesOf(records)).toEqual(["1", "2", "3", "4"].slice(0, Math.max(0, whole - 1)));
      // Within the header nobody can tell yet whether it is still being written.
      const torn = whole > 0 && !ends.includes(length);
      expect(kinds(problems)).toEqual(torn ? ["torn-tail"] : []);
    }
  });

  test("one flipped bit costs at most the line it is in, and is said", async () => {
    const store = await written(6);
    const total = store.bytes.length * 8;
    await fc.assert(
      fc.asyncProperty(fc.nat(total - 1), async (bit) => {
        const bytes = Buffer.from(store.bytes);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(store.path, bytes);
        const line = store.lines.findLastIndex((start) => start <= bit >> 3);
        const { records, problems } = await readAll(store.directory);
        const all = ["1", "2", "3", "4", "5", "6"];
        const names = namesOf(records);
        // A newline that is gone harms neither of the records beside it.
        const rest = line >= 1 && line <= 6 ? all.filter((name) => name !== `${line}`) : all;
        expect([rest, all]).toContainEqual(names);
        expect(problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test("zeros over any range: what lies outside is read", async () => {
    const store = await written(6);
    await fc.assert(
      fc.asyncProperty(fc.nat(store.bytes.length - 1), fc.integer({ min: 1, max: 900 }), async (from, length) => {
        const to = Math.min(from + length, store.bytes.length);
        const bytes = Buffer.from(store.bytes).fill(0, from, to);
        writeFileSync(store.path, bytes);
        const { records, problems } = await readAll(store.directory);
        const touched = store.lines.flatMap((start, index) => {
          const end = (store.lines[index + 1] ?? store.bytes.length) - 1;
          // What no newline follows is a torn last line.
          return (from < end && to > start) || bytes.indexOf(10, start) === -1 ? [] : [`${index}`];
        });
        expect(namesOf(records)).toEqual(touched.filter((name) => name >= "1" && name <= "6"));
        expect(problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  test("a missing segment is said as missing records, the others are read", async () => {
    const store = await written(12, 1500);
    renameSync(join(store.folder, "2.jsonl"), join(temporaryFolder(), "away"));
    const { records, problems } = await readAll(store.directory);
    const gone = 12 - records.length;
    expect(gone).toBeGreaterThan(0);
    expect(problems).toMatchObject([{ problem: "missing-records", file: join(store.folder, "3.jsonl") }]);
  });

  test("what lies before the cursor may be gone: only what is missing after it is said", async () => {
    const store = await written(12, 1500);
    const firstOf = (name: string) => JSON.parse(readFileSync(join(store.folder, name), "utf8").split("\n")[0]!).first;
    const first = firstOf("3.jsonl");
    renameSync(join(store.folder, "1.jsonl"), join(temporaryFolder(), "away"));
    renameSync(join(store.folder, "2.jsonl"), join(temporaryFolder(), "away"));
    const reader = readTrail(store.directory);
    expect((await reader.since({ [store.process]: first - 1 })).problems).toEqual([]);
    const { records, problems } = await reader.since({ [store.process]: first - 2 });
    expect(records[0]?.seq).toBe(first);
    expect(problems).toMatchObject([
      { problem: "missing-records", message: `Record ${first - 1} is missing before this one.` },
    ]);
  });

  test("lines cut out before the footer are said", async () => {
    const store = await written(3);
    const text = store.bytes.toString().split("\n");
    writeFileSync(store.path, [...text.slice(0, 3), ...text.slice(4)].join("\n"));
    const { records, problems } = await readAll(store.directory);
    expect(namesOf(records)).toEqual(["1", "2"]);
    expect(kinds(problems)).toEqual(["missing-records"]);
  });

  test("a copy of a segment changes nothing, whatever it is called and wherever it lies", async () => {
    const store = await written(12, 1500);
    const before = await readAll(store.directory);
    copyFileSync(store.path, join(store.folder, "77.jsonl"));
    copyFileSync(join(store.folder, "2.jsonl"), join(store.folder, "0.jsonl"));
    const elsewhere = join(store.directory, "trail", "a copy");
    mkdirSync(elsewhere);
    for (const name of readdirSync(store.folder)) copyFileSync(join(store.folder, name), join(elsewhere, name));
    expect(await readAll(store.directory)).toEqual(before);
  });

  test("segments delivered in any order make the same set", async () => {
    const store = await written(10, 1000);
    const names = readdirSync(store.folder);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: names.length }), async (order) => {
        const directory = temporaryFolder();
        const folder = join(directory, "trail", store.process);
        mkdirSync(folder, { recursive: true });
        const reader = readTrail(directory);
        let { cursor } = await reader.since({});
        const found: string[] = [];
        for (const name of order) {
          copyFileSync(join(store.folder, name), join(folder, name));
          const read = await reader.since(cursor);
          found.push(...namesOf(read.records));
          cursor = read.cursor;
        }
        expect(found.sort()).toEqual(namesOf((await readAll(store.directory)).records).sort());
      }),
      { numRuns: 10 },
    );
  });

  test("delivered in any order, twice, under other names and with other content: what is read is the same", async () => {
    const store = await written(10, 1000);
    const names = readdirSync(store.folder);
    const [head, line] = readFileSync(store.path, "utf8").split("\n");
    const { crc: _, ...record } = JSON.parse(line!);
    const forged = `${head}\n${sealed({ ...record, name: "forged" })}`;
    const expected = namesOf((await readAll(store.directory)).records).filter((name) => name !== "1");
    const deliveries = fc.shuffledSubarray([...names, ...names, "forged"], { minLength: names.length * 2 + 1 });
    await fc.assert(
      fc.asyncProperty(deliveries, fc.constantFrom("", "x"), async (order, prefix) => {
        const directory = temporaryFolder();
        const arrived = new Set<string>();
        for (const name of order) {
          // A second copy comes to a folder of another name.
          const folder = join(directory, "trail", arrived.has(name) ? `copy${prefix}` : store.process);
          arrived.add(name);
          mkdirSync(folder, { recursive: true });
          if (name === "forged") writeFileSync(join(folder, "0.jsonl"), forged);
          else copyFileSync(join(store.folder, name), join(folder, name));
        }
        const { records, problems } = await readAll(directory);
        expect(namesOf(records)).toEqual(expected);
        expect(kinds(problems)).toEqual(["conflicting-record"]);
      }),
      { numRuns: 30 },
    );
  });

  test("the same number with other content: neither counts, and it is said", async () => {
    const store = await written(3);
    const [header, , second] = store.bytes.toString().split("\n");
    const { crc: _, ...record } = JSON.parse(second!);
    const forged = `${header}\n${sealed({ ...record, name: "forged" })}`;
    writeFileSync(join(store.folder, "2.jsonl"), forged);
    const { records, problems } = await readAll(store.directory);
    expect(namesOf(records)).toEqual(["1", "3"]);
    expect(kinds(problems)).toEqual(["conflicting-record"]);
    // Nor after it is sealed; both files stay for a person to look at.
    await compact({ directory: store.directory, from: 0, asideSeconds: 0 });
    expect(namesOf((await readAll(store.directory)).records)).toEqual(["1", "3"]);
    expect(readdirSync(store.folder)).toEqual(["1.jsonl.sealed", "2.jsonl.sealed"]);
  });

  test("whatever else lies in the folder is said and left alone", async () => {
    const store = await written(2);
    writeFileSync(join(store.directory, "trail", "notes.txt"), "mine");
    writeFileSync(join(store.folder, "1.jsonl.bak"), "mine");
    const { records, problems } = await readAll(store.directory);
    expect(records).toHaveLength(2);
    expect(kinds(problems)).toEqual(["foreign-file"]);
  });

  test("random bytes never throw", async () => {
    const directory = temporaryFolder();
    const folder = join(directory, "trail", "noise");
    mkdirSync(folder, { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        writeFileSync(join(folder, "1.jsonl"), bytes);
        expect((await readAll(directory)).records).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("records that a stranger wrote", () => {
  const stamp = { v: 1, process: "p", seq: 1, id: "i", time: "2026-01-01T00:00:00.000Z", kind: "event", peer: "x" };
  const header = { kind: "segment.header", format: "gang-trail", version: 1, process: "p", segment: 1 };
  const identity = {
    machine: "m",
    boot: "b",
    namespace: "n",
    pid: 1,
    start: "s",
    time: stamp.time,
    peers: ["x"],
    first: 1,
  };

  async function read(
    line: string,
  ): Promise<{ readonly names: string[]; readonly problems: string[]; readonly records: readonly object[] }> {
    const directory = temporaryFolder();
    mkdirSync(join(directory, "trail", "p"), { recursive: true });
    writeFileSync(join(directory, "trail", "p", "1.jsonl"), sealed({ ...header, ...identity }) + line);
    const { records, problems } = await readAll(directory);
    return { names: namesOf(records), problems: kinds(problems), records };
  }
  function raw(json: string): string {
    const open = json.slice(0, -1);
    return `${open},"crc":"${crc32(open).toString(16).padStart(8, "0")}"}\n`;
  }

  test("a record of a newer version, or of an unknown kind, is kept as it is", async () => {
    const newer = { ...stamp, v: 9, kind: "dream", peer: "x", depth: { a: 1 } };
    expect(await read(sealed(newer))).toEqual({ names: ["dream"], problems: ["newer-version"], records: [newer] });
    const unknown = { ...stamp, kind: "dream", extra: [1] };
    expect(await read(sealed(unknown))).toEqual({ names: ["dream"], problems: [], records: [unknown] });
  });

  test("fields that this version does not know survive", async () => {
    const record = { ...stamp, name: "n", later: { deep: true } };
    expect((await read(sealed(record))).records).toEqual([record]);
  });

  test("a record of a peer for whom its header does not speak is refused, before and after sealing", async () => {
    const directory = temporaryFolder();
    const folder = join(directory, "trail", "p");
    mkdirSync(folder, { recursive: true });
    const lines = [stamp, { ...stamp, seq: 2, peer: "somebody else" }, { ...stamp, seq: 3 }];
    const names = lines.map((line, index) => sealed({ ...line, name: `${index + 1}` }));
    // Followed by another, so that it is finished.
    writeFileSync(join(folder, "1.jsonl"), sealed({ ...header, ...identity }) + names.join(""));
    writeFileSync(join(folder, "2.jsonl"), sealed({ ...header, ...identity, segment: 2, first: 4 }));
    const before = await readAll(directory);
    expect(namesOf(before.records)).toEqual(["1", "3"]);
    expect(before.problems).toMatchObject([
      { problem: "foreign-peer", message: expect.stringContaining('does not speak for the peer "somebody else"') },
    ]);
    await compact({ directory, from: 0, asideSeconds: 0 });
    expect(namesOf((await readAll(directory)).records)).toEqual(["1", "3"]);
    expect(readdirSync(folder)).toContain("1.jsonl.sealed");
  });

  const refused: readonly [string, string][] = [
    ["a number beyond any", raw(`${JSON.stringify({ ...stamp, name: "n" }).slice(0, -1)},"value":1e999}`)],
    ["the same deep inside", raw(`${JSON.stringify({ ...stamp, name: "n" }).slice(0, -1)},"value":{"a":[ -1E+400]}}`)],
    [
      "100,000 lists in each other",
      raw(`${JSON.stringify({ ...stamp, name: "n" }).slice(0, -1)},"value":${"[".repeat(1e5)}${"]".repeat(1e5)}}`),
    ],
    ["a field of the wrong type", sealed({ ...stamp, name: 7 })],
    ["no peer", sealed({ ...stamp, peer: undefined, name: "n" })],
    ["a time that is none", sealed({ ...stamp, time: "yesterday", name: "n" })],
    ["a number that is none", sealed({ ...stamp, seq: -1, name: "n" })],
    ["a number too large to count on", sealed({ ...stamp, seq: 1e300, name: "n" })],
    ["the name of another process", sealed({ ...stamp, process: "q", name: "n" })],
    ["more than 256 KB", sealed({ ...stamp, name: "n", message: "x".repeat(300_000) })],
    ["more than a chunk", sealed({ ...stamp, name: "n", message: "x".repeat(3_000_000) })],
    ["a kind named like a method", sealed({ ...stamp, kind: "constructor", seq: 0 })],
    ["an empty line", "\n"],
    ["an array", raw("[]")],
    ["a second header", sealed({ ...header, ...identity })],
  ];
  test.each(refused)("%s: the line is skipped and said, the next one read", async (_, line) => {
    const next = sealed({ ...stamp, seq: 1, name: "next" });
    const { names, problems } = await read(line + next);
    expect(names).toEqual(["next"]);
    expect(problems).toEqual(["bad-line"]);
  });
});
