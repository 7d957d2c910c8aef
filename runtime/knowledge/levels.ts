/** What of a plain stage's score does not depend on when one asks: kept, and brought up to date with what is news. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { append } from "./appending.ts";
import { type Facts, isPlain, type Place, type Row } from "./facts.ts";
import { freshVoicesSql, keepLevelsSql, keepVoicesSql, staleSql, THAW_SQL, VOICES_SQL } from "./queries.sql.ts";
import { type Common, REPEATED_EVIDENCE_SQL, SIMPLE_SQL } from "./rollup.sql.ts";
import type { ScoreShape } from "./score.sql.ts";
import { type Asked, FRESH, HALFLIFE, NO_QUESTION, REPLACED } from "./scratch.ts";
import { type Judged, judgedOf, together, UNTOLD } from "./simple.ts";

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
  schema: NonNullable<ScoreShape["levels"]>;
  /** As of which its sums are. */
  readonly moment: number;
  /** Claims of which there was news since. */
  readonly stale: Set<number>;
  /** Claims whose voices in the snapshot no longer hold. */
  readonly replaced: Set<number>;
}

/** So many stages are made at once. */
export const DUE_AT_ONCE = 32;

/** So many half-lives after their moment sums are made as of another: 2^500 can still be multiplied by. */
const FARTHEST = 500;

export class Levels {
  private readonly engine: Statements;
  /** By stage and half-life. */
  private readonly levels = new Map<number, Map<number, Level>>();
  /** `stale`: claims of which a new attempt may be an old one. */
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
      this.levels.set(
        id,
        new Map([[HALFLIFE, { schema: "sealed.told", moment: newest, stale: new Set(), replaced: new Set() }]]),
      );
    }
    const judged = await connection.runAndReadAll("from sealed.told.simple");
    for (const { place, ...known } of judged.getRowObjectsJS() as unknown as ({ place: number } & Judged)[])
      this.judged.set(place, { known, stale: new Set() });
  }

  /** A piece of evidence has come. */
  take(row: Row): void {
    const judged = this.judged.get(row[0] as number);
    if (judged !== undefined) judged.known = together(judged.known, judgedOf(row));
  }

  /** There is news of a claim. */
  note(place: number, claim: number): void {
    for (const { stale } of this.levels.get(place)?.values() ?? []) stale.add(claim);
    this.judged.get(place)?.stale.add(claim);
  }

  /** What was kept no longer holds: trust was renewed. */
  async clear(): Promise<void> {
    this.levels.clear();
    for (const table of ["told.voices", "told.levels", "ranking.replaced"])
      await this.engine.run(`no ${table}`, `delete from ${table}`);
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
    const judged = await this.judgedOf(place, asked);
    await this.engine.put(asked);
    await this.fresh(place, level.stale);
    if (level.schema === "sealed.told") await this.engine.run("thaw levels", THAW_SQL);
    else await this.engine.run("stale levels", staleSql("levels"));
    // There are many of them, so those of the other claims stay in the snapshot.
    const unheard = level.schema === "told" ? [] : [...level.stale].filter((claim) => !level.replaced.has(claim));
    if (unheard.length < level.stale.size) await this.engine.run("stale voices", staleSql("voices"));
    await this.hear(judged, asked);
    if (level.schema === "sealed.told") level.schema = "both";
    const rows = unheard.map((claim) => [claim]);
    await append(this.engine.connection, REPLACED, rows);
    for (const claim of unheard) level.replaced.add(claim);
    level.stale.clear();
  }

  /** Makes the voices and levels of the claims that are `fresh`. That an attempt of theirs is repeated is seen then. */
  private async hear(judged: { known: Judged }, asked: Asked): Promise<void> {
    const common = commonOf(judged.known, asked);
    const voices = (of: Common | undefined): Promise<number> =>
      this.engine.run(`fresh voices ${JSON.stringify(of)}`, freshVoicesSql(of));
    // Where nothing is left of the claims there are none either way.
    if ((await voices(common)) === 0 && common !== undefined && (await voices(undefined)) > 0)
      judged.known = { ...judged.known, simple: false };
    await this.keep(false);
  }

  /** Makes the voices and levels of plain stages that have none, of what is added up. */
  async makeAll(places: readonly Place[], halflife = HALFLIFE): Promise<void> {
    await this.engine.put({ ...NO_QUESTION, halflife });
    for (let start = 0; start < places.length; start += DUE_AT_ONCE) {
      const part = places.slice(start, start + DUE_AT_ONCE);
      await this.engine.due(part.map(({ id, newest }) => [id, newest]));
      await this.engine.run("voices", VOICES_SQL);
      await this.keep(true);
      for (const { id, newest } of part) {
        const levels = this.levels.get(id) ?? new Map<number, Level>();
        this.levels.set(
          id,
          levels.set(halflife, { schema: "told", moment: newest, stale: new Set(), replaced: new Set() }),
        );
      }
    }
    await this.engine.due([]);
  }

  private async keep(inOrder: boolean): Promise<void> {
    await this.engine.run(`keep voices ${inOrder}`, keepVoicesSql(inOrder));
    await this.engine.run(`keep levels ${inOrder}`, keepLevelsSql(inOrder));
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

  private async fresh(place: Place, claims: ReadonlySet<number>): Promise<void> {
    await this.engine.run("refreshed", "delete from ranking.fresh");
    const rows = [...claims].map((claim) => [place.id, claim]);
    await append(this.engine.connection, FRESH, rows);
  }

  /**
   * Whether a plain stage's evidence can be added up as of one moment, the newest that is asked about, without being merged
   * first; and what all of it has in common.
   */
  async simple(place: Place, question: Asked): Promise<{ simple: Common; asked: Asked } | undefined> {
    const asked = { ...question, moment: Math.min(place.newest, question.now) };
    const judged = await this.judgedOf(place, asked);
    if (judged.known.simple && judged.stale.size > 0) {
      await this.fresh(place, judged.stale);
      const repeated = await this.engine.ask("repeated evidence", REPEATED_EVIDENCE_SQL, asked);
      if (repeated.length > 0) judged.known = { ...judged.known, simple: false };
      judged.stale.clear();
    }
    const simple = commonOf(judged.known, asked);
    return simple && { simple, asked };
  }

  private async judgedOf(place: Place, question: Asked): Promise<{ known: Judged; readonly stale: Set<number> }> {
    let judged = this.judged.get(place.id);
    if (judged === undefined) {
      await this.engine.due([[place.id, place.newest]]);
      const [known = UNTOLD] = await this.engine.ask<Judged>("simple", SIMPLE_SQL, question);
      judged = { known, stale: new Set() };
      this.judged.set(place.id, judged);
    }
    return judged;
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
