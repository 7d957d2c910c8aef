/**
 * What the score reads: evidence as narrow rows of numbers. Names are replaced by small integers here, in Node, so that
 * DuckDB groups and joins numbers; the rows wait in columns until a query needs them and are then appended in bulk.
 */
import { ENVIRONMENT_FAILURES, KINDS, RECORD_VERSION, type Record as TrailRecord } from "../trail/record.ts";
import { sha256 } from "../values/canonical.ts";
import type { Table } from "./appending.ts";
import { type Regime, Regimes, type Spoken } from "./drift/regimes.ts";

/** Why evidence was not let in. Counted, shown by `status`. */
export type Refusal = "malformed" | "value" | "claim" | "time";

/** Beyond this a value is taken for an error. */
export const LARGEST_VALUE = 1e15;

/** Numbers for names, in the order in which they came; those of a snapshot are known from the beginning. */
export class Dictionary {
  readonly names: string[] = [];
  private readonly ids = new Map<string, number>();

  id(name: string): number {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.ids.set(name, id);
    }
    return id;
  }

  /** -1 where the name never came. */
  find(name: string): number {
    return this.ids.get(name) ?? -1;
  }
}

/**
 * Tables of the score: in a snapshot, and in memory what came since (`engine.ts` shows both as one). `mark` orders what
 * was said about one attempt: by time, then number. `record` is the hash of the record's id, by which it is dropped. `came`: how
 * often evidence had been handed over to this process, so that what is news can be told; 0 in a snapshot.
 */
export const FACTS = {
  schema: "told",
  name: "facts",
  columns: {
    place: "INTEGER",
    scope: "INTEGER",
    claim: "INTEGER",
    peer: "INTEGER",
    unit: "BIGINT",
    mark: "BIGINT",
    t: "DOUBLE",
    regime: "INTEGER",
    ok: "BOOLEAN",
    verified: "BOOLEAN",
    echo: "BOOLEAN",
    metric: "INTEGER",
    value: "DOUBLE",
    direction: "DOUBLE",
    weight: "DOUBLE",
    proxy: "INTEGER",
    version: "INTEGER",
    record: "BIGINT",
    attempt: "VARCHAR",
    came: "INTEGER",
  },
} as const satisfies Table;

/** `code` orders claims as their hashes would, `family` is the niche's number: a ranking reads no text. */
export const CLAIMS = {
  schema: "told",
  name: "claims",
  columns: {
    claim: "INTEGER",
    place: "INTEGER",
    code: "BIGINT",
    family: "INTEGER",
    hash: "VARCHAR",
    chosen: "VARCHAR",
    niche: "VARCHAR",
  },
} as const satisfies Table;

/** Metrics as they were observed, whether or not a stage learned from them. */
export const OBSERVED = {
  schema: "told",
  name: "observed",
  columns: {
    subnet: "INTEGER",
    metric: "INTEGER",
    scope: "INTEGER",
    peer: "INTEGER",
    unit: "BIGINT",
    mark: "BIGINT",
    value: "DOUBLE",
    direction: "DOUBLE",
    feasible: "BOOLEAN",
    record: "BIGINT",
  },
} as const satisfies Table;

export type Row = (number | bigint | boolean | string | null)[];

/** What is known of a stage of a subnet without asking DuckDB. */
export interface Place {
  readonly id: number;
  /** The regime that is under way; what is known of the others. */
  regime: number;
  readonly log: Regimes;
  /** What held of them when they were last looked at. */
  known: readonly Regime[];
  /** As of the last `settle`. */
  claims: number;
  /** Changes with whatever changes a ranking. */
  version: number;
  /** Milliseconds: time of the newest evidence. */
  newest: number;
  /** What evidence came with: of one each, the score has less to merge. */
  readonly scopes: Set<number>;
  readonly metrics: Set<number>;
  readonly regimes: Set<number>;
}

