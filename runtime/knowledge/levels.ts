/** What of a plain stage's score does not depend on when one asks: kept, and brought up to date with what is news. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { append } from "./appending.ts";
import { type Facts, isPlain, type Place } from "./facts.ts";
import { freshVoicesSql, KEEP_LEVELS_SQL, KEEP_VOICES_SQL, staleSql, thawSql, VOICES_SQL } from "./queries.sql.ts";
import { type Common, simpleSql } from "./rollup.sql.ts";
import { type Asked, FRESH, HALFLIFE, NO_QUESTION } from "./scratch.ts";

/** What levels need of DuckDB, and of the roll-up that they are made of. */
interface Statements {
  readonly connection: DuckDBConnection;
  run(name: string, sql: string): Promise<number>;
  ask<Row>(name: string, sql: string, asked: Asked): Promise<Row[]>;
  put(asked: Asked): Promise<void>;
  due(places: readonly (readonly [place: number, moment: number])[]): Promise<void>;
  hold(place: number, halflife: number): Promise<boolean>;
}

/** Where the voices and levels of a stage for a half-life stand: those of a snapshot, until there is news of the stage. */
interface Level {
  schema: "sealed.told" | "told";
  /** As of which its sums are. */
  readonly moment: number;
  /** Claims of which there was news since. */
  readonly stale: Set<number>;
}

/** Whether the evidence of a stage needs no merging. */
interface Judged extends Common {
  readonly simple: boolean;
  /** Milliseconds: time of the oldest piece. */
  readonly oldest: number;
}

/** So many stages are made at once. */
export const DUE_AT_ONCE = 32;

/** So many half-lives after their moment sums are made as of another: 2^500 can still be multiplied by. */
const FARTHEST = 500;

