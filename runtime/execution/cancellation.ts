/** One run's cancel, and the deadlines under it. */
import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.ts";
import { AttemptError } from "./attempt-error.ts";

/** Nobody is told of it; without a reason Node makes an exception with a stack for each. */
const OVER = "over";

/**
 * Who waits under a signal, in a set: ten thousand stages side by side would each walk the others in the list that an
 * `AbortSignal` keeps of its listeners.
 */
export class Cancellation {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #outer: AbortSignal;
  readonly #onOuter = (): void => this.cancel();

  constructor(outer: AbortSignal) {
    this.signal = this.#controller.signal;
    // As many tools as run side by side may listen.
    setMaxListeners(0, this.signal);
    this.#outer = outer;
    if (outer.aborted) this.cancel();
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
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
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
    work: (signal: AbortSignal) => Promise<T>,
    late: () => void,
  ): Promise<T> {
    if (this.cancelled) return Promise.reject(this.signal.reason);
    const timed = seconds === undefined ? undefined : { own: new AbortController(), timer: new AbortController() };
    return new Promise<T>((resolve, reject) => {
      let over = false;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        this.#waiting.delete(onCancel);
        timed?.timer.abort(OVER);
        return true;
      };
      const giveUp = (error: AttemptError): void => {
        if (!end()) return;
        reject(error);
        timed?.own.abort(error);
      };
      const onCancel = (): void => giveUp(this.signal.reason as AttemptError);
      this.#waiting.add(onCancel);
      if (timed !== undefined) {
        clock.sleep(seconds! * 1000, timed.timer.signal).then(
          () => giveUp(new AttemptError("timeout", `it took longer than ${seconds} s`)),
          () => {},
        );
      }
      work(timed?.own.signal ?? this.signal).then(
        (value) => (end() ? resolve(value) : late()),
        (error: unknown) => {
          if (end()) reject(error);
        },
      );
    });
  }
}
