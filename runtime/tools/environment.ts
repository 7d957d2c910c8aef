/**
 * The environment of tools: an allow-list of the host's, never the whole. Programs and servers are started with it. A
 * function in TypeScript runs in this process, and may read a variable by its name; what it starts itself, or does with all
 * there is, has the allow-list, and what it has set.
 */
import { syncBuiltinESMExports } from "node:module";
import workerThreads, { SHARE_ENV, type WorkerOptions } from "node:worker_threads";

/** What a tool may see of this process's environment. Keys and tokens are never among it. */
const ENVIRONMENT = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|TMP|TEMP|SystemRoot|ComSpec|PATHEXT)$/;

export function allowedEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => ENVIRONMENT.test(name)));
}

/** From now on who `isTool` tells of finds in `process.env` no more than that, but what it asks for by name. */
export function divideEnvironment(isTool: () => boolean): void {
  const whole = process.env;
  const set = new Set<string | symbol>();
  const isShown = (name: string | symbol): boolean => set.has(name) || ENVIRONMENT.test(String(name));
  process.env = new Proxy({} as NodeJS.ProcessEnv, {
    get: (_, name) => Reflect.get(whole, name),
    set(_, name, value) {
      if (isTool()) set.add(name);
      // As the process's own does it: all values are texts.
      if (typeof name === "string") whole[name] = String(value);
      return true;
    },
    has: (_, name) => Reflect.has(whole, name),
    deleteProperty: (_, name) => Reflect.deleteProperty(whole, name),
    ownKeys: () => (isTool() ? Reflect.ownKeys(whole).filter(isShown) : Reflect.ownKeys(whole)),
    getOwnPropertyDescriptor(_, name) {
      const found = Reflect.getOwnPropertyDescriptor(whole, name);
      return found && { ...found, configurable: true };
    },
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(whole, name, descriptor),
  });
  divideWorkers(isTool);
  // For `import { env } from "node:process"`, and `{ Worker }` likewise.
  syncBuiltinESMExports();
}

/** A thread that is given no environment takes the process's own, past what `process.env` is by now. */
function divideWorkers(isTool: () => boolean): void {
  const threads = workerThreads as { Worker: typeof workerThreads.Worker };
  threads.Worker = new Proxy(threads.Worker, {
    construct(worker, [file, options]: [string | URL, WorkerOptions?], made) {
      const isWhole = (options?.env ?? SHARE_ENV) === SHARE_ENV;
      const given = isTool() && isWhole ? { ...options, env: { ...process.env } } : options;
      return Reflect.construct(worker, [file, given], made);
    },
  });
}
