/** The tables of `gangc sql`, filled with what a query may read of them. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { readTrail } from "../../trail/reader.ts";
import type { TrailProblem } from "../../trail/trail.ts";
import { mayWrite } from "../../trail/writers.ts";
import { append, createTable } from "../appending.ts";
import { Engine } from "../engine.ts";
import { Facts } from "../facts.ts";
import { TRUST_SQL } from "../queries.sql.ts";
import { type Alive, LASTING, type Rows, rowsOf } from "../rows.ts";
import { NO_QUESTION } from "../scratch.ts";
import { rowsBefore } from "../snapshot/before.ts";
import { openSnapshot, snapshotOf } from "../snapshot/read.ts";
import { shapeOf, TABLES, type TableName } from "../tables.ts";
import { INNER_VIEWS, VIEW_HALFLIFE, VIEWS } from "../views.sql.ts";

export interface Loading {
  /** Only these tables and views have rows; all, where it is absent. */
  readonly names?: ReadonlySet<string>;
  /** Is told of what cannot be read. */
  readonly onProblems?: (problems: readonly TrailProblem[]) => void;
  /** Everything is read from the trail: the snapshot is damaged. */
  readonly without?: boolean;
}

/** Creates all tables and views. */
export async function loadTables(store: string, now: number, loading: Loading = {}): Promise<Engine> {
  const { names, onProblems, without = false } = loading;
  // Asked before reading: a run that ends in between is then shown as it ended, not as interrupted.
  const alive = mayWrite(store);
  const path = without ? undefined : await snapshotOf(store);
  const snapshot = path === undefined ? undefined : await openSnapshot(path, () => now);
  const engine = snapshot?.engine ?? (await Engine.start());
  const facts = snapshot?.facts ?? new Facts(() => now);
  const { connection } = engine;
  // What is prepared here is run once, over data that stays: the optimizers that a live engine does without are safe.
  await connection.run("set disabled_optimizers = ''");
  await connection.run("set TimeZone = 'UTC'");
  const wanted = (name: string): boolean =>
    names === undefined ||
    names.has(name) ||
    // Which stages go on is known by their runs.
    (name === "runs" && names.has("stages")) ||
    Object.entries(VIEWS).some(([view, { reads }]) => names.has(view) && reads.includes(name));

  const { records, problems } = await readTrail(store).since(snapshot?.cursor ?? {});
  onProblems?.(problems);
  const before = snapshot === undefined ? {} : await rowsBefore(connection, "sealed.main", records);
  await fillTables(
    connection,
    rowsOf(records, () => true, wanted, before),
    snapshot !== undefined,
  );
  await judge(connection, alive);
  if (wanted("ranking")) {
    for (const record of records) facts.add(record);
    await engine.flush(facts);
    await engine.rollUp();
    await engine.renewTrust(facts, now);
  }
  await engine.ask("now", "select 1", { ...NO_QUESTION, now, halflife: VIEW_HALFLIFE });
  await nameAll(connection, facts);
  for (const [name, sql] of Object.entries(INNER_VIEWS)) await connection.run(`create view ranking.${name} as ${sql}`);
  for (const [name, { sql }] of Object.entries(VIEWS)) await connection.run(`create view ${name} as ${sql}`);
  return engine;
}

/** Each table shows what the snapshot has of it and what came since; of runs that go on, all of that is new. */
async function fillTables(connection: DuckDBConnection, rows: Rows, sealed: boolean): Promise<void> {
  const goingOn = { schema: "told", name: "going_on", columns: { run_id: "VARCHAR" } } as const;
  await connection.run(`${createTable(goingOn)}; create schema fresh; create table told.living (run_id varchar)`);
  for (const name of Object.keys(TABLES) as TableName[]) {
    const table = { ...shapeOf(name), schema: "fresh" };
    await connection.run(createTable(table));
    await append(connection, table, rows[name]);
    const columns = Object.keys(table.columns).map((column) =>
      column === "status" && (name === "runs" || name === "stages")
        ? `if(status = 'running' and run_id not in (select run_id from told.living), 'interrupted', status) as status`
        : `"${column}"`,
    );
    const stays = LASTING[name] === undefined ? "" : "where run_id not in (select run_id from told.going_on)";
    const old = sealed ? `select * from sealed.main."${name}" ${stays} union all ` : "";
    await connection.run(
      `create view "${name}" as select ${columns.join(", ")} from (${old}select * from fresh."${name}")`,
    );
  }
}

/** Says of the runs that have no end which may still come to one. */
async function judge(connection: DuckDBConnection, alive: Alive): Promise<void> {
  const open = await connection.runAndReadAll("select run_id, process from runs where status = 'interrupted'");
  const living = open.getRows().filter(([, process]) => alive(String(process)));
  const table = { schema: "told", name: "living", columns: { run_id: "VARCHAR" } } as const;
  await append(
    connection,
    table,
    living.map(([run]) => [run]),
  );
}

async function nameAll(connection: DuckDBConnection, facts: Facts): Promise<void> {
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
