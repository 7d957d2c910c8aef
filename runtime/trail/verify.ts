/**
 * Everything that can be checked about a store, checked: beyond what every reading looks at (CRC, numbers), the hashes that
 * chain the segments of a process, their footers' counts, and the artifacts.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { artifactsOf } from "./artifacts.ts";
import { decodeLine, type Footer, type Header } from "./line.ts";
import { readTrail } from "./reader.ts";
import type { Record } from "./record.ts";
import type { TrailProblem } from "./trail.ts";

export interface Verified {
  readonly processes: number;
  readonly segments: number;
  readonly records: number;
  readonly artifacts: number;
  readonly problems: readonly TrailProblem[];
}

export async function verifyStore(directory: string): Promise<Verified> {
  const { records, problems } = await readTrail(directory).since({});
  const found: TrailProblem[] = [...problems];
  let segments = 0;
  const processes = await entries(join(directory, "trail"));
  for (const process of processes) {
    const chain = await chainOf(join(directory, "trail", process));
    segments += chain.length;
    found.push(...checkChain(chain));
  }
  const artifacts = await checkArtifacts(directory, found);
  await checkReferences(directory, records, found);
  return { processes: processes.length, segments, records: records.length, artifacts, problems: found };
}

/** A segment, as far as its own marks tell: what is damaged in it, reading has said already. */
interface Link {
  readonly path: string;
  readonly bytes: Buffer;
  readonly header: Header | undefined;
  readonly footer: (Footer & { readonly offset: number }) | undefined;
}

async function chainOf(folder: string): Promise<readonly Link[]> {
  const names = (await entries(folder)).filter((name) => /^\d+\.jsonl$/.test(name));
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

function checkChain(chain: readonly Link[]): TrailProblem[] {
  const problems: TrailProblem[] = [];
  const say = ({ path }: Link, offset: number, message: string) => {
    problems.push({ file: path, offset, problem: "broken-chain", message });
  };
  for (const link of chain) {
    const { bytes, header, footer } = link;
    if (footer !== undefined) {
      const body = bytes.subarray(0, footer.offset);
      // The header is no record.
      const count = lineCount(body) - 1;
      if (sha256(body) !== footer.hash)
        say(link, 0, "The segment is not what its process closed: its hash does not fit.");
      if (count !== footer.count)
        say(link, footer.offset, `The segment was closed with ${footer.count} records, and has ${count}.`);
    }
    const previous = header?.previous;
    if (previous === undefined) continue;
    const before = chain.find((other) => other.header?.segment === previous.segment);
    if (before === undefined) {
      say(link, 0, `Segment ${previous.segment}, which came before this one, is not there or has no header.`);
    } else if (sha256(before.bytes.subarray(0, previous.bytes)) !== previous.hash) {
      say(before, 0, `The segment is not what segment ${header!.segment} continues: its hash does not fit.`);
    }
  }
  return problems;
}

/** Returns how many there are. */
async function checkArtifacts(directory: string, problems: TrailProblem[]): Promise<number> {
  const artifacts = artifactsOf(directory);
  let count = 0;
  for (const folder of await entries(join(directory, "artifacts"))) {
    // What a killed process had begun to write.
    if (folder.startsWith(".")) continue;
    for (const hash of await entries(join(directory, "artifacts", folder))) {
      count += 1;
      await artifacts.get(hash).catch((error: Error) => {
        const file = join(directory, "artifacts", folder, hash);
        problems.push({ file, offset: 0, problem: "damaged-artifact", message: error.message });
      });
    }
  }
  return count;
}

async function checkReferences(directory: string, records: readonly Record[], problems: TrailProblem[]): Promise<void> {
  const checked = new Set<string>();
  const artifacts = artifactsOf(directory);
  for (const record of records) {
    const { artifact } = record as { readonly artifact?: unknown };
    if (typeof artifact !== "string" || checked.has(artifact)) continue;
    checked.add(artifact);
    if (await artifacts.has(artifact)) continue;
    const file = join(directory, "artifacts", artifact.slice(0, 2), artifact);
    const message = `Record ${record.seq} of process ${record.process} refers to an artifact that is not there.`;
    problems.push({ file, offset: 0, problem: "missing-artifact", message });
  }
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
