/** The score once more, as plainly as it can be written, to hold the SQL against. */
import type { Record as TrailRecord } from "../../../runtime/trail/record.ts";

type Evidence = Extract<TrailRecord, { kind: "evidence" }>;

export interface Standing {
  readonly P: number;
  readonly N: number;
  readonly C: number;
  readonly z: number | null;
  readonly r: number;
  readonly q: number;
  readonly strength: number;
  readonly anti: number;
}

export interface Asked {
  readonly now: number;
  readonly halflife: { readonly seconds: number } | { readonly evaluations: number };
  /** null: all are own. */
  readonly scope: string | null;
  readonly regime: number;
}

const WEEK = { seconds: 7 * 24 * 3600 };

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const group = <T>(items: readonly T[], key: (item: T) => string): T[][] => [...Map.groupBy(items, key).values()];
const later = (a: Evidence, b: Evidence): number => a.time.localeCompare(b.time) || a.seq - b.seq;

/** An attempt of a peer on a claim, with its last word on each metric. */
interface Attempt {
  readonly claim: string;
  readonly peer: string;
  readonly scope: string;
  readonly ok: boolean;
  readonly verified: boolean;
  readonly valued: boolean;
  readonly checked: boolean;
  /** Without the factor for what is not verified. */
  readonly weight: number;
  /** Regimes since. */
  readonly ago: number;
  readonly said: readonly Evidence[];
}

function attemptsOf(evidence: readonly Evidence[], { now, halflife, scope, regime }: Asked): Attempt[] {
  // Nothing is newer than now: a fast clock buys nothing.
  const told = evidence.map((e) => ({ ...e, time: new Date(Math.min(now, Date.parse(e.time))).toISOString() }));
  const all = group(told, (e) => JSON.stringify([e.claim, e.peer, e.scope, e.run, e.attempt])).map((rows) => {
    const said = group(rows, ({ metric }) => metric ?? "").map((same) => same.toSorted(later).at(-1)!);
    const newest = rows.toSorted(later).at(-1)!;
    return { rows, said, newest };
  });
  all.sort((a, b) => -later(a.newest, b.newest));
  return all.map(({ rows, said, newest }, rank) => {
    const age =
      "seconds" in halflife
        ? (now - Date.parse(newest.time)) / (halflife.seconds * 1000)
        : rank > 32 * halflife.evaluations
          ? Number.POSITIVE_INFINITY
          : rank / halflife.evaluations;
    const own = scope === null || (newest.scope ?? "") === scope;
    const ago = Math.max(0, regime - Math.max(...rows.map((e) => e.regime)));
    const checked = said.some((e) => e.verified && e.value !== undefined);
    return {
      claim: newest.claim,
      peer: newest.peer,
      scope: newest.scope ?? "",
      ok: said.every(({ ok }) => ok),
      verified: said.some(({ verified }) => verified),
      valued: said.some(({ value }) => value !== undefined),
      checked,
      weight: 2 ** -age * (rows.some(({ echo }) => echo) ? 0.5 : 1) * (own ? 1 : 0.5) * 4 ** -ago,
      ago,
      said,
    };
  });
}

interface Opinion {
  readonly claim: string;
  readonly peer: string;
  readonly s: number;
  readonly f: number;
  readonly c: number;
  readonly z: number | null;
}

