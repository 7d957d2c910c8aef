/** A store at a glance: who wrote in it, what was refused or forgotten, and whether the subnet moved under its stages. */
import { newestManifest } from "../trail/manifest.ts";
import { readTrail } from "../trail/reader.ts";
import type { KnownRecord } from "../trail/record.ts";
import type { TrailProblem } from "../trail/trail.ts";
import type { Regime } from "./drift/regimes.ts";
import type { Refusal } from "./facts.ts";
import type { PeerTrust } from "./knowledge.ts";
import { openKnowledge } from "./open.ts";
import { tellsDamage } from "./snapshot/read.ts";
import { loadTables } from "./sql/load.ts";
import { readStore } from "./store.ts";

export interface StoreStatus {
  readonly records: number;
  /** Of the sealed part; 0 where nothing is sealed. */
  readonly generation: number;
  readonly processes: readonly {
    readonly process: string;
    /** Whether it can still write. */
    readonly alive: boolean;
    readonly peers: readonly string[];
    readonly records: number;
    /** ISO times. */
    readonly first: string;
    readonly last: string;
  }[];
  readonly peers: readonly (PeerTrust & { readonly records: number })[];
  readonly stages: readonly StageStatus[];
  /** Drift and return records, oldest first; whether enough peers say the same for it to hold. */
  readonly changes: readonly ((KnownRecord<"drift"> | KnownRecord<"return">) & { readonly holds: boolean })[];
  /** Evidence and scores that came and do not count, by reason. */
  readonly refused: { readonly [reason in Refusal]?: number };
  readonly problems: readonly TrailProblem[];
  /** Records that were forgotten; those among them that still stand in a file. */
  readonly forgotten: number;
  readonly unconfirmed: number;
}

export interface StageStatus {
  readonly subnet: string;
  readonly stage: string;
  /** Oldest first, the current one last. */
  readonly regimes: readonly Regime[];
  /** Of each item with re-evaluations: how many tested the subnet in this regime, and how near an alarm is. */
  readonly tests: readonly {
    readonly scope: string;
    readonly tests: number;
    readonly surprises: number;
    readonly cusum: number;
  }[];
}

export async function storeStatus(directory: string, now: number): Promise<StoreStatus> {
  const { records, problems, alive } = await readStore(directory, { kinds: ["drift", "return", "forgotten"] });
  const wrote = await writtenBy(directory, now);
  const knowledge = await openKnowledge({ source: readTrail(directory), store: directory, clock: { now: () => now } });
  try {
    await knowledge.refresh();
    const stages: StageStatus[] = [];
    for (const place of knowledge.stages()) {
      const { scopes } = await knowledge.watch(place);
      const tests = [...scopes].flatMap(([scope, { tests, surprises, cusum }]) =>
        tests === 0 ? [] : [{ scope, tests, surprises, cusum }],
      );
      stages.push({ ...place, regimes: knowledge.regimes(place), tests });
    }
    const trust = new Map((await knowledge.peers()).map((peer) => [peer.peer, peer]));
    const manifest = newestManifest(directory);
    const sum = (of: readonly Written[]): number => of.reduce((all, one) => all + one.records, 0);
    return {
      records: sum(wrote),
      generation: manifest?.generation ?? 0,
      processes: [...Map.groupBy(wrote, ({ process }) => process)].map(([process, of]) => ({
        process,
        alive: alive(process),
        peers: of.map(({ peer }) => peer).sort(),
        records: sum(of),
        first: new Date(Math.min(...of.map(({ first }) => first))).toISOString(),
        last: new Date(Math.max(...of.map(({ last }) => last))).toISOString(),
      })),
      peers: [...Map.groupBy(wrote, ({ peer }) => peer)].map(([peer, of]) => ({
        ...(trust.get(peer) ?? unknown(peer)),
        records: sum(of),
      })),
      stages,
      changes: records
        .filter((record) => record.kind === "drift" || record.kind === "return")
        .map((record) => {
          const regimes = knowledge.regimes({ subnet: record.subnet, stage: record.stage ?? "" });
          const [of, same] = [regimes[record.regime], record.kind === "drift" ? undefined : regimes[record.same]];
          const holds = record.kind === "drift" ? record.regime < regimes.length - 1 : of?.same === same?.same;
          return { ...record, holds: of !== undefined && holds };
        })
        .toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)),
      refused: Object.fromEntries(knowledge.refused()),
      problems,
      forgotten: records.reduce((all, one) => all + (one.kind === "forgotten" ? one.records.length : 0), 0),
      unconfirmed: (manifest?.forgotten ?? []).reduce((all, [, from, to]) => all + to - from + 1, 0),
    };
  } finally {
    await knowledge.close();
  }
}

/** What a process wrote for a peer. Milliseconds since 1970. */
interface Written {
  readonly process: string;
  readonly peer: string;
  readonly records: number;
  readonly first: number;
  readonly last: number;
}

/** Who began to write first comes first. */
async function writtenBy(directory: string, now: number): Promise<readonly Written[]> {
  try {
    return await readWritten(directory, now, false);
  } catch (error) {
    if (!tellsDamage(error)) throw error;
    return readWritten(directory, now, true);
  }
}

async function readWritten(directory: string, now: number, without: boolean): Promise<readonly Written[]> {
  const engine = await loadTables(directory, now, { names: new Set(["records"]), without });
  try {
    const result = await engine.connection.runAndReadAll(`select process, peer, count(*)::DOUBLE as records,
        epoch_ms(min(time))::DOUBLE as first, epoch_ms(max(time))::DOUBLE as last
      from records group by process, peer order by first, process, peer`);
    return result.getRowObjectsJS() as unknown as readonly Written[];
  } finally {
    engine.close();
  }
}

const unknown = (peer: string): PeerTrust => ({ peer, trust: 0.5, agreement: 0, disagreement: 0, stages: [] });