export class Levels {
  private readonly engine: Statements;
  /** By stage and half-life. */
  private readonly levels = new Map<number, Map<number, Level>>();
  private readonly judged = new Map<number, { known: Judged; readonly stale: Set<number> }>();

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
      this.levels.set(id, new Map([[HALFLIFE, { schema: "sealed.told", moment: newest, stale: new Set() }]]));
    }
    const judged = await connection.runAndReadAll("from sealed.told.simple");
    for (const { place, ...known } of judged.getRowObjectsJS() as unknown as ({ place: number } & Judged)[])
      this.judged.set(place, { known, stale: new Set() });
  }

  /** There is news of a claim. */
  note(place: number, claim: number): void {
    for (const { stale } of this.levels.get(place)?.values() ?? []) stale.add(claim);
    this.judged.get(place)?.stale.add(claim);
  }

  /** What was kept no longer holds: trust was renewed. */
  async clear(): Promise<void> {
    this.levels.clear();
    for (const table of ["voices", "levels"]) await this.engine.run(`no ${table}`, `delete from told.${table}`);
  }

  /**
   * Brings the voices and levels of a plain stage up to date. What is asked comes back with their moment; `undefined` where
   * none are kept for the half-life.
   */
  async ready(place: Place, question: Asked): Promise<{ levels: Level["schema"]; asked: Asked } | undefined> {
    const { halflife } = question;
    let level = this.levels.get(place.id)?.get(halflife);
    if (level === undefined || (place.newest - level.moment) / halflife > FARTHEST) {
      if (!(await this.engine.hold(place.id, halflife))) return undefined;
      await this.drop(question);
      await this.makeAll([place], halflife);
      level = this.levels.get(place.id)!.get(halflife)!;
    }
    const asked = { ...question, moment: level.moment };
    if (level.stale.size > 0) {
      // If it fails, what is kept of the stage is no longer whole.
      this.levels.get(place.id)!.delete(halflife);
      await this.renew(place, asked, level);
      this.levels.get(place.id)!.set(halflife, level);
    }
    return { levels: level.schema, asked };
  }

  /** Makes again what is kept of the claims with news. */
  private async renew(place: Place, asked: Asked, level: Level): Promise<void> {
    const common = await this.commonOf(place, asked, asked.moment);
    await this.engine.put(asked);
    await this.fresh(level.stale);
    for (const table of ["voices", "levels"] as const) {
      if (level.schema === "told") await this.engine.run(`stale ${table}`, staleSql(table));
      else await this.engine.run(`thaw ${table}`, thawSql(table));
    }
    await this.engine.run(`fresh voices ${JSON.stringify(common)}`, freshVoicesSql(common));
    await this.keep();
    level.schema = "told";
    level.stale.clear();
  }

  /** Makes the voices and levels of plain stages that have none, of what is added up. */
  async makeAll(places: readonly Place[], halflife = HALFLIFE): Promise<void> {
    await this.engine.put({ ...NO_QUESTION, halflife });
    for (let start = 0; start < places.length; start += DUE_AT_ONCE) {
      const part = places.slice(start, start + DUE_AT_ONCE);
      await this.engine.due(part.map(({ id, newest }) => [id, newest]));
      await this.engine.run("voices", VOICES_SQL);
      await this.keep();
      for (const { id, newest } of part) {
        const levels = this.levels.get(id) ?? new Map<number, Level>();
        this.levels.set(id, levels.set(halflife, { schema: "told", moment: newest, stale: new Set() }));
      }
    }
    await this.engine.due([]);
  }

  private async keep(): Promise<void> {
    await this.engine.run("keep voices", KEEP_VOICES_SQL);
    await this.engine.run("keep levels", KEEP_LEVELS_SQL);
    await this.engine.run("kept", "delete from ranking.heard");
  }

  private async drop(question: Asked): Promise<void> {
    await this.engine.put(question);
    for (const table of ["voices", "levels"]) {
      await this.engine.run(
        `drop ${table}`,
        `delete from told.${table} k using ranking.asked a where k.place = a.place and k.halflife = a.halflife`,
      );
    }
    await this.engine.run("unheard", "delete from ranking.heard");
  }

  private async fresh(claims: ReadonlySet<number>): Promise<void> {
    await this.engine.run("refreshed", "delete from ranking.fresh");
    await append(
      this.engine.connection,
      FRESH,
      [...claims].map((claim) => [claim]),
    );
  }

  /**
   * Whether a plain stage's evidence can be added up as of one moment, the newest that is asked about, without being merged
   * first; and what all of it has in common.
   */
  async simple(place: Place, question: Asked): Promise<{ simple: Common; asked: Asked } | undefined> {
    const moment = Math.min(place.newest, question.now);
    const simple = await this.commonOf(place, question, moment);
    return simple && { simple, asked: { ...question, moment } };
  }

  private async commonOf(place: Place, question: Asked, moment: number): Promise<Common | undefined> {
    let judged = this.judged.get(place.id);
    if (judged === undefined) {
      await this.engine.due([[place.id, place.newest]]);
      judged = { known: await this.judge("due", question), stale: new Set() };
      this.judged.set(place.id, judged);
    }
    if (judged.stale.size > 0) {
      await this.fresh(judged.stale);
      judged.known = together(judged.known, await this.judge("fresh", question));
      judged.stale.clear();
    }
    const { simple, oldest, metric, direction, resolution } = judged.known;
    return simple && (moment - oldest) / question.halflife <= FARTHEST ? { metric, direction, resolution } : undefined;
  }

  private async judge(of: "due" | "fresh", question: Asked): Promise<Judged> {
    const [found] = await this.engine.ask<Judged>(`simple ${of}`, simpleSql(of), question);
    return found ?? { simple: true, oldest: Infinity, metric: null, direction: null, resolution: null };
  }

  /** For a snapshot: which of the plain stages are simple. */
  async judgeAll(places: readonly Place[]): Promise<void> {
    await this.engine.run("unjudged", "delete from told.simple");
    for (let start = 0; start < places.length; start += DUE_AT_ONCE) {
      await this.engine.due(places.slice(start, start + DUE_AT_ONCE).map(({ id, newest }) => [id, newest]));
      await this.engine.run("judged", `insert into told.simple ${simpleSql("due")}`);
    }
  }
}

/** Of a stage and of its claims with news, which are among it. */
function together(known: Judged, fresh: Judged): Judged {
  const { metric, direction, resolution } = known.direction === null ? fresh : known;
  const alike = fresh.direction === null || (fresh.direction === direction && fresh.resolution === resolution);
  return {
    ...{ simple: known.simple && fresh.simple && alike, oldest: Math.min(known.oldest, fresh.oldest) },
    ...{ metric, direction, resolution },
  };
}
