/** A clock that a test drives: hours pass in milliseconds, and only while nothing happens. */
import type { Clock } from "../../../runtime/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Real milliseconds without a question about the time or the disk, after which what sleeps is what is waited for. */
const QUIET = 30;

export class DrivenClock implements Clock {
  #now: number;
  readonly #began: number;
  readonly #sleepers = new Set<Sleeper>();
  #asked = performance.now();

  constructor(start = "2026-03-01T12:00:00.000Z") {
    this.#now = Date.parse(start);
    this.#began = this.#now;
  }

  now(): number {
    this.#asked = performance.now();
    return this.#now;
  }

  elapsed(): number {
    return this.now() - this.#began;
  }

  /** Milliseconds that have passed, without being taken for a sign of life. */
  get passed(): number {
    return this.#now - this.#began;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = {
        at: this.now() + milliseconds,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          this.#sleepers.delete(sleeper);
          this.#asked = performance.now();
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        this.#asked = performance.now();
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Lets time pass until that is done. */
  async drive<T>(done: Promise<T>): Promise<T> {
    let over = false;
    void done.finally(() => (over = true)).catch(() => {});
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq"))) this.now();
      if (performance.now() - this.#asked < QUIET) continue;
      const next = [...this.#sleepers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    return done;
  }
}
