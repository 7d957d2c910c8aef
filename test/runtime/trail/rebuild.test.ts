import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { findRecords, forget } from "../../../runtime/trail/forget.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { newestManifest } from "../../../runtime/trail/manifest.ts";
import { rebuild } from "../../../runtime/trail/rebuild.ts";
import { withDuckDB } from "../../../runtime/trail/sealed.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

const peer = "explorer";

async function write(directory: string, names: readonly string[]): Promise<string> {
  const trail = await openTrail({ directory, peers: [peer] });
  await trail.append(names.map((name) => event(name)));
  await trail.close();
  return trail.process;
}

function sealedIn(directory: string): string[] {
  return newestManifest(directory)!.files.map(({ name }) => join(directory, "sealed", name));
}

async function names(directory: string): Promise<string[]> {
  return namesOf((await readAll(directory)).records).sort();
}

/** The sealed file with other values in it, as damage may leave them. */
async function alter(path: string, replace: string): Promise<void> {
  const bytes = await withDuckDB(async (connection) => {
    const out = `${path}.altered`;
    await connection.run("set TimeZone = 'UTC'");
    await connection.run(
      `copy (select * replace (${replace}) from read_parquet('${path}')) to '${out}' (format parquet)`,
    );
    const altered = readFileSync(out);
    rmSync(out);
    return altered;
  });
  writeFileSync(path, bytes);
}

test("a sealed file that is gone is said, and the others are made anew", async () => {
  const directory = temporaryFolder();
  await write(directory, ["one", "two"]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  await write(directory, ["three"]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  const [first] = sealedIn(directory);
  rmSync(first!);
  expect(await rebuild(directory)).toMatchObject({ records: 1, damaged: [], missing: [first] });
  expect(await names(directory)).toEqual(["three"]);
  expect(await rebuild(directory)).toMatchObject({ records: 1, damaged: [], missing: [] });
});

test("columns that damage has changed are made anew from the lines", async () => {
  const directory = temporaryFolder();
  await write(directory, ["one", "two", "three"]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  await forget(directory, await findRecords(directory, { ids: [], match: '"name":"two"' }), { peer });
  const before = await names(directory);
  const columns = async () =>
    withDuckDB(async (connection) => {
      const files = sealedIn(directory).map((path) => `'${path}'`);
      const sql = `select process, seq, id, time, v, kind, peer, stage, line, gone from read_parquet([${files.join(", ")}]) where line is not null order by line`;
      return (await connection.runAndReadAll(sql)).getRowObjectsJson();
    });
  const expected = await columns();
  for (const path of sealedIn(directory)) {
    const changed = "'x' as id, timestamptz '1999-01-01' as time, 7 as v, 'turn' as kind, 's' as stage";
    await alter(path, `${changed}, case when line is null then seq else seq + 1 end as seq`);
  }
  expect((await verifyStore(directory)).problems).not.toEqual([]);
  expect(await rebuild(directory)).toMatchObject({ damaged: [], missing: [] });
  expect(await columns()).toEqual(expected);
  expect(await names(directory)).toEqual(before);
  expect((await verifyStore(directory)).problems).toEqual([]);
});

test("a column that cannot be read costs nothing", async () => {
  const directory = temporaryFolder();
  await write(directory, ["one", "two", "three"]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  const [path] = sealedIn(directory);
  const [{ at }] = (await withDuckDB(async (connection) =>
    (
      await connection.runAndReadAll(
        `select coalesce(dictionary_page_offset, data_page_offset)::double as at from parquet_metadata('${path}') where path_in_schema = 'time'`,
      )
    ).getRowObjectsJS(),
  )) as [{ at: number }];
  const bytes = readFileSync(path!);
  bytes.fill(0xff, at, at + 8);
  writeFileSync(path!, bytes);
  expect(await rebuild(directory)).toMatchObject({ records: 3, damaged: [] });
  expect(await names(directory)).toEqual(["one", "three", "two"]);
  expect((await verifyStore(directory)).problems).toEqual([]);
});

test("a line that is damaged is left out, the file kept; what has gone takes no line with it", async () => {
  const directory = temporaryFolder();
  const process = await write(directory, ["one", "two", "three", "four"]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  await forget(directory, await findRecords(directory, { ids: [], match: '"name":"four"' }), { peer });
  for (const path of sealedIn(directory)) {
    const line = `case when line like '%"two"%' then replace(line, 'two', 'tow') else line end as line`;
    await alter(path, `${line}, case when line is null then 1 else seq end as seq`);
  }
  const { damaged } = await rebuild(directory);
  expect(damaged).toHaveLength(1);
  expect(readdirSync(join(directory, "sealed")).filter((name) => name.startsWith("damaged-"))).toHaveLength(1);
  expect(await names(directory)).toEqual(["forgotten", "one", "three"]);
  const { problems } = await verifyStore(directory);
  expect(problems).toMatchObject([{ problem: "missing-records", message: expect.stringContaining(process) }]);
});
