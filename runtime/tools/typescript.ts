/** Tools written in TypeScript: a function of the user's project, called in this process. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AttemptError } from "../execution/attempt-error.ts";
import type { Json } from "../types.ts";
import { enclosed } from "./divert.ts";
import { Holding } from "./holding.ts";
import type { Called, Tool } from "./tool.ts";

export interface TypeScriptSource {
  /** Relative to the project. */
  readonly file: string;
  readonly export: string;
  /** Parameters whose absence the function expects as `null`. */
  readonly nulls: readonly string[];
  /** Parameters that it takes otherwise than JSON has them. */
  readonly forms?: { readonly [parameter: string]: Form } | undefined;
}

type Form = "bytes" | "date" | "bigint";

/**
 * The function gets its parameters as one object and, where it asks for a second, the context of the call: seed, names,
 * `log`, and the signal that cancels it. Rejects with `AttemptError` where the file or its export cannot be had, with the
 * reason that Node gives.
 */
export async function typescriptTool(name: string, source: TypeScriptSource, root: string): Promise<Tool> {
  const path = insideProject(source.file, root);
  const module = await load(path, root);
  const exported = module[source.export];
  if (typeof exported !== "function")
    throw new AttemptError("error", `${source.file} exports no function ${source.export}`);
  const { nulls } = source;
  const forms = Object.entries(source.forms ?? {});
  const holding = holdingOf(exported);
  return {
    name,
    call(input, context, signal) {
      const own: { [name: string]: unknown } = nulls.length + forms.length === 0 ? input : { ...input };
      const { seed, stage, run, checkpoint, folder, log, left, effect } = context;
      const work = (): unknown => exported(own, { seed, stage, run, checkpoint, folder, log, signal });
      const ask = (): unknown => enclosed(log, () => holding.run(work, left, effect !== true));
      const failed = (error: unknown): never => {
        if (error instanceof AttemptError) throw error;
        if (signal.aborted) throw signal.reason;
        throw new AttemptError("error", messageOf(error));
      };
      try {
        for (const parameter of nulls) own[parameter] ??= null;
        const result = forms.length === 0 ? ask() : formed(own, forms).then(ask);
        return result instanceof Promise ? result.then(asCalled, failed) : asCalled(result);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** How a function holds the process is known for as long as that lives, over all runs. */
const holdings = new WeakMap<object, Holding>();

function holdingOf(exported: object): Holding {
  let holding = holdings.get(exported);
  if (holding === undefined) {
    holding = new Holding();
    holdings.set(exported, holding);
  }
  return holding;
}

const asCalled = (value: unknown): Called => ({ value: value as Json });

/** Brings parameters to the form in which the function takes them. */
async function formed(input: { [name: string]: unknown }, forms: readonly (readonly [string, Form])[]): Promise<void> {
  for (const [parameter, form] of forms) {
    const value = input[parameter];
    if (value !== undefined && value !== null) input[parameter] = await FORMED[form](value as string & number);
  }
}

const FORMED: { readonly [form in Form]: (value: string & number) => unknown } = {
  // A path by now.
  bytes: (value) => readFile(value),
  date: (value) => new Date(value),
  bigint: (value) => BigInt(value),
};

function insideProject(file: string, root: string): string {
  const path = resolve(root, file);
  if (!existsSync(path)) throw new AttemptError("error", `${file} does not exist`);
  const within = relative(realpathSync(root), realpathSync(path));
  if (within.startsWith("..") || isAbsolute(within))
    throw new AttemptError("error", `${file} lies outside the project`);
  return path;
}

type Module = { readonly [name: string]: unknown };

/** One load a file and process: a module's state is its own for the whole run. */
const loaded = new Map<string, Promise<Module>>();

function load(path: string, root: string): Promise<Module> {
  let module = loaded.get(path);
  if (module === undefined) {
    module = enclosed(
      () => {},
      () => importFile(path, root),
    ) as Promise<Module>;
    loaded.set(path, module);
    // A file that is mended while the process lives is tried again.
    module.catch(() => loaded.delete(path));
  }
  return module;
}

/** What Node's own type stripping cannot do, esbuild can: enums, paths without extensions, TSX. */
const NEEDS_BUNDLE = new Set([
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_DIR_IMPORT",
]);

async function importFile(path: string, root: string): Promise<Module> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A type imported without `type` is a missing export to Node, and a syntax error.
    if (!(error instanceof SyntaxError) && (code === undefined || !NEEDS_BUNDLE.has(code)))
      throw new AttemptError("error", `${relative(root, path)} cannot be loaded: ${messageOf(error)}`);
  }
  try {
    return await import(pathToFileURL(await bundle(path, root)).href);
  } catch (error) {
    throw new AttemptError("error", `${relative(root, path)} cannot be loaded: ${messageOf(error)}`);
  }
}

/** The bundle's path: one per content, kept in the project so that packages resolve from there. */
async function bundle(path: string, root: string): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    logLevel: "silent",
    // `import.meta` of the bundled file would otherwise speak of the bundle.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(path).href) },
  });
  const text = outputFiles[0]!.text;
  const folder = join(root, ".gang", "cache", "tools");
  const target = join(folder, `${createHash("sha256").update(text).digest("hex").slice(0, 32)}.mjs`);
  if (!existsSync(target)) {
    mkdirSync(folder, { recursive: true });
    const beside = `${target}.${process.pid}`;
    writeFileSync(beside, text);
    renameSync(beside, target);
  }
  return target;
}

/** One line, without a stack. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split("\n").find((line) => line.trim() !== "") ?? "it failed without a message")
    .trim()
    .slice(0, 2000);
}
