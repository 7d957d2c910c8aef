/** All records of a store, for other programs. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { append, createTable } from "../knowledge/appending.ts";
import { eachLine, openScan, type Scan, unreadable } from "./scan.ts";
import { missingOf, parquet, quoted, SEALED, withDuckDB } from "./sealed.ts";
import { TrailError } from "./trail.ts";

const PROGRESS_EVERY = 1_000_000;

export interface Exported {
  readonly records: number;
  /** Segments in which a line is damaged, or refused: it is not among them. */
  readonly damaged: readonly string[];
}

/**
 * Each record as it was written, one a line, to a file or piece by piece to a function.
 *
 * @throws TrailError where the store cannot be read as a whole, or the file not be written.
 */
export async function exportJson(
  directory: string,
  to: string | ((text: string) => void),
  onProgress?: (text: string) => void,
): Promise<Exported> {
  const scan = openWhole(directory);
  const file = typeof to === "string" ? createWriteStream(to) : undefined;
  const failed = file === undefined ? undefined : once(file, "error").then(([error]) => Promise.reject(error));
  failed?.catch(() => undefined);
  let records = 0;
  let lines: string[] = [];
  const flush = () => {
    const text = lines.join("");
    lines = [];
    if (file !== undefined) file.write(text);
    else if (typeof to !== "string") to(text);
  };
  await eachLine(scan, ({ text }) => {
    lines.push(`${text}\n`);
    records += 1;
    if (records % 10_000 === 0) flush();
    if (records % PROGRESS_EVERY === 0) onProgress?.(`${records} records so far.`);
  });
  flush();
  if (file !== undefined) {
    file.end();
    await Promise.race([finished(file), failed]).catch((error: Error) => {
      throw unwritable(file.path.toString(), error);
    });
  }
  return { records, damaged: scan.damaged };
}

/**
 * The columns of the sealed files, less why lines have gone.
 *
 * @throws TrailError where the store cannot be read as a whole, or the file not be written.
 */
export async function exportParquet(directory: string, path: string): Promise<Exported> {
  const { files, open, forgotten, damaged } = openWhole(directory);
  return withDuckDB(async (connection) => {
    await connection.run(createTable(SEALED));
    await append(
      connection,
      SEALED,
      open.map(({ row }) => row),
    );
    const dropped = { name: "dropped", columns: { process: "VARCHAR", low: "BIGINT", high: "BIGINT" } } as const;
    await connection.run(createTable(dropped));
    await append(connection, dropped, forgotten.toRanges());
    const columns = Object.keys(SEALED.columns).filter((name) => name !== "gone");
    const all = ["sealed", ...(files.length === 0 ? [] : [parquet(files)])]
      .map((source) => `select ${columns.join(", ")} from ${source}`)
      .join(" union all ");
    const sql = `select * from (${all}) r where seq is not null and line is not null and not exists (select 1 from dropped d where d.process = r.process and r.seq between d.low and d.high)`;
    const copy = `copy (${sql} order by time, process, seq) to ${quoted(path)} (format parquet, compression zstd)`;
    await connection.run(copy).catch((error: Error) => {
      // Its words name the file: one that it was to read, or the one that it was to write.
      throw files.some((file) => error.message.includes(file)) ? unreadable(error) : unwritable(path, error);
    });
    const result = await connection.runAndReadAll(`select count(*)::double from ${parquet([path])}`);
    return { records: Number(result.getRows()[0]![0]), damaged };
  });
}

/** Looked at before the file is begun: an earlier export may be in its place. */
function openWhole(directory: string): Scan {
  const scan = openScan(directory);
  const [missing] = missingOf(scan.files);
  if (missing !== undefined) throw unreadable(new Error(`${missing} is not there`));
  return scan;
}

function unwritable(path: string, error: Error): TrailError {
  return new TrailError(`${path} cannot be written (${error.message.split("\n", 1)[0]}).`, { cause: error });
}