/** Whether the stage has one scope, one regime and at most one metric. */
export function isPlain({ regime, scopes, metrics, regimes }: Place): boolean {
  return regime === 0 && scopes.size <= 1 && regimes.size <= 1 && metrics.size <= 1;
}

/** Whether nothing was ever chosen there. */
export function isEmpty({ scopes }: Place): boolean {
  return scopes.size === 0;
}

export interface ClaimText {
  readonly hash: string;
  readonly chosen: string;
  readonly niche: string;
}

const DICTIONARIES = ["peers", "scopes", "metrics", "versions", "subnets", "niches"] as const;

/** What is known without asking DuckDB, as rows. In the order of their numbers. */
export interface SavedFacts {
  readonly names: readonly {
    readonly kind: (typeof DICTIONARIES)[number];
    readonly number: number;
    readonly name: string;
  }[];
  readonly places: readonly {
    readonly place: number;
    readonly subnet: string;
    readonly stage: string;
    readonly known: string;
  }[];
  readonly changes: readonly string[];
  readonly refused: string;
  readonly dropped: readonly bigint[];
  /** Claims that have a number; evidence that was taken in. */
  readonly claims: number;
  readonly count: number;
}

/** What came with evidence of a place that was taken in elsewhere; milliseconds. */
export interface Adopted {
  readonly count: number;
  readonly newest: number;
  readonly scopes: readonly number[];
  readonly metrics: readonly number[];
  readonly spoken: readonly Spoken[];
}

/** `code`: 64 bits of the hash. */
export interface UnsettledClaim {
  readonly place: Place;
  readonly key: string;
  readonly code: bigint;
  readonly niche: number;
  readonly text: ClaimText;
}

export class Facts {
  readonly peers = new Dictionary();
  readonly scopes = new Dictionary();
  readonly metrics = new Dictionary();
  readonly versions = new Dictionary();
  readonly subnets = new Dictionary();
  readonly niches = new Dictionary();
  /** Numbers of claims by place and hash; a negative one is that in `unsettled`. */
  private readonly claims = new Map<string, number>();
  /** What each claim says. Kept here, since DuckDB would read through the text of all claims to find that of ten. */
  private readonly texts = new Map<number, ClaimText>();
  private readonly codes = new Map<number, readonly [code: bigint, family: number]>();
  /** Places all of whose claims, as of then, a ranking has shown. */
  private readonly listed = new Map<Place, { readonly claim: readonly number[]; readonly code: readonly bigint[] }>();
  private readonly numbers = new Map<Place, ReadonlyMap<bigint, number>>();
  private nextClaim = 0;
  /** Records that made a regime: they are few, and who starts from a snapshot reads them again (`homeless` ones too). */
  private changes: TrailRecord[] = [];
  /** Claims that have come and may have a number in a snapshot, by the negative one they go by until `settle`. */
  private readonly unsettled = new Map<number, UnsettledClaim>();
  private lastUnsettled = 0;
  private readonly places = new Map<string, Place>();
  /** Of whose regimes something was said. */
  private readonly touched = new Set<Place>();
  private readonly subnetOf = new Map<string, string>();
  /** Scores that do not say of which subnet they are, by their runs, of which nothing has come. */
  private readonly homeless = new Map<string, TrailRecord[]>();
  /** Rows that DuckDB does not have yet. */
  readonly waiting = {
    facts: [] as Row[],
    claims: [] as Row[],
    observed: [] as Row[],
    dropped: [] as Row[],
    doubted: [] as Row[],
  };
  /** Hashes of the ids of records that must not count, whether or not they have come. */
  private readonly dropped = new Set<bigint>();
  readonly refused = new Map<Refusal, number>();
  /** Grows with every piece of evidence, and with what is dropped. */
  count = 0;
  /** Changes with the number of places, and with any regime. */
  regimes = 0;
  private readonly now: () => number;

  /** `now`: times after it are cut to it, so that a fast clock buys nothing. */
  constructor(now: () => number) {
    this.now = now;
  }

  place(subnet: string, stage: string): Place | undefined {
    return this.places.get(`${subnet}\0${stage}`);
  }

