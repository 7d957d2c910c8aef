/**
 * What was taken from one limit. Amounts are whole numbers: calls, tokens, billionths of a dollar, so that sums are exact
 * whatever their order. Times are milliseconds since 1970 and come in order.
 */
export interface Entry {
  readonly at: number;
  amount: number;
  /** Who took it and may still give a part of it back; `undefined` once it is settled. */
  take: string | undefined;
}

/** `open`: the part of the sum that is not settled. */
export interface Taken {
  readonly sum: number;
  readonly open: number;
}

/** The most that the ledger can hold of anything: nine million dollars. */
export const MOST_UNITS = Number.MAX_SAFE_INTEGER;

/** Of a summary, settled entries this much of a window apart become one, at the later time. */
const SUMMARY = 1000;

export class Pool {
  /** Milliseconds; `undefined`: what was taken stays taken. */
  readonly window: number | undefined;
  #entries: Entry[] = [];
  #head = 0;
  #sum = 0;
  #open = 0;

  constructor(window: number | undefined) {
    this.window = window;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#sum += entry.amount;
    if (entry.take !== undefined) this.#open += entry.amount;
  }

  settle(entry: Entry, amount: number): void {
    if (entry.take === undefined) return;
    entry.take = undefined;
    this.#sum += amount - entry.amount;
    this.#open -= entry.amount;
    entry.amount = amount;
  }

  /** Drops what has left the window by then. */
  advance(now: number): void {
    for (const entry of this.#left(now)) {
      this.#sum -= entry.amount;
      if (entry.take !== undefined) this.#open -= entry.amount;
      entry.take = undefined;
      this.#head += 1;
    }
    if (this.#head > 1000 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** What stands in the window at a time that is still to come. */
  at(now: number): Taken {
    let [sum, open] = [this.#sum, this.#open];
    for (const { amount, take } of this.#left(now)) {
      sum -= amount;
      if (take !== undefined) open -= amount;
    }
    return { sum, open };
  }

  /** When no more than `rest` stands in it, if nothing is added; `undefined`: never. */
  freeAt(rest: number): number | undefined {
    if (this.window === undefined || rest < 0) return undefined;
    let sum = this.#sum;
    for (let i = this.#head; i < this.#entries.length; i++) {
      if (sum <= rest) break;
      const { at, amount } = this.#entries[i]!;
      sum -= amount;
      if (sum <= rest) return at + this.window;
    }
    return sum <= rest ? Number.NEGATIVE_INFINITY : undefined;
  }

  /** The entries, the settled ones added up as far as that frees nothing sooner. */
  summary(): Entry[] {
    const near = this.window === undefined ? Number.POSITIVE_INFINITY : this.window / SUMMARY;
    const summed: Entry[] = [];
    let first = 0;
    for (const { at, amount, take } of this.#entries.slice(this.#head)) {
      const last = summed.at(-1);
      if (last === undefined || take !== undefined || last.take !== undefined || at - first > near) {
        summed.push({ at, amount, take });
        first = at;
      } else summed[summed.length - 1] = { at, amount: Math.min(MOST_UNITS, last.amount + amount), take };
    }
    return summed;
  }

  *#left(now: number): Generator<Entry> {
    if (this.window === undefined) return;
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (entry.at > now - this.window) return;
      yield entry;
    }
  }
}
