/** Rows that records go on with: of runs that had begun before. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Record as TrailRecord } from "../../trail/record.ts";
import { append, createTable, type Table } from "../appending.ts";
import { type Cells, isOfLasting, LASTING } from "../rows.ts";
import type { TableName } from "../tables.ts";

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
  for (const record of records) {
    const { kind, run } = record;
    if (run === undefined || !isOfLasting(kind)) continue;
    if (kind === "run.started" && record.resumed !== true && !runs.has(run)) begun.add(run);
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
