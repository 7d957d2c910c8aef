/**
 * Has the subnet moved under a stage? Decided from its evaluations alone, so that every process that knows the same ones
 * decides the same.
 *
 * A claim that is evaluated again, by another peer where there is one, should come out as before. The first evaluation
 * is why a claim is looked at again, and flatters it: what later ones are held against is the mean of those in between,
 * once two peers agree about the claim. Their distance, in units of the spread of earlier re-evaluations (pooled over
 * the claims of a scope, kept over regimes), is summed: CUSUM of min(|z|, 4) - 1.5 (Page, 1954), an alarm above 4.5.
 */

/** One evaluation of a claim on one metric. */
export interface Evaluation {
  readonly scope: string;
  /** The claim, as canonical JSON. */
  readonly claim: string;
  readonly peer: string;
  /** Of which attempt it was: several metrics of one count once. */
  readonly attempt: string;
  readonly metric: string;
  /** Higher is better. */
  readonly value: number;
  /** The metric's, among those of the stage. */
  readonly weight: number;
  /** As which it counts: see `regimes.ts`. */
  readonly regime: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export const WATCH = {
  /** What a peer of less trust evaluates says nothing of the subnet. */
  distrusted: 0.3,
  /** Re-evaluations that make a yardstick. */
  least: 4,
  clamp: 4,
  allowance: 1.5,
  threshold: 4.5,
  /** A test further off than this is a surprise; this many make an alarm, of two peers where there are two. */
  surprise: 2,
  surprises: 2,
  /** Two peers whose values are no further apart agree. */
  agreement: 3,
  /** A claim of a past regime that is within this is as it was. */
  match: 2,
  /** The least spread, as a part of the values: what rounding leaves of equal ones. */
  rounding: 1e-9,
} as const;

/** What is known of one item of the fan-out, in the current regime. */
export interface ScopeWatch {
  readonly cusum: number;
  /** Tests since the last regime began, and those among them that were surprises and count towards an alarm. */
  readonly tests: number;
  readonly surprises: number;
  /** The re-evaluation after which nothing was amiss; milliseconds. Evidence after it belongs to neither regime if there is an alarm. */
  readonly good: number | undefined;
  /** A surprise that is not settled: its claim is to be evaluated again, by another peer. */
  readonly doubted: { readonly claim: string; readonly peer: string } | undefined;
  /** How often each claim of this regime was evaluated, and by whom. */
  readonly claims: ReadonlyMap<string, { readonly author: string; readonly evaluations: number }>;
  /** Newest first: of each past regime the best claim that two peers agree on, and whether its first value in this regime is as it was. */
  readonly past: readonly { readonly regime: number; readonly claim: string; readonly match: boolean | undefined }[];
}

export interface Watch {
  /** The scope that gives it, and since when (milliseconds) the evidence is in doubt. */
  readonly alarm: { readonly scope: string; readonly cusum: number; readonly good: number | undefined } | undefined;
  readonly scopes: ReadonlyMap<string, ScopeWatch>;
  /** There is one peer only: it checks itself. */
  readonly alone: boolean;
}

/**
 * @param evaluations of one stage, oldest first, of claims evaluated at least twice (others change nothing), by peers whose
 *   word counts
 * @param current the current regime
 */
export function watch(evaluations: readonly Evaluation[], current: number): Watch {
  const peers = new Set(evaluations.map(({ peer }) => peer));
  const alone = peers.size < 2;
  const scopes = new Map<string, ScopeState>();
  // One after the other: who is late to know of a regime, or says so, must not interrupt the tests of the one under way.
  const inTurn = evaluations.toSorted((a, b) => a.regime - b.regime);
  for (const attempt of Map.groupBy(inTurn, ({ attempt, claim, peer }) => `${attempt}\0${claim}\0${peer}`).values()) {
    const [{ scope, regime }] = attempt as [Evaluation];
    if (regime > current) continue;
    let state = scopes.get(scope);
    if (state === undefined) {
      state = new ScopeState(current, alone);
      scopes.set(scope, state);
    }
    state.take(attempt);
  }
  let alarm: Watch["alarm"];
  for (const [scope, { cusum, good, surprised }] of scopes) {
    const enough = surprised.length >= WATCH.surprises && (alone || new Set(surprised).size > 1);
    if (enough && cusum > WATCH.threshold && cusum > (alarm?.cusum ?? 0)) alarm = { scope, cusum, good };
  }
  return { alarm, alone, scopes: new Map([...scopes].map(([scope, state]) => [scope, state.seen()])) };
}

interface ClaimState {
  readonly author: string;
  evaluations: number;
  /** By metric. */
  readonly of: Map<string, Reference>;
}

/** What a claim's re-evaluations came to, on one metric. */
interface Reference {
  readonly first: number;
  count: number;
  mean: number;
  agreed: boolean;
  /** The latest peer but the author to have evaluated it, and its value. */
  last: { readonly peer: string; readonly value: number } | undefined;
}

/** Residuals of re-evaluations, each scaled to the variance of one evaluation. */
interface Spread {
  count: number;
  squares: number;
}

class ScopeState {
  cusum = 0;
  tests = 0;
  good: number | undefined;
  surprised: string[] = [];
  private doubted: ScopeWatch["doubted"];
  private readonly current: number;
  private readonly alone: boolean;
  private readonly spreads = new Map<string, Spread>();
  /** By regime, then claim. */
  private readonly regimes = new Map<number, Map<string, ClaimState>>();
  private readonly weights = new Map<string, number>();
  /** What came while something was amiss: taken in when it turns out to have been nothing. */
  private held: (() => void)[] = [];
  private regime = 0;

