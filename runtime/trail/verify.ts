/**
 * Everything that can be checked about a store, checked: beyond what every reading looks at (CRC, numbers, who speaks for
 * whom), the hashes that chain the segments of a process, their footers' counts, the artifacts, and what the memory refuses.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Facts, type Refusal } from "../knowledge/facts.ts";
import { artifactsOf } from "./artifacts.ts";
import { entries } from "./folder.ts";
import { crcOf, decodeLine, type Footer, type Header } from "./line.ts";
import { ASIDE, accountedBy, type Manifest, newestManifest, type SealedFile, sealedFolder } from "./manifest.ts";
import { Numbers, NumbersByProcess } from "./numbers.ts";
import { readTrail } from "./reader.ts";
import { mayRefer, referencesOf } from "./references.ts";
import { eachLine, openScan } from "./scan.ts";
import { digest, readSealed } from "./sealed.ts";
import type { TrailProblem } from "./trail.ts";

export interface Verified {
  readonly processes: number;
  /** Those that are not sealed and deleted, and the files of the others. */
  readonly segments: number;
  readonly sealed: number;
  readonly generation: number;
  readonly records: number;
  readonly artifacts: number;
  readonly problems: readonly TrailProblem[];
}

export async function verifyStore(directory: string, onProgress?: (text: string) => void): Promise<Verified> {
  const found: TrailProblem[] = [];
  const manifest = newestManifest(directory, found);
  const accounted = accountedBy(manifest);
  // What is sealed is checked file by file: a reader would hold all of it in memory.
  const cursor = Object.fromEntries([...accounted].map(([process, { last }]) => [process, last]));
  found.push(...(await readTrail(directory).since(cursor)).problems);
  for (const file of manifest?.files ?? []) found.push(...(await checkSealed(directory, file, onProgress)));
  found.push(...(await checkSnapshot(directory, manifest, onProgress)));
  for (const { path, damaged } of manifest?.covered ?? []) {
    if (damaged !== true) continue;
    const message =
      "Something in it is damaged, refused, or stands elsewhere with other content; the rest of it is sealed.";
    found.push({ file: `${join(directory, "trail", path)}${ASIDE}`, offset: 0, problem: "kept-segment", message });
  }
  for (const [process, { ranges, last }] of accounted) {
    const all = new Numbers();
    for (const [from, to] of ranges) all.add(from, to);
    for (const [from, to] of all.lacking(1, last)) {
      const message = `Records ${from} to ${to} of process ${process} are nowhere: damaged, or never handed over.`;
      found.push({ file: sealedFolder(directory), offset: 0, problem: "missing-records", message });
    }
  }
  let segments = 0;
  const processes = entries(join(directory, "trail"));
  for (const process of processes) {
    const chain = await chainOf(join(directory, "trail", process));
    segments += chain.length;
    const { problems, sound } = checkChain(chain, accounted);
    for (const [i, one] of found.entries()) if (sound.has(one.file)) found[i] = judgedMissing(one);
    found.push(...problems);
  }
  const artifacts = await checkArtifacts(directory, found);
  const records = await checkRecords(directory, found);
  const names = new Set([...processes, ...accounted.keys()]);
  return {
    processes: names.size,
    segments,
    sealed: manifest?.files.length ?? 0,
    generation: manifest?.generation ?? 0,
    records,
    artifacts,
    problems: found,
  };
}

/** The file is what was published, and each of its lines is whole. */
async function checkSealed(
  directory: string,
  file: SealedFile,
  onProgress: ((text: string) => void) | undefined,
): Promise<TrailProblem[]> {
  const path = join(sealedFolder(directory), file.name);
  const problems: TrailProblem[] = [];
  const say = (problem: TrailProblem["problem"], message: string) => {
    problems.push({ file: path, offset: 0, problem, message });
  };
  onProgress?.(`Checking ${file.name}: ${file.records} records.`);
  try {
    if ((await digest(path)).hash !== file.hash)
      say("damaged-sealed", "The file is not what was sealed: its hash does not fit.");
    const numbers = new NumbersByProcess();
    await readSealed([path], {}, (rows) => {
      for (const { process, seq, line } of rows) {
        numbers.of(process).add(seq);
        if (line !== undefined && crcOf(Buffer.from(line)) === undefined) {
          say("bad-line", `The line of record ${seq} of process ${process} is damaged.`);
        }
      }
    });
    if (JSON.stringify(sorted(numbers)) !== JSON.stringify(sorted(new NumbersByProcess().addAll(file.numbers)))) {
      say("damaged-sealed", "The file does not hold the records that it should.");
    }
  } catch (error) {
    say("unreadable", `It cannot be read (${(error as Error).message.split("\n", 1)[0]}).`);
  }
  return problems;
}

