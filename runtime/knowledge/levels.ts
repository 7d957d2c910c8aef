/** What of a plain stage's score does not depend on when one asks: kept, and brought up to date with what is news. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { append } from "./appending.ts";
import { FACTS, type Facts, isPlain, type Place, type Row } from "./facts.ts";
import { LEVELS_SQL, VOICES_SQL } from "./queries.sql.ts";
import { type Common, REPEATED_SQL, SIMPLE_SQL } from "./rollup.sql.ts";
import type { ScoreShape } from "./score.sql.ts";
import { type Asked, HALFLIFE, NEWS, NO_QUESTION } from "./scratch.ts";
import { type Judged, judgedOf, together, UNTOLD } from "./simple.ts";

/** What levels need of DuckDB, and of the roll-up that they are made of. */
interface Statements {
  readonly connection: DuckDBConnection;
  /** Of the newest evidence that was handed over. */
  readonly came: number;
  store(): Promise<void>;
  run(name: string, sql: string): Promise<number>;
  ask<Row>(name: string, sql: string, asked: Asked): Promise<Row[]>;
  put(asked: Asked): Promise<void>;
  due(places: readonly (readonly [place: number, moment: number])[]): Promise<void>;
  hold(place: number, halflife: number): Promise<boolean>;
}

type Kept = Pick<ScoreShape, "levels" | "news" | "simple">;

/** Where the voices and levels of a stage for a half-life stand. */
interface Level {
  readonly schema: NonNullable<ScoreShape["levels"]>;
  /** As of which its sums are. */
  readonly moment: number;
  /** `came` of the newest evidence that is in them. */
  readonly since: number;
  /** So many pieces of evidence came since. */
  news: number;
}

/** Whether a stage's evidence is simple. */
interface Judgement {
  known: Judged;
  /** `came` of the newest evidence that was looked at. */
  readonly since: number;
  /** Attempts of what came since. */
  readonly units: Set<bigint>;
  /** Whether it is known that none of them is of an attempt that was known. */
  isChecked: boolean;
}

/** So many stages are made at once. */
export const DUE_AT_ONCE = 32;

/** After so much news of a stage its levels are made anew: what is asked takes in all news each time. */
const MOST_NEWS = 4096;

/** So many half-lives after their moment sums are made as of another: 2^500 can still be multiplied by. */
const FARTHEST = 500;

/** Where the columns of `ranking.news` stand in a piece of evidence. */
const TOLD = Object.keys(NEWS.columns)
  .map((column) => Object.keys(FACTS.columns).indexOf(column))
  .filter((column) => column >= 0);

export class Levels {
  private readonly engine: Statements;
  /** By stage and half-life. */
  private readonly levels = new Map<number, Map<number, Level>>();
  private readonly judged = new Map<number, Judgement>();
  /** Rows of `ranking.news` that do not stand there yet, by stage. */
  private readonly news = new Map<number, unknown[][]>();
  private readonly trusts = new Map<number, number>();

  constructor(engine: Statements) {
    this.engine = engine;
  }

  /** Goes on from what a snapshot keeps; `facts` has been restored from it. */
  async restore(facts: Facts): Promise<void> {
    const { connection } = this.engine;
    // It has the levels of all plain stages.
    for (const place of facts.allPlaces()) {
      const { id, newest } = place;
      if (!isPlain(place)) continue;
      this.levels.set(id, new Map([[HALFLIFE, { schema: "sealed.told", moment: newest, since: 0, news: 0 }]]));
    }
    const judged = await connection.runAndReadAll("from sealed.told.simple");
    for (const { place, ...known } of judged.getRowObjectsJS() as unknown as ({ place: number } & Judged)[])
      this.judged.set(place, { known, since: 0, units: new Set(), isChecked: true });
  }

  /** A piece of evidence has come. */
  take(row: Row, facts: Facts): void {
    const [place, , claim, peer, unit] = row as [number, unknown, number, number, bigint];
    const [levels, judged] = [this.levels.get(place), this.judged.get(place)];
    if (levels === undefined && judged === undefined) return;
    for (const level of levels?.values() ?? []) level.news++;
    if (judged !== undefined) {
      const isAgain = judged.units.has(unit);
      judged.known = { ...together(judged.known, judgedOf(row)), ...(isAgain ? { simple: false } : {}) };
      judged.units.add(unit);
      judged.isChecked = false;
    }
    let news = this.news.get(place);
    if (news === undefined) {
      news = [];
      this.news.set(place, news);
    }
    const trust = this.trusts.get(peer) ?? 0.5;
    news.push([...TOLD.map((column) => row[column]), ...facts.codeOf(claim), trust]);
    if (news.length <= MOST_NEWS && (judged?.units.size ?? 0) <= MOST_NEWS) return;
    for (const kept of [this.levels, this.judged, this.news]) kept.delete(place);
  }

  /** Has the news of a stage stand in their table. */
  private async tell(place: number): Promise<void> {
    const rows = this.news.get(place);
    if (rows === undefined) return;
    this.news.delete(place);
    await append(this.engine.connection, NEWS, rows);
  }

  /** Milliseconds: no evidence of the stage that was handed over is older; `undefined` where that is not known. */
  oldest(place: number): number | undefined {
    return this.judged.get(place)?.known.oldest;
  }

