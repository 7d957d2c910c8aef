/** `Knowledge` by DuckDB: over a snapshot, or none, and what a trail tells beside it. */
import type { Clock } from "../clock.ts";
import type { Record } from "../trail/record.ts";
import type { Cursor, Trail } from "../trail/trail.ts";
import type { Json } from "../types.ts";
import { EVALUATIONS_SQL, VERSION_SQL } from "./drift/drift.sql.ts";
import { type Regime, Regimes, type Unsettled } from "./drift/regimes.ts";
import { type Watch, watch } from "./drift/watch.ts";
import { Engine } from "./engine.ts";
import { type ClaimText, Facts, isEmpty, isPlain, type Place, type Refusal } from "./facts.ts";
import { type Filter, filterSql } from "./filter.ts";

import { Following } from "./following.ts";
import type {
  Agreement,
  Chosen,
  Measured,
  Observation,
  OpenKnowledge,
  PeerTrust,
  Ranked,
  Recalled,
  RecallQuery,
  Voice,
} from "./knowledge.ts";

import {
  ATTEMPT_SQL,
  LAST_SQL,
  MEASURED_SQL,
  METRIC_SQL,
  observationsSql,
  recallSql,
  TRUST_BY_STAGE_SQL,
  VOICED_SQL,
} from "./queries.sql.ts";
import { inOrder, type Ranking } from "./ranking.ts";
import { SCORE, type ScoreShape } from "./score.sql.ts";
import { type Asked, NO_QUESTION } from "./scratch.ts";
import type { OpenSnapshot } from "./snapshot/read.ts";

export interface KnowledgeOptions {
  readonly source: Pick<Trail, "since">;
  /** Folder of the store, in which there may be a snapshot of what the source tells. */
  readonly store?: string;
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds between two computations of trust; 60,000 unless said. */
  readonly trustEvery?: number;
}

const NOTHING: Recalled = { patterns: [], antipatterns: [], known: 0, generation: 0 };

/** Half-lives that may pass before an unchanged recall is ranked again: no term moves by more than 1e-4 in that. */
const STALE = 1e-4;

/** Who asks may have looked at the clock a moment before the newest evidence was read. */
const MOMENT = 1000;
const momentOf = (now: number, { newest }: Place): number => (now >= newest - MOMENT ? Math.max(now, newest) : now);

/** So many rows are handed to DuckDB at once while a store is read. */
const BATCH = 16_384;

/** The newest values of claims that have several are looked at for drift; so many. */
const WATCHED = 2048;

/** So many rankings of a stage are remembered. */
const REMEMBERED = 64;

export async function openKnowledge(options: KnowledgeOptions): Promise<OpenKnowledge> {
  const { store, clock } = options;
  if (store === undefined) return new DuckKnowledge(options);
  return new Following(store, async (path) => {
    if (path === undefined) return new DuckKnowledge(options);
    const { openSnapshot } = await import("./snapshot/read.ts");
    const snapshot = await openSnapshot(path, () => clock.now());
    return snapshot && new DuckKnowledge(options, snapshot);
  });
}

class DuckKnowledge implements OpenKnowledge {
  cursor: Cursor = {};
  private readonly options: KnowledgeOptions;
  private readonly facts: Facts;
  /** Evidence that the snapshot has. */
  private readonly sealed: number;
  private engine: Promise<Engine> | undefined;
  private reading: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  /** One statement at a time: they share the row of `asked`. */
  private line: Promise<unknown> = Promise.resolve();
  private trust = { generation: 0, at: -Infinity, count: 0, regimes: 0 };
  private readonly recent = new Map<
    string,
    { readonly version: number; readonly generation: number; readonly now: number; readonly ranking: Ranking }
  >();

