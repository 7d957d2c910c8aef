import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { compact } from "../../../runtime/trail/compaction.ts";
import { disk } from "../../../runtime/trail/disk.ts";
import { encodeMark } from "../../../runtime/trail/line.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { sha256 } from "../../../runtime/values/canonical.ts";
import { event, readAll, temporaryFolder } from "./store.ts";

async function store(): Promise<{ readonly directory: string; readonly folder: string; readonly hash: string }> {
  const directory = temporaryFolder();
  const hash = await artifactsOf(directory).put(Buffer.from("a large output"));
  const trail = await openTrail({ directory, peers: ["explorer"], segmentBytes: 1000 });
  for (let number = 0; number < 20; number += 1) await trail.append([event(`${number}`, { artifact: hash })]);
  await trail.close();
  return { directory, folder: join(directory, "trail", trail.process), hash };
}

async function problems(directory: string): Promise<string[]> {
  return (await verifyStore(directory)).problems.map(({ problem, message }) => `${problem}: ${message}`);
}

test("a store that nobody touched is in order, also where it does not exist", async () => {
  const { directory } = await store();
  expect(await verifyStore(directory)).toMatchObject({ processes: 1, records: 20, artifacts: 1, problems: [] });
  expect(await verifyStore(join(directory, "nowhere"))).toMatchObject({ processes: 0, records: 0, problems: [] });
});

test("a line that was rewritten with its CRC is found by the hashes", async () => {
  const { directory, folder } = await store();
  const path = join(folder, "2.jsonl");
  const lines = readFileSync(path, "utf8").split("\n");
  const { crc: _, ...record } = JSON.parse(lines[1]!);
  const open = JSON.stringify({ ...record, name: "x".repeat(record.name.length) }).slice(0, -1);
  lines[1] = `${open},"crc":"${crc32(open).toString(16).padStart(8, "0")}"}`;
  writeFileSync(path, lines.join("\n"));
  expect(await problems(directory)).toEqual([
    "broken-chain: The segment is not what its process closed: its hash does not fit.",
    "broken-chain: The segment is not what segment 3 continues: its hash does not fit.",
  ]);
});

test("a record that its writer left out is told from one that was lost", async () => {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["explorer"] });
  for (const name of ["one", "two", "three"]) await trail.append([event(name)]);
  await trail.close();
  const path = join(directory, "trail", trail.process, "1.jsonl");
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -2);
  const footer = JSON.parse(readFileSync(path, "utf8").trimEnd().split("\n").at(-1)!);
  const kept = `${lines.toSpliced(2, 1).join("\n")}\n`;
  const { crc: _, ...claimed } = footer;
  writeFileSync(path, kept + encodeMark({ ...claimed, count: 2, bytes: kept.length, hash: sha256(kept) }));
  expect(await problems(directory)).toEqual([
    "withheld-records: Record 2 is missing before this one. The segment is what its process closed: whoever wrote it left that out.",
  ]);
  writeFileSync(path, kept + encodeMark(claimed));
  expect(await problems(directory)).toEqual([
    "missing-records: Record 2 is missing before this one.",
    expect.stringMatching(/^missing-records: The segment was closed after/),
    "broken-chain: The segment is not what its process closed: its hash does not fit.",
    "broken-chain: The segment was closed with 3 records, and has 2.",
  ]);
});

test("a segment that is gone is missed by the next one", async () => {
  const { directory, folder } = await store();
  renameSync(join(folder, "2.jsonl"), join(directory, "aside"));
  expect(await problems(directory)).toEqual([
    expect.stringMatching(/^missing-records: /),
    "broken-chain: Segment 2, which came before this one, is not there or has no header.",
  ]);
});

