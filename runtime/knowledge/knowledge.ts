import type { Cursor } from "../trail/trail.ts";
import type { Json } from "../types.ts";

import type { Regime, Unsettled } from "./drift/regimes.ts";
import type { Watch } from "./drift/watch.ts";
import type { Refusal } from "./facts.ts";

/** The query behind a stage's recall. Field names and defaults are those of the language's `recall`. */
export interface RecallQuery {
  readonly subnet: string;
  /** `pipeline.name`. */
  readonly stage: string;
  /** The item of the fan-out in which the stage stands; "" outside of one; null: all items count alike. */
  readonly scope: string | null;
  readonly from: readonly ("patterns" | "antipatterns")[];
  readonly top: number;
  /** In seconds, or as a number of the stage's evaluations. */
  readonly halflife: { readonly seconds: number } | { readonly evaluations: number };
  /** A filter over single pieces of evidence, before ranking; see `Expr` of the plan. Turned into parameterised SQL here alone. */
  readonly where?: import("../plan.ts").Expr | undefined;
  /** Seeded noise on the ranking, 0 for none. */
  readonly explore?: { readonly amount: number; readonly seed: number };
  /** Milliseconds since 1970; the clock's now. */
  readonly now: number;
  /** Whether a claim is a value of this program's type: others are not recalled. */
  readonly admits?: (chosen: Json) => boolean;
  /** Whether two claims lie within one step of each other: of neighbours only the better is shown. */
  readonly near?: (a: Json, b: Json) => boolean;
}

/** A claim, with every term of its score (MEMORY: r, q, strength, anti and what they are made of). */
export interface Ranked {
  readonly claim: string;
  /** Canonical JSON of what was chosen. */
  readonly chosen: string;
  readonly niche: string;
  readonly anti: boolean;
  readonly strength: number;
  readonly reliability: number;
  readonly quality: number;
  readonly P: number;
  readonly N: number;
  readonly C: number;
  readonly z: number | null;
  readonly peers: number;
  /** Evaluations (attempts) behind it. */
  readonly evaluations: number;
  /** Mean value per metric, own scope first. */
  readonly values: { readonly [metric: string]: number };
  /** ISO time of the newest evidence. */
  readonly newest: string;
}

export interface Recalled {
  readonly patterns: readonly Ranked[];
  readonly antipatterns: readonly Ranked[];
  /** Claims known for this stage in all. */
  readonly known: number;
  /** Generation of the trust that was used; 0 where it was computed on the spot. */
  readonly generation: number;
}

/** One evaluation, for searches: what was chosen and how it went, higher `value` is better, in units of z. */
export interface Observation {
  readonly chosen: Json;
  readonly scope: string;
  readonly ok: boolean;
  /** Weighted z over the metrics, direction applied; null where it was not measured. */
  readonly value: number | null;
  readonly regime: number;
  readonly time: number;
  readonly peer: string;
}

