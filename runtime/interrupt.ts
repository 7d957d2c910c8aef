/** How a person, or the system, asks a running program to end. */
import { constants } from "node:os";

/** The first signal asks for an end, `onSignal`; the second one ends at once. Returns what stops listening. */
export function onInterrupt(onSignal: () => void): () => void {
  let asked = false;
  const listeners = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => {
    const listener = (): void => {
      if (asked) process.exit(128 + constants.signals[signal]);
      asked = true;
      onSignal();
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