  allPlaces(): Iterable<Place> {
    return this.places.values();
  }

  /** Number, subnet and stage of each place. */
  namedPlaces(): [number, string, string][] {
    return [...this.places].map(([key, { id }]) => [id, ...(key.split("\0", 2) as [string, string])]);
  }

  text(claim: number): ClaimText | undefined {
    return this.texts.get(claim);
  }

  /** `code` and `family` of a claim of which evidence came. */
  codeOf(claim: number): readonly [code: bigint, family: number] {
    return this.codes.get(claim)!;
  }

  /** Takes in what a snapshot says of claims. */
  know(claim: number, text: ClaimText): void {
    this.texts.set(claim, text);
  }

  /** Takes note of the claims of a ranking, if these are all that the place has: none of its need be looked for then. */
  list(place: Place, { claim, code }: { readonly claim: readonly number[]; readonly code: readonly bigint[] }): void {
    if (claim.length === place.claims && !this.listed.has(place)) this.listed.set(place, { claim, code });
  }

  /** Numbers of the claims of a place by code: of all that came before they were listed. `undefined`: they were not. */
  numbersOf(place: Place): ReadonlyMap<bigint, number> | undefined {
    const [known, listed] = [this.numbers.get(place), this.listed.get(place)];
    if (known !== undefined || listed === undefined) return known;
    const numbers = new Map(listed.code.map((code, index) => [code, listed.claim[index]!]));
    this.numbers.set(place, numbers);
    return numbers;
  }

  /** Claims that have no number yet, by the one they go by until then: those of a place, or all. */
  unsettledOf(place?: Place): ReadonlyMap<number, UnsettledClaim> {
    if (place === undefined) return new Map(this.unsettled);
    return new Map([...this.unsettled].filter(([, claim]) => claim.place === place));
  }

  /** Gives each of these claims its number: the one that is known (by the one they went by), or a new one. */
  settle(claims: ReadonlyMap<number, UnsettledClaim>, known: ReadonlyMap<number, number>): void {
    if (claims.size === 0) return;
    const numbers = new Map<number, number>();
    for (const [unsettled, { place, key, code, niche, text }] of claims) {
      const claim = known.get(unsettled) ?? this.nextClaim++;
      numbers.set(unsettled, claim);
      this.unsettled.delete(unsettled);
      this.claims.set(key, claim);
      this.texts.set(claim, text);
      this.codes.set(claim, [code, niche]);
      if (known.has(unsettled)) continue;
      place.claims++;
      this.waiting.claims.push([claim, place.id, code, niche, text.hash, text.chosen, text.niche]);
    }
    for (const row of this.waiting.facts) row[2] = numbers.get(row[2] as number) ?? row[2]!;
  }

  /** Takes out the evidence that DuckDB does not have yet: that of a place, or all. Its claims have been settled. */
  handOver(place?: Place): Row[] {
    const all = this.waiting.facts.splice(0);
    if (place === undefined) return all;
    const own: Row[] = [];
    for (const row of all) (row[0] === place.id ? own : this.waiting.facts).push(row);
    return own;
  }

  /** What a snapshot keeps of this beside the tables; everything has been settled and handed over. */
  save(): SavedFacts {
    const names = DICTIONARIES.flatMap((kind) => this[kind].names.map((name, number) => ({ kind, number, name })));
    const places = [...this.places].map(([key, { id, claims, newest, scopes, metrics, regimes, log }]) => {
      const [subnet, stage] = key.split("\0", 2) as [string, string];
      const spoken = log.save();
      // Whether there is more than one is all that is asked of them.
      const [some, measured, past] = [scopes, metrics, regimes].map((set) => [...set].slice(0, 2));
      return { place: id, subnet, stage, known: JSON.stringify({ claims, newest, some, measured, past, spoken }) };
    });
    const changes = [...this.changes, ...[...this.homeless.values()].flat()].map((one) => JSON.stringify(one));
    const refused = JSON.stringify([...this.refused]);
    return { names, places, changes, refused, dropped: [...this.dropped], claims: this.nextClaim, count: this.count };
  }

