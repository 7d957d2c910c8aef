/** DuckDB in memory, with the tables that the score reads. */
import type {
  DuckDBConnection,
  DuckDBInstance,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from "@duckdb/node-api";
import { append, createTable, type Table } from "./appending.ts";
import { CLAIMS, FACTS, type Facts, OBSERVED } from "./facts.ts";
import type { Filter } from "./filter.ts";
import { AGREEMENTS_SQL, TRUST_SQL } from "./queries.sql.ts";
import { SCORE } from "./score.sql.ts";

const TRUSTED = {
  schema: "ranking",
  name: "trusted",
  columns: { peer: "INTEGER", trust: "DOUBLE" },
} as const satisfies Table;
const AGREEMENTS = {
  schema: "ranking",
  name: "agreements",
  columns: { place: "INTEGER", peer: "INTEGER", agreement: "DOUBLE", disagreement: "DOUBLE" },
} as const satisfies Table;
const PLACES = {
  schema: "ranking",
  name: "places",
  columns: { place: "INTEGER", regime: "INTEGER" },
} as const satisfies Table;

/** What is asked. `scope` null: all are own. See `queries.sql.ts`. */
export interface Asked {
  readonly place: number;
  readonly scope: number | null;
  readonly now: number;
  /** Milliseconds, or evaluations. */
  readonly halflife: number;
  readonly top: number;
  readonly explore: number;
  readonly seed: string;
  readonly own_only: boolean;
}

const ASKED = {
  schema: "ranking",
  name: "asked",
  columns: {
    place: "INTEGER",
    scope: "INTEGER",
    now: "DOUBLE",
    halflife: "DOUBLE",
    top: "INTEGER",
    explore: "DOUBLE",
    seed: "VARCHAR",
    own_only: "BOOLEAN",
  },
} as const satisfies Table;

export const NO_QUESTION: Asked = {
  place: -1,
  scope: null,
  now: 0,
  halflife: SCORE.halflifeSeconds * 1000,
  top: 1,
  explore: 0,
  seed: "",
  own_only: false,
};

/** In this time agreements fade by less than half a per cent. */
const AGREEMENT_MILLISECONDS = 3600 * 1000;

/**
 * DuckDB in memory. Statements are prepared once and read `asked`. DuckDB plans by the statistics of the moment and keeps
 * to them (a value beyond the old maximum is then silently not found), so plans may not use them here; and a plan made
 * for few rows is made again once there are many.
 */
export class Engine {
  private readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  private readonly prepared = new Map<string, { statement: DuckDBPreparedStatement; rows: number }>();
  private readonly types: { readonly [name in "INTEGER" | "DOUBLE" | "VARCHAR" | "BOOLEAN"]: DuckDBType };
  private readonly agreed = new Map<number, { readonly version: number; readonly at: number }>();
  private rows = 0;
  private regimes = -1;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, types: Engine["types"]) {
    this.instance = instance;
    this.connection = connection;
    this.types = types;
  }

  static async start(): Promise<Engine> {
    const { DuckDBInstance, INTEGER, DOUBLE, VARCHAR, BOOLEAN } = await import("@duckdb/node-api");
    const instance = await DuckDBInstance.create(":memory:", {
      threads: "1",
      memory_limit: "1GB",
      temp_directory: "",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      disabled_optimizers: "statistics_propagation,compressed_materialization",
    });
    const connection = await instance.connect();
    await connection.run("create schema ranking");
    for (const table of [FACTS, CLAIMS, OBSERVED, TRUSTED, AGREEMENTS, PLACES, ASKED])
      await connection.run(createTable(table));
    await connection.run("insert into ranking.asked default values");
    return new Engine(instance, connection, { INTEGER, DOUBLE, VARCHAR, BOOLEAN });
  }

  /** Hands over what has come. A large batch is sorted by stage, so that a recall reads one part of the table. */
  async flush(facts: Facts): Promise<void> {
    const { waiting } = facts;
    const batches = [
      [FACTS, waiting.facts],
      [CLAIMS, waiting.claims],
      [OBSERVED, waiting.observed],
    ] as const;
    for (const [table, rows] of batches) {
      if (rows.length === 0) continue;
      const batch = rows.splice(0);
      if (table === FACTS) batch.sort((a, b) => (a[0] as number) - (b[0] as number));
      if (table === CLAIMS) batch.sort((a, b) => (a[1] as number) - (b[1] as number));
      await append(this.connection, table, batch);
      this.rows += batch.length;
    }
    if (facts.regimes !== this.regimes) {
      this.regimes = facts.regimes;
      const places = [...facts.allPlaces()].map(({ id, regime }) => [id, regime]);
      await this.connection.run("delete from ranking.places");
      await append(this.connection, PLACES, places);
    }
  }

  async ask<Row>(name: string, sql: string | (() => string), asked: Asked, filter?: Filter): Promise<Row[]> {
    const { INTEGER, DOUBLE, VARCHAR, BOOLEAN } = this.types;
    const question = await this.prepare(
      "asked",
      "update ranking.asked set place = $place, scope = $scope, now = $now, halflife = $halflife, top = $top, explore = $explore, seed = $seed, own_only = $own_only",
    );
    const types = {
      place: INTEGER,
      scope: INTEGER,
      now: DOUBLE,
      halflife: DOUBLE,
      top: INTEGER,
      explore: DOUBLE,
      seed: VARCHAR,
      own_only: BOOLEAN,
    };
    question.bind({ ...asked } as Record<string, DuckDBValue>, types);
    await question.run();
    const statement = await this.prepare(name, sql);
    if (filter !== undefined && Object.keys(filter.values).length > 0)
      statement.bind(filter.values as Record<string, DuckDBValue>);
    const result = await statement.runAndReadAll();
    return result.getRowObjectsJS() as Row[];
  }

  /**
   * Trust is made of sums over stages: only stages with news are read again, and those whose sums are old, since all
   * weights fade.
   */
  async renewTrust(facts: Facts, now: number): Promise<void> {
    let changed = false;
    for (const place of facts.allPlaces()) {
      const known = this.agreed.get(place.id);
      if (known?.version === place.version && Math.abs(now - known.at) <= AGREEMENT_MILLISECONDS) continue;
      this.agreed.set(place.id, { version: place.version, at: now });
      const rows = await this.ask<{ peer: number; agreement: number; disagreement: number }>(
        "agreements",
        AGREEMENTS_SQL,
        { ...NO_QUESTION, place: place.id, now },
      );
      if (known !== undefined) await this.connection.run(`delete from ranking.agreements where place = $1`, [place.id]);
      const sums = rows.map(({ peer, agreement, disagreement }) => [place.id, peer, agreement, disagreement]);
      await append(this.connection, AGREEMENTS, sums);
      changed = true;
    }
    if (!changed) return;
    await this.connection.run("delete from ranking.trusted");
    await this.connection.run(`insert into ranking.trusted select peer, trust from (${TRUST_SQL})`);
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  private async prepare(name: string, sql: string | (() => string)): Promise<DuckDBPreparedStatement> {
    const known = this.prepared.get(name);
    if (known !== undefined && this.rows <= 2 * known.rows + 1000) return known.statement;
    if (this.prepared.size > 100) this.forget();
    known?.statement.destroySync();
    const statement = await this.connection.prepare(typeof sql === "string" ? sql : sql());
    this.prepared.set(name, { statement, rows: this.rows });
    return statement;
  }

  private forget(): void {
    for (const { statement } of this.prepared.values()) statement.destroySync();
    this.prepared.clear();
  }
}
