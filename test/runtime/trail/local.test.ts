import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Disk, disk } from "../../../runtime/trail/disk.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { TrailError } from "../../../runtime/trail/trail.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

const peers = ["explorer"];

describe("writing and reading", () => {
  test("append resolves with the number under which a reader finds the first record", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    const drafts = [event("one", { deep: { list: [1, null, "ü 漢 😀"] } }), event("two"), event("three")];
    expect([await trail.append(drafts.slice(0, 2)), await trail.append(drafts.slice(2))]).toEqual([1, 3]);
    const { records } = await readAll(directory);
    expect(records).toMatchObject(drafts.map((draft, index) => ({ ...draft, seq: index + 1 })));
    await trail.close();
    expect(await readAll(directory)).toMatchObject({ records, problems: [] });
  });

  test("notes ride with the next append, in the order in which they were handed over", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    trail.note([event("noted")]);
    const appended = trail.append([event("appended")]);
    trail.note([event("noted after")]);
    await appended;
    await trail.close();
    expect(namesOf((await readAll(directory)).records)).toEqual(["noted", "appended", "noted after"]);
  });

  test("a note that no append follows is written all the same", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    trail.note([event("alone")]);
    await expect.poll(async () => namesOf((await readAll(directory)).records)).toEqual(["alone"]);
    await trail.close();
  });

  test("callers of one turn share one sync", async () => {
    let syncs = 0;
    const counting: Disk = {
      ...disk,
      sync(file) {
        syncs += 1;
        return disk.sync(file);
      },
    };
    const trail = await openTrail({ directory: temporaryFolder(), peers, disk: counting });
    await trail.append([event("alone")]);
    syncs = 0;
    const rounds = 10;
    await Promise.all(
      Array.from({ length: 256 }, async (_, caller) => {
        for (let round = 0; round < rounds; round += 1) await trail.append([event(`${caller}`)]);
      }),
    );
    expect(syncs).toBeLessThanOrEqual(rounds + 2);
    await trail.close();
  });

  test("what is noted between two records that are waited for takes no sync of its own", async () => {
    let syncs = 0;
    const counting: Disk = {
      ...disk,
      sync() {
        syncs += 1;
      },
    };
    const trail = await openTrail({ directory: temporaryFolder(), peers, disk: counting, sealing: false });
    await trail.append([event("alone")]);
    syncs = 0;
    for (let hops = 0; hops < 20; hops += 1) {
      trail.note([event("noted")]);
      for (let hop = 0; hop < hops; hop += 1) await undefined;
      trail.note([event("noted too")]);
      await trail.append([event("waited for")]);
    }
    expect(syncs).toBe(20);
    trail.note([event("last")]);
    await trail.close();
  });

  test("however quick the disk, the loop has its turn", async () => {
    const quick: Disk = { ...disk, sync: async () => undefined };
    const trail = await openTrail({ directory: temporaryFolder(), peers, disk: quick, sealing: false });
    let isOver = false;
    const deadline = setTimeout(() => {
      isOver = true;
    }, 30);
    const until = performance.now() + 3000;
    while (!isOver && performance.now() < until) await trail.append([event("on and on")]);
    clearTimeout(deadline);
    expect(isOver).toBe(true);
    await trail.close();
  });

  test("whenever a record is handed over, something writes it", async () => {
    const trail = await openTrail({ directory: temporaryFolder(), peers });
    for (let hops = 0; hops < 40; hops += 1) {
      const first = trail.append([event("first")]);
      await first;
      // So many microtasks after the sync: before, while and after the flusher ends.
      for (let hop = 0; hop < hops; hop += 1) await undefined;
      await trail.append([event("second")]);
    }
    await trail.close();
  }, 5000);

  test("times never go back, though the clock does", async () => {
    const times = [0, 9000, 1000, Number.NaN, 9001];
    const directory = temporaryFolder();
    const trail = await openTrail({
      directory,
      peers,
      clock: { now: () => (times.length > 1 ? times.shift()! : times[0]!) },
    });
    for (let index = 0; index < 4; index += 1) await trail.append([event("tick")]);
    const { records } = await readAll(directory);
    const written = records.map(({ time }) => time);
    expect(written.toSorted()).toEqual(written);
    const ids = records.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(ids);
    await trail.close();
  });

  test("segments roll over, each closed by a footer and chained to the one before", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, segmentBytes: 1000 });
    for (let index = 0; index < 20; index += 1) await trail.append([event(`number ${index}`)]);
    await trail.close();
    const folder = join(directory, "trail", trail.process);
    const count = readdirSync(folder).length;
    expect(count).toBeGreaterThan(3);
    let hash: string | undefined;
    for (let number = 1; number <= count; number += 1) {
      const lines = readFileSync(join(folder, `${number}.jsonl`), "utf8")
        .trimEnd()
        .split("\n");
      const header = JSON.parse(lines[0]!);
      const footer = JSON.parse(lines.at(-1)!);
      const body = `${lines.slice(0, -1).join("\n")}\n`;
      expect(header).toMatchObject({ process: trail.process, segment: number, peers });
      expect(header.previous?.hash).toBe(hash);
      hash = createHash("sha256").update(body).digest("hex");
      expect(footer).toMatchObject({ count: lines.length - 2, bytes: body.length, hash, last: number === count });
    }
    expect(await readAll(directory)).toMatchObject({ records: { length: 20 }, problems: [] });
  });

  test("each folder's entry is on the disk before the first record is acknowledged", async () => {
    const parent = temporaryFolder();
    const directory = join(parent, ".gang");
    for (const round of ["made", "found"]) {
      const synced: string[] = [];
      const watching: Disk = {
        ...disk,
        syncFolder(path) {
          synced.push(path);
          disk.syncFolder(path);
        },
      };
      const trail = await openTrail({ directory, peers, disk: watching });
      const own = join(directory, "trail", trail.process);
      expect(synced, round).toEqual(expect.arrayContaining([parent, directory, join(directory, "trail"), own]));
      await trail.close();
    }
  });

  test("an append after close is refused", async () => {
    const trail = await openTrail({ directory: temporaryFolder(), peers });
    await trail.close();
    await expect(trail.append([event("late")])).rejects.toThrow(TrailError);
  });

  test("every line is JSON by itself, its CRC last", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await trail.append([event("line\nbreak"), event('"quotes" \\ and \u2028')]);
    await trail.close();
    const text = readFileSync(join(directory, "trail", trail.process, "1.jsonl"), "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => Object.keys(line).at(-1))).toEqual(["crc", "crc", "crc", "crc"]);
  });
});

