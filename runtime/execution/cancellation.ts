/** One run's cancel, and the deadlines under it. */
import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.ts";
import { AttemptError } from "./attempt-error.ts";

/** Nobody is told of it; without a reason Node makes an exception with a stack for each. */
const OVER = "over";

/** Who waits under a signal, in a ring: ten thousand stages side by side would each walk a listener list to leave it. */
export class Cancellation {
  readonly signal: AbortSignal;
  /** When its time is over, in milliseconds since 1970: for who cannot hear of it then. */
  readonly until: number | undefined;
  readonly #controller = new AbortController();
  readonly #waiting = new Waiter();
  readonly #outer: AbortSignal;
  readonly #onOuter = (): void => {
    const { reason } = this.#outer as { readonly reason: unknown };
    this.cancel(reason instanceof AttemptError ? reason : undefined);
  };

  constructor(outer: AbortSignal, until?: number) {
    this.until = until;
    this.signal = this.#controller.signal;
    // As many tools as run side by side may listen.
    setMaxListeners(0, this.signal);
    this.#outer = outer;
    if (outer.aborted) this.#onOuter();
    else outer.addEventListener("abort", this.#onOuter, { once: true });
  }

  get cancelled(): boolean {
    return this.signal.aborted;
  }

  /** Why it was cancelled: by whoever runs it (class `cancelled`), or since its time is over (`timeout`). */
  get reason(): AttemptError | undefined {
    return this.signal.aborted ? (this.signal.reason as AttemptError) : undefined;
  }

  cancel(reason: AttemptError = new AttemptError("cancelled", "the run was cancelled")): void {
    this.#controller.abort(reason);
    while (this.#waiting.next !== this.#waiting) this.#waiting.next.giveUp(this.signal.reason as AttemptError);
  }

  /** Lets go of the outer signal. */
  release(): void {
    this.#outer.removeEventListener("abort", this.#onOuter);
  }

  /**
   * What `work` gives, or a rejection with class `cancelled` or `timeout` as soon as that is due, whether `work` listens
   * to its signal or not. `late` is told when it ends after nobody waits any more.
   */
  within<T>(
    clock: Clock,
    seconds: number | undefined,
    work: (signal: AbortSignal) => T | Promise<T>,
    late: () => void,
  ): Promise<T> {
    if (this.cancelled) return Promise.reject(this.signal.reason);
    return new Promise<T>((resolve, reject) => {
      const waiter = new Waiter(reject);
      waiter.join(this.#waiting);
      if (seconds !== undefined) waiter.limit(clock, seconds);
      const gave = (value: T): void => (waiter.leave() ? resolve(value) : late());
      const failed = (error: unknown): void => {
        if (waiter.leave()) reject(error);
      };
      try {
        const came = work(waiter.signal ?? this.signal);
        if (came instanceof Promise) came.then(gave, failed);
        else gave(came);
      } catch (error) {
        failed(error);
      }
    });
  }
}

/** One who waits, until it leaves the ring: for the end of its work, its own deadline or the cancel, what comes first. */
class Waiter {
  next: Waiter = this;
  #before: Waiter = this;
  readonly #reject: ((error: AttemptError) => void) | undefined;
  #timed: { readonly own: AbortController; readonly timer: AbortController } | undefined;

  constructor(reject?: (error: AttemptError) => void) {
    this.#reject = reject;
  }

  /** Aborted with its deadline; one without has no signal of its own. */
  get signal(): AbortSignal | undefined {
    return this.#timed?.own.signal;
  }

  join(ring: Waiter): void {
    this.next = ring;
    this.#before = ring.#before;
    ring.#before.next = this;
    ring.#before = this;
  }

  limit(clock: Clock, seconds: number): void {
    this.#timed = { own: new AbortController(), timer: new AbortController() };
    clock.sleep(seconds * 1000, this.#timed.timer.signal).then(
      () => this.giveUp(new AttemptError("timeout", `it took longer than ${seconds} s`)),
      () => {},
    );
  }

  /** Whether it was still waiting. */
  leave(): boolean {
    if (this.next === this) return false;
    this.#before.next = this.next;
    this.next.#before = this.#before;
    this.next = this;
    this.#before = this;
    this.#timed?.timer.abort(OVER);
    return true;
  }

  giveUp(error: AttemptError): void {
    if (!this.leave()) return;
    this.#reject?.(error);
    this.#timed?.own.abort(error);
  }
}
