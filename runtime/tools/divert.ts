/**
 * A tool in this process speaks for itself alone. What it prints is a log, never part of the output of the program that
 * runs it: standard output belongs to machines, and the terminal to the screen. What it throws where nobody waits for
 * it, and its `process.exit`, end its call and not the process. What it starts finds of the environment what a program would find.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { divideEnvironment } from "./environment.ts";

interface Host {
  readonly log: (line: string) => void;
  fail(error: Error): void;
  /** What failed first of what nobody would hear of. */
  error?: Error;
}

const host = new AsyncLocalStorage<Host | undefined>();
let diverted = false;

/**
 * Runs `work`; each line that it, or what it started, writes to stdout or stderr goes to `log` instead. A promise of it
 * rejects as soon as something that it started fails where nobody would hear of it. Throws what `work` throws.
 */
export function enclosed<T>(log: (line: string) => void, work: () => PromiseLike<T> | T): Promise<T> | T {
  divert();
  const own: Host = {
    log,
    fail(error) {
      own.error ??= error;
    },
  };
  const result = host.run(own, work);
  if (own.error !== undefined) throw own.error;
  if (!isThenable(result)) return result;
  return new Promise((resolve, reject) => {
    own.fail = reject;
    // Not `resolve(promise)`: that would take no failure from elsewhere any more.
    Promise.resolve(result).then(resolve, reject);
  });
}

function isThenable<T>(value: PromiseLike<T> | T): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}

/** Who logs is no tool: what the log itself prints goes where it always went. */
const logged = ({ log }: Host, line: string): void => host.run(undefined, log, line);

function divert(): void {
  if (diverted) return;
  diverted = true;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const diverting = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      const own = host.getStore();
      if (own === undefined) return write(chunk, encoding, done);
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString();
      for (const line of text.split("\n")) if (line !== "") logged(own, line);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => callback());
      return true;
    };
    stream.write = diverting as typeof stream.write;
  }
  // Test runners and screens put their own `console` in place, which does not write to the streams.
  for (const method of ["log", "info", "debug", "warn", "error"] as const) {
    const original = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      const own = host.getStore();
      if (own === undefined) return original(...values);
      logged(own, values.map((value) => (typeof value === "string" ? value : inspect(value))).join(" "));
    };
  }
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    const own = host.getStore();
    // With an argument, even `undefined`, it would forget `process.exitCode`.
    if (own === undefined) return code === undefined ? exit() : exit(code);
    const error = new Error(`it called process.exit(${code ?? ""}): a tool returns or throws`);
    own.fail(error);
    throw error;
  };
  divideEnvironment(() => host.getStore() !== undefined);
  process.on("uncaughtException", onStray);
  process.on("unhandledRejection", onStray);
}

/** After the call is over nobody is left to fail. An error that is no tool's ends the process as it always did. */
function onStray(error: unknown): void {
  const own = host.getStore();
  own?.fail(error instanceof Error ? error : new Error(String(error)));
  if (own !== undefined || process.listenerCount("uncaughtException") > 1) return;
  process.off("uncaughtException", onStray).off("unhandledRejection", onStray);
  setImmediate(() => {
    throw error;
  });
}

function inspect(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