  /** Goes on from what a snapshot kept; before anything else is done. */
  restore({ names, places, changes, refused, dropped, claims, count }: SavedFacts): void {
    for (const record of dropped) this.dropped.add(record);
    for (const { kind, name } of names) this[kind].id(name);
    for (const { subnet, stage, known } of places) {
      const { some, measured, past, spoken, ...rest } = JSON.parse(known) as {
        readonly [list in "some" | "measured" | "past"]: readonly number[];
      } & { readonly spoken: string } & Pick<Place, "claims" | "newest">;
      const place = this.placeFor(subnet, stage);
      Object.assign(place, rest);
      for (const scope of some) place.scopes.add(scope);
      for (const metric of measured) place.metrics.add(metric);
      for (const regime of past) place.regimes.add(regime);
      place.log.restore(spoken);
    }
    for (const change of changes) this.add(JSON.parse(change) as TrailRecord);
    this.settleRegimes();
    for (const rows of Object.values(this.waiting)) rows.length = 0;
    this.refused.clear();
    for (const [why, times] of JSON.parse(refused) as [Refusal, number][]) this.refused.set(why, times);
    this.nextClaim = claims;
    this.count = count;
  }

  /** What is no longer to count, whether or not it has come. */
  drop(id: string): void {
    const record = hashOf(id);
    if (this.dropped.has(record)) return;
    this.dropped.add(record);
    this.count++;
    this.waiting.dropped.push([record]);
    if (this.changes.some((change) => change.id === id)) this.undo(id);
  }

  /** A regime that was never opened: what is left of them is taken anew. */
  private undo(id: string): void {
    this.changes = this.changes.filter((change) => change.id !== id);
    for (const place of this.places.values()) {
      place.log.clear();
      this.touched.add(place);
    }
    for (const change of this.changes) this.take(change);
  }

  /** What a newer version wrote is not interpreted. */
  add(record: TrailRecord): void {
    if (record.v > RECORD_VERSION || (this.dropped.size > 0 && this.dropped.has(hashOf(record.id)))) return;
    const refusal = this.take(record);
    if (refusal === undefined && (record.kind === "drift" || record.kind === "return")) this.changes.push(record);
    if (refusal !== undefined) this.refuse(refusal, 1);
  }

  private take(record: TrailRecord): Refusal | undefined {
    switch (record.kind) {
      case "evidence":
        return this.takeEvidence(record);
      case "score":
        return this.takeScore(record);
      case "run.started":
        if (record.run !== undefined) this.mines(record.run, record.subnet ?? "");
        return undefined;
      case "drift":
      case "return":
        return this.takeChange(record);
      case "forgotten":
        for (const { id } of record.records) this.drop(id);
        return undefined;
      default:
        return undefined;
    }
  }

  /**
   * Takes note of what evidence is about that is taken in elsewhere.
   *
   * @returns whether it may be.
   */
  claim(subnet: string, stage: string, text: ClaimText): boolean {
    if (!isNamed(text.hash, text.chosen)) return false;
    this.claimFor(this.placeFor(subnet, stage), text);
    return true;
  }

  /** So much evidence of a place was taken in elsewhere. */
  adopt(place: Place, { count, newest, scopes, metrics, spoken }: Adopted): void {
    place.newest = Math.max(place.newest, newest);
    for (const scope of scopes) place.scopes.add(scope);
    for (const metric of metrics) place.metrics.add(metric);
    for (const one of spoken) this.speaks(place, ...one);
    this.count += count;
    place.version++;
  }

  refuse(why: Refusal, times: number): void {
    this.refused.set(why, (this.refused.get(why) ?? 0) + times);
  }

