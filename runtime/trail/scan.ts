/** Every line of a trail once, in bounded memory: for those who export, search or check it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLine, linesOf } from "./line.ts";
import { accountedBy, type Manifest, newestManifest, sealedFolder } from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import { RECORD_VERSION } from "./record.ts";
import { type Row, readSealed, rowOf, type SealedRow } from "./sealed.ts";
import { readTail, tailsOf } from "./tails.ts";
import { TrailError, type TrailProblem } from "./trail.ts";

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
  /** Segments that are not sealed in which a line is damaged, or refused: it is left out. */
  readonly damaged: readonly string[];
}

/**
 * What there is at one moment. A manifest or a segment that cannot be read is left out only where a list takes the problem:
 * whoever takes a part for all loses the rest.
 *
 * @throws TrailError where something cannot be read, or files go faster than they can be.
 */
export function openScan(directory: string, problems?: TrailProblem[]): Scan {
  for (let starts = 0; starts < 100; starts += 1) {
    const found: TrailProblem[] = [];
    try {
      const scan = scanOnce(directory, found);
      problems?.push(...found);
      const [first] = problems === undefined ? found : [];
      if (first === undefined) return scan;
      throw new TrailError(`${first.file}: ${first.message} ${ADVICE[first.problem === "damaged-manifest" ? 0 : 1]}`);
    } catch (error) {
      // Sealed since it was listed: start over.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new TrailError("The trail is renamed faster than it can be read. Try again.");
}

const ADVICE = ["`gangc store rebuild` makes it anew.", "`gangc store verify` tells all."] as const;

function scanOnce(directory: string, problems: TrailProblem[]): Scan {
  // Listed before the manifest is taken: what is sealed in between is in one of them at least.
  const paths = tailsOf(directory, undefined);
  const manifest = newestManifest(directory, problems);
  const covered = new Map(manifest?.covered.map(({ path, bytes }) => [path, bytes]));
  const accounted = accountedBy(manifest);
  const forgotten = new NumbersByProcess().addAll(manifest?.forgotten ?? []);
  const seen = new NumbersByProcess();
  const open: Scan["open"][number][] = [];
  const damaged: string[] = [];
  for (const { path, file, size } of paths) {
    const from = covered.get(path) ?? 0;
    if (from >= size) continue;
    const bytes = bytesOf(file, problems);
    const process = processOf(bytes) ?? path.split("/")[0]!;
    const tail = readTail(bytes, from, process);
    if (tail.damaged) damaged.push(file);
    for (const { line, text } of tail.lines) {
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
  const kept = open.filter(({ process, seq }) => !forgotten.get(process)?.has(seq));
  return { manifest, files, open: kept, forgotten, damaged };
}

function bytesOf(file: string, problems: TrailProblem[]): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw error;
    problems.push({ file, offset: 0, problem: "unreadable", message: `It cannot be read (${message}).` });
    return Buffer.alloc(0);
  }
}

/**
 * Hands over every line that is not forgotten, those of the sealed files first.
 *
 * @throws TrailError where a sealed file is damaged or not there.
 */
export async function eachLine(
  { files, open, forgotten }: Scan,
  take: (line: { readonly process: string; readonly seq: number; readonly text: string }) => void,
): Promise<void> {
  const takeRows = (rows: readonly SealedRow[]): void => {
    for (const { process, seq, line } of rows) {
      if (line !== undefined && !forgotten.get(process)?.has(seq)) take({ process, seq, text: line });
    }
  };
  await readSealed(files, {}, takeRows).catch((error: Error) => {
    throw unreadable(error);
  });
  for (const { process, seq, text } of open) take({ process, seq, text });
}

/** What the database says of a file that it cannot read, with what can be done. */
export function unreadable(error: Error): TrailError {
  if (error instanceof TrailError) return error;
  const [why] = error.message.split("\n", 1);
  const message = `The sealed part of the trail cannot be read as a whole (${why}). Where it stays so, \`gangc store rebuild\` makes it anew of what can be read.`;
  return new TrailError(message, { cause: error });
}

function processOf(bytes: Buffer): string | undefined {
  for (const [start, end] of linesOf(bytes)) {
    const line = decodeLine(bytes.subarray(start, end));
    if (line.type === "header") return line.header.process;
    if (line.type === "record") return line.record.process;
  }
  return;
}
