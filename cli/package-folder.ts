/** Where the package lies: the same from the sources and from the bundle, whatever the chunk. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

export function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
