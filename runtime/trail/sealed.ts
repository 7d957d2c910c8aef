/**
 * Sealed files: Parquet, written and read by DuckDB. A row is a line of a segment with the columns that it is found by, in
 * the order of kind, stage and time. Of what has gone only the row's name is left, so that every number stays accounted for.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { append, createTable, type Table } from "../knowledge/appending.ts";
import { SETTINGS } from "../settings.ts";
import type { Disk } from "./disk.ts";
import { crcOf, type Line } from "./line.ts";
import type { SealedFile } from "./manifest.ts";
import { NumbersByProcess as Numbers, type NumbersByProcess } from "./numbers.ts";
import { uuidv7 } from "./uuid.ts";

/** Columns are named like those of the table `records`. `seq` is null for headers and footers, `line` for what has gone. */
export const SEALED = {
  name: "sealed",
  columns: {
    process: "VARCHAR",
    seq: "BIGINT",
    id: "VARCHAR",
    time: "TIMESTAMPTZ",
    v: "INTEGER",
    kind: "VARCHAR",
    run_id: "VARCHAR",
    peer: "VARCHAR",
    plan_hash: "VARCHAR",
    stage: "VARCHAR",
    scope: "VARCHAR",
    attempt_id: "VARCHAR",
    /** Byte for byte as it was written, without its newline. */
    line: "VARCHAR",
    /** Why the line has gone. */
    gone: "VARCHAR",
  },
} as const satisfies Table;
const COLUMNS = Object.keys(SEALED.columns);

/** Why a line has gone: a person asked for it, it was old, or another one bears its number and says something else. */
const GONE = ["forgotten", "expired", "disputed"] as const;
export type Gone = (typeof GONE)[number];

export function isGone(text: string | undefined): text is Gone {
  return (GONE as readonly (string | undefined)[]).includes(text);
}

export type Row = readonly (string | number | null)[];

/** A record, header or footer as a row. */
export function rowOf(line: Exclude<Line, { type: "bad" }>, text: string, process: string): Row {
  if (line.type !== "record") {
    const [kind, time] =
      line.type === "header" ? ["segment.header", Date.parse(line.header.time)] : ["segment.footer", Number.NaN];
    const at = Number.isNaN(time) ? null : time;
    return [process, null, null, at, null, kind, null, null, null, null, null, null, text, null];
  }
  const r = line.record as unknown as { readonly [field: string]: string | number | undefined };
  const column = (name: string) => r[name] ?? null;
  const time = Date.parse(line.record.time);
  return [
    ...[column("process"), column("seq"), column("id"), Number.isNaN(time) ? null : time, column("v"), column("kind")],
    ...["run", "peer", "plan", "stage", "scope", "attempt"].map(column),
    ...[text, null],
  ];
}

/** A record's place as a row, without anything of its content. */
export function withoutContent(row: Row, gone: Gone): Row {
  const kept = new Set(["process", "seq", "id", "time", "v", "kind", "peer"]);
  return COLUMNS.map((name, index) => (name === "gone" ? gone : kept.has(name) ? row[index]! : null));
}

/** Of a record that has gone, no more than its number. */
export function goneRow(process: string, seq: number, gone: Gone): Row {
  const known: { readonly [name: string]: string | number } = { process, seq, gone };
  return COLUMNS.map((name) => known[name] ?? null);
}