test("a segment that ended in a write error is in order up to what was acknowledged", async () => {
  const directory = temporaryFolder();
  let left = 0;
  const trail = await openTrail({
    directory,
    peers: ["explorer"],
    disk: { ...disk, write: (file, bytes) => disk.write(file, left-- === 1 ? bytes.subarray(0, 30) : bytes) },
  });
  await trail.append([event("one")]);
  left = 1;
  await trail.append([event("two")]);
  await trail.close();
  expect(await problems(directory)).toEqual([expect.stringMatching(/^torn-tail: /)]);
});

test("what the memory refuses is counted, process by process", async () => {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["liar"] });
  const claim = (more: object) =>
    trail.append([
      {
        ...{ kind: "evidence", peer: "liar", stage: "p.s", attempt: "a", subnet: "n", niche: "", regime: 0, ok: true },
        ...{
          verified: true,
          echo: false,
          chosen: "1",
          claim: sha256("1"),
          metric: "m",
          value: 1,
          direction: 1,
          ...more,
        },
      } as Draft,
    ]);
  await claim({});
  await claim({ claim: sha256("2") });
  await claim({ claim: sha256("2") });
  await claim({ chosen: "{not json", claim: sha256("{not json") });
  await claim({ value: 1e16 });
  await claim({ at: "never" });
  await trail.append([{ kind: "score", peer: "liar", metric: "m", value: -1e300, direction: 1, feasible: true }]);
  await trail.append([{ kind: "drift", peer: "liar", stage: "p.s", subnet: "n", regime: 0, since: "never" }]);
  await trail.close();
  expect(await problems(directory)).toEqual([
    "refused: Refused as evidence, 3 records of the process: what was chosen does not hash to the claim.",
    "refused: Refused as evidence, 2 records of the process: a value beyond 1e15.",
    "refused: Refused as evidence, 2 records of the process: a time that is none.",
  ]);
  await compact({ directory, from: 0 });
  expect(await problems(directory)).toHaveLength(3);
});

test("other content under a number that is sealed does not count, and is kept and said", async () => {
  const { directory, folder } = await store();
  const [header, line] = readFileSync(join(folder, "1.jsonl"), "utf8").split("\n");
  await compact({ directory, from: 0, asideSeconds: 0 });
  const { crc: _, ...record } = JSON.parse(line!);
  const open = JSON.stringify({ ...record, name: "forged" }).slice(0, -1);
  mkdirSync(folder);
  const forged = `${open},"crc":"${crc32(open).toString(16).padStart(8, "0")}"}`;
  writeFileSync(join(folder, "70.jsonl"), `${header}\n${forged}\n`);
  // Followed by another, and so finished.
  const { crc: __, ...first } = JSON.parse(header!);
  const next = JSON.stringify({ ...first, segment: 90, first: 100 }).slice(0, -1);
  writeFileSync(join(folder, "90.jsonl"), `${next},"crc":"${crc32(next).toString(16).padStart(8, "0")}"}\n`);
  await compact({ directory, from: 0, asideSeconds: 0 });
  const names = (await readAll(directory)).records.map((one) => (one.kind === "event" ? one.name : ""));
  expect(names).toEqual(Array.from({ length: 20 }, (_, number) => `${number}`));
  expect(await problems(directory)).toEqual([expect.stringMatching(/^kept-segment: /)]);
});

test("times that are still to come are said", async () => {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["fast"], clock: { now: () => Date.parse("2200-01-01") } });
  await trail.append([event("one", { peer: "fast" })]);
  await trail.close();
  expect(await problems(directory)).toEqual([
    "future: A time that is still to come, in 1 record of the process: it counts as now.",
  ]);
});

test("artifacts that are damaged, and those that are referred to and gone", async () => {
  const { directory, hash } = await store();
  const path = join(directory, "artifacts", hash.slice(0, 2), hash);
  writeFileSync(path, "A large output");
  expect(await problems(directory)).toEqual([expect.stringMatching(/^damaged-artifact: /)]);
  rmSync(path);
  expect(await problems(directory)).toEqual([expect.stringMatching(/^missing-artifact: Record 1 of process/)]);
});