  constructor(options: KnowledgeOptions, snapshot?: OpenSnapshot) {
    this.options = options;
    this.facts = snapshot?.facts ?? new Facts(() => options.clock.now());
    this.sealed = this.facts.count;
    if (snapshot === undefined) return;
    this.cursor = snapshot.cursor;
    this.engine = Promise.resolve(snapshot.engine);
    const { count, regimes } = this.facts;
    this.trust = { generation: snapshot.generation, at: options.clock.now(), count, regimes };
  }

  /** Evidence that came since the snapshot. */
  get fresh(): number {
    return this.facts.count - this.sealed;
  }

  /** A refresh that is under way may have passed what was just written: at most one more waits behind it. */
  refresh(): Promise<void> {
    if (this.reading === undefined) return this.read();
    this.queued ??= this.reading.then(
      () => this.read(),
      () => this.read(),
    );
    return this.queued;
  }

  private read(): Promise<void> {
    this.queued = undefined;
    const reading = this.take().finally(() => {
      if (this.reading === reading) this.reading = undefined;
    });
    this.reading = reading;
    return reading;
  }

  private async take(): Promise<void> {
    const add = async (records: readonly Record[]) => {
      for (const record of records) this.facts.add(record);
      if (this.facts.waiting.facts.length >= BATCH) await this.handOver();
    };
    const { records, cursor } = await this.options.source.since(this.cursor, add);
    await add(records);
    this.facts.settleRegimes();
    if (this.facts.waiting.dropped.length > 0) await this.handOver();
    this.cursor = cursor;
  }

  private async handOver(): Promise<void> {
    const engine = await this.started();
    await this.exclusively(() => engine.flush(this.facts));
  }