  private takeEvidence(record: Extract<TrailRecord, { kind: "evidence" }>): Refusal | undefined {
    const parsed = KINDS.evidence.safeParse(record);
    if (!parsed.success || typeof record.stage !== "string" || typeof record.peer !== "string") {
      return "malformed";
    }
    const e = parsed.data;
    if (!e.ok && e.class !== undefined && ENVIRONMENT_FAILURES.has(e.class)) return undefined;
    if (e.value !== undefined && !(Math.abs(e.value) <= LARGEST_VALUE)) return "value";
    const time = this.timeOf(record.time, (e as { at?: unknown }).at);
    if (time === undefined) return "time";
    if (!isNamed(e.claim, e.chosen)) return "claim";

    const place = this.placeFor(e.subnet, record.stage);
    const claim = this.claimFor(place, { hash: e.claim, chosen: e.chosen, niche: e.niche });
    const measured = e.metric !== undefined && e.value !== undefined;
    const scope = this.scopes.id(record.scope ?? "");
    const metric = e.metric === undefined ? null : this.metrics.id(e.metric);
    const peer = this.peers.id(record.peer);
    place.newest = Math.max(place.newest, time);
    place.scopes.add(scope);
    this.speaks(place, e.regime, peer, time);
    if (metric !== null) place.metrics.add(metric);
    this.waiting.facts.push([
      place.id,
      scope,
      claim,
      peer,
      unitOf(record),
      this.markOf(record),
      time,
      e.regime,
      e.ok && e.class !== "infeasible",
      e.verified,
      e.echo,
      metric,
      measured ? e.value! : null,
      e.direction ?? 1,
      e.weight ?? 1,
      e.proxy === undefined || e.proxy === e.metric ? null : this.metrics.id(e.proxy),
      e.version === undefined ? null : this.versions.id(e.version),
      hashOf(record.id),
      record.attempt ?? null,
      0,
    ]);
    this.count++;
    place.version++;
    return undefined;
  }

  private takeScore(record: Extract<TrailRecord, { kind: "score" }>): Refusal | undefined {
    const parsed = KINDS.score.safeParse(record);
    if (!parsed.success) return "malformed";
    const { metric, value, direction, feasible, at } = parsed.data;
    if (!(Math.abs(value) <= LARGEST_VALUE)) return "value";
    const time = this.timeOf(record.time, at);
    if (time === undefined) return "time";
    const { run } = record;
    const subnet = parsed.data.subnet ?? (run === undefined ? "" : this.subnetOf.get(run));
    if (subnet === undefined) {
      this.homeless.set(run!, [...(this.homeless.get(run!) ?? []), record]);
      return undefined;
    }
    this.waiting.observed.push([
      this.subnets.id(subnet),
      this.metrics.id(metric),
      this.scopes.id(record.scope ?? ""),
      this.peers.id(record.peer),
      // Of a run and a metric the last word counts.
      record.run === undefined || record.attempt !== undefined ? unitOf(record) : hashOf(`${record.run}\n${metric}`),
      this.markOf(record),
      value,
      direction,
      feasible,
      hashOf(record.id),
    ]);
    return undefined;
  }

  /** Runs of which nothing has come but scores that do not say of which subnet they are. */
  homelessRuns(): readonly string[] {
    return [...this.homeless.keys()];
  }

  /** A run is of a subnet: so are the scores of it that came before this was known. */
  mines(run: string, subnet: string): void {
    this.subnetOf.set(run, subnet);
    const scores = this.homeless.get(run) ?? [];
    this.homeless.delete(run);
    for (const score of scores) this.add(score);
  }

  private takeChange(record: Extract<TrailRecord, { kind: "drift" | "return" }>): Refusal | undefined {
    const parsed = KINDS[record.kind].safeParse(record);
    if (!parsed.success || typeof record.stage !== "string" || typeof record.peer !== "string") return "malformed";
    const time = this.timeOf(record.time, undefined);
    const since = record.kind === "return" || record.since === undefined ? undefined : Date.parse(record.since);
    if (time === undefined || (since !== undefined && !(since >= 0))) return "time";
    const place = this.placeFor(parsed.data.subnet, record.stage);
    const by = { peer: record.peer, time };
    this.touched.add(place);
    if (record.kind === "return") place.log.return({ ...by, regime: record.regime, same: record.same });
    else place.log.drift({ ...by, since, regime: record.regime, version: record.version, was: record.was });
    return undefined;
  }

