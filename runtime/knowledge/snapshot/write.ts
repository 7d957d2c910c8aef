/**
 * Making a snapshot: of the one before, copied, and of the records that were sealed since; or of all. What is told of the
 * runs, stages, attempts and calls that go on is made anew from their rows; sums of evidence as ever, from all evidence of
 * their claim and peer.
 */
import { constants, copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Disk } from "../../trail/disk.ts";
import { decodeLine } from "../../trail/line.ts";
import { accountedBy, holdsSome, type Manifest, type SealedFile, sealedFolder } from "../../trail/manifest.ts";
import { NumbersByProcess, type Range } from "../../trail/numbers.ts";
import type { Record as TrailRecord } from "../../trail/record.ts";
import { conditionOf, inOrder, readSealed, type SealedRow, type Wanted } from "../../trail/sealed.ts";
import type { Cursor } from "../../trail/trail.ts";
import { append, createTable } from "../appending.ts";
import { Engine } from "../engine.ts";
import { Facts, isPlain } from "../facts.ts";
import { rowsOf } from "../rows.ts";
import { shapeOf, type TableName } from "../tables.ts";
import { rowsBefore } from "./before.ts";
import { copyEvidence, copyRecords, PLAIN_EVIDENCE } from "./copy.ts";
import { createSqlTables, engineName, KEPT, SNAPSHOT_VERSION, SQL_TABLES } from "./format.ts";
import { restore } from "./read.ts";