describe("what a draft may not hold", () => {
  const cases: readonly [string, Draft, RegExp][] = [
    ["NaN", event("x", { value: { deep: [Number.NaN] } }), /value\.deep\[0\]` is NaN/],
    ["Infinity", event("x", { value: Number.POSITIVE_INFINITY }), /value` is Infinity/],
    ["undefined in a list", event("x", { value: [undefined] }), /value\[0\]` is undefined/],
    ["a BigInt", event("x", { value: 1n }), /BigInt/],
    ["a number of its own", event("x", { seq: 7 }), /`seq`/],
    ["10 MB", event("x", { value: "a".repeat(10_000_000) }), /artifact/],
    [
      "10,000 lists in each other",
      event("x", { value: JSON.parse(`${"[".repeat(10_000)}${"]".repeat(10_000)}`) }),
      /nested|stack/,
    ],
    [
      "600 lists in each other",
      event("x", { value: JSON.parse(`${"[".repeat(600)}${"]".repeat(600)}`) }),
      /nested more than 500/,
    ],
    ["a cycle", cyclic(), /circular/i],
  ];
  test.each(cases)("%s is its caller's error, and the trail goes on", async (_, draft, message) => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await expect(trail.append([event("before"), draft])).rejects.toThrow(message);
    expect(() => trail.note([draft])).toThrow(message);
    await trail.append([event("after")]);
    await trail.close();
    expect(await readAll(directory)).toMatchObject({ records: [{ seq: 1, name: "after" }], problems: [] });
  });

  test("half a surrogate pair becomes the replacement character, text that only looks like one stays", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await trail.append([event("\ud800 \\ud800 😀", { "key \udc00": ["\udfff"] })]);
    await trail.close();
    const { records } = await readAll(directory);
    expect(records).toMatchObject([{ name: "\ufffd \\ud800 😀", "key \ufffd": ["\ufffd"] }]);
  });

  test("a key named __proto__ is a key like any other", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await trail.append([event("x", { value: JSON.parse('{"__proto__":{"polluted":true}}') })]);
    await trail.close();
    const [record] = (await readAll(directory)).records as unknown as [{ value: object; polluted?: boolean }];
    expect(Object.keys(record.value)).toEqual(["__proto__"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("a disk that fails", () => {
  let others = 0;
  const failures: readonly [string, Partial<Disk>, RegExp][] = [
    [
      "the disk is full",
      {
        write: () => {
          throw coded("ENOSPC");
        },
      },
      /disk is full/,
    ],
    [
      "an input/output error",
      {
        write: () => {
          throw coded("EIO");
        },
      },
      /input\/output error/,
    ],
    [
      "a short write",
      { write: (file, bytes) => disk.write(file, bytes.subarray(0, bytes.length >> 1)) },
      /only \d+ of \d+ bytes/,
    ],
    ["a failing fdatasync", { sync: () => Promise.reject(coded("EIO")) }, /input\/output error/],
    ["a segment that is no longer at its path", { identify: () => ({ dev: 0, ino: ++others }) }, /moved or deleted/],
  ];

  test.each(failures)("%s once: the batch goes to a fresh segment under the same numbers", async (_, failing) => {
    const directory = temporaryFolder();
    const broken = { now: false };
    const trail = await openTrail({ directory, peers, disk: breakable(failing, broken, 1) });
    await trail.append([event("before")]);
    broken.now = true;
    expect(await Promise.all([trail.append([event("one")]), trail.append([event("two")])])).toEqual([2, 3]);
    await trail.append([event("after")]);
    await trail.close();
    const read = await readAll(directory);
    expect(namesOf(read.records)).toEqual(["before", "one", "two", "after"]);
    expect(read.problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
    expect(readdirSync(join(directory, "trail", trail.process))).toHaveLength(2);
  });

  test.each(failures)(
    "%s for good: appends reject, `failed` tells, what was acknowledged is there",
    async (_, failing, message) => {
      const directory = temporaryFolder();
      const broken = { now: false };
      const trail = await openTrail({ directory, peers, disk: breakable(failing, broken, Number.POSITIVE_INFINITY) });
      await trail.append([event("before")]);
      broken.now = true;
      await expect(trail.append([event("lost")])).rejects.toThrow(message);
      await expect(trail.append([event("later")])).rejects.toThrow(TrailError);
      expect(() => trail.note([event("noted")])).not.toThrow();
      expect((await trail.failed).message).toMatch(message);
      await trail.close();
      const { records } = await readAll(directory);
      expect(namesOf(records)[0]).toBe("before");
    },
  );

  test("a segment that cannot be made once, when one is full, is tried again", async () => {
    const directory = temporaryFolder();
    const broken = { now: false };
    const failing: Partial<Disk> = {
      create: () => {
        throw coded("EIO");
      },
    };
    const trail = await openTrail({ directory, peers, segmentBytes: 1, disk: breakable(failing, broken, 1) });
    await trail.append([event("one")]);
    broken.now = true;
    await trail.append([event("two")]);
    await trail.close();
    expect(await readAll(directory)).toMatchObject({ records: [{ seq: 1 }, { seq: 2 }], problems: [] });
  });

  test("a store that cannot be made is said in a sentence", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const opening = openTrail({ directory: join(folder, "file", ".gang"), peers });
    await expect(opening).rejects.toThrow(/^The store cannot be written: a file stands where a folder is needed/);
  });

  test("nor one in a folder that takes none, and nobody waits for it", async () => {
    const opening = openTrail({ directory: "/proc/store", peers });
    await expect(opening).rejects.toThrow(/^The store cannot be written: .*\/proc/);
  });

  test("a segment that someone moves or deletes costs work, not records", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    const folder = join(directory, "trail", trail.process);
    await trail.append([event("first")]);
    renameSync(join(folder, "1.jsonl"), join(folder, "1.jsonl.aside"));
    await trail.append([event("second")]);
    rmSync(join(directory, "trail"), { recursive: true });
    await trail.append([event("third")]);
    await trail.close();
    expect(namesOf((await readAll(directory)).records)).toEqual(["third"]);
    expect(existsSync(join(folder, "3.jsonl"))).toBe(true);
  });
});

describe("reading while others write", () => {
  test("a reader sees what is new, once, and the same object back means nothing is", async () => {
    const directory = temporaryFolder();
    const reader = readTrail(directory);
    const empty = await reader.since({});
    expect(empty).toMatchObject({ records: [], problems: [] });
    const trail = await openTrail({ directory, peers, segmentBytes: 600 });
    let { cursor } = await reader.since(empty.cursor);
    for (let index = 0; index < 10; index += 1) {
      await trail.append([event(`${index}`)]);
      const read = await reader.since(cursor);
      expect(namesOf(read.records)).toEqual([`${index}`]);
      cursor = read.cursor;
      const again = await reader.since(cursor);
      expect(again.records).toEqual([]);
      expect(again.cursor).toBe(cursor);
    }
    await trail.close();
    const end = await reader.since(cursor);
    expect(end).toMatchObject({ records: [], problems: [] });
  });

  test("a cursor can be kept as JSON, and asked from twice", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers, segmentBytes: 600 });
    for (let index = 0; index < 10; index += 1) await trail.append([event(`${index}`)]);
    const cursor = JSON.parse(JSON.stringify({ [trail.process]: 7 }));
    for (let round = 0; round < 2; round += 1) {
      const read = await trail.since(cursor);
      expect(namesOf(read.records)).toEqual(["7", "8", "9"]);
      expect(read).toMatchObject({ cursor: { [trail.process]: 10 }, problems: [] });
    }
    await trail.close();
  });

  test("the half-written last line of a live process is waited for, not complained about", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await trail.append([event("whole"), event("in two pieces")]);
    const path = join(directory, "trail", trail.process, "1.jsonl");
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 20));
    const reader = readTrail(directory);
    const first = await reader.since({});
    expect(namesOf(first.records)).toEqual(["whole"]);
    expect(first.problems).toEqual([]);
    writeFileSync(path, bytes);
    expect(namesOf((await reader.since(first.cursor)).records)).toEqual(["in two pieces"]);
    await trail.close();
  });

  test("DuckDB and jq read the files as they are", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers });
    await trail.append([event("\ud800"), event("b", { output: { deep: [1, "ü"] } })]);
    await trail.close();
    const query = `const { DuckDBInstance } = await import("@duckdb/node-api");
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const reader = await connection.runAndReadAll("select seq, name from read_json('" + process.argv[1] + "') where seq is not null order by seq");
      console.log(JSON.stringify(reader.getRowsJson()));`;
    const file = join(directory, "trail", "*", "*.jsonl");
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", query, "--", file], {
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toEqual([
      ["1", "\ufffd"],
      ["2", "b"],
    ]);
  });
});

function cyclic(): Draft {
  const value: { self?: unknown } = {};
  value.self = value;
  return event("x", { value });
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The real disk, of which the calls in `failing` fail `times` times once it is broken. */
function breakable(failing: Partial<Disk>, broken: { now: boolean }, times: number): Disk {
  let left = times;
  const calls = Object.entries(failing).map(([name, fails]) => [
    name,
    (...args: never[]) => {
      if (!broken.now || left <= 0) return (disk[name as keyof Disk] as (...all: never[]) => unknown)(...args);
      left -= 1;
      return (fails as (...all: never[]) => unknown)(...args);
    },
  ]);
  return { ...disk, ...Object.fromEntries(calls) };
}

test("a peer that joins later is named by the header of a new segment, so that its records are not refused", async () => {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["explorer"] });
  await trail.append([event("1")]);
  await trail.append([event("2", { peer: "late" }), event("3")]);
  await trail.append([event("4", { peer: "late" })]);
  await trail.close();
  const { records, problems } = await readAll(directory);
  expect([namesOf(records), problems]).toEqual([["1", "2", "3", "4"], []]);
  const folder = join(directory, "trail", trail.process);
  const headers = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8").split("\n")[0]!);
  expect(headers.map((header) => JSON.parse(header).peers)).toEqual([["explorer"], ["explorer", "late"]]);
});
