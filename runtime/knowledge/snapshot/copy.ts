/**
 * What DuckDB takes over from sealed files by itself: the table of records, and that of evidence, of which there is most. A row
 * of evidence has the record's fields by their own names, so it needs none of what `rows.ts` knows.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { RECORD_VERSION } from "../../trail/record.ts";
import { conditionOf, parquet, SEALED, type Wanted } from "../../trail/sealed.ts";
import { TABLES } from "../tables.ts";

/**
 * Evidence that DuckDB reads as `JSON.parse` does. It refuses half a surrogate pair, which is written as an escape; other
 * escapes of pairs are as rare.
 */
export const PLAIN_EVIDENCE = `kind = 'evidence' and v <= ${RECORD_VERSION} and not contains(line, '\\ud')`;

/** All that is in the files, or what of it has the wanted numbers. */
export async function copySealed(
  connection: DuckDBConnection,
  paths: readonly string[],
  wanted: Wanted["numbers"],
): Promise<void> {
  const from = `from ${parquet(paths)} r where line is not null and ${await conditionOf(connection, { numbers: wanted })}`;
  // A line less its CRC is the record.
  const record = { ...SEALED_AS, record: "left(line, length(line) - 18) || '}'" };
  await insert(connection, "records", record, from);
  const fields = Object.entries(TABLES.evidence.columns).filter(([column]) => !(column in SEALED.columns));
  const shape = JSON.stringify(Object.fromEntries(fields.map(([column, { type }]) => [column, type])));
  const said = Object.fromEntries(fields.map(([column]) => [column, `said."${column}"`]));
  await insert(
    connection,
    "evidence",
    { ...SEALED_AS, ...said, weight: "coalesce(said.weight, 1)" },
    `from (select *, try(json_transform(line, '${shape}')) as said ${from} and ${PLAIN_EVIDENCE}) where said is not null`,
  );
  await connection.run("drop table if exists wanted");
}

/** Columns that are not as the sealed files have them. */
const SEALED_AS = { scope: "coalesce(scope, '')" };

async function insert(
  connection: DuckDBConnection,
  table: "records" | "evidence",
  made: { readonly [column: string]: string },
  from: string,
): Promise<void> {
  const columns = Object.keys(TABLES[table].columns);
  const values = columns.map((column) => made[column] ?? `"${column}"`);
  await connection.run(
    `insert into "${table}" (${columns.map((column) => `"${column}"`).join(", ")}) select ${values.join(", ")} ${from}`,
  );
}