  async recall(query: RecallQuery): Promise<Recalled> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return NOTHING;
    const scope = query.scope === null ? null : this.facts.scopes.find(query.scope);
    const ranking = await this.ranked(place, query, scope);
    const shown = await this.shown(place, ranking, query);
    return {
      patterns: shown.patterns.map((row) => this.toRanked(row)),
      antipatterns: shown.antipatterns.map((row) => this.toRanked(row)),
      known: place.claims,
      generation: this.trust.generation,
    };
  }

  async best(query: {
    subnet: string;
    stage: string;
    scope: string;
    now: number;
    asOf?: number;
    admits?: (chosen: Json) => boolean;
  }): Promise<Chosen | undefined> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return undefined;
    const scope = query.scope === "" ? null : this.facts.scopes.find(query.scope);
    const { asOf = Infinity } = query;
    const asked: RecallQuery = {
      ...query,
      ...(asOf >= place.newest ? {} : olderThan(asOf, Math.max(query.now, place.newest))),
      from: ["patterns"],
      top: 1,
      halflife: { seconds: SCORE.halflifeSeconds },
    };
    const ranking = await this.ranked(place, asked, scope);
    const [best] = (await this.shown(place, ranking, asked, scope !== null)).patterns;
    if (best === undefined) return undefined;
    const engine = await this.started();
    const [found] = await this.exclusively(async () => {
      await engine.flush(this.facts, place);
      return engine.ask<{ attempt: string }>("attempt", ATTEMPT_SQL, {
        ...NO_QUESTION,
        place: place.id,
        scope,
        seed: best.hash,
        now: asOf,
      });
    });
    return {
      claim: best.hash,
      value: JSON.parse(best.chosen) as Json,
      strength: best.ranking.strength[best.index]!,
      attempt: found?.attempt,
    };
  }

  async last(query: { subnet: string; stage: string; scope: string; asOf?: number }): Promise<Chosen | undefined> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return undefined;
    const scope = query.scope === "" ? null : this.facts.scopes.find(query.scope);
    const engine = await this.started();
    const [found] = await this.exclusively(async () => {
      await engine.flush(this.facts);
      return engine.ask<{ hash: string; chosen: string; attempt: string | null }>("last", LAST_SQL, {
        ...NO_QUESTION,
        place: place.id,
        scope,
        now: query.asOf ?? Infinity,
      });
    });
    if (found === undefined) return undefined;
    return {
      claim: found.hash,
      value: JSON.parse(found.chosen) as Json,
      strength: 0,
      attempt: found.attempt ?? undefined,
    };
  }

  async metric(query: {
    subnet: string;
    metric: string;
    which: "best" | "last";
    scope?: string;
    asOf?: number;
  }): Promise<number | undefined> {
    // The snapshot may say of which subnet they are.
    if (this.facts.homelessRuns().length > 0) await this.handOver();
    const [subnet, metric] = [this.facts.subnets.find(query.subnet), this.facts.metrics.find(query.metric)];
    if (subnet < 0 || metric < 0) return undefined;
    const engine = await this.started();
    const [found] = await this.exclusively(async () => {
      await engine.flush(this.facts);
      return engine.ask<{ best: number | null; last: number | null }>("metric", METRIC_SQL, {
        ...NO_QUESTION,
        place: subnet,
        top: metric,
        now: query.asOf ?? Infinity,
        scope: query.scope === undefined ? null : this.facts.scopes.find(query.scope),
      });
    });
    return found?.[query.which] ?? undefined;
  }

  async observations(query: { subnet: string; stage: string; limit: number }): Promise<readonly Observation[]> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place) || query.limit <= 0) return [];
    const engine = await this.started();
    const rows = await this.exclusively(async () => {
      await engine.flush(this.facts);
      await engine.rollUp(place.id);
      const now = this.options.clock.now();
      const sums = now >= place.newest ? "kept" : "seconds";
      const question = { ...NO_QUESTION, place: place.id, now, top: query.limit };
      return engine.ask<ObservationRow>(`observations ${sums}`, () => observationsSql(sums), question);
    });
    return rows.reverse().map((row) => ({
      chosen: JSON.parse(row.chosen) as Json,
      scope: this.facts.scopes.names[row.scope]!,
      ok: row.ok,
      value: row.value,
      regime: row.regime,
      time: row.t,
      peer: this.facts.peers.names[row.peer]!,
    }));
  }

  known(query: { subnet: string; stage: string }): Pick<Recalled, "known" | "generation"> {
    const place = this.facts.place(query.subnet, query.stage);
    return place === undefined || isEmpty(place) ? NOTHING : { known: place.claims, generation: this.trust.generation };
  }

  regime(query: { subnet: string; stage: string; version?: string | undefined; peer?: string }): number {
    return this.facts.place(query.subnet, query.stage)?.log.of(query.version, query.peer) ?? 0;
  }

  unsettled(query: { subnet: string; stage: string }): Unsettled {
    return (this.facts.place(query.subnet, query.stage)?.log ?? new Regimes()).unsettled;
  }

  regimes(query: { subnet: string; stage: string }): readonly Regime[] {
    return (this.facts.place(query.subnet, query.stage)?.log ?? new Regimes()).all();
  }

  async measured(query: { subnet: string; stage: string }): Promise<readonly Measured[]> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return [];
    const rows = await this.asking<MeasuredRow>("measured", MEASURED_SQL, { place: place.id });
    const { scopes, metrics } = this.facts;
    return rows.map((row) => ({ ...row, scope: scopes.names[row.scope]!, metric: metrics.names[row.metric]! }));
  }

  async version(query: { subnet: string; stage: string }): Promise<string | undefined> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined) return undefined;
    const [found] = await this.asking<{ version: number }>("version", VERSION_SQL, { place: place.id });
    return found && this.facts.versions.names[found.version];
  }

  async watch(query: { subnet: string; stage: string; also?: readonly string[] }): Promise<Watch> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return watch([], 0);
    const engine = await this.started();
    const { scope, chosen, peer, unit, metric, y, weight, regime, t } = await this.exclusively(async () => {
      await this.renewTrust(engine);
      await engine.flush(this.facts);
      const question = { ...NO_QUESTION, place: place.id, seed: (query.also ?? []).join(" "), top: WATCHED };
      return (await engine.columns("evaluations", () => EVALUATIONS_SQL, question)) as unknown as EvaluationColumns;
    });
    const { scopes, peers, metrics } = this.facts;
    const evaluations = scope.map((one, i) => ({
      ...{
        claim: chosen[i]!,
        attempt: String(unit[i]),
        value: y[i]!,
        weight: weight[i]!,
        regime: regime[i]!,
        time: t[i]!,
      },
      ...{ scope: scopes.names[one]!, peer: peers.names[peer[i]!]!, metric: metrics.names[metric[i]!]! },
    }));
    return watch(evaluations, place.regime);
  }

  async peers(): Promise<readonly PeerTrust[]> {
    if (this.facts.count === 0) return [];
    const engine = await this.started();
    await this.exclusively(() => this.renewTrust(engine));
    const rows = await this.asking<AgreementRow>("trust by stage", TRUST_BY_STAGE_SQL, {});
    const places = new Map(this.facts.namedPlaces().map(([id, subnet, stage]) => [id, { subnet, stage }]));
    const byPeer = Map.groupBy(rows, ({ peer }) => peer);
    return this.facts.peers.names.map((peer, number) => {
      const of = byPeer.get(number) ?? [];
      const stages = of.map(({ place, agreement, disagreement, share }) => ({
        ...places.get(place)!,
        ...{ agreement, disagreement, share },
      }));
      const { trust = 0.5, agreed: agreement = 0, disagreed: disagreement = 0 } = of[0] ?? {};
      return { peer, trust, agreement, disagreement, stages };
    });
  }

  async voices(query: {
    subnet: string;
    stage: string;
    scope: string | null;
    now: number;
    seconds: number;
  }): Promise<readonly Voice[]> {
    const place = this.facts.place(query.subnet, query.stage);
    if (place === undefined || isEmpty(place)) return [];
    const engine = await this.started();
    await this.exclusively(() => this.renewTrust(engine));
    const now = momentOf(query.now, place);
    const rows = await this.asking<Omit<Voice, "peer"> & { readonly peer: number }>("voiced", VOICED_SQL, {
      ...{ place: place.id, now, moment: now, halflife: query.seconds * 1000 },
      scope: query.scope === null ? null : this.facts.scopes.find(query.scope),
    });
    return rows.map((row) => ({ ...row, peer: this.facts.peers.names[row.peer]! }));
  }

  /** A question that needs no sums. */
  private async asking<Row>(name: string, sql: string, question: Partial<Asked>): Promise<Row[]> {
    const engine = await this.started();
    return this.exclusively(async () => {
      await engine.flush(this.facts);
      return engine.ask<Row>(name, sql, { ...NO_QUESTION, ...question });
    });
  }

  stages(): { subnet: string; stage: string }[] {
    return this.facts.namedPlaces().map(([, subnet, stage]) => ({ subnet, stage }));
  }

  refused(): ReadonlyMap<Refusal, number> {
    return this.facts.refused;
  }

  async close(): Promise<void> {
    await this.line.catch(() => undefined);
    const engine = await this.engine?.catch(() => undefined);
    engine?.close();
    this.engine = undefined;
  }

  /** What was asked before, of the same evidence and nearly at the same time, is not asked again. */
  private async ranked(place: Place, query: RecallQuery, scope: number | null): Promise<Ranking> {
    const { halflife, where } = query;
    const filter = where === undefined ? undefined : filterSql(where, this.facts);
    const key = JSON.stringify([place.id, scope, halflife, where ?? null]);
    const engine = await this.started();
    return this.exclusively(async () => {
      await this.renewTrust(engine);
      const known = this.recent.get(key);
      const lag =
        "seconds" in halflife ? Math.abs(query.now - (known?.now ?? 0)) / (halflife.seconds * 1000 * STALE) : 0;
      if (
        known !== undefined &&
        known.version === place.version &&
        known.generation === this.trust.generation &&
        (lag === 0 || (lag <= 1 && filter?.aging !== true))
      ) {
        return known.ranking;
      }
      await engine.take(this.facts, place);
      const version = place.version;
      const evaluations = "evaluations" in halflife;
      const now = momentOf(query.now, place);
      const span = evaluations ? halflife.evaluations : Math.max(1, halflife.seconds * 1000);
      const is_own = scope === null || place.scopes.has(scope);
      const question = { ...NO_QUESTION, place: place.id, scope, is_own, now, moment: now, halflife: span };
      const { asked, ...shape } = await shapeOf(engine, place, question, evaluations, filter);
      const ranking = (await engine.columns(
        `recall ${JSON.stringify(shape)}`,
        () => recallSql(shape),
        asked,
      )) as unknown as Ranking;
      this.facts.list(place, ranking);
      if (this.recent.size >= REMEMBERED) this.recent.clear();
      this.recent.set(key, { version, generation: this.trust.generation, now: query.now, ranking });
      return ranking;
    });
  }

  /** The best of each kind that is asked for, without what does not fit the program, and without neighbours. */
  private async shown(
    place: Place,
    ranking: Ranking,
    query: Pick<RecallQuery, "from" | "top" | "admits" | "near" | "explore">,
    ownOnly = false,
  ): Promise<{ readonly [kind in RecallQuery["from"][number]]: readonly Shown[] }> {
    const { from, top, admits, near, explore } = query;
    const orders = (["patterns", "antipatterns"] as const).map((kind) =>
      from.includes(kind)
        ? inOrder(ranking, kind === "patterns", explore).filter((index) => !ownOnly || ranking.own[index])
        : [],
    );
    const size = admits === undefined && near === undefined ? top : 4 * top;
    await this.tell(
      place,
      orders.flatMap((order) => order.slice(0, size).map((index) => ranking.claim[index]!)),
    );
    const choose = async (order: readonly number[]): Promise<Shown[]> => {
      const taken: Shown[] = [];
      const seen: Json[] = [];
      for (let start = 0; start < order.length && taken.length < top; start += size) {
        const part = order.slice(start, start + size);
        await this.tell(
          place,
          part.map((index) => ranking.claim[index]!),
        );
        for (const index of part) {
          const text = this.facts.text(ranking.claim[index]!)!;
          if (taken.length === top) break;
          if (admits !== undefined || near !== undefined) {
            const chosen = JSON.parse(text.chosen) as Json;
            if (admits?.(chosen) === false || seen.some((other) => near?.(other, chosen))) continue;
            seen.push(chosen);
          }
          taken.push({ ...text, ranking, index });
        }
      }
      return taken;
    };
    return { patterns: await choose(orders[0]!), antipatterns: await choose(orders[1]!) };
  }

  /** What claims say is read from the snapshot when they are first shown. */
  private async tell(place: Place, claims: readonly number[]): Promise<void> {
    const unknown = claims.filter((claim) => this.facts.text(claim) === undefined);
    if (unknown.length === 0) return;
    const engine = await this.started();
    await this.exclusively(() => engine.tell(this.facts, place, unknown));
  }

  /** Only where there is new evidence or a new regime, and at most once in a while. */
  private async renewTrust(engine: Engine): Promise<void> {
    const now = this.options.clock.now();
    const { count, regimes } = this.facts;
    const isSame = this.trust.count === count && this.trust.regimes === regimes;
    if (isSame || now - this.trust.at < (this.options.trustEvery ?? 60_000)) return;
    await engine.flush(this.facts);
    await engine.rollUp();
    await engine.renewTrust(this.facts, now);
    this.trust = { generation: this.trust.generation + 1, at: now, count, regimes };
  }

  private started(): Promise<Engine> {
    this.engine ??= Engine.start();
    return this.engine;
  }

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.line.then(work, work);
    this.line = turn.catch(() => undefined);
    return turn;
  }

  private toRanked({ ranking, index: i, hash, chosen, niche }: Shown): Ranked {
    const pattern = ranking.pattern[i]!;
    const value = ranking.value?.[i] ?? null;
    const values = ranking.values?.[i] ?? (value === null ? [] : [{ metric: ranking.metric![i]!, value }]);
    return {
      claim: hash,
      chosen,
      niche,
      anti: !pattern,
      strength: (pattern ? ranking.strength : ranking.anti)[i]!,
      reliability: ranking.r[i]!,
      quality: ranking.q[i]!,
      P: ranking.P[i]!,
      N: ranking.N[i]!,
      C: ranking.C[i]!,
      z: ranking.z[i]!,
      peers: ranking.peers[i]!,
      evaluations: ranking.evaluations[i]!,
      values: Object.fromEntries(values.map((one) => [this.facts.metrics.names[one.metric]!, one.value])),
      newest: new Date(ranking.newest[i]!).toISOString(),
    };
  }
}

