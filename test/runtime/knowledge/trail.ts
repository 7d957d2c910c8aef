/** A trail in memory, and evidence with as little as a test needs to say. */

import type { Draft, FailureClass, Record as TrailRecord } from "../../../runtime/trail/record.ts";
import type { Cursor, Trail } from "../../../runtime/trail/trail.ts";
import type { Json } from "../../../runtime/types.ts";
import { canonicalJson, sha256 } from "../../../runtime/values/canonical.ts";

export const NOW = Date.UTC(2026, 0, 31);
export const DAY = 24 * 3600 * 1000;

export interface Told {
  readonly k: Json;
  readonly peer?: string;
  readonly attempt?: string;
  readonly run?: string;
  readonly time?: number;
  readonly subnet?: string;
  readonly stage?: string;
  readonly scope?: string;
  readonly regime?: number;
  readonly niche?: string;
  readonly ok?: boolean;
  readonly class?: FailureClass;
  readonly metric?: string;
  readonly value?: number;
  readonly direction?: 1 | -1;
  readonly weight?: number;
  readonly proxy?: string;
  readonly verified?: boolean;
  readonly echo?: boolean;
  readonly version?: string;
}

let attempts = 0;

export function evidence(told: Told): TrailRecord {
  const chosen = canonicalJson(told.k);
  const { k: _, peer = "a", time = NOW, attempt = `attempt-${++attempts}`, scope, ...rest } = told;
  return stamped(
    {
      kind: "evidence",
      peer,
      attempt,
      run: "run",
      stage: "p.s",
      ...(scope === undefined ? {} : { scope }),
      subnet: "n",
      claim: sha256(chosen),
      chosen,
      niche: "",
      regime: 0,
      ok: true,
      verified: true,
      echo: false,
      ...(told.value === undefined ? {} : { metric: "m", direction: 1 as const }),
      ...rest,
    } as Draft,
    time,
  );
}

let numbers = 0;

/** What a peer tells, before a trail gives it its place. */
export function draft(told: Told): Draft {
  const { v: _v, process: _p, seq: _s, id: _i, time: _t, ...rest } = evidence(told);
  return rest as Draft;
}

export function stamped(draft: Draft, time = NOW): TrailRecord {
  const seq = ++numbers;
  return { v: 1, process: "p", seq, id: `id-${seq}`, time: new Date(time).toISOString(), ...draft } as TrailRecord;
}

export interface FakeTrail extends Pick<Trail, "since"> {
  push(...records: readonly TrailRecord[]): void;
  readonly reads: number;
}

export function fakeTrail(...records: readonly TrailRecord[]): FakeTrail {
  const all = [...records];
  const trail = {
    reads: 0,
    push: (...more: readonly TrailRecord[]) => void all.push(...more),
    async since(cursor: Cursor) {
      trail.reads++;
      return { records: all.slice(Number(cursor.p ?? 0)), cursor: { p: all.length }, problems: [] };
    },
  };
  return trail;
}
