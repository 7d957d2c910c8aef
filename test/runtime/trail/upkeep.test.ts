import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { compact } from "../../../runtime/trail/compaction.ts";
import { exportJson, exportParquet } from "../../../runtime/trail/export.ts";
import { findRecords, forget } from "../../../runtime/trail/forget.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { generationsOf, manifestPath, newestManifest } from "../../../runtime/trail/manifest.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import { rebuild } from "../../../runtime/trail/rebuild.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { keepUp } from "../../../runtime/trail/upkeep.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

const peer = "explorer";
const DAY = 24 * 3600 * 1000;

async function write(directory: string, drafts: readonly Draft[], time = Date.now()): Promise<string> {
  const trail = await openTrail({ directory, peers: [peer], clock: { now: () => time } });
  await trail.append(drafts);
  await trail.close();
  return trail.process;
}

/** Every byte of the store, in which a text may still be found. */
function holds(directory: string, text: string): boolean {
  return readdirSync(directory, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));
}

describe("retention", () => {
  test("old checkpoints go with their run's end, or where there is no such run; of what may go on they stay", async () => {
    const directory = temporaryFolder();
    const begun = { kind: "run.started", peer, pipeline: "p", cycle: 0, seed: 1 } as const;
    const ended = { kind: "run.ended", peer, elapsed: 1 } as const;
    const of = (run: string) => join(directory, "checkpoints", run);
    const save = (run: string, time: number): void => {
      const folder = join(of(run), "stage");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "state"), "half");
      for (const path of [join(folder, "state"), folder, of(run)]) utimesSync(path, time / 1000, time / 1000);
    };
    const long = Date.now() - 100 * DAY;
    for (const run of ["failed", "cancelled", "parked", "killed", "again", "unknown"]) save(run, long);
    save("young", Date.now() - DAY);
    save("unknown-young", Date.now());
    const runs = ["failed", "cancelled", "parked", "killed", "again", "young"];
    await write(
      directory,
      runs.map((run) => ({ ...begun, run })),
      long,
    );
    const ends = [["cancelled", "cancelled"] as const, ["parked", "parked"] as const];
    await write(
      directory,
      [
        ...["failed", "again", "young"].map((run) => ({ ...ended, run, status: "failed" as const })),
        ...ends.map(([run, status]) => ({ ...ended, run, status })),
      ],
      long + 1000,
    );
    await write(directory, [{ ...begun, run: "again", resumed: true, turn: 2 }], long + 2000);
    const options = { directory, from: 0, asideSeconds: 0 };
    expect(await keepUp(options)).toMatchObject({ checkpoints: 3 });
    expect(readdirSync(join(directory, "checkpoints")).sort()).toEqual(
      ["again", "killed", "parked", "unknown-young", "young"].sort(),
    );
    expect(await keepUp(options)).toMatchObject({ checkpoints: 0 });
  });

  test("turns, tool output and unreferenced artifacts go; evidence, runs, scores and what effects did stay", async () => {
    const directory = temporaryFolder();
    const artifacts = artifactsOf(directory);
    const [kept, loose] = [await artifacts.put(Buffer.from("kept")), await artifacts.put(Buffer.from("loose"))];
    for (const hash of [kept, loose]) utimesSync(join(directory, "artifacts", hash.slice(0, 2), hash), 0, 0);
    const turn = { kind: "turn", peer, model: "m", number: 1, latency: 1 } as const;
    await write(
      directory,
      [
        { kind: "run.started", peer, pipeline: "p", cycle: 0, seed: 1 },
        { ...turn, prompt: "old" },
        { kind: "tool.started", peer, tool: "t", call: "c1" },
        { kind: "tool.ended", peer, tool: "t", call: "c1", ok: true, elapsed: 1, output: "long" },
        { kind: "tool.started", peer, tool: "pay", call: "c2", effect: true },
        { kind: "tool.ended", peer, tool: "pay", call: "c2", ok: true, elapsed: 1, output: "paid" },
        { kind: "stage.ended", peer, status: "ok", attempts: 1, elapsed: 1, artifact: kept },
        { kind: "score", peer, metric: "m", value: 1, direction: 1, feasible: true },
      ],
      Date.now() - 100 * DAY,
    );
    await write(directory, [{ ...turn, prompt: "new" }]);
    const options = { directory, from: 0, asideSeconds: 0 };
    // Sealed first and old afterwards, as it goes.
    await compact(options);
    expect((await readAll(directory)).records).toHaveLength(9);
    expect(await keepUp(options)).toMatchObject({ gone: 2, artifacts: 1 });
    const { records, problems } = await readAll(directory);
    expect(problems).toEqual([]);
    expect(records.map(({ kind }) => kind).sort()).toEqual(
      [
        ...["run.started", "tool.started", "tool.started", "tool.ended", "stage.ended", "score"],
        ...["turn", "event"],
      ].sort(),
    );
    expect(records.find(({ kind }) => kind === "turn")).toMatchObject({ prompt: "new" });
    expect(records.find(({ kind }) => kind === "event")).toMatchObject({ name: "retention", lines: 2, artifacts: 1 });
    expect([await artifacts.has(kept), await artifacts.has(loose)]).toEqual([true, false]);
    expect((await verifyStore(directory)).problems).toEqual([]);
    expect(await keepUp(options)).toMatchObject({ gone: 0, artifacts: 0 });
  });
});

