/**
 * The regimes of one stage, as its `drift` and `return` records tell them. They may come in any order and more than
 * once: what holds depends on which there are, and nothing else.
 */

/** What a `drift` record says. */
export interface Drift {
  /** The regime that it closes. */
  readonly regime: number;
  /** Milliseconds since 1970: the regime's evidence from after this belongs to no regime. */
  readonly since?: number | undefined;
  /** The subnet's, in the regime that it opens, and in the one that it closes. */
  readonly version?: string | undefined;
  readonly was?: string | undefined;
}

/** One regime as it is known. */
export interface Regime {
  readonly regime: number;
  /** The newest regime that is the same again: as which its evidence counts. */
  readonly same: number;
  /** As in `Drift`; of past regimes only. */
  readonly since: number | undefined;
  readonly version: string | undefined;
}

export class Regimes {
  private readonly closed = new Map<number, Omit<Drift, "regime">>();
  private readonly returns = new Map<string, readonly [number, number]>();

  /** Two alarms raised in one regime open the same next one; the earlier doubt holds. */
  drift({ regime, since, version, was }: Drift): void {
    const known = this.closed.get(regime);
    this.closed.set(regime, {
      since: least(known?.since, since),
      version: least(known?.version, version),
      was: least(known?.was, was),
    });
  }

  /** In `regime` the subnet is as it was in `same`. */
  return(regime: number, same: number): void {
    this.returns.set(`${regime} ${same}`, [regime, same]);
  }

  /** The first regime that nothing closes: a record about a later one skips none in between. */
  get current(): number {
    let regime = 0;
    while (this.closed.has(regime)) regime += 1;
    return regime;
  }

  /** The latest regime of this version of the subnet; the current one where nothing is known of it. */
  of(version: string | undefined): number {
    const all = this.all();
    return (
      (version === undefined ? undefined : all.findLast((one) => one.version === version)?.regime) ?? all.length - 1
    );
  }

  /** Oldest first, the current one last. */
  all(): readonly Regime[] {
    const { current } = this;
    const same = this.classes(current);
    let version: string | undefined;
    return same.map((of, regime) => {
      version = this.closed.get(regime - 1)?.version ?? this.closed.get(regime)?.was ?? version;
      return { regime, same: of, since: this.closed.get(regime)?.since, version };
    });
  }

  /** The newest regime of each one's class. There are few returns: the fixed point is soon reached. */
  private classes(current: number): readonly number[] {
    const same = Array.from({ length: current + 1 }, (_, regime) => regime);
    const returns = [...this.returns.values()].filter(([a, b]) => a <= current && b <= current);
    for (let changed = true; changed; ) {
      changed = false;
      for (const [a, b] of returns) {
        const [older, newer] = [Math.min(same[a]!, same[b]!), Math.max(same[a]!, same[b]!)];
        if (older === newer) continue;
        same.forEach((of, regime) => {
          if (of === older) same[regime] = newer;
        });
        changed = true;
      }
    }
    return same;
  }
}

function least<T extends number | string>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
