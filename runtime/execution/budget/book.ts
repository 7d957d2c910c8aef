/**
 * What the lines of a ledger say, in the order in which they stand in the file. Every process that reads them comes to
 * the same: whether a line took what it asked for follows from the lines before it, and from nothing else.
 */
import { z } from "zod";
import { type Entry, Pool, type Taken } from "./pool.ts";

const time = z.number().nonnegative();
const amount = z.int().nonnegative();
const window = z.number().positive().nullable();

/** A pool's key, its window in milliseconds (`null`: for ever), the amount, and the most that may stand in the pool. */
const Want = z.tuple([z.string(), window, amount, amount]);
export type Want = z.infer<typeof Want>;

const Line = z.union([
  /** Takes all or nothing. `who` is the name of the process in this ledger. */
  z.object({ take: z.string(), who: z.string(), at: time, of: z.array(Want).min(1) }),
  /** What was taken in the end, by pool; what is not named there is as it was asked for. */
  z.object({ give: z.string(), of: z.record(z.string(), amount) }),
  /** A pool begins with what is known of the time before; only its first such line counts. */
  z.object({
    open: z.string(),
    window,
    entries: z.array(z.tuple([time, amount, z.string().nullable()])),
  }),
  z.object({
    who: z.string(),
    ...{ machine: z.string(), boot: z.string(), namespace: z.string(), pid: z.int().nonnegative(), start: z.string() },
  }),
  /** Nothing counts after this: it goes on in the next file. */
  z.object({ end: z.literal(true) }),
]);
export type Line = z.infer<typeof Line>;
export type Holder = Extract<Line, { machine: string }>;

/** Which of the pools has no room; when it has, if nothing more is taken. */
export interface Refusal extends Taken {
  /** Into what was asked for. */
  readonly index: number;
  /** Milliseconds since 1970; `undefined`: never. */
  readonly free: number | undefined;
}

interface Open {
  readonly who: string;
  readonly entries: readonly (readonly [key: string, Pool, Entry])[];
}

export class Book {
  readonly #pools = new Map<string, Pool>();
  readonly #open = new Map<string, Open>();
  readonly #holders = new Map<string, Holder>();
  #now = 0;
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  has(pool: string): boolean {
    return this.#pools.has(pool);
  }

  knows(holder: string): boolean {
    return this.#holders.has(holder);
  }

  /** Whether this take stands. */
  took(id: string): boolean {
    return this.#open.has(id);
  }

  /** Takes that are not settled, by who took them. */
  open(): ReadonlyMap<Holder, readonly string[]> {
    const found = new Map<Holder, string[]>();
    for (const [id, { who }] of this.#open) {
      const holder = this.#holders.get(who);
      if (holder === undefined) continue;
      const ids = found.get(holder);
      if (ids === undefined) found.set(holder, [id]);
      else ids.push(id);
    }
    return found;
  }

  /** The first that has no room; all pools are known. Changes nothing. */
  refusal(of: readonly Want[], at: number): Refusal | undefined {
    const now = Math.max(this.#now, at);
    for (const [index, [key, , amount, most]] of of.entries()) {
      const pool = this.#pools.get(key)!;
      const taken = pool.at(now);
      if (taken.sum + amount > most) return { ...taken, index, free: pool.freeAt(most - amount) };
    }
    return undefined;
  }

  /** What is no line, or comes after the end, is passed over. */
  read(text: string): void {
    if (this.#ended || text === "") return;
    const line = parse(text);
    if (line === undefined) return;
    if ("end" in line) this.#ended = true;
    else if ("open" in line) this.#begin(line);
    else if ("give" in line) this.#settle(line.give, line.of);
    else if ("take" in line) this.#take(line);
    else this.#holders.set(line.who, line);
  }

  /** Lines that say what this book says now, but for pools that are `over` if nothing was taken for so long. */
  summary(over: (key: string, idle: number) => boolean): Line[] {
    const lines: Line[] = [];
    for (const [key, pool] of this.#pools) {
      pool.advance(this.#now);
      const entries = pool.summary();
      if (over(key, this.#now - (entries.at(-1)?.at ?? 0))) continue;
      lines.push({
        open: key,
        window: pool.window ?? null,
        entries: entries.map(({ at, amount, take }) => [at, amount, take ?? null]),
      });
    }
    const busy = new Set([...this.#open.values()].map(({ who }) => who));
    for (const [who, holder] of this.#holders) if (busy.has(who)) lines.unshift(holder);
    return lines;
  }

  #take({ take, who, at, of }: Extract<Line, { take: string }>): void {
    this.#now = Math.max(this.#now, at);
    if (this.#open.has(take) || of.some(([key]) => !this.#pools.has(key))) return;
    for (const [key] of of) this.#pools.get(key)!.advance(this.#now);
    if (this.refusal(of, this.#now) !== undefined) return;
    const entries = of.map(([key, , amount]): [string, Pool, Entry] => {
      const pool = this.#pools.get(key)!;
      const entry: Entry = { at: this.#now, amount, take };
      pool.add(entry);
      return [key, pool, entry];
    });
    this.#open.set(take, { who, entries });
  }

  #settle(take: string, amounts: { readonly [key: string]: number }): void {
    const open = this.#open.get(take);
    if (open === undefined) return;
    this.#open.delete(take);
    for (const [key, pool, entry] of open.entries)
      pool.settle(entry, Object.hasOwn(amounts, key) ? amounts[key]! : entry.amount);
  }

  #begin({ open: key, window, entries }: Extract<Line, { open: string }>): void {
    if (this.#pools.has(key)) return;
    const pool = new Pool(window ?? undefined);
    this.#pools.set(key, pool);
    for (const [at, amount, take] of entries) {
      const entry: Entry = { at, amount, take: take ?? undefined };
      pool.add(entry);
      this.#now = Math.max(this.#now, at);
      if (take === null) continue;
      const open = this.#open.get(take);
      // A take's name begins with its holder's.
      this.#open.set(take, {
        who: take.slice(0, take.indexOf(":")),
        entries: [...(open?.entries ?? []), [key, pool, entry]],
      });
    }
  }
}

function parse(text: string): Line | undefined {
  try {
    const read = Line.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
