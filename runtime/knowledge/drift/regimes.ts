/**
 * The regimes of one stage, as its `drift` and `return` records tell them. They may come in any order and more than
 * once: what holds depends on which there are, and on who gave evidence when, and on nothing else.
 *
 * One peer's word ends no regime that others learn in: it would take their evidence from them. What is said holds once
 * enough of the peers that are active in the stage say it within a day: two, and more than a quarter; of a peer that is
 * alone, its own word.
 */

/** Who says something, and when: milliseconds since 1970. */
export interface Witness {
  readonly peer: string;
  readonly time: number;
}

/** What a `drift` record says. */
export interface Drift extends Witness {
  /** The regime that it closes. */
  readonly regime: number;
  /** Milliseconds since 1970: the regime's evidence from after this belongs to no regime. */
  readonly since?: number | undefined;
  /** The subnet's, in the regime that it opens, and in the one that it closes. */
  readonly version?: string | undefined;
  readonly was?: string | undefined;
}

/** What a `return` record says: in `regime` the subnet is as it was in `same`. */
export interface Return extends Witness {
  readonly regime: number;
  readonly same: number;
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

/** What is said of the current regime and does not hold, or not yet. */
export interface Unsettled {
  /** Of each peer that says it has ended the latest word. */
  readonly ended: readonly Drift[];
  /** Returns of it, or of the next one, to past ones. */
  readonly returns: readonly Return[];
}

/** Milliseconds. */
const DAY = 24 * 3600 * 1000;

export const WITNESSES = {
  /** More than this share of the peers that are active has to say it. */
  share: 1 / 4,
  /** Whoever gave evidence so long before could still have said it. */
  active: DAY,
  /** So many words of one peer on one thing are looked at, its latest: whoever floods the stage is heard as often. */
  words: 8,
  /** What is doubted reaches back no further than this: what is older has been looked at since by whoever cares. */
  reach: 7 * DAY,
} as const;

/** The newest evidence of a peer (its number) that is stamped with a regime; milliseconds. */
export type Spoken = readonly [regime: number, peer: number, time: number];

interface Settled {
  readonly closed: readonly Omit<Drift, "regime" | keyof Witness>[];
  readonly same: readonly number[];
}

export class Regimes {
  private readonly drifts = new Map<number, Words<Drift>>();
  private readonly returns = new Map<string, Words<Return>>();
  /** By regime, then peer. */
  private readonly spoken = new Map<number, Map<number, number>>();
  private readonly packed: string[] = [];
  private readonly nameOf: (peer: number) => string;
  private settled: Settled | undefined;

  /** `nameOf`: the peers' names by their numbers. */
  constructor(nameOf: (peer: number) => string = String) {
    this.nameOf = nameOf;
  }

  drift(said: Drift): void {
    this.drifts.set(said.regime, heard(this.drifts.get(said.regime), said));
    this.settled = undefined;
  }

  return(said: Return): void {
    const key = `${said.regime} ${said.same}`;
    this.returns.set(key, heard(this.returns.get(key), said));
    this.settled = undefined;
  }

  /** There is evidence of this peer. @returns whether that may change what holds. */
  speaks(regime: number, peer: number, time: number): boolean {
    let by = this.spoken.get(regime);
    if (by === undefined) {
      by = new Map();
      this.spoken.set(regime, by);
    }
    if (time <= (by.get(peer) ?? Number.NEGATIVE_INFINITY)) return false;
    by.set(peer, time);
    if (this.drifts.size === 0) return false;
    this.settled = undefined;
    return true;
  }

  /** All that `speaks` was told, for `restore`. */
  save(): string {
    this.unpack();
    const all = [...this.spoken].flatMap(([regime, by]) => [...by].map(([peer, time]): Spoken => [regime, peer, time]));
    return JSON.stringify(all);
  }

  /** It is read once it matters: of most stages nothing is ever said. */
  restore(saved: string): void {
    this.packed.push(saved);
  }

  private unpack(): void {
    for (const saved of this.packed.splice(0)) for (const one of JSON.parse(saved) as Spoken[]) this.speaks(...one);
  }

  /** Forgets what was said; not who gave evidence. */
  clear(): void {
    this.drifts.clear();
    this.returns.clear();
    this.settled = undefined;
  }

  /** The first regime that nothing closes: a record about a later one skips none in between. */
  get current(): number {
    return this.settle().closed.length;
  }

  /**
   * The regime that evidence belongs to which is gathered under this version of the subnet, by this peer: the latest of the
   * version, the current one where nothing is known of it; the next one, where the peer says that the version began it.
   */
  of(version: string | undefined, peer?: string): number {
    const { current } = this;
    if (version === undefined) return current;
    const own = peer === undefined ? undefined : this.drifts.get(current)?.get(peer);
    const isNew = own?.some((said) => said.version === version) === true;
    return isNew ? current + 1 : (this.all().findLast((one) => one.version === version)?.regime ?? current);
  }

  /** Oldest first, the current one last. */
  all(): readonly Regime[] {
    const { closed, same } = this.settle();
    let version: string | undefined;
    return same.map((of, regime) => {
      version = closed[regime - 1]?.version ?? closed[regime]?.was ?? version;
      return { regime, same: of, since: closed[regime]?.since, version };
    });
  }

