/** Runs a query over a store in a process of its own, within limits of time and memory. */
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SETTINGS } from "../../settings.ts";
import type { TrailProblem } from "../../trail/trail.ts";
import type { Json } from "../../types.ts";
import { SqlError } from "./reading.ts";

export { SqlError } from "./reading.ts";

export interface QueryOptions {
  /** Folder of the store. One that does not exist has empty tables. */
  readonly store: string;
  readonly sql: string;
  /** Milliseconds since 1970: what ages are measured from. */
  readonly now: number;
  readonly timeoutSeconds?: number;
  readonly residentBytes?: number;
  /** Ends the query once it is aborted. */
  readonly signal?: AbortSignal;
  /** What of the store cannot be read: the answer is of the rest. */
  onProblems?(problems: readonly TrailProblem[]): void;
  /** What the rows will be made of, before the first of them. */
  onColumns?(columns: readonly ResultColumn[]): void;
  /** Rows as they come, in order; waited for. */
  onRows(rows: readonly (readonly Json[])[]): void;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

export interface Question {
  readonly store: string;
  readonly sql: string;
  readonly now: number;
  /** The snapshot is damaged: it is answered from the trail. */
  readonly without: boolean;
}

export type Answer =
  /** The snapshot turned out to be damaged before anything was answered. */
  | { readonly type: "damaged" }
  /** All is loaded and locked; the query begins. */
  | { readonly type: "started"; readonly problems: readonly TrailProblem[] }
  | { readonly type: "columns"; readonly columns: readonly ResultColumn[] }
  | { readonly type: "rows"; readonly rows: readonly (readonly unknown[])[] }
  | { readonly type: "end" }
  | { readonly type: "error"; readonly refused: boolean; readonly message: string };

/** Beside the sources, or beside or above the chunks of the built package. */
const CHILDREN = ["./child.ts", "./sql-child.js", "../sql-child.js"];

/** How often the child's memory is looked at: it can grow by some 50 MB in between. */
const LOOK_MILLISECONDS = 25;

/** @throws SqlError with a sentence for the user: what was refused, what failed, which limit was passed. */
export async function query(options: QueryOptions): Promise<readonly ResultColumn[]> {
  // In a process that is as new as the first: its limits begin anew, too.
  return (await ask(options, false)) ?? (await ask(options, true))!;
}

/** `undefined` where the snapshot is damaged, and nothing was answered. */
function ask(options: QueryOptions, without: boolean): Promise<readonly ResultColumn[] | undefined> {
  const {
    store,
    sql,
    now,
    timeoutSeconds = SETTINGS.sql.timeoutSeconds,
    residentBytes = SETTINGS.sql.residentBytes,
  } = options;
  const path = CHILDREN.map((name) => fileURLToPath(new URL(name, import.meta.url))).find((file) => existsSync(file));
  if (path === undefined) return Promise.reject(new SqlError("The part of this program that runs queries is missing."));

  return new Promise((resolve, reject) => {
    // Nothing of the environment: no key may be found in /proc/self/environ.
    const child = fork(path, {
      env: {},
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    let columns: readonly ResultColumn[] = [];
    let problems: readonly TrailProblem[] = [];
    let limit = Number.POSITIVE_INFINITY;
    let timer: NodeJS.Timeout | undefined;
    const watch = setInterval(() => {
      if (residentOf(child.pid) > limit) fail(`The query took more than ${megabytes(limit)} of memory and was ended.`);
    }, LOOK_MILLISECONDS);

    const settle = (): void => {
      clearInterval(watch);
      clearTimeout(timer);
      child.removeAllListeners();
      child.on("error", () => undefined);
      child.kill("SIGKILL");
    };
    const fail = (message: string): void => {
      settle();
      reject(new SqlError(message));
    };
    options.signal?.addEventListener("abort", () => fail("The query was ended."), { once: true });

    child.on("message", (answer: Answer) => {
      switch (answer.type) {
        case "damaged":
          settle();
          resolve(undefined);
          return;
        case "started":
          problems = answer.problems;
          // What was loaded is not the query's doing.
          limit = Math.max(residentBytes, residentOf(child.pid) + residentBytes / 2);
          timer = setTimeout(
            () => fail(`The query took longer than ${timeoutSeconds} s and was ended.`),
            timeoutSeconds * 1000,
          );
          return;
        case "columns":
          columns = answer.columns;
          options.onProblems?.(problems);
          options.onColumns?.(columns);
          return;
        case "rows":
          try {
            options.onRows(answer.rows as readonly (readonly Json[])[]);
          } catch (error) {
            settle();
            reject(error);
          }
          return;
        case "end":
          settle();
          resolve(columns);
          return;
        case "error":
          options.onProblems?.(problems);
          fail(answer.message);
      }
    });
    child.on("error", (error) => fail(`The query's process could not be started (${error.message}).`));
    child.on("exit", (code, signal) => fail(`The query's process ended by itself (${signal ?? code}).`));
    child.send({ store, sql, now, without } satisfies Question);
  });
}

/** Bytes; 0 on systems that do not tell. */
function residentOf(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
