/**
 * TypeScript's own checker over a few files of a host. Measured on one file with an inferred
 * result: 0.2 s cold, in a process of its own, against 1.1 s and 300 MB of ours with ts-morph; hence TypeScript 7, through its synchronous API. That
 * API is declared unstable, so the version is pinned and this file is all that touches it, with `checked-types.ts`.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { API, Checker, Symbol as TsSymbol } from "typescript/unstable/sync";
import { RUNTIME_MODULE } from "./meaning.ts";

type Api = typeof import("typescript/unstable/sync");

export interface Checked {
  readonly checker: Checker;
  /** The exports of the file asked about. */
  readonly exports: readonly TsSymbol[];
}

/** Virtual files stand beside the real ones under names that nobody else takes. */
const CONFIG = "tsconfig.gang-signatures.json";
const RUNTIME_FILE = "gang-runtime.gang-signatures.d.ts";

/** `ganglion/runtime` as the checker sees it: types that stay recognisable through every operation of TypeScript. */
const RUNTIME_TEXT = `
declare const gang: unique symbol;
type Marked<T, Name> = T & { readonly [gang]?: Name };
export type Duration = Marked<number, "Duration">;
export type Size = Marked<number, "Size">;
export type Money = Marked<number, "Money">;
export type File = Marked<string, "File">;
export type Dir = Marked<string, "Dir">;
export type Secret = Marked<string, "Secret">;
export type Json = unknown;
export interface Effect<T> { readonly effectOf: T }
export interface ToolContext {
  readonly seed: number; readonly stage: string; readonly run: string; readonly signal: AbortSignal;
  log(line: string): void;
}
`;

/** One checker process for the life of ours; it ends with it. */
let api: API | undefined;
/** What the process reads in place of the disk. */
let files: ReadonlyMap<string, string> = new Map();
let folders: ReadonlySet<string> = new Set();

/**
 * Asks about one file. `sources` are the texts of that file and of all that it imports by relative paths; packages and
 * TypeScript's own library are read from the disk. What is handed to `ask` lives until it returns.
 */
export function withChecker<Answer>(
  file: string,
  sources: ReadonlyMap<string, string>,
  ask: (checked: Checked) => Answer,
): Answer | undefined {
  const config = `${dirname(file)}/${CONFIG}`;
  const runtime = `${dirname(file)}/${RUNTIME_FILE}`;
  files = new Map([...sources, [config, configText(file, runtime)], [runtime, RUNTIME_TEXT]]);
  folders = new Set([...files.keys()].flatMap(foldersOf));
  api ??= open();
  const snapshot = api.updateSnapshot({ openProjects: [config], fileChanges: { invalidateAll: true } });
  try {
    const project = snapshot.getProject(config);
    const source = project?.program.getSourceFile(file);
    const module = source && project?.checker.getSymbolAtLocation(source);
    if (project === undefined || module === undefined) return undefined;
    return ask({ checker: project.checker, exports: project.checker.getExportsOfModule(module) });
  } finally {
    snapshot.dispose();
    api.updateSnapshot({ closeProjects: [config] }).dispose();
  }
}

function open(): API {
  const { API } = createRequire(import.meta.url)("typescript/unstable/sync") as Api;
  return new API({
    fs: {
      readFile: (path) => files.get(path),
      fileExists: (path) => files.has(path) || undefined,
      directoryExists: (path) => folders.has(path) || undefined,
    },
  });
}

function configText(file: string, runtime: string): string {
  return JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: "es2024",
      lib: ["es2024", "esnext", "dom"],
      module: "nodenext",
      types: ["node"],
      skipLibCheck: true,
      allowJs: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      paths: { [RUNTIME_MODULE]: [runtime] },
    },
    files: [file],
  });
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersOf(folder)];
}