/** `key`: what a peer's standing is of; `past`: what z of an earlier regime is multiplied by, for each regime since. */
function opinions(
  attempts: readonly Attempt[],
  key: (a: { claim: string; scope: string }) => string,
  past: number,
): Opinion[] {
  const values = attempts
    .filter(({ ok }) => ok)
    .flatMap((a) => a.said.filter((e) => e.value !== undefined).map((e) => ({ a, e })));
  const latest = group(values, ({ a }) => JSON.stringify([a.claim, a.scope])).flatMap((all) => {
    const ago = Math.min(...all.map(({ a }) => a.ago));
    return all.filter(({ a }) => a.ago === ago);
  });
  const means = group(latest, ({ a, e }) => JSON.stringify([a.claim, a.peer, a.scope, e.metric])).map((all) => {
    const verified = all.filter(({ e }) => e.verified);
    const rows = verified.length > 0 ? verified : all;
    const { a, e } = rows[0]!;
    const w = sum(rows.map(({ a }) => a.weight));
    return {
      ...{ claim: a.claim, peer: a.peer, scope: a.scope, metric: e.metric!, proxy: e.proxy, ago: a.ago },
      weight: e.weight ?? 1,
      w: w * (verified.length > 0 ? 1 : 0.3),
      x: sum(rows.map(({ a, e }) => a.weight * e.value! * e.direction!)) / w,
    };
  });
  const metered = means.filter(
    (m) =>
      m.proxy === undefined ||
      !means.some((real) => real.claim === m.claim && real.scope === m.scope && real.metric === m.proxy),
  );
  const scored = group(metered, ({ scope, metric, ago }) => JSON.stringify([scope, metric, ago])).flatMap((all) => {
    const claims = group(all, ({ claim }) => claim).map((of) => median(of.map(({ x }) => x)));
    const centre = median(claims);
    const off = claims.map((x) => Math.abs(x - centre));
    const spread = Math.max(median(off), sum(off) / off.length / 10);
    const scale = spread <= 1e-12 * Math.max(...claims.map(Math.abs)) ? 0 : spread;
    const standing = (x: number): number => (scale > 0 ? Math.min(6, Math.max(-6, (x - centre) / scale)) : 0);
    return all.map((m) => ({ ...m, z: past ** m.ago * standing(m.x) }));
  });
  return group(attempts, (a) => JSON.stringify([key(a), a.peer])).flatMap((mine) => {
    const settled = mine.some(({ checked }) => checked);
    const counted = mine.filter((a) => !(settled && a.valued && !a.checked));
    const saturated = (ok: boolean) =>
      1 - Math.exp(-sum(counted.filter((a) => a.ok === ok).map((a) => a.weight * (a.verified ? 1 : 0.3))));
    const { peer } = mine[0]!;
    const metrics = group(
      scored.filter((m) => key(m) === key(mine[0]!) && m.peer === peer),
      ({ metric }) => metric,
    ).map((all) => ({
      weight: all[0]!.weight,
      w: sum(all.map(({ w }) => w)),
      z: sum(all.map(({ w, z }) => w * z)) / sum(all.map(({ w }) => w)),
    }));
    const total = sum(metrics.map(({ weight }) => weight));
    return counted.length === 0
      ? []
      : [
          {
            claim: key(mine[0]!),
            peer,
            s: saturated(true),
            f: saturated(false),
            c: 1 - Math.exp(-Math.max(0, ...metrics.map(({ w }) => w))),
            z: total > 0 ? sum(metrics.map(({ weight, z }) => weight * z)) / total : null,
          },
        ];
  });
}

export function trustOf(evidence: readonly Evidence[], now: number, regime: number): Map<string, number> {
  const sums = new Map<string, { A: number; D: number }>();
  const attempts = attemptsOf(evidence, { now, halflife: WEEK, scope: null, regime });
  for (const same of group(
    opinions(attempts, ({ claim, scope }) => JSON.stringify([claim, scope]), 1),
    ({ claim }) => claim,
  )) {
    const values = same.flatMap(({ z }) => (z === null ? [] : [z]));
    for (const { peer, s, f, c, z } of same) {
      const others = same.filter((other) => other.peer !== peer);
      const [S, F, C] = [sum(others.map((o) => o.s)), sum(others.map((o) => o.f)), sum(others.map((o) => o.c))];
      const off =
        z !== null &&
        ((values.length >= 3 && Math.abs(z - median(values)) > 2) ||
          (values.length === 2 && Math.abs(values[0]! - values[1]!) > 2));
      const known = sums.get(peer) ?? { A: 0, D: 0 };
      known.A += (off ? 0 : s * S) + f * F;
      known.D += s * F + f * S + (off ? 2 * c * C : 0);
      sums.set(peer, known);
    }
  }
  return new Map([...sums].map(([peer, { A, D }]) => [peer, (1 + A) / (2 + A + D)]));
}

export function standings(evidence: readonly Evidence[], asked: Asked): Map<string, Standing> {
  const trust = trustOf(evidence, asked.now, asked.regime);
  const attempts = attemptsOf(evidence, asked).filter(({ weight }) => weight > 0 || "seconds" in asked.halflife);
  const all = opinions(attempts, ({ claim }) => claim, 1 / 4);
  const measured = all.some(({ z }) => z !== null);
  return new Map(
    group(all, ({ claim }) => claim).map((peers) => {
      const of = (term: "s" | "f" | "c") => sum(peers.map((p) => 2 * trust.get(p.peer)! * p[term]));
      const [P, N, C] = [of("s"), of("f"), of("c")];
      const voices = peers.filter(({ z }) => z !== null).sort((a, b) => a.z! - b.z!);
      const half = sum(voices.map(({ peer }) => trust.get(peer)!)) / 2;
      let upto = 0;
      const middle = voices.find(({ peer }) => {
        upto += trust.get(peer)!;
        return upto >= half * (1 - 1e-9);
      });
      const z = middle?.z ?? null;
      const r = (P + 1) / (P + 1.5 * N + 3);
      const q = 1 / (1 + Math.exp((-(z ?? 0) * C) / (C + 0.5)));
      const strength = measured ? (q * (P + 1)) / (P + 1.5 * N + 1) : r;
      return [peers[0]!.claim, { P, N, C, z, r, q, strength, anti: (N + 1) / (N + 1.5 * P + 3) }];
    }),
  );
}
