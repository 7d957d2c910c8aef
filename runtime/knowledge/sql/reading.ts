/** Which statements are let in: one, that reads, without functions that reach beyond the tables. */
import type { DuckDBConnection } from "@duckdb/node-api";

/** A statement that is not run, or fails. The message is a sentence for the user. */
export class SqlError extends Error {
  override readonly name = "SqlError";
}

/**
 * Functions that the lock-down of DuckDB lets pass, though they change the process, run a text as SQL, or open what is
 * outside. What merely takes time or memory is left to the parent.
 */
const REFUSED: ReadonlySet<string> = new Set([
  "enable_logging",
  "disable_logging",
  "set_logging",
  "truncate_duckdb_logs",
  "write_log",
  "query",
  "query_table",
  "checkpoint",
  "force_checkpoint",
  "enable_profiling",
  "disable_profiling",
  "add_parquet_key",
  "from_substrait",
  "json_execute_serialized_sql",
  "getenv",
  "getvariable",
  "duckdb_secrets",
  "which_secret",
  "seq_scan",
  "index_scan",
  "nextval",
]);

/** Also refused by what their names begin with: they read files, and a lock-down that failed must not matter. */
const REFUSED_BEGINNINGS = [
  "read_",
  "parquet_",
  "sniff_",
  "glob",
  "iceberg_",
  "delta_",
  "sqlite_",
  "postgres_",
  "mysql_",
  "http",
];

interface Serialized {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

/**
 * The names that the statement uses, in lower case: of tables, functions, columns, and more, so that what it cannot read
 * need not be loaded.
 *
 * @throws SqlError
 */
export async function namesRead(connection: DuckDBConnection, sql: string): Promise<ReadonlySet<string>> {
  if (sql.trim() === "") throw new SqlError("There is no query.");
  const answer = await connection.runAndReadAll("select json_serialize_sql($1::VARCHAR)", [sql]);
  const parsed = JSON.parse(String(answer.getRows()[0]![0])) as Serialized;
  if (parsed.error) {
    throw new SqlError(
      parsed.error_type === "parser"
        ? `The query cannot be read: ${firstLine(parsed.error_message ?? "")}`
        : "Only queries that read are run: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE and SHOW.",
    );
  }
  if (parsed.statements?.length !== 1) throw new SqlError("One query at a time.");
  const names = new Set<string>();
  collect(parsed.statements[0], names);
  return names;
}

function collect(root: unknown, names: Set<string>): void {
  // A stack of its own: nesting is the user's.
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== "object" || node === null) continue;
    for (const [key, value] of Object.entries(node)) {
      if (typeof value !== "string") {
        stack.push(value);
        continue;
      }
      const name = value.toLowerCase();
      names.add(name);
      if (
        key === "function_name" &&
        (REFUSED.has(name) || REFUSED_BEGINNINGS.some((begin) => name.startsWith(begin)))
      ) {
        throw new SqlError(`The function ${name} is not for queries over the store.`);
      }
    }
  }
}

export function firstLine(message: string): string {
  return message.split("\n", 1)[0]!.trim();
}
