/** Time as the runtime sees it: real, or driven by a test so that hours pass in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  elapsed(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The longest that a timer of Node can wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = performance.now() + milliseconds;
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const left = end - performance.now();
        timer = left > LONGEST_TIMER ? setTimeout(wait, LONGEST_TIMER) : setTimeout(wake, Math.max(0, left));
      };
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      wait();
    }),
};
