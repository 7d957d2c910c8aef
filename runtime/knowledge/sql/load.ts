/** The tables of `gangc sql`, filled with what a query may read of them. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { append, createTable } from "../appending.ts";
import { Engine, NO_QUESTION } from "../engine.ts";
import { Facts } from "../facts.ts";
import { TRUST_SQL } from "../queries.sql.ts";
import { rowsOf } from "../rows.ts";
import type { StoreContent } from "../store.ts";
import { shapeOf, TABLES, type TableName } from "../tables.ts";
import { INNER_VIEWS, VIEW_HALFLIFE, VIEWS } from "../views.sql.ts";

/** Creates all tables and views; only what is among `names` has rows (all, where `names` is absent). */
export async function loadTables(content: StoreContent, now: number, names?: ReadonlySet<string>): Promise<Engine> {
  const engine = await Engine.start();
  const { connection } = engine;
  // What is prepared here is run once, over data that stays: the optimizers that a live engine does without are safe.
  await connection.run("set disabled_optimizers = ''");
  await connection.run("set TimeZone = 'UTC'");
  const wanted = (name: string): boolean =>
    names === undefined ||
    names.has(name) ||
    Object.entries(VIEWS).some(([view, { reads }]) => names.has(view) && reads.includes(name));

  const rows = rowsOf(content.records, content.alive, (name) => wanted(name));
  for (const name of Object.keys(TABLES) as TableName[]) {
    const table = shapeOf(name);
    await connection.run(createTable(table));
    await append(connection, table, rows[name]);
  }
  await rank(engine, content, now, wanted("ranking"));
  for (const [name, sql] of Object.entries(INNER_VIEWS)) await connection.run(`create view ranking.${name} as ${sql}`);
  for (const [name, { sql }] of Object.entries(VIEWS)) await connection.run(`create view ${name} as ${sql}`);
  return engine;
}

async function rank(engine: Engine, content: StoreContent, now: number, wanted: boolean): Promise<void> {
  const { connection } = engine;
  const facts = new Facts(() => now);
  if (wanted) for (const record of content.records) facts.add(record);
  await engine.flush(facts);
  await engine.rollUp();
  await engine.renewTrust(facts, now);
  await engine.ask("now", "select 1", { ...NO_QUESTION, now, halflife: VIEW_HALFLIFE });
  await connection.run(`create table ranking.trusts as ${TRUST_SQL}`);
  const named = {
    schema: "ranking",
    name: "named",
    columns: { place: "INTEGER", subnet: "VARCHAR", stage: "VARCHAR" },
  } as const;
  const peers = { schema: "ranking", name: "peers", columns: { number: "INTEGER", peer: "VARCHAR" } } as const;
  await fill(connection, named, facts.namedPlaces());
  await fill(
    connection,
    peers,
    facts.peers.names.map((name, number) => [number, name]),
  );
}

async function fill(
  connection: DuckDBConnection,
  table: Parameters<typeof append>[1],
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  await connection.run(createTable(table));
  await append(connection, table, rows);
}

/** Nothing outside the tables can be reached from here on, and nothing of this can be undone. */
export async function lockDown(connection: DuckDBConnection): Promise<void> {
  for (const setting of [
    "enable_external_access = false",
    "disabled_filesystems = 'LocalFileSystem'",
    "allow_community_extensions = false",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "threads = 2",
    "max_expression_depth = 500",
    "lock_configuration = true",
  ]) {
    await connection.run(`set ${setting}`);
  }
}
