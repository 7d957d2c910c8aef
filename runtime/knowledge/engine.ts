/** DuckDB in memory, over a snapshot or none, with the tables that the score reads. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBMaterializedResult,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from "@duckdb/node-api";
import { SETTINGS } from "../settings.ts";
import { append, createTable } from "./appending.ts";

import { DOUBTED_SQL, REGIMES } from "./drift/drift.sql.ts";
import { CLAIMS, FACTS, type Facts, isPlain, OBSERVED, type Place, type Row, type UnsettledClaim } from "./facts.ts";

import { DUE_AT_ONCE, Levels } from "./levels.ts";
import {
  agreementsSql,
  NUMBERS_SQL,
  numbersSql,
  ROLLUP_SOME_SQL,
  ROLLUP_SQL,
  ROLLUP_STAGE_SQL,
  TEXTS_SQL,
  TRUST_SQL,
  textsSql,
} from "./queries.sql.ts";
import { ROLLED, SIMPLE } from "./rollup.sql.ts";
import { LEVELS, VOICES } from "./score.sql.ts";
import {
  AGREEMENTS,
  ASKED,
  type Asked,
  CHANGED,
  DROPPED,
  DUE,
  HALFLIFE,
  HELD,
  NEWS,
  NO_QUESTION,
  PLACES,
  REDONE,
  RENEWED,
  TRUSTED,
  WANTED,
} from "./scratch.ts";

/** Half-lives of a stage that are kept added up; more are added up on the spot. */
const MOST_HELD = 8;

/** Rows of the roll-up are replaced one by one up to this share of them; then all are made again, sorted. */
const REBUILD = 1 / 4;
/** So many pieces of evidence wait at most when one stage's are needed: then all are taken in. */
const MOST_WAITING = 4096;
/** So many claims are looked for by a statement that lists them, which is planned for them alone. */
const MOST_LISTED = 256;
/** So many pieces of evidence are added up at once. */
const PART = 500_000;
/** Over a snapshot so many stages without news have theirs made again at a time: all would take seconds. */
const FADED_AT_ONCE = 8;

/** What the score reads: the snapshot's rows that hold, and those of what came since. */
function viewsOf(sealed: boolean, dropped: boolean): string[] {
  const holds = dropped ? "where not exists (select 1 from told.dropped d where d.record = s.record)" : "";
  const from: { readonly [name: string]: string } = {
    facts: holds,
    observed: holds,
    claims: "",
    rolled:
      "where not exists (select 1 from told.renewed n where n.place = s.place and n.claim = s.claim and n.peer = s.peer)",
  };
  return Object.entries(from).map(([name, where]) => {
    const old = sealed ? `select * from sealed.told.${name} s ${where} union all ` : "";
    return `create or replace view ranking.${name} as ${old}select * from told.${name}`;
  });
}

/** Where a piece of evidence says when it was handed over. */
const CAME = Object.keys(FACTS.columns).indexOf("came");

/** Of a stage with more claims, the snapshot's texts are not read through. */
const MOST_READ = 1024;