  /** There is evidence of a peer: what others said of the regimes may no longer be enough. */
  private speaks(place: Place, regime: number, peer: number, time: number): void {
    place.regimes.add(regime);
    if (place.log.speaks(regime, peer, time)) this.touched.add(place);
  }

  /** Looks at the regimes of which anything came. What is in doubt, and was not or no longer is, is added up anew. */
  settleRegimes(): void {
    for (const place of this.touched) {
      const before = place.known;
      place.known = place.log.all();
      if (JSON.stringify(place.known) === JSON.stringify(before)) continue;
      for (let regime = 0; regime < Math.max(before.length, place.known.length); regime++) {
        const [was = Infinity, is = Infinity] = [before[regime]?.since, place.known[regime]?.since];
        if (was !== is) this.waiting.doubted.push([place.id, regime, Math.min(was, is)]);
      }
      place.regime = place.log.current;
      place.version++;
      this.regimes++;
    }
    this.touched.clear();
  }

  /** Negative until it is settled. */
  private claimFor(place: Place, text: ClaimText): number {
    const key = `${place.id}\0${text.hash}`;
    let claim = this.claims.get(key);
    if (claim === undefined) {
      const code = BigInt.asIntN(64, BigInt(`0x${text.hash.slice(0, 16)}`));
      claim = --this.lastUnsettled;
      this.unsettled.set(claim, { place, key, code, niche: this.niches.id(text.niche), text });
      this.claims.set(key, claim);
    }
    return claim;
  }

  private placeFor(subnet: string, stage: string): Place {
    const key = `${subnet}\0${stage}`;
    let place = this.places.get(key);
    if (place === undefined) {
      const log = new Regimes((peer) => this.peers.names[peer]!);
      place = {
        ...{ id: this.places.size, regime: 0, log, known: log.all(), claims: 0, version: 0, newest: 0 },
        ...{ scopes: new Set(), metrics: new Set(), regimes: new Set() },
      };
      this.places.set(key, place);
      this.regimes++;
    }
    return place;
  }

  /**
   * Of several words on one thing the last one counts: by when they were written, whatever time they speak of, and within
   * a millisecond in the order in which a process wrote.
   */
  private markOf(record: TrailRecord): bigint {
    const written = Math.min(Date.parse(record.time), this.now());
    return (BigInt(Math.floor(written)) << 20n) | BigInt(record.seq % 2 ** 20);
  }

  /** Milliseconds: the time that the record speaks of, and never later than it was written or read. */
  private timeOf(written: string, at: unknown): number | undefined {
    const time = Math.min(Date.parse(written), typeof at === "string" ? Date.parse(at) : Infinity, this.now());
    return time >= 0 ? time : undefined;
  }
}

/** What counts once: an attempt of a run; a record that names none stands for itself. */
function unitOf(record: TrailRecord): bigint {
  return record.attempt === undefined
    ? hashOf(`${record.process}\n${record.seq}`)
    : hashOf(`${record.run ?? ""}\n${record.attempt}`);
}

/** Whether it is JSON, and the hash is its own. */
function isNamed(hash: string, chosen: string): boolean {
  if (sha256(chosen) !== hash) return false;
  try {
    JSON.parse(chosen);
    return true;
  } catch {
    return false;
  }
}

/** 60 bits of a hash that DuckDB has too. It tells one peer's attempts on one claim apart, and dropped records from others. */
function hashOf(text: string): bigint {
  return BigInt(`0x${sha256(text).slice(0, 15)}`);
}

/** `hashOf`, of an expression. */
export function hashSql(text: string): string {
  return `('0x' || left(sha256(${text}), 15))::BIGINT`;
}
