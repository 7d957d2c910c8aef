/** Processes that write to a store and compact it, and what they were told is on the disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Child {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Resolves to its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface WriterOptions {
  readonly callers: number;
  /** Of each caller. */
  readonly records: number;
  readonly segmentBytes?: number;
  /** Number of the call on the disk at which it kills itself; 0: never. */
  readonly last?: number;
  /** Milliseconds that a caller rests at most before its next record. */
  readonly pause?: number;
}

export function writer(directory: string, options: WriterOptions): Child {
  const { callers, records, segmentBytes = 20_000, last = 0, pause = 0 } = options;
  return start("writer.ts", directory, callers, records, segmentBytes, last, pause);
}

export function compactor(directory: string, last: number | undefined): Child {
  return start("compactor.ts", directory, ...(last === undefined ? [] : [last]));
}

function start(program: string, ...args: readonly (string | number)[]): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args.map(String)], {
    // Thousands are started: their modules are compiled once.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "gang-kill-cache") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  const ended = new Promise<number | NodeJS.Signals>((done) =>
    child.on("close", (code, signal) => done(signal ?? code ?? 0)),
  );
  return { process: child, output: () => text, ended };
}

/** The process's name, empty where it did not come to that, and the numbers that it was told are on disk. */
export function acknowledged(child: Child): { readonly name: string; readonly numbers: readonly number[] } {
  const lines = child.output().split("\n");
  // The last one may be cut.
  lines.pop();
  return { name: lines[0] ?? "", numbers: lines.slice(1).map(Number) };
}
