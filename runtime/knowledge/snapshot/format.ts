/**
 * What a snapshot holds: the tables of `gangc sql` in `main`; in `told` those of the score, sorted by stage, the trust, the levels, and
 * what `Facts` knows without asking. Status and other verdicts about the present are not in it.
 */
import { sha256 } from "../../values/canonical.ts";
import { createTable, type Table } from "../appending.ts";
import { CLAIMS, FACTS, OBSERVED } from "../facts.ts";
import { ROLLED, SIMPLE } from "../rollup.sql.ts";
import { LEVELS, VOICES } from "../score.sql.ts";
import { shapeOf, TABLES, type TableName } from "../tables.ts";

/** Changes with whatever is in a snapshot, or how it is derived from records. A snapshot of another version is not used. */
export const SNAPSHOT_VERSION = 9;

export const NAMES = {
  schema: "told",
  name: "names",
  columns: { kind: "VARCHAR", number: "INTEGER", name: "VARCHAR" },
} as const satisfies Table;

export const STAGES = {
  schema: "told",
  name: "stages",
  columns: { place: "INTEGER", subnet: "VARCHAR", stage: "VARCHAR", known: "VARCHAR" },
} as const satisfies Table;

export const CHANGES = { schema: "told", name: "changes", columns: { record: "VARCHAR" } } as const satisfies Table;

export const AGREED = {
  schema: "told",
  name: "agreed",
  columns: { place: "INTEGER", at: "DOUBLE" },
} as const satisfies Table;

/**
 * One row. `covers`: the records that are in it, as a `Cursor`; `sorted`: pieces of evidence that lie in the order of their
 * stages, before those that came after; `at`, `generation`: of the trust.
 */
export const META = {
  schema: "told",
  name: "meta",
  columns: {
    version: "INTEGER",
    covers: "VARCHAR",
    claims: "INTEGER",
    count: "INTEGER",
    sorted: "INTEGER",
    refused: "VARCHAR",
    generation: "INTEGER",
    at: "DOUBLE",
  },
} as const satisfies Table;

/** What is replaced as a whole whenever a snapshot is made. */
export const KEPT = [NAMES, STAGES, CHANGES, AGREED, META] as const;

export const SQL_TABLES = Object.keys(TABLES) as readonly TableName[];

export function createSqlTables(): string {
  return SQL_TABLES.map((name) => createTable(shapeOf(name))).join(";\n");
}

/** Who can read a snapshot, as a manifest names it: DuckDB's version, and the tables as this program knows them. */
export async function engineName(): Promise<string> {
  const { version } = await import("@duckdb/node-api");
  const shapes = [...SQL_TABLES.map(shapeOf), FACTS, CLAIMS, OBSERVED, ROLLED, VOICES, LEVELS, SIMPLE, ...KEPT];
  return `duckdb ${version()} ${sha256(JSON.stringify(shapes)).slice(0, 12)}`;
}