/** DuckDB in memory for one piece of work: what does not fit goes to the system's folder for temporary files. */
export async function withDuckDB<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const spill = join(tmpdir(), `gang-duckdb-${uuidv7(Date.now())}`);
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${Math.round(SETTINGS.trail.engineBytes / 2 ** 20)}MB`,
    temp_directory: spill,
    preserve_insertion_order: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(spill, { recursive: true, force: true });
  }
}

/** A list of files for `read_parquet`. A name with a star in it is taken as it is. */
export function parquet(paths: readonly string[]): string {
  return `read_parquet([${paths.map((path) => quoted(globless(path))).join(", ")}])`;
}

function globless(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** A text as SQL writes it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What a rewritten file is made of: rows that are handed over, and other sealed files, less what goes. */
export interface Content {
  readonly rows: readonly Row[];
  readonly files: readonly { readonly path: string; readonly file: SealedFile }[];
  /** Numbers whose lines are forgotten. */
  readonly forgotten: NumbersByProcess;
  /** Files of unknown origin: a record that is in several of them is taken once, and what has gone in one has gone. */
  readonly distinct?: boolean;
  /** Lines of these kinds from before this time go. */
  readonly expired?: Expiry | undefined;
}

/** Milliseconds since 1970. */
export interface Expiry {
  readonly before: number;
}

/**
 * What goes when it is old, as a condition on a row: exchanges with models, and what tools put out, effects excepted (that
 * one was done must stay known). It says so itself; `effects` holds the calls that began as one, for those that do not.
 */
const EXPIRES =
  "line is not null and seq is not null and (kind = 'turn' or (kind = 'tool.ended' and coalesce(json_extract_string(line, '$.effect'), '') <> 'true' and json_extract_string(line, '$.call') not in (select call from effects)))";

export class UnreadBackError extends Error {
  override readonly name = "UnreadBackError";
}

const EFFECT =
  "kind = 'tool.started' and line is not null and json_extract_string(line, '$.effect') = 'true' and json_extract_string(line, '$.call') is not null";

/**
 * Writes a sealed file, syncs it, and reads it back.
 *
 * @throws UnreadBackError where what is read back is not what was handed over.
 */
export async function writeSealed(
  disk: Disk,
  folder: string,
  name: string,
  { rows, files, forgotten, distinct = false, expired }: Content,
  effectsIn: readonly string[],
): Promise<SealedFile & { readonly gone: number }> {
  const path = join(folder, name);
  return withDuckDB(async (connection) => {
    await connection.run("set TimeZone = 'UTC'");
    await connection.run(createTable(SEALED));
    await append(connection, SEALED, rows);
    const dropped = { name: "dropped", columns: { process: "VARCHAR", low: "BIGINT", high: "BIGINT" } } as const;
    await connection.run(createTable(dropped));
    await append(connection, dropped, forgotten.toRanges());
    await connection.run("create table effects (call varchar)");
    const old =
      effectsIn.length + files.length > 0 ? parquet([...effectsIn, ...files.map(({ path }) => path)]) : undefined;
    if (old !== undefined) {
      await connection.run(
        `insert into effects select distinct json_extract_string(line, '$.call') from ${old} where ${EFFECT}`,
      );
    }
    await connection.run(
      `insert into effects select distinct json_extract_string(line, '$.call') from sealed where ${EFFECT}`,
    );
    const columns = COLUMNS.map((column) => `"${column}"`).join(", ");
    const union = [
      `select ${columns} from sealed`,
      ...(files.length === 0 ? [] : [`select ${columns} from ${parquet(files.map(({ path }) => path))}`]),
    ].join(" union all ");
    const all = distinct
      ? `select * from (select distinct on (process, seq) * from (${union}) where seq is not null order by process, seq, line is not null) union all select distinct * from (${union}) where seq is null`
      : union;
    const isForgotten =
      forgotten.size === 0
        ? "false"
        : "(line is not null and exists (select 1 from dropped d where d.process = r.process and r.seq between d.low and d.high))";
    const isExpired =
      expired === undefined ? "false" : `(${EXPIRES} and epoch_ms(time) < ${Math.floor(expired.before)})`;
    const marked = `select r.*, ${isForgotten} as forgets, ${isExpired} as expires from (${all}) r`;

    let lost = { lines: 0, sum: 0 };
    if (forgotten.size > 0 || expired !== undefined) {
      lost = await tally(connection, `select line from (${marked}) where forgets or expires`);
    }
    const emptied = new Set(["run_id", "plan_hash", "stage", "scope", "attempt_id"]);
    const output = COLUMNS.map((column) => {
      if (column === "line") return "case when forgets or expires then null else line end as line";
      if (column === "gone")
        return "case when forgets then 'forgotten' when expires then 'expired' else gone end as gone";
      return emptied.has(column) ? `case when forgets then null else "${column}" end as "${column}"` : `"${column}"`;
    });
    await connection.run(
      `copy (select ${output.join(", ")} from (${marked}) order by kind, stage, time, process, seq) to ${quoted(path)} (format parquet, compression zstd, row_group_size ${SETTINGS.trail.rowGroup})`,
    );
    const file = disk.open(path);
    try {
      await disk.sync(file);
    } finally {
      disk.close(file);
    }

    const given = distinct ? await tally(connection, `select line from (${all})`) : handedOver(rows, files);
    const expected = { lines: given.lines - lost.lines, sum: modulo(given.sum - lost.sum) };
    const found = await tally(connection, `select line from ${parquet([path])}`);
    if (found.lines !== expected.lines || found.sum !== expected.sum) {
      throw new UnreadBackError(`${path} does not hold what was written to it.`);
    }
    const numbers = new Numbers();
    if (distinct) {
      for await (const [process, seq] of streamed(
        connection,
        `select process, seq from ${parquet([path])} where seq is not null order by process, seq`,
      )) {
        numbers.of(String(process)).add(Number(seq));
      }
    }
    for (const { file } of files) numbers.addAll(file.numbers);
    for (const row of rows) if (row[1] !== null) numbers.of(String(row[0])).add(Number(row[1]));
    const [count] = (
      await connection.runAndReadAll(
        `select count(seq)::double as records, min(case when ${EXPIRES} then epoch_ms(time) end)::double as oldest from ${parquet([path])}`,
      )
    ).getRowObjectsJS() as [{ records: number; oldest: number | null }];
    const { bytes, hash } = await digest(path);
    return {
      name,
      bytes,
      hash,
      records: count.records,
      ...found,
      numbers: numbers.toRanges(),
      ...(count.oldest === null ? {} : { expires: new Date(count.oldest).toISOString() }),
      gone: lost.lines,
    };
  });
}

/** What the lines of rows and of whole files come to. */
function handedOver(rows: readonly Row[], files: Content["files"]): { lines: number; sum: number } {
  let all = { lines: 0, sum: 0 };
  for (const { file } of files) all = { lines: all.lines + file.lines, sum: modulo(all.sum + file.sum) };
  const line = COLUMNS.indexOf("line");
  for (const row of rows) if (row[line] !== null) all = plus(all, crcOf(Buffer.from(String(row[line]))) ?? 0);
  return all;
}

/** How many lines a query gives, and the sum of their CRCs; a line whose CRC does not fit is worth none. */
async function tally(connection: DuckDBConnection, sql: string): Promise<{ lines: number; sum: number }> {
  let all = { lines: 0, sum: 0 };
  for await (const [line] of streamed(connection, sql)) {
    if (line !== null) all = plus(all, crcOf(Buffer.from(String(line))));
  }
  return all;
}

function plus({ lines, sum }: { lines: number; sum: number }, crc: number | undefined): { lines: number; sum: number } {
  return crc === undefined ? { lines, sum } : { lines: lines + 1, sum: modulo(sum + crc) };
}

function modulo(sum: number): number {
  return ((sum % 2 ** 48) + 2 ** 48) % 2 ** 48;
}

async function* streamed(connection: DuckDBConnection, sql: string): AsyncGenerator<readonly unknown[]> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield* chunk.getRows();
  }
}

export async function digest(path: string): Promise<{ readonly bytes: number; readonly hash: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of createReadStream(path)) {
    hash.update(part as Buffer);
    bytes += (part as Buffer).length;
  }
  return { bytes, hash: hash.digest("hex") };
}

/** A row as it is read: the line is absent where it has gone. */
export interface SealedRow {
  readonly process: string;
  readonly seq: number;
  readonly line: string | undefined;
}

/** The files that are not there. */
export function missingOf(paths: readonly string[]): string[] {
  return paths.filter((path) => !existsSync(path));
}

/**
 * Files in groups, so that who reads them one group after the other finds the records of each process in order: of a
 * process's records none in a group comes before one of an earlier group.
 */
export function inOrder(files: readonly SealedFile[]): (readonly SealedFile[])[] {
  const groups: (readonly SealedFile[])[] = [];
  let left = files.map((file) => {
    const spans = new Map<string, readonly [low: number, high: number]>();
    for (const [process, from, to] of file.numbers) {
      const [low, high] = spans.get(process) ?? [from, to];
      spans.set(process, [Math.min(low, from), Math.max(high, to)]);
    }
    return { file, spans };
  });
  while (left.length > 0) {
    const first = left.find(({ file, spans }) =>
      left.every(
        (other) =>
          other.file === file ||
          [...spans].every(([process, [, high]]) => (other.spans.get(process)?.[0] ?? Number.POSITIVE_INFINITY) > high),
      ),
    );
    groups.push(first === undefined ? left.map(({ file }) => file) : [first.file]);
    left = first === undefined ? [] : left.filter((other) => other !== first);
  }
  return groups;
}

/** Records of sealed files: of which numbers, and which rows of those, as a condition over the columns. All, where it is not said. */
export interface Wanted {
  readonly numbers?: readonly (readonly [process: string, from: number, to: number])[] | undefined;
  readonly where?: string;
}

/** The condition over a row `r`, for which there may have to be a table `wanted`. */
export async function conditionOf(connection: DuckDBConnection, { numbers, where }: Wanted): Promise<string> {
  const conditions = ["seq is not null"];
  if (where !== undefined) conditions.push(`(${where})`);
  if (numbers !== undefined) {
    const table = { name: "wanted", columns: { process: "VARCHAR", low: "BIGINT", high: "BIGINT" } } as const;
    await connection.run(createTable(table));
    await append(connection, table, numbers);
    conditions.push("exists (select 1 from wanted w where w.process = r.process and r.seq between w.low and w.high)");
  }
  return conditions.join(" and ");
}

/**
 * Records of sealed files, of each process in the order of their numbers. Rejects with DuckDB's words where a file is damaged
 * or not there.
 */
export async function readSealed(
  paths: readonly string[],
  wanted: Wanted,
  take: (rows: readonly SealedRow[]) => Promise<void> | void,
): Promise<void> {
  if (paths.length === 0) return;
  await withDuckDB(async (connection) => {
    const where = await conditionOf(connection, wanted);
    let rows: SealedRow[] = [];
    const sql = `select process, seq, line from ${parquet(paths)} r where ${where} order by process, seq`;
    for await (const [process, seq, line] of streamed(connection, sql)) {
      rows.push({ process: String(process), seq: Number(seq), line: line === null ? undefined : String(line) });
      if (rows.length < 10_000) continue;
      await take(rows);
      rows = [];
    }
    await take(rows);
  });
}

/** What of a row can be held against a CRC, or has nothing that could be. */
export interface ProvenRow {
  readonly process: string;
  /** Absent for headers and footers, whose line is there. */
  readonly seq: number | undefined;
  readonly line: string | undefined;
  readonly gone: string | undefined;
}

/** Every row of a file, marks too, by nothing but these columns. Rejects with DuckDB's words where they cannot be read. */
export async function readProven(path: string, take: (rows: readonly ProvenRow[]) => Promise<void>): Promise<void> {
  await withDuckDB(async (connection) => {
    let rows: ProvenRow[] = [];
    const sql = `select process, seq, line, gone from ${parquet([path])} order by process, seq`;
    for await (const [process, seq, line, gone] of streamed(connection, sql)) {
      const number = seq === null ? undefined : Number(seq);
      rows.push({ process: String(process), seq: number, line: text(line), gone: text(gone) });
      if (rows.length < 10_000) continue;
      await take(rows);
      rows = [];
    }
    await take(rows);
  });
}

function text(value: unknown): string | undefined {
  return value === null ? undefined : String(value);
}
