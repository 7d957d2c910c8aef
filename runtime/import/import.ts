/** Takes over what the original learned, once: what was imported before is known by what it is, and left as it is. */
import { openTrail } from "../trail/local.ts";
import { eachLine, openScan } from "../trail/scan.ts";
import { link } from "../values/link.ts";
import { type Evidence, evidenceOf, LeftOut, type Program } from "./evidence.ts";
import { readOriginal, type Unread } from "./ganglion.ts";

export interface ImportOptions extends Program {
  /** A folder, or a file, of the original. */
  readonly from: string;
  /** The store. */
  readonly directory: string;
  readonly now: () => number;
  /** Writes nothing. */
  readonly dry?: boolean;
}

export interface Imported {
  readonly files: readonly string[];
  readonly unread: readonly Unread[];
  readonly entries: number;
  /** Evidence that is new, of how many peers; of it, with a value. */
  readonly imported: number;
  readonly peers: number;
  readonly measured: number;
  /** Entries that had been imported before, or stand there twice. */
  readonly known: number;
  /** Entries that are left out, by why, and what one of them said. */
  readonly left: readonly { readonly why: string; readonly count: number; readonly example: string }[];
}

/** So many records are written and synced together. */
const BATCH = 1000;
/** A segment's header names its peers, and is a line like any other. */
const MOST_PEERS = 500;

/** @throws TrailError where the store cannot be written. */
export async function importGanglion(options: ImportOptions): Promise<Imported> {
  const { files, entries, unread } = await readOriginal(options.from);
  const program = { plan: link(options.plan), stages: options.stages };
  const now = options.now();
  const known = await importedBefore(options.directory);
  const found: Evidence[] = [];
  const peers = new Set<string>();
  const left = new Map<string, { count: number; example: string }>();
  let again = 0;
  const leave = ({ why, message }: LeftOut) => {
    const same = left.get(why);
    if (same === undefined) left.set(why, { count: 1, example: message });
    else same.count += 1;
  };
  for (const entry of entries) {
    try {
      const evidence = evidenceOf(entry, program, now);
      if (isKnown(known, evidence)) {
        again += 1;
        continue;
      }
      if (!peers.has(evidence.peer) && peers.size === MOST_PEERS)
        throw new LeftOut(`more than ${MOST_PEERS} bots at once`, evidence.peer);
      peers.add(evidence.peer);
      remember(known, evidence);
      found.push(evidence);
    } catch (error) {
      // Nesting beyond the stack is an entry's fault, too.
      if (error instanceof LeftOut) leave(error);
      else if (error instanceof RangeError) leave(new LeftOut("it is nested too deeply", ""));
      else throw error;
    }
  }
  if (found.length > 0 && options.dry !== true) await write(options, found, [...peers]);
  return {
    ...{ files, unread, entries: entries.length, imported: found.length, peers: peers.size, known: again },
    measured: found.filter(({ value }) => value !== undefined).length,
    left: [...left].map(([why, { count, example }]) => ({ why, count, example })),
  };
}

/** Attempts that were imported, and with which metrics: a metric that the program did not have then is news. */
type Before = Map<string, Set<string>>;

function isKnown(known: Before, { attempt, metric }: Evidence): boolean {
  const metrics = known.get(attempt!);
  return metrics !== undefined && (metric === undefined || metrics.has(metric));
}

function remember(known: Before, { attempt, metric }: Pick<Evidence, "attempt" | "metric">): void {
  const metrics = known.get(attempt!) ?? new Set();
  known.set(attempt!, metrics.add(metric ?? ""));
}

async function importedBefore(directory: string): Promise<Before> {
  const known: Before = new Map();
  await eachLine(openScan(directory), ({ text }) => {
    if (text.includes('"imported":{"from":"ganglion"')) remember(known, JSON.parse(text) as Evidence);
  });
  return known;
}

async function write({ directory, from, now }: ImportOptions, found: readonly Evidence[], peers: readonly string[]) {
  const trail = await openTrail({ directory, peers: [...peers, "ganglion"], clock: { now } });
  try {
    for (let at = 0; at < found.length; at += BATCH) await trail.append(found.slice(at, at + BATCH));
    await trail.append([
      { kind: "event", peer: "ganglion", name: "import", message: `${found.length} pieces of evidence from ${from}` },
    ]);
  } finally {
    await trail.close();
  }
}
