/**
 * The ledger of a store's limits: a file to which every process of the store appends, whole lines at once, and which all
 * read in the same order. So the order in the file decides who gets what is left, without a lock that a dead process could
 * keep, and at the same cost however much was taken before.
 *
 * A line is on the disk before the call that it allows begins. What a dead process did not settle counts as it was asked
 * for. When a file is long, it is ended, and the next one begins with what the last one said.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SETTINGS } from "../../settings.ts";
import { disk } from "../../trail/disk.ts";
import { livenessOf, thisProcess } from "../../trail/liveness.ts";
import { TrailError } from "../../trail/trail.ts";
import { uuidv7 } from "../../trail/uuid.ts";
import { Book, type Line, type Refusal, type Want } from "./book.ts";
import { isOfCycle } from "./limits.ts";

/** What was taken from pools before they were asked for: entries in the order of their times. */
export type Earlier = (
  pools: readonly string[],
) => Promise<ReadonlyMap<string, readonly (readonly [at: number, amount: number])[]>>;

/** Files that are read: `<number>.jsonl`. */
const FILE = /^(\d+)\.jsonl$/;
const PART = 256 * 1024;
/** A run of more than this without a call does not go on but by `--resume`, which looks at the trail again. */
const CYCLE_MILLISECONDS = 30 * 86_400_000;

export class Ledger {
  readonly #folder: string;
  readonly #who = uuidv7(Date.now());
  #file: number | undefined;
  #generation = 0;
  #position = 0;
  #longest = 0;
  #rest = Buffer.alloc(0);
  #book = new Book();
  #takes = 0;
  #syncing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(store: string) {
    this.#folder = join(store, "limits");
  }

  /** Resolves when something that this process took is settled. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /**
   * Takes from all pools, or says which has no room. `at` is now, in milliseconds since 1970; `before` tells of pools that
   * are asked for the first time.
   *
   * @throws TrailError where the store cannot be written.
   */
  async take(of: readonly Want[], at: number, before: Earlier): Promise<string | Refusal> {
    try {
      for (;;) {
        this.#read();
        const unknown = of.filter(([key]) => !this.#book.has(key));
        if (unknown.length > 0) {
          await this.#begin(unknown, before);
          continue;
        }
        const refusal = this.#book.refusal(of, at);
        if (refusal !== undefined) return refusal;
        if (!this.#book.knows(this.#who)) this.#append({ who: this.#who, ...thisProcess() });
        const take = `${this.#who}:${++this.#takes}`;
        this.#append({ take, who: this.#who, at, of: [...of] });
        this.#read();
        // Another line came before it, or the end of the file did.
        if (!this.#book.took(take)) continue;
        await this.#sync();
        return take;
      }
    } catch (error) {
      throw new TrailError(`The limits of the store cannot be written (${(error as Error).message}).`, {
        cause: error,
      });
    }
  }

  /** What was taken in the end, where that is not what was asked for. */
  give(take: string, of: { readonly [pool: string]: number }): void {
    this.#read();
    // Once more where the end of the file came before it.
    while (this.#book.took(take)) {
      this.#append({ give: take, of });
      this.#read();
    }
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  /** Settles what processes took that are gone. */
  bury(): void {
    for (const [holder, takes] of this.#book.open())
      if (holder.who !== this.#who && livenessOf(holder, dirname(this.#folder)) === "dead")
        for (const give of takes) this.#append({ give, of: {} });
    this.#read();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #begin(pools: readonly Want[], before: Earlier): Promise<void> {
    const known = await before(pools.map(([key]) => key));
    for (const [open, window] of pools) {
      const entries = (known.get(open) ?? []).map(([at, amount]): [number, number, null] => [at, amount, null]);
      this.#append({ open, window, entries });
    }
  }

  // The file --------------------------------------------------------------------------------------------------------

  #append(line: Line): void {
    const file = this.#open();
    // The line before may be torn: it ends here.
    const bytes = Buffer.from(`\n${JSON.stringify(line)}\n`);
    if (writeSync(file, bytes) !== bytes.length) throw new Error("a line could not be written whole");
  }

  /** All lines there are, in this file and those that follow it. */
  #read(): void {
    const part = Buffer.allocUnsafe(PART);
    for (;;) {
      const length = readSync(this.#open(), part, 0, PART, this.#position);
      if (length === 0) return;
      this.#position += length;
      const bytes = Buffer.concat([this.#rest, part.subarray(0, length)]);
      const end = bytes.lastIndexOf(10) + 1;
      this.#rest = Buffer.from(bytes.subarray(end));
      for (const text of bytes.toString("utf8", 0, end).split("\n")) this.#book.read(text);
      if (this.#book.ended) this.#goOn();
      else if (this.#position > this.#longest && length < PART) this.#append({ end: true });
    }
  }

  /** The newest file, made where there is none: the first one stays for good, so that nobody begins anew beside another. */
  #open(): number {
    if (this.#file !== undefined) return this.#file;
    for (;;) {
      const newest = this.#newest();
      try {
        if (newest === 0) this.#publish(1, []);
        else {
          this.#file = openSync(this.#path(newest), constants.O_RDWR | constants.O_APPEND);
          // What it begins with may be long itself.
          this.#longest = Math.max(SETTINGS.limits.ledgerBytes, 2 * fstatSync(this.#file).size);
          [this.#generation, this.#position, this.#rest, this.#book] = [newest, 0, Buffer.alloc(0), new Book()];
          return this.#file;
        }
      } catch (error) {
        // A newer one came meanwhile.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  }

  #newest(): number {
    disk.makeFolder(this.#folder);
    return Math.max(0, ...readdirSync(this.#folder).map((name) => Number(FILE.exec(name)?.[1] ?? 0)));
  }

  #goOn(): void {
    const summary = this.#book.summary((key, idle) => isOfCycle(key) && idle > CYCLE_MILLISECONDS);
    const done = this.#generation;
    this.#publish(done + 1, summary);
    // Who was about to read the one before finds it yet.
    if (done > 2) ignoring("ENOENT", () => disk.remove(this.#path(done - 1)));
    this.close();
    this.#open();
  }

  /** By `link`: of all that say the same, one is first. */
  #publish(generation: number, lines: readonly Line[]): void {
    const beside = join(this.#folder, `.${uuidv7(Date.now())}`);
    const file = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
    try {
      const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      if (writeSync(file, bytes) !== bytes.length) throw new Error("a file could not be written whole");
      fdatasyncSync(file);
      ignoring("EEXIST", () => disk.link(beside, this.#path(generation)));
      disk.syncFolder(this.#folder);
    } finally {
      closeSync(file);
      disk.remove(beside);
    }
  }

  #path(generation: number): string {
    return join(this.#folder, `${generation}.jsonl`);
  }

  /** What is written now is on the disk when it resolves. One sync serves all that came before it began. */
  #sync(): Promise<void> {
    if (this.#syncing === undefined) {
      const sync = syncOf(this.#open()).finally(() => {
        this.#syncing = undefined;
      });
      this.#syncing = sync;
      return sync;
    }
    this.#waiting ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined;
        return this.#sync();
      });
    return this.#waiting;
  }
}

function syncOf(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // The descriptor may be closed when its file has ended: then the next one holds all that it said.
    fdatasync(file, (error) => (error === null || error.code === "EBADF" ? resolve() : reject(error)));
  });
}

function ignoring(code: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  }
}
