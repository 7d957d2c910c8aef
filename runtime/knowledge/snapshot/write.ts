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
import { inOrder, parquet, readSealed } from "../../trail/sealed.ts";
import type { Cursor } from "../../trail/trail.ts";
import { append, createTable, type Table } from "../appending.ts";
import { Engine } from "../engine.ts";
import { Facts, isPlain } from "../facts.ts";
import { type Cells, LASTING, rowsOf } from "../rows.ts";
import { shapeOf, TABLES, type TableName } from "../tables.ts";
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

/** Records that are taken in at once. */
const BATCH = 100_000;

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
    await connection.run("set TimeZone = 'UTC'");
    await connection.run(createSqlTables());
    const old = before === undefined ? undefined : await restore(engine, "told", now);
    const facts = old?.facts ?? new Facts(now);
    const accounted = accountedBy({ files });
    const wanted = lacking(accounted, old?.cursor ?? {});
    for (const group of inOrder(files.filter((file) => holdsSome(file, wanted)))) {
      const paths = group.map((file) => join(sealedFolder(directory), file.name));
      await copyRecords(connection, paths, wanted);
      await eachBatch(paths, wanted, async (records) => {
        for (const record of records) facts.add(record);
        await engine.flush(facts);
        await takeRows(connection, records);
      });
    }
    await cluster(connection, "facts", "place, t");
    await cluster(connection, "claims", "place, claim");
    await cluster(connection, "observed", "subnet, metric");
    await engine.flush(facts);
    await engine.rollUp();
    await cluster(connection, "rolled", "place, claim");
    const at = now();
    await engine.renewTrust(facts, at);
    await engine.levelAll([...facts.allPlaces()].filter(isPlain));
    await keep(engine, facts, accounted, { generation: (old?.generation ?? 0) + 1, at });
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

/** The table `records`, as the files have it: a line less its CRC is the record. */
async function copyRecords(
  connection: DuckDBConnection,
  paths: readonly string[],
  wanted: NumbersByProcess,
): Promise<void> {
  const asked = {
    name: "asked_for",
    columns: { process: "VARCHAR", low: "BIGINT", high: "BIGINT" },
  } as const satisfies Table;
  await connection.run(createTable(asked));
  await append(connection, asked, wanted.toRanges());
  const made: { readonly [column: string]: string } = {
    scope: "coalesce(scope, '')",
    record: "left(line, length(line) - 18) || '}'",
  };
  const columns = Object.keys(TABLES.records.columns);
  const values = columns.map((column) => made[column] ?? `"${column}"`);
  await connection.run(`insert into records (${columns.map((column) => `"${column}"`).join(", ")})
    select ${values.join(", ")} from ${parquet(paths)} r where seq is not null and line is not null
    and exists (select 1 from asked_for a where a.process = r.process and r.seq between a.low and a.high)`);
  await connection.run("drop table asked_for");
}

async function eachBatch(
  paths: readonly string[],
  wanted: NumbersByProcess,
  take: (records: readonly TrailRecord[]) => Promise<void>,
): Promise<void> {
  let batch: TrailRecord[] = [];
  await readSealed(paths, wanted.toRanges(), async (rows) => {
    for (const { line } of rows) {
      const decoded = line === undefined ? undefined : decodeLine(Buffer.from(line));
      if (decoded?.type === "record") batch.push(decoded.record);
    }
    if (batch.length < BATCH) return;
    const records = batch;
    batch = [];
    await take(records);
  });
  if (batch.length > 0) await take(batch);
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

/**
 * Rows of runs that the records go on with, as `rowsOf` wants them, by table; their runs stand in `told.going_on(run_id)`
 * where there are any.
 */
export async function rowsBefore(
  connection: DuckDBConnection,
  schema: string,
  records: readonly TrailRecord[],
): Promise<{ readonly [table in TableName]?: readonly Cells[] }> {
  const runs = new Set<string>();
  const begun = new Set<string>();
  for (const { kind, run, ...rest } of records) {
    if (run === undefined) continue;
    if (kind === "run.started" && (rest as { resumed?: unknown }).resumed !== true && !runs.has(run)) begun.add(run);
    else if (!begun.has(run)) runs.add(run);
  }
  if (runs.size === 0) return {};
  const table = { schema: "told", name: "going_on", columns: { run_id: "VARCHAR" } } as const satisfies Table;
  await connection.run(createTable(table));
  await append(
    connection,
    table,
    [...runs].map((run) => [run]),
  );
  const before: { [table in TableName]?: readonly Cells[] } = {};
  for (const name of Object.keys(LASTING) as TableName[]) {
    const result = await connection.runAndReadAll(
      `select * from ${schema}."${name}" where run_id in (select run_id from told.going_on)`,
    );
    before[name] = result
      .getRowObjectsJS()
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [
            column,
            value instanceof Date
              ? value.getTime()
              : typeof value === "bigint"
                ? Number(value)
                : (value as Cells[string]),
          ]),
        ),
      );
  }
  return before;
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
  { generation, at }: { readonly generation: number; readonly at: number },
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
    meta: [[SNAPSHOT_VERSION, JSON.stringify(covers), claims, count, refused, generation, at]],
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
