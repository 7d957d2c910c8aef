/** Folders by content: a list of what is in one, itself an artifact, over the artifacts of its files. */
import { chmod, mkdir, readdir, readlink, stat, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join, posix, sep } from "node:path";
import { z } from "zod";
import { SETTINGS } from "../settings.ts";

const Tree = z.strictObject({
  v: z.literal(1),
  files: z.array(
    z.strictObject({
      path: z.string(),
      /** SHA-256. */
      content: z.string(),
      bytes: z.int().nonnegative(),
      executable: z.literal(true).optional(),
    }),
  ),
  /** `to` is relative, and leads to something within. */
  links: z.array(z.strictObject({ path: z.string(), to: z.string() })),
  /** Those that nothing is in. */
  folders: z.array(z.string()),
});
/** Paths are relative, with `/`. */
export type Tree = z.infer<typeof Tree>;

/** What is in a folder cannot be kept, or cannot be laid out: a clause about the path. */
export class TreeError extends Error {
  override readonly name = "TreeError";
}

const AT_ONCE = 8;

/** `keep` takes a file's content to the artifacts, and resolves with its hash and size. `leave`: a path that is passed over. */
export async function treeOf(
  folder: string,
  keep: (path: string) => Promise<Pick<Tree["files"][number], "content" | "bytes">>,
  leave: string,
): Promise<Tree> {
  const files: (() => Promise<Tree["files"][number]>)[] = [];
  const links: Tree["links"] = [];
  const folders: Tree["folders"] = [];
  const most = SETTINGS.artifacts.folderFiles;
  const walk = async (path: string): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true });
    if (entries.length === 0 && path !== "") folders.push(path);
    for (const entry of entries) {
      const own = path === "" ? entry.name : `${path}/${entry.name}`;
      const place = join(folder, own);
      if (place === leave) continue;
      if (files.length + links.length + folders.length >= most)
        throw new TreeError(`has more than ${most} files in it`);
      if (entry.isDirectory()) await walk(own);
      else if (entry.isFile())
        files.push(async () => {
          const executable = ((await stat(place)).mode & 0o100) !== 0;
          return { path: own, ...(await keep(place)), ...(executable && { executable }) };
        });
      else if (entry.isSymbolicLink()) links.push({ path: own, to: linkWithin(own, await readlink(place)) });
      else throw new TreeError(`has ${own} in it, which is neither a file nor a folder`);
    }
  };
  await walk("");
  const kept: Tree["files"] = [];
  const worker = async (): Promise<void> => {
    for (let next = files.pop(); next !== undefined; next = files.pop()) kept.push(await next());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // The same folder gives the same list, whatever order the disk has it in.
  const order = (a: { readonly path: string }, b: { readonly path: string }): number => (a.path < b.path ? -1 : 1);
  return { v: 1, files: kept.sort(order), links: links.sort(order), folders: folders.sort() };
}

/** Anybody may have written it: nothing in it leads out of the folder that it is laid out in. Throws `TreeError`. */
export function treeFrom(content: Buffer): Tree {
  let tree: Tree;
  try {
    tree = Tree.parse(JSON.parse(content.toString("utf8")));
  } catch {
    throw new TreeError("is no list of a folder");
  }
  const links = new Set(tree.links.map(({ path }) => path));
  for (const path of [...tree.files.map((file) => file.path), ...links, ...tree.folders]) {
    const parts = path.split("/");
    if (parts.some((part) => !isName(part))) throw new TreeError(`has a path that leads out of it: ${path}`);
    if (parts.some((_, i) => i > 0 && links.has(parts.slice(0, i).join("/"))))
      throw new TreeError(`has a path through a link: ${path}`);
  }
  for (const { path, to } of tree.links) linkWithin(path, to);
  return tree;
}

const isName = (part: string): boolean =>
  part !== "" && part !== "." && part !== ".." && !part.includes("\0") && (sep === "/" || !/[\\:]/.test(part));

/** `copy` brings a file's content to a path that is not there yet. */
export async function layOut(
  tree: Tree,
  to: string,
  copy: (content: string, path: string) => Promise<void>,
): Promise<void> {
  for (const folder of ["", ...tree.folders]) await mkdir(join(to, folder), { recursive: true });
  for (const { path, content, executable } of tree.files) {
    const own = join(to, path);
    await mkdir(dirname(own), { recursive: true });
    await copy(content, own);
    if (executable) await chmod(own, 0o755);
  }
  // Last, so that nothing is written through one.
  for (const { path, to: target } of tree.links) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await symlink(target, join(to, path));
  }
}

function linkWithin(path: string, to: string): string {
  const target = to.split(sep).join("/");
  const led = posix.normalize(posix.join(posix.dirname(path), target));
  if (isAbsolute(to) || led === ".." || led.startsWith("../"))
    throw new TreeError(`has a link that leads out of it: ${path}`);
  return target;
}
