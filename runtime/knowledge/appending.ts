/** Rows into DuckDB in bulk: one appender, chunks of columns, never a statement a row. */
import type { DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";

export type ColumnType = "INTEGER" | "BIGINT" | "DOUBLE" | "BOOLEAN" | "VARCHAR" | "TIMESTAMPTZ";

/** A table as data. Values come in the order of the columns; a TIMESTAMPTZ in milliseconds since 1970. */
export interface Table {
  /** Absent: main. */
  readonly schema?: string;
  readonly name: string;
  readonly columns: { readonly [column: string]: ColumnType };
}

/** DuckDB's vectors are this long. */
const CHUNK = 2048;

/** Makes the table, unless it is there. */
export function createTable({ schema = "main", name, columns }: Table): string {
  const list = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`);
  return `create table if not exists "${schema}"."${name}" (${list.join(", ")})`;
}

export async function append(
  connection: DuckDBConnection,
  table: Table,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const duckdb = await import("@duckdb/node-api");
  const names = Object.values(table.columns);
  const types: DuckDBType[] = names.map((name) => duckdb[name] as DuckDBType);
  const appender = await connection.createAppender(table.name, table.schema ?? null);
  try {
    for (let start = 0; start < rows.length; start += CHUNK) {
      const length = Math.min(CHUNK, rows.length - start);
      const chunk = duckdb.DuckDBDataChunk.create(types, length);
      names.forEach((name, column) => {
        const convert = (value: unknown): DuckDBValue => {
          if (name === "BIGINT" && typeof value === "number") return BigInt(value);
          if (name !== "TIMESTAMPTZ") return value as DuckDBValue;
          return new duckdb.DuckDBTimestampTZValue(BigInt(Math.round(value as number)) * 1000n);
        };
        const values = new Array<DuckDBValue>(length);
        for (let i = 0; i < length; i++) {
          const value = rows[start + i]![column] ?? null;
          values[i] = value === null ? null : convert(value);
        }
        chunk.setColumnValues(column, values);
      });
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}
