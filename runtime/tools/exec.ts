/** Tools that are programs in any language: JSON on stdin, JSON on stdout, talk on stderr. */
import type { SpawnOptions } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { AttemptError, NotStarted } from "../execution/attempt-error.ts";
import { SETTINGS } from "../settings.ts";
import { freeSpace } from "../trail/disk.ts";
import type { Json } from "../types.ts";
import { allowedEnvironment } from "./environment.ts";
import { GRACE_MILLISECONDS, type Head, isLeft, signalGroup, startGroup } from "./group.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { watch } from "./watcher.ts";

/** How often it is looked at how much a program has printed. */
const LOOK_MILLISECONDS = 200;

/** How often it is looked whether something is left of what has ended. */
const LEFT_MILLISECONDS = 50;

/** Programs under way, until nothing of their groups is left, or the time for that is over. None outlives this process. */
const running = new Map<Head, Promise<void>>();
process.on("exit", () => {
  for (const child of running.keys()) signalGroup(child, "SIGKILL");
});

/** Resolves when no program is under way any more: one that was asked to end has its time for that. */
export async function programsEnded(): Promise<void> {
  await Promise.all(running.values());
}

/** In bytes: what a result may take as JSON, and what a program may print at all. */
export interface Bounds {
  readonly resultBytes: number;
  readonly outputBytes: number;
}

export function execTool(
  name: string,
  command: readonly string[],
  root: string,
  bounds: Bounds = SETTINGS.tools,
): Tool {
  const program = command[0]!;
  return {
    name,
    async call(input, context, signal) {
      signal.throwIfAborted();
      const output = openOutput(context, program);
      try {
        await run(command, root, input, context, signal, output, bounds.outputBytes);
        return { value: resultIn(output, program, bounds.resultBytes) };
      } finally {
        closeSync(output);
      }
    },
  };
}

