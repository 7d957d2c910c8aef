/**
 * A function that computes has the process for itself: no timer fires, and no signal is heard, before it is done. What ends
 * it is V8, told by a thread that watches the clock and the terminal. That thread is started for each call, which takes some
 * 60 µs for the clock and 40 for the terminal (Node 24), so that each is watched only where it has to be.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Script } from "node:vm";
import { isMainThread } from "node:worker_threads";
import { AttemptError } from "../execution/attempt-error.ts";

/** Where what listens is no part of a tool: see `divert.ts`. */
const outside = AsyncLocalStorage.snapshot();

/** The script has no other way to the work than the global object. */
const SLOT = Symbol.for("ganglion.held");
const slot = globalThis as { [SLOT]?: (() => unknown) | undefined };
const script = new Script('globalThis[Symbol.for("ganglion.held")]()', { filename: "tool" });

/** Milliseconds. One that was quicker is not expected to need the terminal the next time. */
const QUICK = 1;

/** Milliseconds that a thread's clock can be set to. */
const LONGEST = 2 ** 31 - 1;

/** The calls of one function. */
export class Holding {
  #isQuick = false;

  /**
   * What `work` returns, be it a promise. Throws what it throws, or `AttemptError`: after `seconds` (class `timeout`), and,
   * where it is `interruptible`, on Ctrl-C, which whoever listens for it then hears, too.
   */
  run<T>(work: () => T, seconds: number | undefined, interruptible: boolean): T {
    const began = performance.now();
    const milliseconds = seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(seconds * 1000));
    const timeout = milliseconds <= LONGEST ? { timeout: milliseconds } : {};
    const breakOnSigint = interruptible && !this.#isQuick && isMainThread;
    const result = milliseconds > LONGEST && !breakOnSigint ? work() : watched(work, { ...timeout, breakOnSigint });
    this.#isQuick = performance.now() - began < QUICK;
    return result;
  }
}

function watched<T>(work: () => T, options: { readonly timeout?: number; readonly breakOnSigint: boolean }): T {
  const outer = slot[SLOT];
  slot[SLOT] = work;
  try {
    return script.runInThisContext({ ...options, displayErrors: false }) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
      throw new AttemptError("timeout", `it took longer than ${options.timeout! / 1000} s`);
    if (code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
    outside(() => process.emit("SIGINT"));
    throw new AttemptError("cancelled", "it was interrupted");
  } finally {
    slot[SLOT] = outer;
  }
}
