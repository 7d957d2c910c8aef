/**
 * What a tool prints is a log, never part of the output of the program that runs it: standard output belongs to
 * machines, and the terminal to the screen.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const sink = new AsyncLocalStorage<((line: string) => void) | undefined>();
let diverted = false;

/** Runs `work`; each line that it, or what it started, writes to stdout or stderr goes to `log` instead. */
export function divertOutput<T>(log: (line: string) => void, work: () => T): T {
  divert();
  // Who logs is no tool: what the log itself prints goes where it always went.
  return sink.run((line) => sink.run(undefined, log, line), work);
}

function divert(): void {
  if (diverted) return;
  diverted = true;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const own = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      const log = sink.getStore();
      if (log === undefined) return write(chunk, encoding, done);
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString();
      for (const line of text.split("\n")) if (line !== "") log(line);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => callback());
      return true;
    };
    stream.write = own as typeof stream.write;
  }
  // Test runners and screens put their own `console` in place, which does not write to the streams.
  for (const method of ["log", "info", "debug", "warn", "error"] as const) {
    const original = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      const log = sink.getStore();
      if (log === undefined) return original(...values);
      log(values.map((value) => (typeof value === "string" ? value : inspect(value))).join(" "));
    };
  }
}

function inspect(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