/** What is known, ranked. Implementation: DuckDB in memory over the trail (and, once there is one, its snapshot). */
export interface Knowledge {
  /** Takes in what any process has written since. Cheap when nothing was. */
  refresh(): Promise<void>;
  recall(query: RecallQuery): Promise<Recalled>;
  /** Only how much is known of a stage, as of the last `refresh`. */
  known(query: { readonly subnet: string; readonly stage: string }): Pick<Recalled, "known" | "generation">;
  /** The newest `limit` evaluations of a stage in the current regime, oldest first. */
  observations(query: {
    readonly subnet: string;
    readonly stage: string;
    readonly limit: number;
  }): Promise<readonly Observation[]>;
  /** The claim of highest strength, or the newest successful one, in `scope` (or over all scopes). As JSON. */
  best(query: {
    readonly subnet: string;
    readonly stage: string;
    readonly scope: string;
    readonly now: number;
    /** Milliseconds since 1970: what is newer does not count. A cycle reads as of its start. */
    readonly asOf?: number;
    /** Whether a claim is a value of this program's type. */
    readonly admits?: ((chosen: Json) => boolean) | undefined;
  }): Promise<Chosen | undefined>;
  last(query: {
    readonly subnet: string;
    readonly stage: string;
    readonly scope: string;
    readonly asOf?: number;
  }): Promise<Chosen | undefined>;
  /** The best, or newest, value observed of a metric. */
  metric(query: {
    readonly subnet: string;
    readonly metric: string;
    readonly which: "best" | "last";
    readonly scope?: string;
    readonly asOf?: number;
  }): Promise<number | undefined>;
  /** What was measured of a stage, by scope and metric, the scope that was first measured first. */
  measured(query: { readonly subnet: string; readonly stage: string }): Promise<readonly Measured[]>;
  /**
   * The regime that a stage is in: the latest of this version of the subnet, where that is known. `peer`: to whom it is in
   * the one that, by its own word, the version began.
   */
  regime(query: {
    readonly subnet: string;
    readonly stage: string;
    readonly version?: string | undefined;
    readonly peer?: string;
  }): number;
  /** What peers say of the regime that a stage is in, too few for it to hold. */
  unsettled(query: { readonly subnet: string; readonly stage: string }): Unsettled;
  /** Oldest first; the last one is the current one. */
  regimes(query: { readonly subnet: string; readonly stage: string }): readonly Regime[];
  /** The version of the subnet under which the newest evidence of its regime was gathered, by most of the trust. */
  version(query: { readonly subnet: string; readonly stage: string }): Promise<string | undefined>;
  /** Whether the subnet seems to have moved under a stage; see `drift/watch.ts`. */
  watch(query: {
    readonly subnet: string;
    readonly stage: string;
    /** Hashes of claims that are told of even where they were evaluated only once. */
    readonly also?: readonly string[];
  }): Promise<Watch>;
  /** Every peer that evidence is known of; 0.5 where nobody tried the same. */
  peers(): Promise<readonly PeerTrust[]>;
  readonly cursor: Cursor;
  close(): Promise<void>;
}

/**
 * How far others' evidence agrees with a peer's: A and D of the score, over all stages and by stage. `share` of the
 * agreement of a stage counts: all where its values were held against others', and less of what is about outcomes alone, the
 * more values speak against it elsewhere.
 */
export interface PeerTrust extends Agreement {
  readonly peer: string;
  readonly trust: number;
  readonly stages: readonly ({
    readonly subnet: string;
    readonly stage: string;
    readonly share: number;
  } & Agreement)[];
}

export interface Agreement {
  readonly agreement: number;
  readonly disagreement: number;
}

/** What one peer says of a claim: saturated successes, failures, successes with a value, and where that stands. */
export interface Voice {
  readonly claim: string;
  readonly peer: string;
  readonly trust: number;
  readonly s: number;
  readonly f: number;
  readonly c: number;
  readonly z: number | null;
}

/** `Knowledge` for those who list what there is. */
export interface OpenKnowledge extends Knowledge {
  /** All that P, N, C and z of a stage's claims are made of, the most trusted peer first. */
  voices(
    query: Pick<RecallQuery, "subnet" | "stage" | "scope" | "now"> & { readonly seconds: number },
  ): Promise<readonly Voice[]>;
  /** The stages of which anything is known. */
  stages(): readonly { readonly subnet: string; readonly stage: string }[];
  /** Evidence that was not let in, by reason. */
  refused(): ReadonlyMap<Refusal, number>;
}

export interface Measured {
  readonly scope: string;
  readonly metric: string;
  readonly direction: 1 | -1;
  readonly evaluations: number;
  /** The earliest five values. */
  readonly first: readonly number[];
}

export interface Chosen {
  readonly claim: string;
  readonly value: Json;
  readonly strength: number;
  /** The attempt that chose it, for credit. */
  readonly attempt: string | undefined;
}