  /** How far peers are trusted from now on. */
  async trust(): Promise<void> {
    const trusted = await this.engine.connection.runAndReadAll("select peer, trust from ranking.trusted");
    this.trusts.clear();
    for (const [peer, trust] of trusted.getRows() as [number, number][]) this.trusts.set(peer, trust);
  }

  /** What was kept of a stage no longer holds: evidence went, or counts no more. */
  forget(place: number): void {
    this.levels.delete(place);
  }

  /** The same of all stages: trust was renewed, or all is added up anew. */
  async clear(): Promise<void> {
    this.levels.clear();
    for (const table of ["told.voices", "told.levels", "ranking.redone"])
      await this.engine.run(`no ${table}`, `delete from ${table}`);
  }

  /**
   * How a plain stage's levels are read: where they stand, and how what came since is joined to them. What is asked comes back
   * with their moment; `undefined` where none are kept for the half-life.
   */
  async ready(place: Place, question: Asked): Promise<(Kept & { readonly asked: Asked }) | undefined> {
    const { halflife } = question;
    let level = this.levels.get(place.id)?.get(halflife);
    if (level === undefined || level.news > MOST_NEWS || (place.newest - level.moment) / halflife > FARTHEST) {
      if (!(await this.engine.hold(place.id, halflife))) return undefined;
      await this.drop(question);
      await this.makeAll([place], halflife);
      level = this.levels.get(place.id)!.get(halflife)!;
    }
    const asked = { ...question, moment: level.moment, since: level.since };
    const { schema: levels, news } = level;
    if (news === 0) return { levels, asked };
    await this.tell(place.id);
    const simple = await this.simpleOf(place, asked);
    if (simple !== undefined) return { levels, news: "added", simple, asked };
    await this.engine.hold(place.id, halflife);
    // With all else added up anew, nothing is left that it could be joined to.
    if (this.levels.get(place.id)?.get(halflife) !== level) return this.ready(place, question);
    return { levels, news: "replaced", asked };
  }

  /** Makes the voices and levels of plain stages that have none, of what is added up. */
  async makeAll(places: readonly Place[], halflife = HALFLIFE): Promise<void> {
    await this.engine.put({ ...NO_QUESTION, halflife });
    for (let start = 0; start < places.length; start += DUE_AT_ONCE) {
      const part = places.slice(start, start + DUE_AT_ONCE);
      await this.engine.due(part.map(({ id, newest }) => [id, newest]));
      await this.engine.run("voices", VOICES_SQL);
      await this.engine.run("levels", LEVELS_SQL);
      for (const { id, newest } of part) {
        const levels = this.levels.get(id) ?? new Map<number, Level>();
        this.levels.set(id, levels.set(halflife, { schema: "told", moment: newest, since: this.engine.came, news: 0 }));
      }
    }
    await this.engine.due([]);
  }

  private async drop(question: Asked): Promise<void> {
    await this.engine.put(question);
    for (const table of ["voices", "levels"]) {
      await this.engine.run(
        `drop ${table}`,
        `delete from told.${table} k using ranking.asked a where k.place = a.place and k.halflife = a.halflife`,
      );
    }
  }

  /**
   * Whether a plain stage's evidence can be added up as of one moment, the newest that is asked about, without being merged
   * first; and what all of it has in common.
   */
  async simple(place: Place, question: Asked): Promise<{ simple: Common; asked: Asked } | undefined> {
    const asked = { ...question, moment: Math.min(place.newest, question.now) };
    const simple = await this.simpleOf(place, asked);
    return simple && { simple, asked };
  }

  private async simpleOf(place: Place, asked: Asked): Promise<Common | undefined> {
    let judged = this.judged.get(place.id);
    if (judged === undefined) {
      await this.engine.store();
      await this.engine.due([[place.id, place.newest]]);
      const [known = UNTOLD] = await this.engine.ask<Judged>("simple", SIMPLE_SQL, asked);
      judged = { known, since: this.engine.came, units: new Set(), isChecked: true };
      this.judged.set(place.id, judged);
    }
    if (judged.known.simple && !judged.isChecked) {
      await this.tell(place.id);
      const { since } = judged;
      const repeated = await this.engine.ask(
        "repeated",
        REPEATED_SQL,
        since === asked.since ? asked : { ...asked, since },
      );
      if (repeated.length > 0) judged.known = { ...judged.known, simple: false };
      judged.isChecked = true;
    }
    return commonOf(judged.known, asked);
  }

  /** For a snapshot: which of the plain stages are simple. */
  async judgeAll(places: readonly Place[]): Promise<void> {
    await this.engine.run("unjudged", "delete from told.simple");
    for (let start = 0; start < places.length; start += DUE_AT_ONCE) {
      await this.engine.due(places.slice(start, start + DUE_AT_ONCE).map(({ id, newest }) => [id, newest]));
      await this.engine.run("judged", `insert into told.simple ${SIMPLE_SQL}`);
    }
  }
}

/** What a stage's evidence has in common, if it is simple and none is too old to be added up as of the moment asked. */
function commonOf({ simple, oldest, ...common }: Judged, { moment, halflife }: Asked): Common | undefined {
  return simple && (moment - oldest) / halflife <= FARTHEST ? common : undefined;
}