  constructor(current: number, alone: boolean) {
    this.current = current;
    this.alone = alone;
  }

  take(attempt: readonly Evaluation[]): void {
    const [{ regime, claim, peer, time }] = attempt as [Evaluation];
    if (regime !== this.regime) {
      // What was held when a regime ended belongs to neither.
      this.held = [];
      this.cusum = 0;
      this.surprised = [];
      this.doubted = undefined;
      this.regime = regime;
    }
    const known = this.claim(regime, claim, peer);
    known.evaluations += 1;
    let sum = 0;
    let weights = 0;
    let compared = false;
    for (const { metric, value, weight } of attempt) {
      this.weights.set(metric, weight);
      const reference = known.of.get(metric);
      if (reference === undefined) {
        known.of.set(metric, { first: value, count: 0, mean: 0, agreed: false, last: undefined });
        continue;
      }
      if (peer === known.author && !this.alone && !reference.agreed) continue;
      const spread = this.spread(metric);
      const residual = reference.agreed ? (value - reference.mean) / Math.sqrt(1 + 1 / reference.count) : undefined;
      compared ||= residual !== undefined;
      if (residual !== undefined && spread.count >= WATCH.least) {
        sum += weight * Math.min(this.distance(metric, value, reference), WATCH.clamp);
        weights += weight;
      }
      this.held.push(() => {
        if (residual !== undefined) {
          spread.count += 1;
          spread.squares += residual ** 2;
        }
        agree(reference, peer, value, this.alone, spread);
      });
    }
    if (weights > 0 && regime === this.current) this.test(sum / weights, claim, peer);
    if (this.cusum > 0) return;
    // What makes the yardstick counts too: an alarm that doubts nothing would leave the surprises in the regime it closes.
    if (compared) this.good = time;
    for (const takeIn of this.held) takeIn();
    this.held = [];
  }

  private test(z: number, claim: string, peer: string): void {
    this.tests += 1;
    this.cusum = Math.max(0, this.cusum + z - WATCH.allowance);
    if (z > WATCH.surprise) {
      this.surprised.push(peer);
      this.doubted = { claim, peer };
    }
    if (this.cusum > 0) return;
    this.surprised = [];
    this.doubted = undefined;
  }

  private spread(metric: string): Spread {
    let spread = this.spreads.get(metric);
    if (spread === undefined) {
      spread = { count: 0, squares: 0 };
      this.spreads.set(metric, spread);
    }
    return spread;
  }

  private claim(regime: number, claim: string, author: string): ClaimState {
    let claims = this.regimes.get(regime);
    if (claims === undefined) {
      claims = new Map();
      this.regimes.set(regime, claims);
    }
    let known = claims.get(claim);
    if (known === undefined) {
      known = { author, evaluations: 0, of: new Map() };
      claims.set(claim, known);
    }
    return known;
  }

  seen(): ScopeWatch {
    const { cusum, tests, good, surprised, doubted, current } = this;
    const past = [...this.regimes.keys()].filter((regime) => regime < current).sort((a, b) => b - a);
    return {
      ...{ cusum, tests, good, doubted, surprises: surprised.length },
      claims: this.regimes.get(current) ?? new Map(),
      past: past.flatMap((regime) => this.best(regime)),
    };
  }

  /** By the metric that weighs most. */
  private best(regime: number): ScopeWatch["past"] {
    const [metric] = [...this.weights].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0] ?? [""];
    let best: { readonly claim: string; readonly reference: Reference } | undefined;
    for (const [claim, { of }] of this.regimes.get(regime) ?? []) {
      const reference = of.get(metric);
      if (reference?.agreed && reference.mean > (best?.reference.mean ?? -Infinity)) best = { claim, reference };
    }
    if (best === undefined) return [];
    const { claim, reference } = best;
    const now = this.regimes.get(this.current)?.get(claim)?.of.get(metric);
    const match = now && this.distance(metric, now.first, reference) <= WATCH.match;
    return [{ regime, claim, match }];
  }

  /** Infinite where there is no yardstick. */
  private distance(metric: string, value: number, { mean, count }: Reference): number {
    const spread = this.spread(metric);
    if (spread.count < WATCH.least) return Infinity;
    return normal((value - mean) / Math.sqrt(1 + 1 / count), scale(spread, mean), spread.count);
  }
}

/** Takes a re-evaluation into what is known of the claim. */
function agree(reference: Reference, peer: string, value: number, alone: boolean, spread: Spread): void {
  const near = (other: number): boolean =>
    spread.count < WATCH.least || Math.abs(value - other) <= WATCH.agreement * Math.SQRT2 * scale(spread, value);
  const { last } = reference;
  reference.agreed ||= alone || near(reference.first) || (last !== undefined && last.peer !== peer && near(last.value));
  reference.last = { peer, value };
  reference.count += 1;
  reference.mean += (value - reference.mean) / reference.count;
}

const scale = ({ count, squares }: Spread, around: number): number =>
  Math.max(Math.sqrt(squares / count), WATCH.rounding * Math.abs(around), Number.MIN_VALUE);

/**
 * How far off a residual is, as a standard normal deviate: of few re-evaluations the spread itself is uncertain, so
 * their quotient has Student's distribution (Wallace, Bounds on normal approximations to Student's, 1959).
 */
function normal(residual: number, spread: number, freedom: number): number {
  const t = Math.min(Math.abs(residual) / spread, 1e100);
  return ((8 * freedom + 1) / (8 * freedom + 3)) * Math.sqrt(freedom * Math.log1p((t * t) / freedom));
}