/** What one recall differs in from the next. A column that is written costs as much as a short statement. */
const USUAL: readonly (keyof Asked)[] = ["place", "now", "moment"];

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
  private readonly held = new Map<number, Set<number>>();
  readonly levels = new Levels(this);
  /** Claims and peers with news, by place. */
  private changed = new Map<number, Map<string, readonly [place: number, claim: number, peer: number]>>();
  private changes = 0;
  /** There is a snapshot beneath; or this becomes one. */
  private readonly sealed: boolean;
  private readonly persistent: boolean;
  private rolled = 0;
  private replaced = 0;
  private rows = 0;
  private regimes = -1;
  /** Of the newest evidence: how often some was handed over; 0 in a snapshot. */
  came = 0;
  /** Evidence and claims that were handed over, and stand in no table yet. */
  private readonly untold: { facts: Row[]; claims: Row[] } = { facts: [], claims: [] };
  /** What the snapshot says of the claims of the stage that was last read. */
  private read: { readonly place: number; readonly result: DuckDBMaterializedResult } | undefined;
  /** Runs that the snapshot was asked for. */
  private readonly sought = new Set<string>();
  /** What stands in the row of `asked`. */
  private asked: Asked | undefined;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    types: Engine["types"],
    sealed: boolean,
    persistent: boolean,
  ) {
    this.instance = instance;
    this.connection = connection;
    this.types = types;
    this.sealed = sealed;
    this.persistent = persistent;
  }

  /**
   * Over a snapshot, a path, that others read too; or in a database of its own, a path, from which a snapshot is made.
   * Rejects with DuckDB's words where it cannot be opened.
   */
  static async start({ snapshot, database }: { snapshot?: string; database?: string } = {}): Promise<Engine> {
    const { DuckDBInstance, INTEGER, DOUBLE, VARCHAR, BOOLEAN } = await import("@duckdb/node-api");
    const instance = await DuckDBInstance.create(database ?? ":memory:", {
      threads: "1",
      memory_limit: `${Math.round(SETTINGS.knowledge.engineBytes / 2 ** 20)}MB`,
      // What does not fit: a store without a snapshot may be large.
      temp_directory: join(tmpdir(), `gang-duckdb-${process.pid}`),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      disabled_optimizers: "statistics_propagation,compressed_materialization",
    });
    const connection = await instance.connect();
    if (snapshot !== undefined)
      await connection.run(`attach '${snapshot.replaceAll("'", "''")}' as sealed (read_only)`);
    await connection.run("create schema if not exists told; create schema if not exists ranking");
    const told = [FACTS, CLAIMS, OBSERVED, ROLLED, VOICES, LEVELS, SIMPLE, RENEWED, DROPPED];
    const tables = [...told, CHANGED, WANTED, HELD, DUE, NEWS, REDONE, TRUSTED, AGREEMENTS, PLACES, REGIMES, ASKED];
    const views = viewsOf(snapshot !== undefined, false);
    await connection.run([...tables.map(createTable), ...views].join(";\n"));
    await connection.run("insert into ranking.asked default values");
    const engine = new Engine(
      instance,
      connection,
      { INTEGER, DOUBLE, VARCHAR, BOOLEAN },
      snapshot !== undefined,
      database !== undefined,
    );
    if (database !== undefined) {
      const rolled = await connection.runAndReadAll("select count(*)::integer from told.rolled");
      [[engine.rolled]] = rolled.getRows() as [[number]];
    }
    return engine;
  }

  /** Goes on from the trust that a snapshot kept; `facts` has been restored from it. */
  async trust(facts: Facts, agreed: readonly { readonly place: number; readonly at: number }[]): Promise<void> {
    const from = this.sealed ? "sealed.told" : "told";
    this.rows = facts.count;
    await this.connection.run(`insert into ranking.trusted select * from ${from}.trusted`);
    await this.connection.run(`insert into ranking.agreements select * from ${from}.agreements`);
    await this.levels.trust();
    const at = new Map(agreed.map((one) => [one.place, one.at]));
    for (const { id, version } of facts.allPlaces()) {
      if (at.has(id)) this.agreed.set(id, { version, at: at.get(id)! });
    }
    await (this.sealed ? this.levels.restore(facts) : this.levels.clear());
  }

  /** What a snapshot keeps of the trust. */
  agreedAt(): { readonly place: number; readonly at: number }[] {
    return [...this.agreed].map(([place, { at }]) => ({ place, at }));
  }

  /**
   * Hands over what has come, and has it stand in the tables. Where `only` the evidence of one stage is needed, that of the
   * others waits, unless it is much: taken in with more, it costs less.
   */
  async flush(facts: Facts, only?: Place): Promise<void> {
    await this.take(facts, only);
    await this.store();
  }

  /** The same, but for the tables: a plain stage's levels do without. */
  async take(facts: Facts, only?: Place): Promise<void> {
    const { waiting } = facts;
    facts.settleRegimes();
    await this.findHomes(facts);
    const many = waiting.facts.length + this.untold.facts.length;
    const mayWait = facts.regimes === this.regimes && waiting.dropped.length === 0 && many < MOST_WAITING;
    const place = mayWait ? only : undefined;
    // More may come while the snapshot is asked.
    for (let claims = facts.unsettledOf(place); claims.size > 0; claims = facts.unsettledOf(place))
      facts.settle(claims, await this.numbersOf(facts, claims));
    const rows = facts.handOver(place);
    const [observed, dropped] =
      place === undefined ? [waiting.observed.splice(0), waiting.dropped.splice(0)] : [[], []];
    if (rows.length > 0 && !this.persistent) this.came++;
    for (const row of rows) {
      row[CAME] = this.came;
      this.levels.take(row, facts);
      this.note(row[0] as number, row[2] as number, row[3] as number);
    }
    const { untold } = this;
    untold.facts = untold.facts.concat(rows);
    untold.claims = untold.claims.concat(waiting.claims.splice(0));
    await append(this.connection, OBSERVED, observed);
    this.rows += observed.length;
    if (place !== undefined) return;
    await this.store();
    if (dropped.length > 0) await this.drop(facts, dropped);
    if (facts.regimes === this.regimes) return;
    this.regimes = facts.regimes;
    const places = [...facts.allPlaces()];
    await this.connection.run("delete from ranking.places");
    await append(
      this.connection,
      PLACES,
      places.map(({ id, regime }) => [id, regime]),
    );
    await this.connection.run("delete from ranking.regimes");
    await append(
      this.connection,
      REGIMES,
      places.flatMap(({ id, log }) => log.all().map(({ regime, same, since }) => [id, regime, same, since ?? null])),
    );
    for (const [place, regime, since] of waiting.doubted.splice(0) as [number, number, number][]) {
      const doubted = { ...NO_QUESTION, place, top: regime, now: since };
      for (const { claim, peer } of await this.ask<{ claim: number; peer: number }>("doubted", DOUBTED_SQL, doubted))
        this.doubt(place, claim, peer);
    }
    const fresh = places.filter(({ id }) => !this.held.has(id));
    for (const { id } of fresh) this.held.set(id, new Set([HALFLIFE]));
    await append(
      this.connection,
      HELD,
      fresh.map(({ id }) => [id, HALFLIFE]),
    );
  }

  /** Subnets of the runs that a snapshot knows, for scores that do not say theirs. */
  private async findHomes(facts: Facts): Promise<void> {
    const runs = facts.homelessRuns().filter((run) => !this.sought.has(run));
    if (runs.length === 0 || (!this.sealed && !this.persistent)) return;
    // One that lies beneath stays as it is; what becomes one may have the run later.
    if (this.sealed) for (const run of runs) this.sought.add(run);
    const { listValue } = await import("@duckdb/node-api");
    const from = this.sealed ? "sealed.main" : "main";
    const found = await this.connection.runAndReadAll(
      `select run_id, coalesce(subnet, '') from ${from}.runs where run_id in (select unnest($1))`,
      [listValue(runs)],
    );
    for (const [run, subnet] of found.getRows() as [string, string][]) facts.mines(run, subnet);
  }

  /** Has what was handed over stand in the tables. */
  async store(): Promise<void> {
    const { facts, claims } = this.untold;
    this.untold.facts = [];
    this.untold.claims = [];
    for (const [table, rows] of [
      [FACTS, facts],
      [CLAIMS, claims],
    ] as const) {
      await append(this.connection, table, rows);
      this.rows += rows.length;
    }
  }

  /** The numbers that a snapshot has of these claims. */
  private async numbersOf(
    facts: Facts,
    claims: ReadonlyMap<number, UnsettledClaim>,
  ): Promise<ReadonlyMap<number, number>> {
    const known = new Map<number, number>();
    if (!this.sealed && !this.persistent) return known;
    const wanted: [number: number, place: number, code: bigint][] = [];
    for (const [number, { place, code }] of claims) {
      const numbers = facts.numbersOf(place);
      const claim = numbers?.get(code);
      if (numbers === undefined) wanted.push([number, place.id, code]);
      else if (claim !== undefined) known.set(number, claim);
    }
    if (wanted.length === 0) return known;
    const [[first, place]] = wanted as [[number, number, bigint]];
    if (wanted.length <= MOST_LISTED && wanted.every(([, of]) => of === place)) {
      const numbers = new Map(wanted.map(([number, , code]) => [code, number]));
      if (this.sealed && claims.get(first)!.place.claims <= MOST_READ) {
        // What the best of them say is asked for next.
        const result = await this.connection.run(textsSql(place));
        this.read = { place, result };
        for (const chunk of chunksOf(result)) {
          const [claim, code] = [0, 1].map((column) => chunk.getColumnVector(column));
          for (let row = 0; row < chunk.rowCount; row++) {
            const number = numbers.get(code!.getItem(row) as bigint);
            if (number !== undefined) known.set(number, claim!.getItem(row) as number);
          }
        }
        return known;
      }
      const found = await this.connection.runAndReadAll(numbersSql(place, [...numbers.keys()]));
      for (const [code, claim] of found.getRows() as [bigint, number][]) known.set(numbers.get(code)!, claim);
      return known;
    }
    await append(this.connection, WANTED, wanted);
    const statement = await this.prepare("numbers", NUMBERS_SQL);
    const found = await statement.runAndReadAll();
    await this.run("found", "delete from ranking.wanted");
    for (const [number, claim] of found.getRows() as [number, number][]) known.set(number, claim);
    return known;
  }

  /** What the snapshot says of claims of a stage. */
  async tell(facts: Facts, place: Place, claims: readonly number[]): Promise<void> {
    let result: DuckDBMaterializedResult;
    if (this.read?.place === place.id) result = this.read.result;
    else if (place.claims > MOST_READ) result = await this.connection.run(textsSql(place.id, claims));
    else {
      if (this.asked?.place !== place.id) await this.put({ ...NO_QUESTION, place: place.id });
      result = await (await this.prepare("texts", TEXTS_SQL)).run();
    }
    this.read = undefined;
    const wanted = new Set(claims);
    for (const chunk of chunksOf(result)) {
      const [claim, ...text] = [0, 2, 3, 4].map((column) => chunk.getColumnVector(column));
      for (let row = 0; row < chunk.rowCount; row++) {
        const number = claim!.getItem(row) as number;
        if (!wanted.has(number)) continue;
        const [hash, chosen, niche] = text.map((column) => column.getItem(row) as string) as [string, string, string];
        facts.know(number, { hash, chosen, niche });
      }
    }
  }

  /** Takes note of facts that stand in `told.facts` already, and in the table too. */
  async noteAll(table: string, count: number): Promise<void> {
    this.rows += count;
    if (this.persistent && this.isMuch(count)) this.changes += count;
    else {
      const keys = await this.connection.runAndReadAll(`select distinct place, claim, peer from ${table}`);
      for (const [place, claim, peer] of keys.getRows() as [number, number, number][]) this.note(place, claim, peer);
    }
  }

  /** Whether, with so many changes more, all is added up anew. */
  private isMuch(more = 0): boolean {
    const few = this.persistent && this.rolled === 0 ? 0 : 1000 + this.rolled * REBUILD;
    return !this.sealed && this.changes + more + this.replaced > few;
  }

  private note(place: number, claim: number, peer: number): void {
    // Then it need not be known which.
    if (this.persistent && this.isMuch(1)) {
      this.changes++;
      return;
    }
    let keys = this.changed.get(place);
    if (keys === undefined) {
      keys = new Map();
      this.changed.set(place, keys);
    }
    const before = keys.size;
    keys.set(`${claim} ${peer}`, [place, claim, peer]);
    this.changes += keys.size - before;
  }

  /** Some of what a peer said of a claim no longer counts. */
  private doubt(place: number, claim: number, peer: number): void {
    this.note(place, claim, peer);
    this.levels.forget(place);
  }

  /** What these records said no longer counts; the sums that they are in are made anew. */
  private async drop(facts: Facts, records: readonly Row[]): Promise<void> {
    await append(this.connection, DROPPED, records);
    const result = await this.connection.runAndReadAll(
      "select distinct place, claim, peer from ranking.facts semi join told.dropped using (record)",
    );
    for (const [place, claim, peer] of result.getRows() as [number, number, number][]) this.doubt(place, claim, peer);
    for (const name of ["facts", "observed"]) {
      await this.connection.run(`delete from told.${name} using told.dropped d where d.record = ${name}.record`);
    }
    if (this.sealed) for (const view of viewsOf(true, true)) await this.connection.run(view);
    this.forget();
    for (const place of facts.allPlaces()) if (this.changed.has(place.id)) place.version++;
  }

  /**
   * Adds up what has come, of one stage or of all: nothing is ever subtracted, a peer's row on a claim is made anew of all
   * its evidence.
   */
  async rollUp(place?: number): Promise<void> {
    await this.store();
    if (this.changes > 0 && this.isMuch()) {
      await this.connection.run("drop table told.rolled");
      await this.connection.run(createTable(ROLLED));
      this.rolled = 0;
      // In parts, so that none needs more memory than there is.
      const places = [...this.held.keys()].sort((a, b) => a - b);
      const size = Math.max(1, Math.floor(places.length / Math.ceil((this.rows + 1) / PART)));
      for (let start = 0; start < places.length; start += size) {
        await this.due(places.slice(start, start + size).map((place) => [place, 0]));
        this.rolled += await this.insert("some", ROLLUP_SOME_SQL);
      }
      await this.due([]);
      this.replaced = 0;
      this.changed.clear();
      this.changes = 0;
      await this.levels.clear();
      return;
    }
    const some = place === undefined ? [...this.changed.values()] : [this.changed.get(place) ?? new Map()];
    const keys = some.flatMap((of) => [...of.values()]);
    if (keys.length === 0) return;
    await append(
      this.connection,
      CHANGED,
      keys.map((key) => [...key, this.came]),
    );
    const same = "c.place = r.place and c.claim = r.claim and c.peer = r.peer";
    const gone = await this.run("superseded", `delete from told.rolled r using ranking.changed c where ${same}`);
    const made = await this.insert("changed", ROLLUP_SQL);
    if (this.sealed) {
      await this.run(
        "renewed",
        `insert into told.renewed select place, claim, peer from ranking.changed c where not exists (select 1 from told.renewed r where ${same})`,
      );
    }
    if (!this.persistent) await this.run("redone", "insert into ranking.redone from ranking.changed");
    this.rolled += made - gone;
    this.replaced += made;
    await this.run("taken", "delete from ranking.changed");
    if (place === undefined) this.changed.clear();
    else this.changed.delete(place);
    this.changes -= keys.length;
  }

  /** Adds up a stage's evidence for this half-life; it is kept so from now on. @returns false where it is not. */
  async hold(place: number, halflife: number): Promise<boolean> {
    await this.rollUp(place);
    const known = this.held.get(place)!;
    if (known.has(halflife)) return true;
    if (known.size >= MOST_HELD || !(halflife >= 1)) return false;
    known.add(halflife);
    await append(this.connection, HELD, [[place, halflife]]);
    await this.put({ ...NO_QUESTION, place, halflife });
    const made = await this.insert("stage", ROLLUP_STAGE_SQL);
    this.rolled += made;
    this.replaced += made;
    return true;
  }

  async due(places: readonly (readonly [place: number, moment: number])[]): Promise<void> {
    await this.run("done", "delete from ranking.due");
    await append(this.connection, DUE, places);
  }

  /** @returns how many rows it came to. */
  private async insert(name: string, sql: string): Promise<number> {
    const columns = Object.keys(ROLLED.columns).join(", ");
    return this.run(`roll up ${name}`, `insert into told.rolled (${columns}) select ${columns} from (${sql})`);
  }

  async run(name: string, sql: string): Promise<number> {
    return (await (await this.prepare(name, sql)).run()).rowsChanged;
  }

  async ask<Row>(name: string, sql: string | (() => string), asked: Asked): Promise<Row[]> {
    await this.put(asked);
    return (await (await this.prepare(name, sql)).runAndReadAll()).getRowObjectsJS() as Row[];
  }

  /** The same, by columns. */
  async columns(
    name: string,
    sql: () => string,
    asked: Asked,
  ): Promise<{ readonly [column: string]: readonly unknown[] }> {
    await this.put(asked);
    const { DuckDBTypeId, JSDuckDBValueConverter } = await import("@duckdb/node-api");
    const result = await (await this.prepare(name, sql)).run();
    const chunks = [...chunksOf(result)];
    const valuesOf = (column: number): unknown[] => {
      const isList = result.columnTypeId(column) === DuckDBTypeId.LIST;
      return chunks.flatMap((chunk): unknown[] =>
        isList ? chunk.convertColumnValues(column, JSDuckDBValueConverter) : chunk.getColumnValues(column),
      );
    };
    return Object.fromEntries(result.columnNames().map((name, column) => [name, valuesOf(column)]));
  }

  async put(asked: Asked): Promise<void> {
    const before = this.asked;
    if (before === asked) return;
    this.asked = undefined;
    const all = Object.keys(ASKED.columns) as (keyof Asked)[];
    const isAlike = all.every((column) => USUAL.includes(column) || before?.[column] === asked[column]);
    if (isAlike && USUAL.every((column) => before?.[column] === asked[column])) {
      this.asked = asked;
      return;
    }
    const columns = isAlike ? USUAL : all;
    const question = await this.prepare(
      `asked ${isAlike}`,
      `update ranking.asked set ${columns.map((column) => `${column} = $${column}`).join(", ")}`,
    );
    const given = Object.fromEntries(columns.map((column): [string, DuckDBValue] => [column, asked[column]]));
    question.bind(given, Object.fromEntries(columns.map((column) => [column, this.types[ASKED.columns[column]]])));
    await question.run();
    this.asked = asked;
  }

  /**
   * Trust is made of sums over stages: only stages with news are read again, and those whose sums are old, since all
   * weights fade. After `rollUp`.
   */
  async renewTrust(facts: Facts, now: number): Promise<void> {
    const due = this.dueOf(facts, now);
    if (due.length === 0) return;
    await this.put({ ...NO_QUESTION, now });
    for (const plain of [true, false]) {
      const some = due.filter((place) => isPlain(place) === plain);
      for (let start = 0; start < some.length; start += DUE_AT_ONCE) {
        const part = some.slice(start, start + DUE_AT_ONCE);
        await this.due(part.map(({ id }) => [id, now]));
        await this.run("faded", "delete from ranking.agreements a using ranking.due d where d.place = a.place");
        await this.run(
          `agreements ${plain}`,
          `insert into ranking.agreements select place, peer, agreement, disagreement, measured from (${agreementsSql(plain)})`,
        );
        for (const { id, version } of part) this.agreed.set(id, { version, at: now });
      }
    }
    await this.due([]);
    await this.run("distrust", "delete from ranking.trusted");
    await this.run("trust", `insert into ranking.trusted select peer, trust from (${TRUST_SQL})`);
    await this.levels.clear();
    await this.levels.trust();
  }

  private dueOf(facts: Facts, now: number): Place[] {
    const fresh: Place[] = [];
    const faded: { readonly place: Place; readonly at: number }[] = [];
    for (const place of facts.allPlaces()) {
      const known = this.agreed.get(place.id);
      if (known?.version !== place.version) fresh.push(place);
      else if (Math.abs(now - known.at) > AGREEMENT_MILLISECONDS) faded.push({ place, at: known.at });
    }
    faded.sort((a, b) => a.at - b.at);
    return [...fresh, ...faded.slice(0, this.sealed ? FADED_AT_ONCE : faded.length).map(({ place }) => place)];
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

/** As it lies there: to fetch a chunk costs a thread's turn each. */
function* chunksOf(result: DuckDBMaterializedResult): Iterable<DuckDBDataChunk> {
  for (let index = 0; index < result.chunkCount; index++) yield result.getChunk(index);
}