export interface SnapshotOptions {
  readonly directory: string;
  readonly disk: Disk;
  /** Its new name; in the folder of the sealed files. */
  readonly name: string;
  /** The sealed files that it is to be of. */
  readonly files: readonly SealedFile[];
  /** One that is there already, of some of them; what it says must hold. */
  readonly before?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Rows are sorted anew once this share of them came after those that are. */
const UNSORTED = 1 / 8;

/** Rejects where it cannot be made; what was begun is gone then. Resolves with what a manifest says of it. */
export async function writeSnapshot(options: SnapshotOptions): Promise<NonNullable<Manifest["snapshot"]>> {
  const { directory, disk, name, files, before } = options;
  const folder = sealedFolder(directory);
  const path = join(folder, name);
  try {
    await make(path, before === undefined ? undefined : join(folder, before), options);
    const file = disk.open(path);
    try {
      await disk.sync(file);
    } finally {
      disk.close(file);
    }
  } catch (error) {
    for (const part of [path, `${path}.wal`]) rmSync(part, { force: true });
    throw error;
  } finally {
    rmSync(`${path}.tmp`, { recursive: true, force: true });
  }
  const records = files.reduce((sum, file) => sum + file.records, 0);
  return { name, engine: await engineName(), version: SNAPSHOT_VERSION, records };
}

async function make(path: string, before: string | undefined, options: SnapshotOptions): Promise<void> {
  if (before !== undefined) copyFileSync(before, path, constants.COPYFILE_FICLONE);
  const { directory, files, now } = options;
  const engine = await Engine.start({ database: path });
  try {
    const { connection } = engine;
    await connection.run(`set TimeZone = 'UTC'; set temp_directory = '${`${path}.tmp`.replaceAll("'", "''")}'`);
    await connection.run(createSqlTables());
    const old = before === undefined ? undefined : await restore(engine, "told", now);
    const facts = old?.facts ?? new Facts(now);
    const accounted = accountedBy({ files });
    const wanted = lacking(accounted, old?.cursor ?? {});
    for (const group of inOrder(files.filter((file) => holdsSome(file, wanted)))) {
      const isWhole = group.every(({ numbers }) =>
        numbers.every(([process, from, to]) => wanted.get(process)?.covers(from, to)),
      );
      const paths = group.map((file) => join(sealedFolder(directory), file.name));
      await takeFiles(engine, facts, paths, isWhole ? undefined : wanted.toRanges(), now());
    }
    // Who gave evidence says which regimes hold.
    await engine.flush(facts);
    await engine.rollUp();
    // What is a little out of order is still read by the piece.
    const isSorted = facts.count <= (old?.sorted ?? 0) * (1 + UNSORTED);
    const sorted = isSorted ? (old?.sorted ?? 0) : facts.count;
    if (!isSorted) {
      await cluster(connection, "facts", "place, claim, peer, t");
      await cluster(connection, "claims", "place, claim");
      await cluster(connection, "observed", "subnet, metric");
      await cluster(connection, "rolled", "place, claim");
    }
    const at = now();
    await engine.renewTrust(facts, at);
    const plain = [...facts.allPlaces()].filter(isPlain);
    await engine.levels.makeAll(plain);
    await engine.levels.judgeAll(plain);
    await keep(engine, facts, accounted, { sorted, generation: (old?.generation ?? 0) + 1, at });
    await connection.run("drop schema ranking cascade");
    await connection.run("checkpoint");
  } finally {
    engine.close();
  }
  if (existsSync(`${path}.wal`)) throw new Error("its log could not be taken in");
}

function lacking(accounted: NumbersByProcess, covered: Cursor): NumbersByProcess {
  const wanted = new NumbersByProcess();
  for (const [process, numbers] of accounted) {
    const known = covered[process] ?? 0;
    const has = new NumbersByProcess().of(process);
    for (const [from, to] of typeof known === "number" ? [[1, known] as const] : known)
      if (to >= from) has.add(from, to);
    for (const [from, to] of numbers.ranges) {
      for (const [low, high] of has.lacking(from, to)) wanted.of(process).add(low, high);
    }
  }
  return wanted;
}

/**
 * Takes in what the files have of the wanted numbers. Evidence comes to the same in any order, so it is read as it lies
 * there; the rest as it was written, since what starts and what ends is one row.
 */
async function takeFiles(
  engine: Engine,
  facts: Facts,
  paths: readonly string[],
  numbers: Wanted["numbers"],
  now: number,
): Promise<void> {
  const { connection } = engine;
  const where = await conditionOf(connection, { numbers });
  await copyRecords(connection, paths, where);
  await readSealed(paths, { numbers, where: `not (${PLAIN_EVIDENCE})` }, async (rows) => {
    const records = recordsOf(rows);
    for (const record of records) facts.add(record);
    await engine.flush(facts);
    await takeRows(connection, records);
  });
  for (const path of paths) await copyEvidence(engine, facts, path, where, now);
  await connection.run("drop table if exists wanted");
}

function recordsOf(rows: readonly SealedRow[]): TrailRecord[] {
  return rows.flatMap(({ line }) => {
    const decoded = line === undefined ? undefined : decodeLine(Buffer.from(line));
    return decoded?.type === "record" ? [decoded.record] : [];
  });
}

/** Rows of all tables but `records`; those that the records go on with are replaced. */
async function takeRows(connection: DuckDBConnection, records: readonly TrailRecord[]): Promise<void> {
  const before = await rowsBefore(connection, "main", records);
  for (const name of Object.keys(before) as TableName[]) {
    await connection.run(`delete from "${name}" where run_id in (select run_id from told.going_on)`);
  }
  await connection.run("drop table if exists told.going_on");
  const rows = rowsOf(
    records,
    () => true,
    (name) => name !== "records",
    before,
  );
  for (const name of SQL_TABLES) await append(connection, shapeOf(name), rows[name]);
}

/** Rows in the order in which they are asked for, so that one stage's are read alone. */
async function cluster(connection: DuckDBConnection, name: string, order: string): Promise<void> {
  await connection.run(`create table told.sorted as select * from told.${name} order by ${order}`);
  await connection.run(`drop table told.${name}`);
  await connection.run(`alter table told.sorted rename to ${name}`);
}

async function keep(
  engine: Engine,
  facts: Facts,
  accounted: NumbersByProcess,
  { sorted, generation, at }: { readonly sorted: number; readonly generation: number; readonly at: number },
): Promise<void> {
  const { connection } = engine;
  const { names, places, changes, refused, claims, count } = facts.save();
  const covers = Object.fromEntries(
    [...accounted].map(([process, numbers]): [string, number | readonly Range[]] => [
      process,
      numbers.covers(1, numbers.last) ? numbers.last : numbers.ranges,
    ]),
  );
  const rows: { readonly [name: string]: readonly (readonly unknown[])[] } = {
    names: names.map(({ kind, number, name }) => [kind, number, name]),
    stages: places.map(({ place, subnet, stage, known }) => [place, subnet, stage, known]),
    changes: changes.map((change) => [change]),
    agreed: engine.agreedAt().map(({ place, at: time }) => [place, time]),
    meta: [[SNAPSHOT_VERSION, JSON.stringify(covers), claims, count, sorted, refused, generation, at]],
  };
  for (const table of KEPT) {
    await connection.run(`drop table if exists told.${table.name}`);
    await connection.run(createTable(table));
    await append(connection, table, rows[table.name]!);
  }
  for (const name of ["trusted", "agreements"]) {
    await connection.run(`create or replace table told.${name} as select * from ranking.${name}`);
  }
}