/** From where a question is answered. */
async function shapeOf(
  engine: Engine,
  place: Place,
  asked: Asked,
  evaluations: boolean,
  filter: Filter | undefined,
): Promise<Omit<ScoreShape, "of"> & { readonly asked: Asked }> {
  const plain = isPlain(place);
  const oldest = engine.levels.oldest(place.id);
  if (filter !== undefined && oldest !== undefined) {
    const ages = { least: Math.max(0, asked.now - place.newest) / 1000, most: Math.max(0, asked.now - oldest) / 1000 };
    if (filter.passes(ages)) return shapeOf(engine, place, asked, evaluations, undefined);
  }
  if (!evaluations && filter === undefined && asked.now >= place.newest) {
    const kept = plain ? await engine.levels.ready(place, asked) : undefined;
    if (kept !== undefined) return { sums: "kept", plain, ...kept };
    if (!plain && (await engine.hold(place.id, asked.halflife))) return { sums: "kept", asked };
  }
  await engine.store();
  const simply = plain && !evaluations ? await engine.levels.simple(place, asked) : undefined;
  return {
    sums: evaluations ? "evaluations" : "seconds",
    plain,
    asked,
    ...simply,
    ...(filter === undefined ? {} : { filter: filter.sql }),
  };
}

/** A claim of a ranking, with what it says. */
interface Shown extends ClaimText {
  readonly ranking: Ranking;
  readonly index: number;
}

