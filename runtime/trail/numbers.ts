/** Sets of record numbers, kept as ranges: those of one process are nearly always one. */

export type Range = readonly [from: number, to: number];

export class Numbers {
  /** Ascending, neither touching nor overlapping. */
  readonly #ranges: [from: number, to: number][] = [];

  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  /** The highest; 0 where there is none. */
  get last(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  has(number: number): boolean {
    return number <= this.last && this.covers(number, number);
  }

  covers(from: number, to: number): boolean {
    const range = this.#ranges[this.#at(from)];
    return to < from || (range !== undefined && range[0] <= from && to <= range[1]);
  }

  add(from: number, to: number = from): void {
    // Where numbers come one after the other there is nothing to search.
    const newest = this.#ranges.at(-1);
    if (newest === undefined || from > newest[1] + 1) {
      this.#ranges.push([from, to]);
      return;
    }
    const start = this.#at(from - 1);
    let end = start;
    let low = from;
    let high = to;
    for (; end < this.#ranges.length && this.#ranges[end]![0] <= to + 1; end += 1) {
      low = Math.min(low, this.#ranges[end]![0]);
      high = Math.max(high, this.#ranges[end]![1]);
    }
    this.#ranges.splice(start, end - start, [low, high]);
  }

  /** The parts of a range that are not in the set. */
  lacking(from: number, to: number): Range[] {
    const missing: Range[] = [];
    let next = from;
    for (let at = this.#at(from); next <= to; at += 1) {
      const range = this.#ranges[at];
      if (range === undefined || range[0] > to) {
        missing.push([next, to]);
        break;
      }
      if (range[0] > next) missing.push([next, range[0] - 1]);
      next = Math.max(next, range[1] + 1);
    }
    return missing;
  }

  /** Index of the first range that ends at the number or after it. */
  #at(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle]![1] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Numbers of many processes. */
export class NumbersByProcess extends Map<string, Numbers> {
  of(process: string): Numbers {
    let numbers = this.get(process);
    if (numbers === undefined) {
      numbers = new Numbers();
      this.set(process, numbers);
    }
    return numbers;
  }

  addAll(ranges: Iterable<readonly [process: string, from: number, to: number]>): this {
    for (const [process, from, to] of ranges) this.of(process).add(from, to);
    return this;
  }

  toRanges(): [process: string, from: number, to: number][] {
    return [...this].flatMap(([process, { ranges }]) =>
      ranges.map(([from, to]): [string, number, number] => [process, from, to]),
    );
  }
}