  get unsettled(): Unsettled {
    const { current } = this;
    const { same } = this.settle();
    const returns = [...this.returns.values()].flatMap(latest);
    return {
      ended: latest(this.drifts.get(current) ?? new Map()),
      returns: returns.filter((one) => one.regime > current || (one.regime === current && same[one.same] !== current)),
    };
  }

  private settle(): Settled {
    if (this.settled !== undefined) return this.settled;
    if (this.drifts.size > 0) this.unpack();
    const closed: Omit<Drift, "regime" | keyof Witness>[] = [];
    for (let regime = 0; ; regime++) {
      const found = this.agreed(this.drifts.get(regime), regime);
      if (found === undefined) break;
      const { said, least } = found;
      // As far back as so many doubt as it takes to be believed: one alone can neither widen nor narrow it much.
      const doubts = said.map(({ since = Infinity, time }) => Math.max(since, time - WITNESSES.reach));
      const since = doubts.sort((a, b) => a - b)[least - 1]!;
      closed.push({
        since: since === Infinity ? undefined : since,
        version: most(
          said.map(({ version }) => version),
          least,
        ),
        was: most(
          said.map(({ was }) => was),
          least,
        ),
      });
    }
    const returns: Return[] = [];
    for (const words of this.returns.values()) {
      const [one] = latest(words) as [Return];
      if (Math.max(one.regime, one.same) <= closed.length && this.agreed(words, one.regime)) returns.push(one);
    }
    this.settled = { closed, same: classes(closed.length, returns) };
    return this.settled;
  }

  /** The words that made it hold first, one a peer, and how many were enough; `undefined` where it does not hold. */
  private agreed<W extends Witness>(
    words: Words<W> | undefined,
    regime: number,
  ): { readonly said: readonly W[]; readonly least: number } | undefined {
    if (words === undefined) return undefined;
    const active = new Map<string, number>();
    for (const [of, by] of this.spoken) {
      if (of > regime) continue;
      for (const [peer, time] of by) {
        const name = this.nameOf(peer);
        active.set(name, Math.max(time, active.get(name) ?? time));
      }
    }
    const times = [...active.values()].sort((a, b) => a - b);
    const all = [...words.values()].flat().sort((a, b) => a.time - b.time);
    const said = new Map<string, W[]>();
    let [from, silent] = [0, 0];
    for (const [index, word] of all.entries()) {
      const since = word.time - WITNESSES.active;
      said.set(word.peer, [...(said.get(word.peer) ?? []), word]);
      for (; all[from]!.time < since; from++) {
        const { peer } = all[from]!;
        const left = said.get(peer)!.slice(1);
        if (left.length === 0) said.delete(peer);
        else said.set(peer, left);
      }
      for (; silent < times.length && times[silent]! < since; ) silent++;
      if (all[index + 1]?.time === word.time) continue;
      let peers = times.length - silent;
      if (said.size < leastOf(peers)) continue;
      for (const peer of said.keys()) if (!((active.get(peer) ?? Number.NEGATIVE_INFINITY) >= since)) peers += 1;
      const least = leastOf(peers);
      if (said.size >= least) return { said: latest(said), least };
    }
    return undefined;
  }
}

/** How many of so many peers have to say it. */
const leastOf = (peers: number): number => (peers < 2 ? 1 : Math.max(2, Math.floor(peers * WITNESSES.share) + 1));

/** By peer; its latest, oldest first. */
type Words<W extends Witness> = Map<string, readonly W[]>;

function heard<W extends Witness>(words: Words<W> = new Map(), said: W): Words<W> {
  const own = words.get(said.peer) ?? [];
  const text = JSON.stringify(said);
  if (own.some((one) => JSON.stringify(one) === text)) return words;
  // Of what is said at one time: in whatever order it comes.
  const sorted = [...own, said].sort((a, b) => a.time - b.time || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return words.set(said.peer, sorted.slice(-WITNESSES.words));
}

/** The latest word of each peer. */
function latest<W extends Witness>(words: Words<W>): W[] {
  return [...words.values()].map((own) => own.at(-1)!);
}

/** What most say, if so many do. */
function most(all: readonly (string | undefined)[], least: number): string | undefined {
  const groups = [...Map.groupBy(all, (one) => one)].flatMap(([one, by]) =>
    one === undefined || by.length < least ? [] : [{ one, count: by.length }],
  );
  return groups.sort((a, b) => b.count - a.count || (a.one < b.one ? -1 : 1))[0]?.one;
}

/** The newest regime of each one's class. There are few returns: the fixed point is soon reached. */
function classes(current: number, returns: readonly Return[]): readonly number[] {
  const all = Array.from({ length: current + 1 }, (_, regime) => regime);
  for (let changed = true; changed; ) {
    changed = false;
    for (const { regime, same } of returns) {
      const [older, newer] = [Math.min(all[regime]!, all[same]!), Math.max(all[regime]!, all[same]!)];
      if (older === newer) continue;
      all.forEach((of, one) => {
        if (of === older) all[one] = newer;
      });
      changed = true;
    }
  }
  return all;
}
