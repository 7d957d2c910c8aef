/**
 * What a tool is, as far as its files say, so that an earlier result counts only while it is the same. A module counts with
 * all that it imports from the project, and with the versions of packages where it imports any; a program with itself, the
 * files that its command names, and what it may import: of JavaScript that is known, of any other language it is what has
 * the same extension in its folder and below. Data that it reads, and what a server does, nobody can know.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { delimiter, dirname, extname, join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Tool as ToolDeclaration } from "../plan.ts";
import type { Json } from "../types.ts";

const SCRIPT = /\.[cm]?[jt]sx?$/;
/** Package managers write here which version is which. */
const LOCKS = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];
/** So many of them count, and so much is looked at to find them. */
const MOST_FILES = 2000;
const MOST_ENTRIES = 20_000;

/** JSON that changes with the tool. `root`: the project's folder. */
export async function identityOf({ from }: Pick<ToolDeclaration, "from">, root: string): Promise<Json> {
  switch (from.kind) {
    case "typescript":
      return moduleOnce(resolve(root, from.file), root);
    case "exec":
      return programOf(from.command, root);
    case "mcp":
      return programOf(from.server, root);
    case "builtin":
      return null;
  }
}

const modules = new Map<string, Promise<Json>>();

/** A module is loaded once a process, and stays what it was then. */
function moduleOnce(path: string, root: string): Promise<Json> {
  let known = modules.get(path);
  if (known === undefined) {
    known = moduleOf(path, root);
    modules.set(path, known);
  }
  return known;
}

async function moduleOf(path: string, root: string): Promise<Json> {
  try {
    const { build } = await import("esbuild");
    const { outputFiles, metafile } = await build({
      ...{ entryPoints: [path], absWorkingDir: root, bundle: true, write: false, metafile: true },
      ...{ platform: "node", format: "esm", packages: "external", logLevel: "silent", target: "esnext" },
    });
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    const usesPackages = imports.some((of) => of.external === true && !of.path.startsWith("node:"));
    const locks = usesPackages ? LOCKS.map((name) => join(root, name)).filter(existsSync) : [];
    return [createHash("sha256").update(outputFiles[0]!.text).digest("hex"), ...(await contents(locks, root))];
  } catch {
    // What cannot be read as a module counts as the file that it is.
    return contents([path], root);
  }
}

async function programOf([program = "", ...words]: readonly string[], root: string): Promise<Json> {
  const named = [program, ...words]
    .map((word) => resolve(root, word))
    .filter((path) => statOf(path)?.isFile() === true);
  const scripts = named.filter((path) => SCRIPT.test(path));
  const others = named.filter((path) => !SCRIPT.test(path)).flatMap((path) => [path, ...besides(path, root)]);
  const modules = await Promise.all(scripts.map((path) => moduleOf(path, root)));
  return [installed(program), modules, await contents([...new Set(others)].sort(), root)];
}

/** A program of the system is known by its place, length and time: it may be long. */
function installed(program: string): Json {
  if (program.includes("/") || program.includes("\\")) return null;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    const found = statOf(path);
    if (found?.isFile() === true) return [realpathSync(path), found.size, found.mtimeMs];
  }
  return null;
}

/** What a script of the project may import: the files of its kind in its folder and below. */
function besides(path: string, root: string): string[] {
  const extension = extname(path);
  if (extension === "" || relative(root, path).startsWith("..")) return [];
  const found: string[] = [];
  let seen = 0;
  const look = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (found.length >= MOST_FILES || ++seen > MOST_ENTRIES) return;
      const own = join(folder, entry.name);
      if (entry.isFile() && entry.name.endsWith(extension)) found.push(own);
      else if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules") look(own);
    }
  };
  look(dirname(path));
  return found;
}

const hashes = new Map<string, { readonly of: string; readonly hash: string }>();

async function contents(paths: readonly string[], root: string): Promise<string[]> {
  const rows: string[] = [];
  for (const path of paths) rows.push(`${relative(root, path)} ${await contentOf(path)}`);
  return rows;
}

/** Read again only where the file is another than it was. */
async function contentOf(path: string): Promise<string> {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return "";
  const of = [found.ino, found.size, found.mtimeNs, found.ctimeNs].join();
  const known = hashes.get(path);
  if (known?.of === of) return known.hash;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const row = { of, hash: hash.digest("hex") };
  hashes.set(path, row);
  return row.hash;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
