/** The processes of a store: who wrote, for whom, and who may still write. A run without an end is interrupted once its writer is not alive. */
import { join } from "node:path";
import { footerOf, headerOf } from "./ends.ts";
import { entries } from "./folder.ts";
import type { Header } from "./line.ts";
import { type Liveness, livenessOf } from "./liveness.ts";

export interface Writer {
  readonly header: Header;
  /** `dead` also where it closed its trail in order. */
  readonly liveness: Liveness;
}

/** By process. One whose every header is damaged is not there. */
export function writersOf(directory: string): ReadonlyMap<string, Writer> {
  const writers = new Map<string, Writer>();
  for (const process of entries(join(directory, "trail"))) {
    const folder = join(directory, "trail", process);
    const segments = entries(folder)
      .filter((name) => /^\d+\.jsonl$/.test(name))
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    let header: Header | undefined;
    for (const name of segments) {
      header = headerOf(join(folder, name));
      if (header !== undefined) break;
    }
    if (header === undefined) continue;
    const closed = footerOf(join(folder, segments.at(-1)!))?.last;
    writers.set(header.process, { header, liveness: closed ? "dead" : livenessOf(header, directory) });
  }
  return writers;
}

/**
 * Whether a process may still write, as it is now: ask before reading, so that what ends in between is not taken for
 * interrupted. Of one whose every header is damaged nobody can say that it is dead; one that is sealed as a whole is.
 */
export function mayWrite(directory: string): (process: string) => boolean {
  const writers = writersOf(directory);
  const folders = new Set(
    entries(join(directory, "trail")).filter((folder) =>
      entries(join(directory, "trail", folder)).some((name) => name.endsWith(".jsonl")),
    ),
  );
  return (process) => {
    const writer = writers.get(process);
    return writer === undefined ? folders.has(process) : writer.liveness !== "dead";
  };
}
