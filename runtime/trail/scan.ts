/** Every line of a trail once, in bounded memory: for those who export, search or check it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLine, linesOf } from "./line.ts";
import { accountedBy, type Manifest, newestManifest, sealedFolder } from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import { RECORD_VERSION } from "./record.ts";
import { type Row, readSealed, rowOf, type SealedRow } from "./sealed.ts";
import { readTail, tailsOf } from "./tails.ts";
import { TrailError } from "./trail.ts";

export interface Scan {
  readonly manifest: Manifest | undefined;
  /** Sealed files, by path. */
  readonly files: readonly string[];
  /** What is not sealed: as rows, and whether it is in a segment that someone may still write to is not said. */
  readonly open: readonly {
    readonly row: Row;
    readonly process: string;
    readonly seq: number;
    readonly text: string;
  }[];
  /** Numbers of lines that are forgotten, and not yet dropped. */
  readonly forgotten: NumbersByProcess;
}

/** What there is at one moment. @throws TrailError where files go faster than they can be read. */
export function openScan(directory: string): Scan {
  for (let starts = 0; starts < 100; starts += 1) {
    try {
      return scanOnce(directory);
    } catch (error) {
      // Sealed since it was listed: start over.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new TrailError("The trail is renamed faster than it can be read. Try again.");
}

function scanOnce(directory: string): Scan {
  // Listed before the manifest is taken: what is sealed in between is in one of them at least.
  const paths = tailsOf(directory, undefined);
  const manifest = newestManifest(directory);
  const covered = new Map(manifest?.covered.map(({ path, bytes }) => [path, bytes]));
  const accounted = accountedBy(manifest);
  const forgotten = new NumbersByProcess().addAll(manifest?.forgotten ?? []);
  const seen = new NumbersByProcess();
  const open: Scan["open"][number][] = [];
  for (const { path, file, size } of paths) {
    const from = covered.get(path) ?? 0;
    if (from >= size) continue;
    const bytes = readFileSync(file);
    const process = processOf(bytes) ?? path.split("/")[0]!;
    for (const { line, text } of readTail(bytes, from, process).lines) {
      if (line.type !== "record") continue;
      const { record } = line;
      if (accounted.get(process)?.has(record.seq) || seen.get(process)?.has(record.seq)) continue;
      seen.of(process).add(record.seq);
      open.push({ row: rowOf(line, text, process), process, seq: record.seq, text });
      if (record.kind !== "forgotten" || record.v > RECORD_VERSION) continue;
      for (const target of record.records) forgotten.of(target.process).add(target.seq);
    }
  }
  const files = (manifest?.files ?? []).map(({ name }) => join(sealedFolder(directory), name));
  return { manifest, files, open: open.filter(({ process, seq }) => !forgotten.get(process)?.has(seq)), forgotten };
}

/** Hands over every line that is not forgotten, those of the sealed files first. */
export async function eachLine(
  { files, open, forgotten }: Scan,
  take: (line: { readonly process: string; readonly seq: number; readonly text: string }) => void,
): Promise<void> {
  await readSealed(files, {}, (rows: readonly SealedRow[]) => {
    for (const { process, seq, line } of rows) {
      if (line !== undefined && !forgotten.get(process)?.has(seq)) take({ process, seq, text: line });
    }
  });
  for (const { process, seq, text } of open) take({ process, seq, text });
}

function processOf(bytes: Buffer): string | undefined {
  for (const [start, end] of linesOf(bytes)) {
    const line = decodeLine(bytes.subarray(start, end));
    if (line.type === "header") return line.header.process;
    if (line.type === "record") return line.record.process;
  }
  return;
}
