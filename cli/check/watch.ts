/** Runs again whenever a file that was read changes: Gang files, what they import, `gang.lock`. Ends with Control-C. */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Host } from "../../compiler/host.ts";

/** Editors write a file in several steps. */
const QUIET_MILLISECONDS = 100;

/** Calls `run` now and after every change, until the process is interrupted. `run` gives the files whose change counts. */
export async function whenever(run: () => Promise<ReadonlySet<string>>): Promise<void> {
  let files: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const watchers = new Map<string, FSWatcher>();

  const changed = (path: string): void => {
    if (!files.has(path) && !path.endsWith(".gang")) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(again);
    }, QUIET_MILLISECONDS);
  };
  const again = async (): Promise<void> => {
    files = await run();
    const folders = new Set([...files].map((file) => dirname(file)));
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) if (!watchers.has(folder)) listen(folder);
  };
  // The folder is watched, since a file that is replaced is another file.
  const listen = (folder: string): void => {
    try {
      const watcher = watch(folder, (_, name) => changed(join(folder, name ?? "")));
      watcher.on("error", () => watcher.close());
      watchers.set(folder, watcher);
    } catch {
      // A folder that an import names and that is not there.
    }
  };

  const { promise: interrupted, resolve } = Promise.withResolvers<void>();
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
  await again();
  await interrupted;
  clearTimeout(timer);
  for (const watcher of watchers.values()) watcher.close();
  process.off("SIGINT", resolve).off("SIGTERM", resolve);
  await running;
}

/** The host, and the files that were asked of it, missing ones too. */
export function noting(host: Host): { readonly host: Host; readonly files: ReadonlySet<string> } {
  const files = new Set<string>();
  const read: Host["read"] = (path) => {
    if (basename(path) !== "") files.add(path);
    return host.read(path);
  };
  return { host: { ...host, read }, files };
}