/** Nothing is lost with one: one that is not there, or another version's, is none to check. */
async function checkSnapshot(
  directory: string,
  manifest: Manifest | undefined,
  onProgress: ((text: string) => void) | undefined,
): Promise<TrailProblem[]> {
  const { damageOf, snapshotOf } = await import("../knowledge/snapshot/read.ts");
  const path = await snapshotOf(directory, manifest);
  if (path === undefined || !existsSync(path)) return [];
  onProgress?.(`Checking ${manifest!.snapshot!.name}.`);
  const damage = await damageOf(path);
  if (damage === undefined) return [];
  const message = `A part of it cannot be read (${damage}). Nothing is lost: \`gangc store compact\` makes it anew.`;
  return [{ file: path, offset: 0, problem: "damaged-snapshot", message }];
}

function sorted(numbers: NumbersByProcess): unknown {
  return numbers.toRanges().sort(([a, x], [b, y]) => (a === b ? x - y : a < b ? -1 : 1));
}

/** A segment, as far as its own marks tell: what is damaged in it, reading has said already. */
interface Link {
  readonly path: string;
  readonly bytes: Buffer;
  readonly header: Header | undefined;
  readonly footer: (Footer & { readonly offset: number }) | undefined;
}

async function chainOf(folder: string): Promise<readonly Link[]> {
  const names = entries(folder).filter((name) => /^\d+\.jsonl(\.sealed)?$/.test(name));
  names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const links: Link[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Unreadable is empty here: reading says why.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    const first = decodeLine(bytes.subarray(0, Math.max(bytes.indexOf("\n"), 0)));
    const offset = bytes.lastIndexOf("\n", -2) + 1;
    const last = decodeLine(bytes.subarray(offset, -1));
    links.push({
      path,
      bytes,
      header: first.type === "header" ? first.header : undefined,
      footer: last.type === "footer" ? { ...last.footer, offset } : undefined,
    });
  }
  return links;
}

/** What is missing before a record of a segment that is as its process closed it was never there. */
function judgedMissing(problem: TrailProblem): TrailProblem {
  if (problem.problem !== "missing-records") return problem;
  const message = `${problem.message} The segment is what its process closed: whoever wrote it left that out.`;
  return { ...problem, problem: "withheld-records", message };
}

/** `sound`: the files that a hash proves to be as they were written, with the one before. */
function checkChain(
  chain: readonly Link[],
  accounted: NumbersByProcess,
): { readonly problems: readonly TrailProblem[]; readonly sound: ReadonlySet<string> } {
  const problems: TrailProblem[] = [];
  const proven = new Set<string>();
  const broken = new Set<string>();
  const say = ({ path }: Link, offset: number, message: string) => {
    problems.push({ file: path, offset, problem: "broken-chain", message });
    broken.add(path);
  };
  for (const link of chain) {
    const { bytes, header, footer } = link;
    if (footer !== undefined) {
      const body = bytes.subarray(0, footer.offset);
      // The header is no record.
      const count = lineCount(body) - 1;
      if (sha256(body) === footer.hash) proven.add(link.path);
      else say(link, 0, "The segment is not what its process closed: its hash does not fit.");
      if (count !== footer.count)
        say(link, footer.offset, `The segment was closed with ${footer.count} records, and has ${count}.`);
    }
    const previous = header?.previous;
    if (previous === undefined) continue;
    const before = chain.find((other) => other.header?.segment === previous.segment);
    const isSealed = before === undefined && accounted.get(header!.process)?.has(header!.first - 1) === true;
    if (isSealed) continue;
    if (before === undefined) {
      say(link, 0, `Segment ${previous.segment}, which came before this one, is not there or has no header.`);
    } else if (sha256(before.bytes.subarray(0, previous.bytes)) === previous.hash) {
      proven.add(before.path);
    } else {
      say(before, 0, `The segment is not what segment ${header!.segment} continues: its hash does not fit.`);
      broken.add(link.path);
    }
  }
  return { problems, sound: new Set([...proven].filter((path) => !broken.has(path))) };
}

