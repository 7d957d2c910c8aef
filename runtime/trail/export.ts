/** All records of a store, for other programs. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { append, createTable } from "../knowledge/appending.ts";
import { eachLine, openScan } from "./scan.ts";
import { parquet, SEALED, withDuckDB } from "./sealed.ts";

const PROGRESS_EVERY = 1_000_000;

/** Each record as it was written, one a line, to a file or piece by piece to a function. Resolves with how many. */
export async function exportJson(
  directory: string,
  to: string | ((text: string) => void),
  onProgress?: (text: string) => void,
): Promise<number> {
  const file = typeof to === "string" ? createWriteStream(to) : undefined;
  const failed = file === undefined ? undefined : once(file, "error").then(([error]) => Promise.reject(error));
  failed?.catch(() => undefined);
  let count = 0;
  let lines: string[] = [];
  const flush = () => {
    const text = lines.join("");
    lines = [];
    if (file !== undefined) file.write(text);
    else if (typeof to !== "string") to(text);
  };
  await eachLine(openScan(directory), ({ text }) => {
    lines.push(`${text}\n`);
    count += 1;
    if (count % 10_000 === 0) flush();
    if (count % PROGRESS_EVERY === 0) onProgress?.(`${count} records so far.`);
  });
  flush();
  if (file !== undefined) {
    file.end();
    await Promise.race([finished(file), failed]);
  }
  return count;
}

/** The columns of the sealed files, less why lines have gone. Resolves with how many records there are. */
export async function exportParquet(directory: string, path: string): Promise<number> {
  const { files, open, forgotten } = openScan(directory);
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
    await connection.run(
      `copy (${sql} order by time, process, seq) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd)`,
    );
    const result = await connection.runAndReadAll(`select count(*)::double from ${parquet([path])}`);
    return Number(result.getRows()[0]![0]);
  });
}
