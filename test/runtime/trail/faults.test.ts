/** A compaction that ends at any of its calls on the disk, killed or refused: nothing is lost, nothing is there twice. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSnapshot } from "../../../runtime/knowledge/snapshot/read.ts";
import { compact } from "../../../runtime/trail/compaction.ts";
import { type Disk, disk } from "../../../runtime/trail/disk.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { accountedBy, newestManifest } from "../../../runtime/trail/manifest.ts";
import { event, readAll, temporaryFolder } from "./store.ts";

/** Every call by hand: GANG_EVERY_FAULT=1; else every fourth, from a random one on. */
const STEP = process.env.GANG_EVERY_FAULT === undefined ? 4 : 1;
const START = 1 + Math.floor(Math.random() * STEP);

const options = { from: 0, mergeFiles: 2, asideSeconds: 0, snapshotRecords: 1 };

/** A store with a sealed file, and two more processes to be sealed: the compaction seals, merges and tidies. */
async function template(): Promise<string> {
  const directory = temporaryFolder();
  for (const name of ["a", "b", "c"]) {
    const trail = await openTrail({ directory, peers: ["explorer"], segmentBytes: 1200 });
    for (let number = 0; number < 6; number += 1) await trail.append([event(`${name}${number}`)]);
    await trail.close();
    if (name === "a") await compact({ directory, ...options });
  }
  return directory;
}

/** Everything is there once, and the next compaction leaves nothing but what its manifest lists. */
async function expectWhole(directory: string, before: Awaited<ReturnType<typeof readAll>>): Promise<void> {
  const order = ({ records, problems }: typeof before) => ({
    records: records.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    problems,
  });
  expect(order(await readAll(directory))).toEqual(order(before));
  await compact({ directory, ...options });
  expect(order(await readAll(directory))).toEqual(order(before));
  const manifest = newestManifest(directory)!;
  const listed = [
    `MANIFEST-${manifest.generation}.json`,
    ...manifest.files.map(({ name }) => name),
    manifest.snapshot!.name,
  ];
  const there = readdirSync(join(directory, "sealed")).filter((name) => !name.startsWith("lock.duckdb"));
  expect(there.sort()).toEqual(listed.sort());
  expect(readdirSync(join(directory, "trail"))).toEqual([]);
  expect(manifest.files.reduce((sum, { records }) => sum + records, 0)).toBe(before.records.length);
  const snapshot = await openSnapshot(join(directory, "sealed", manifest.snapshot!.name), Date.now);
  expect(snapshot?.cursor).toEqual(
    Object.fromEntries([...accountedBy(manifest)].map(([name, { last }]) => [name, last])),
  );
  snapshot!.engine.close();
}

test("killed with -9 at each call", async () => {
  const store = await template();
  const before = await readAll(store);
  const copy = `${store}-copy`;
  const compactor = new URL("../../kill/compactor.ts", import.meta.url).pathname;
  for (let last = START; ; last += STEP) {
    cpSync(store, copy, { recursive: true });
    const { signal, status, stderr } = spawnSync(process.execPath, [compactor, copy, String(last)], {
      encoding: "utf8",
    });
    if (signal === null) expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    await expectWhole(copy, before);
    rmSync(copy, { recursive: true });
    if (signal === null) {
      expect(last).toBeGreaterThan(20);
      break;
    }
  }
}, 300_000);

test("each call fails once, or from then on", async () => {
  const store = await template();
  const before = await readAll(store);
  const copy = `${store}-copy`;
  for (const times of [1, Number.POSITIVE_INFINITY]) {
    for (let first = START, reached = true; reached; first += STEP) {
      cpSync(store, copy, { recursive: true });
      let calls = 0;
      const failing = Object.fromEntries(
        Object.entries(disk).map(([name, call]) => [
          name,
          (...args: never[]) => {
            calls += 1;
            if (calls >= first && calls < first + times && name !== "close") {
              throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
            }
            return (call as (...all: never[]) => unknown)(...args);
          },
        ]),
      ) as unknown as Disk;
      await compact({ directory: copy, ...options, disk: failing }).catch((error: Error) => {
        expect(error.message).toMatch(/cannot be compacted .* Nothing of it is lost/);
      });
      reached = calls >= first;
      await expectWhole(copy, before);
      rmSync(copy, { recursive: true });
    }
  }
  expect(existsSync(copy)).toBe(false);
}, 300_000);