test("the end of an effect stays, also where its beginning was sealed long before", async () => {
  const directory = temporaryFolder();
  const options = { directory, from: 0, asideSeconds: 0 };
  const call = { peer, tool: "pay", call: "c1", effect: true };
  await write(directory, [{ kind: "tool.started", ...call }], Date.now() - 101 * DAY);
  await keepUp(options);
  await write(
    directory,
    [{ kind: "tool.ended", ...call, ok: true, elapsed: 1, output: "paid" }],
    Date.now() - 100 * DAY,
  );
  expect(await keepUp(options)).toMatchObject({ gone: 0 });
  expect((await readAll(directory)).records.map(({ kind }) => kind).sort()).toEqual(["tool.ended", "tool.started"]);
});

describe("forgetting", () => {
  test("lines and artifacts go from wherever they are, and are refused when they come again", async () => {
    const directory = temporaryFolder();
    const hash = await artifactsOf(directory).put(Buffer.from("a file with sk-secret in it"));
    const process = await write(directory, [
      event("one"),
      event("two", { message: 'the key is "sk-secret"' }),
      event("three", { artifact: hash }),
      event("four"),
    ]);
    const copy = readFileSync(join(directory, "trail", process, "1.jsonl"));
    await compact({ directory, from: 0 });
    await write(directory, [event("five", { message: "sk-secret again" }), event("six")]);
    const found = await findRecords(directory, { ids: [], match: "sk-secret" });
    expect(found.records.map(({ seq }) => seq)).toEqual([2, 3, 1]);
    expect(await forget(directory, found, { peer, why: "leaked" })).toBe(0);
    const rest = ["one", "four", "six", "forgotten"];
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(rest.sort());
    expect((await readAll(directory)).problems).toEqual([]);
    expect(holds(directory, "sk-secret")).toBe(false);
    expect(await artifactsOf(directory).has(hash)).toBe(false);
    expect((await verifyStore(directory)).problems).toEqual([]);

    // A backup is copied back.
    await openTrail({ directory, peers: [peer] }).then((trail) => trail.close());
    const folder = join(directory, "trail", readdirSync(join(directory, "trail"))[0]!);
    writeFileSync(join(folder, "77.jsonl"), copy);
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(rest.sort());
    await compact({ directory, from: 0, asideSeconds: 0 });
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(rest.sort());
    expect(holds(directory, "sk-secret")).toBe(false);
    expect((await findRecords(directory, { ids: [], match: "sk-secret" })).records).toEqual([]);
  });

  test("what a live process still holds is hidden at once, and dropped once that is sealed", async () => {
    const directory = temporaryFolder();
    const trail = await openTrail({ directory, peers: [peer] });
    await trail.append([event("secret"), event("other")]);
    const [written] = (await trail.since({})).records;
    const found = await findRecords(directory, { ids: [written!.id] });
    expect(await forget(directory, found, { peer })).toBe(1);
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(["forgotten", "other"]);
    await trail.append([event("later")]);
    await trail.close();
    await compact({ directory, from: 0, asideSeconds: 0 });
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(["forgotten", "later", "other"]);
    expect(newestManifest(directory)!.forgotten).toEqual([]);
    expect(readdirSync(join(directory, "trail"))).toEqual([]);
  });
});

test("rebuilding after the manifest is damaged gives the same records; forgotten ones do not come back", async () => {
  const directory = temporaryFolder();
  await write(directory, [event("one"), event("two"), event("gone")]);
  await compact({ directory, from: 0 });
  await write(directory, [event("three")]);
  const found = await findRecords(directory, { ids: [], match: '"name":"gone"' });
  await forget(directory, found, { peer });
  const before = (await readAll(directory)).records;
  const path = manifestPath(directory, generationsOf(directory)[0]!);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  await expect(compact({ directory, from: 0 })).rejects.toThrow(/gangc store rebuild/);
  expect((await verifyStore(directory)).problems).toContainEqual(
    expect.objectContaining({ problem: "damaged-manifest" }),
  );
  await rebuild(directory);
  const { records, problems } = await readAll(directory);
  expect(problems).toEqual([]);
  expect(namesOf(records).sort()).toEqual(namesOf(before).sort());
  expect((await verifyStore(directory)).problems).toEqual([]);
});

test("a bit that flipped in a sealed file is found", async () => {
  const directory = temporaryFolder();
  await write(directory, [event("one"), event("two")]);
  await compact({ directory, from: 0 });
  const path = join(directory, "sealed", newestManifest(directory)!.files[0]!.name);
  const bytes = readFileSync(path);
  bytes[20]! ^= 1;
  writeFileSync(path, bytes);
  const { problems } = await verifyStore(directory);
  expect(problems).toContainEqual(expect.objectContaining({ file: path }));
});

test("what is exported is every record once, sealed or not, as it was written", async () => {
  const directory = temporaryFolder();
  await write(directory, [event("one"), event("two")]);
  await compact({ directory, from: 0 });
  await write(directory, [event("three")]);
  let text = "";
  expect(
    await exportJson(directory, (part) => {
      text += part;
    }),
  ).toEqual({ records: 3, damaged: [] });
  const records = text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { crc: _, ...record } = JSON.parse(line);
      return record;
    });
  expect(records).toEqual((await readTrail(directory).since({})).records);
  const out = join(directory, "it's out.parquet");
  expect(await exportParquet(directory, out)).toEqual({ records: 3, damaged: [] });
  expect(existsSync(out)).toBe(true);
});
