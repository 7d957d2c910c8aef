/**
 * What is known of names and symbols, which have a number each.
 *
 * A `Map` asks every object in it for its hash anew whenever it grows, wherever in memory that lies, and a large program
 * has a hundred thousand names. Numbers are given in the order in which things are made, so that what is known of a file
 * lies close together, in pages of which few are partly empty.
 */
export interface Numbered {
  /** Its own in this process. */
  readonly id: number;
}

let given = 0;

export function nextId(): number {
  return given++;
}

/** A page holds 2⁹. */
const BITS = 9;
const PAGE = 1 << BITS;

export class Table<Key extends Numbered, Value> {
  readonly #pages = new Map<number, (Value | undefined)[]>();

  get(key: Key): Value | undefined {
    return this.#pages.get(key.id >>> BITS)?.[key.id & (PAGE - 1)];
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  set(key: Key, value: Value & {}): void {
    const number = key.id >>> BITS;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Array<Value | undefined>(PAGE);
      this.#pages.set(number, page);
    }
    page[key.id & (PAGE - 1)] = value;
  }

  /** What is known, with the number of what it is known of. */
  *entries(): Iterable<readonly [number, Value]> {
    for (const [number, page] of this.#pages)
      for (const [at, value] of page.entries()) if (value !== undefined) yield [number * PAGE + at, value];
  }
}