interface EvaluationColumns {
  readonly scope: readonly number[];
  readonly chosen: readonly string[];
  readonly peer: readonly number[];
  readonly unit: readonly bigint[];
  readonly metric: readonly number[];
  readonly y: readonly number[];
  readonly weight: readonly number[];
  readonly regime: readonly number[];
  readonly t: readonly number[];
}

interface MeasuredRow extends Omit<Measured, "scope" | "metric"> {
  readonly scope: number;
  readonly metric: number;
}

interface AgreementRow extends Agreement {
  readonly place: number;
  readonly peer: number;
  readonly trust: number;
  readonly share: number;
  /** Of the peer, over all stages. */
  readonly agreed: number;
  readonly disagreed: number;
}

interface ObservationRow {
  readonly chosen: string;
  readonly scope: number;
  readonly ok: boolean;
  readonly regime: number;
  readonly t: number;
  readonly peer: number;
  readonly value: number | null;
}

/** Leaves out what is newer than `asOf`, seen from `now`. */
function olderThan(asOf: number, now: number): Pick<RecallQuery, "now" | "where"> {
  const age = { op: "name", name: "age" } as const;
  const least = { op: "literal", value: (now - asOf) / 1000 } as const;
  return { now, where: { op: "binary", operator: ">=", left: age, right: least } };
}