/** Returns how many there are. */
async function checkArtifacts(directory: string, problems: TrailProblem[]): Promise<number> {
  const artifacts = artifactsOf(directory);
  let count = 0;
  for (const folder of entries(join(directory, "artifacts"))) {
    // What a killed process had begun to write.
    if (folder.startsWith(".")) continue;
    for (const hash of entries(join(directory, "artifacts", folder))) {
      count += 1;
      await artifacts.check(hash).catch((error: Error) => {
        const file = join(directory, "artifacts", folder, hash);
        problems.push({ file, offset: 0, problem: "damaged-artifact", message: error.message });
      });
    }
  }
  return count;
}

const REFUSED: { readonly [why in Refusal]: string } = {
  malformed: "a field does not fit",
  value: "a value beyond 1e15",
  claim: "what was chosen does not hash to the claim",
  time: "a time that is none",
};
/** The kinds that the memory may refuse. */
const JUDGED: ReadonlySet<string> = new Set(["evidence", "score", "drift", "return"]);
/** A clock that is a little fast is none of a liar. */
const AHEAD_MILLISECONDS = 5 * 60 * 1000;

/** Says of each process once what of it the memory refuses, and how often. */
class Door {
  readonly #now = Date.now();
  readonly #facts = new Facts(() => this.#now);
  readonly #counts = new Map<string, { readonly process: string; readonly why: Refusal | "future"; count: number }>();

  judge(process: string, text: string): void {
    const line = decodeLine(Buffer.from(text));
    // A damaged one has been said.
    if (line.type !== "record") return;
    const { record } = line;
    if (Date.parse(record.time) > this.#now + AHEAD_MILLISECONDS) this.#count(process, "future");
    if (!JUDGED.has(record.kind)) return;
    const before = new Map(this.#facts.refused);
    // No run is told of here: a score that leaves its subnet to its run would be kept until one is.
    this.#facts.add(record.kind === "score" ? { subnet: "", ...record } : record);
    for (const [why, count] of this.#facts.refused) if (count !== before.get(why)) this.#count(process, why);
    // Only its verdict is wanted.
    for (const rows of Object.values(this.#facts.waiting)) rows.length = 0;
  }

  #count(process: string, why: Refusal | "future"): void {
    const key = `${process} ${why}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { process, why, count: 1 });
    else known.count += 1;
  }

  *problems(directory: string): Generator<TrailProblem> {
    for (const { process, why, count } of this.#counts.values()) {
      const records = `${count} ${count === 1 ? "record" : "records"} of the process`;
      const message =
        why === "future"
          ? `A time that is still to come, in ${records}: it counts as now.`
          : `Refused as evidence, ${records}: ${REFUSED[why]}.`;
      yield {
        ...{ file: join(directory, "trail", process), offset: 0, message },
        problem: why === "future" ? "future" : "refused",
      };
    }
  }
}

/** Returns how many records there are. */
async function checkRecords(directory: string, problems: TrailProblem[]): Promise<number> {
  const first = new Map<string, string>();
  let count = 0;
  const door = new Door();
  const references = referencesOf(directory);
  // What is in its way has been said.
  const scan = openScan(directory, []);
  const take = ({ process, seq, text }: { process: string; seq: number; text: string }) => {
    count += 1;
    door.judge(process, text);
    if (!mayRefer(text)) return;
    for (const artifact of references.of(text))
      if (!first.has(artifact))
        first.set(artifact, `Record ${seq} of process ${process} refers to an artifact that is not there.`);
  };
  // A damaged file has been said: the others are still looked through.
  for (const file of scan.files) await eachLine({ ...scan, files: [file], open: [] }, take).catch(() => undefined);
  await eachLine({ ...scan, files: [] }, take);
  problems.push(...door.problems(directory));
  const artifacts = artifactsOf(directory);
  for (const [artifact, message] of first) {
    if (await artifacts.has(artifact)) continue;
    const file = join(directory, "artifacts", artifact.slice(0, 2), artifact);
    problems.push({ file, offset: 0, problem: "missing-artifact", message });
  }
  return count;
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