/** Resolves once the program has ended well, and all that it printed is in `output`. */
function run(
  command: readonly string[],
  root: string,
  input: { readonly [name: string]: Json },
  context: ToolContext,
  signal: AbortSignal,
  output: number,
  mostBytes: number,
): Promise<void> {
  const program = command[0]!;
  return new Promise((resolve, reject) => {
    const options: SpawnOptions = {
      cwd: root,
      env: { ...allowedEnvironment(), ...environmentOf(context) },
      // Printing costs this process nothing, however much it is and whatever else goes on here.
      stdio: ["pipe", output, "pipe"],
    };
    const child = startGroup(command, options, (error) => reject(notStarted(program, error)));
    if (child === undefined) return;
    const { stdin, stderr } = child;
    const { ending, ended } = begun(child);
    let lastLine = "";
    let tooMuch: string | undefined;
    const onAbort = (): void => {
      signalGroup(child, "SIGTERM");
      ending();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const look = setInterval(() => {
      tooMuch ??= excess(output, context.folder(), mostBytes);
      if (tooMuch !== undefined) signalGroup(child, "SIGKILL");
    }, LOOK_MILLISECONDS);
    onLines(stderr, (line) => {
      if (line.trim() !== "") lastLine = line.trim();
      context.log(line);
    });
    // A program that does not read its input ends its pipe: no failure of its own.
    stdin.on("error", () => {});
    stdin.end(`${JSON.stringify(input)}\n`);
    child.on("exit", ending);
    child.on("close", (code, killedBy) => {
      clearInterval(look);
      signal.removeEventListener("abort", onAbort);
      ended();
      if (signal.aborted) return reject(signal.reason);
      if (tooMuch !== undefined) return reject(new AttemptError("error", `${program} ${tooMuch}, and was ended`));
      if (code === 0) return resolve();
      const how = killedBy === null ? `ended with code ${code}` : `was ended by ${killedBy}`;
      reject(new AttemptError("error", `${program} ${how}${lastLine === "" ? "" : `: ${lastLine.slice(0, 1000)}`}`));
    });
  });
}

/**
 * `child` is under way. `ending` gives it and its group the time that they have to end, once; `ended`, when it has ended and
 * its pipes with it, waits for what it started and gave pipes of their own.
 */
function begun(child: Head): { readonly ending: () => void; readonly ended: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  running.set(child, promise);
  const unwatch = watch(child);
  let grace: NodeJS.Timeout | undefined;
  const letGo = (): void => {
    running.delete(child);
    unwatch();
    resolve();
  };
  const ending = (): void => {
    grace ??= setTimeout(() => {
      grace = undefined;
      signalGroup(child, "SIGKILL");
      // What has left the group may hold its stderr, and would keep who waits for the end of that.
      if (child.exitCode !== null || child.signalCode !== null) child.stderr.destroy();
      letGo();
    }, GRACE_MILLISECONDS);
  };
  const ended = (): void => {
    if (running.has(child) && isLeft(child)) {
      setTimeout(ended, LEFT_MILLISECONDS);
      return;
    }
    clearTimeout(grace);
    letGo();
  };
  return { ending, ended };
}

function notStarted(program: string, { code, message }: NodeJS.ErrnoException): NotStarted {
  const reason = code === "ENOENT" ? `there is no program ${program}` : `${program} cannot be started: ${message}`;
  return new NotStarted("error", reason);
}

function environmentOf({ stage, run, seed, checkpoint, folder }: ToolContext): NodeJS.ProcessEnv {
  return {
    GANG_STAGE: stage,
    GANG_RUN: run,
    GANG_SEED: String(seed),
    GANG_FOLDER: folder(),
    ...(checkpoint && { GANG_CHECKPOINT: checkpoint.folder, GANG_CHECKPOINT_EVERY: String(checkpoint.every) }),
  };
}

/** A file without a name where the system has such: it may hold a secret, and goes even with a process that is killed. */
function openOutput(context: ToolContext, program: string): number {
  try {
    const path = join(context.folder(), ".output");
    // Whoever opens its standard output anew goes on at its end.
    const file = openSync(path, "ax+", 0o600);
    if (process.platform !== "win32") unlinkSync(path);
    return file;
  } catch (error) {
    throw new NotStarted("error", `there is no place for what ${program} prints (${(error as Error).message})`);
  }
}

/** What is wrong with how much was printed, as a clause. */
function excess(output: number, folder: string, mostBytes: number): string | undefined {
  if (fstatSync(output).size > mostBytes) return `printed more than ${megabytes(mostBytes)}`;
  if (freeSpace(folder) < SETTINGS.trail.freeBytes) return "printed until the disk was all but full";
  return undefined;
}

function resultIn(output: number, program: string, mostBytes: number): Json {
  const { size } = fstatSync(output);
  if (size > mostBytes) {
    const hint = "what is larger belongs in a `file`, by its path";
    throw new AttemptError(
      "invalid",
      `${program} printed ${megabytes(size)}, and a result may have ${megabytes(mostBytes)}: ${hint}`,
    );
  }
  const bytes = Buffer.allocUnsafe(size);
  for (let read = 0; read < size; ) {
    const more = readSync(output, bytes, read, size - read, read);
    if (more === 0) break;
    read += more;
  }
  const text = bytes.toString("utf8").trim();
  try {
    return text === "" ? null : (JSON.parse(text) as Json);
  } catch {
    throw new AttemptError("invalid", `${program} did not print JSON, but ${JSON.stringify(text.slice(0, 120))}`);
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** However long a line is, no more of it is kept than is shown. */
function onLines(stream: Readable, take: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (part: Buffer) => {
    const [first = "", ...more] = decoder.write(part).split(/\r?\n/);
    let line = rest + first;
    for (const next of more) {
      take(line);
      line = next;
    }
    rest = line.slice(0, SETTINGS.tools.lineCharacters);
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}
