/** Tools that are programs in any language: JSON on stdin, JSON on stdout, talk on stderr. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { AttemptError, NotStarted } from "../execution/attempt-error.ts";
import { SETTINGS } from "../settings.ts";
import type { Json } from "../types.ts";
import type { Tool } from "./tool.ts";
import { watch } from "./watcher.ts";

/** What a program may see of this process's environment. Keys and tokens are never among it. */
const ENVIRONMENT = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|TMP|TEMP|SystemRoot|ComSpec|PATHEXT)$/;

/** Between asking a process group to end and ending it. */
const GRACE_MILLISECONDS = 2000;

/** Programs under way, until they have ended or their time to end is over. None outlives this process. */
const running = new Map<ChildProcess, Promise<void>>();
process.on("exit", () => {
  for (const child of running.keys()) kill(child, "SIGKILL");
});

/** Resolves when no program is under way any more: one that was asked to end has its time for that. */
export async function programsEnded(): Promise<void> {
  await Promise.all(running.values());
}

export function allowedEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => ENVIRONMENT.test(name)));
}

export function execTool(name: string, command: readonly string[], root: string): Tool {
  return {
    name,
    call: (input, context, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const [program, ...args] = command;
        const child = spawn(program!, args, {
          cwd: root,
          env: {
            ...allowedEnvironment(),
            GANG_STAGE: context.stage,
            GANG_RUN: context.run,
            GANG_SEED: String(context.seed),
            ...(context.checkpoint === undefined
              ? {}
              : {
                  GANG_CHECKPOINT: context.checkpoint.folder,
                  GANG_CHECKPOINT_EVERY: String(context.checkpoint.every),
                }),
          },
          // A group of its own, so that whatever it starts ends with it.
          detached: process.platform !== "win32",
          stdio: ["pipe", "pipe", "pipe"],
          windowsHide: true,
        });
        const { promise: ended, resolve: end } = Promise.withResolvers<void>();
        running.set(child, ended);
        watch(child);
        const letGo = (): void => {
          running.delete(child);
          end();
        };
        const output: Buffer[] = [];
        let lastLine = "";
        let grace: NodeJS.Timeout | undefined;
        const onAbort = (): void => {
          kill(child, "SIGTERM");
          grace = setTimeout(() => {
            kill(child, "SIGKILL");
            letGo();
          }, GRACE_MILLISECONDS);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        let printed = 0;
        child.stdout.on("data", (part: Buffer) => {
          printed += part.length;
          if (printed <= SETTINGS.tools.outputBytes) output.push(part);
          else kill(child, "SIGKILL");
        });
        onLines(child.stderr, (line) => {
          if (line.trim() !== "") lastLine = line.trim();
          context.log(line);
        });
        // A program that does not read its input ends its pipe: no failure of its own.
        child.stdin.on("error", () => {});
        child.stdin.end(`${JSON.stringify(input)}\n`);
        child.on("error", (error: NodeJS.ErrnoException) => {
          letGo();
          signal.removeEventListener("abort", onAbort);
          const message =
            error.code === "ENOENT"
              ? `there is no program ${program}`
              : `${program} cannot be started: ${error.message}`;
          reject(new (child.pid === undefined ? NotStarted : AttemptError)("error", message));
        });
        child.on("close", (code, killedBy) => {
          clearTimeout(grace);
          letGo();
          signal.removeEventListener("abort", onAbort);
          if (signal.aborted) return reject(signal.reason);
          if (printed > SETTINGS.tools.outputBytes) {
            const most = SETTINGS.tools.outputBytes / 2 ** 20;
            return reject(new AttemptError("error", `${program} printed more than ${most} MB, and was ended`));
          }
          if (code !== 0) {
            const end = killedBy === null ? `ended with code ${code}` : `was ended by ${killedBy}`;
            return reject(
              new AttemptError("error", `${program} ${end}${lastLine === "" ? "" : `: ${lastLine.slice(0, 1000)}`}`),
            );
          }
          try {
            const text = Buffer.concat(output).toString("utf8").trim();
            resolve({ value: text === "" ? null : (JSON.parse(text) as Json) });
          } catch {
            reject(
              new AttemptError(
                "invalid",
                `${program} did not print JSON, but ${JSON.stringify(Buffer.concat(output).toString("utf8", 0, 120))}`,
              ),
            );
          }
        });
      }),
  };
}

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

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
