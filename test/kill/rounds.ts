/**
 * Rounds of writers, and one that compacts, killed with -9: from outside at a random moment, or by themselves at a call on
 * the disk. After each round a fresh reader looks whether all that was acknowledged is there, once; now and then
 * `gangc sql` and, after a last compaction, the sealed files are counted too.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { query } from "../../runtime/knowledge/sql/query.ts";
import { compact } from "../../runtime/trail/compaction.ts";
import { newestManifest } from "../../runtime/trail/manifest.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import type { Record } from "../../runtime/trail/record.ts";
import { acknowledged, compactor, writer } from "./children.ts";

export interface KillOptions {
  readonly rounds: number;
  readonly writers: number;
  /** Rounds in one store; then the next begins in a new one. */
  readonly roundsPerStore?: number;
  readonly onRound?: (report: KillReport) => void;
}

export interface KillReport {
  rounds: number;
  /** Processes that died by -9, and of them those that chose the moment: a call on the disk. */
  kills: number;
  atCalls: number;
  acknowledged: number;
  /** Read back; more than were acknowledged, since what was on its way may have arrived. */
  found: number;
  /** Published by the compactors that were killed. */
  generations: number;
  /** Times that SQL and sealed files were counted. */
  counts: number;
  /** What must stay 0. */
  lost: number;
  twice: number;
  unopened: number;
  damaged: number;
  miscounted: number;
  /** What went wrong, in words. */
  readonly wrong: string[];
}

/** What is known to be in a store: of each process its numbers up to this one. */
type Known = Map<string, number>;

export async function killRounds(options: KillOptions): Promise<KillReport> {
  const { rounds, writers, roundsPerStore = 20, onRound } = options;
  const zero = { rounds: 0, kills: 0, atCalls: 0, acknowledged: 0, found: 0, generations: 0, counts: 0 };
  const report: KillReport = { ...zero, lost: 0, twice: 0, unopened: 0, damaged: 0, miscounted: 0, wrong: [] };
  for (let done = 0; done < rounds; done += roundsPerStore) {
    const directory = mkdtempSync(join(tmpdir(), "gang-kill-"));
    const known: Known = new Map();
    const wrongBefore = report.wrong.length;
    const last = Math.min(roundsPerStore, rounds - done);
    for (let round = 1; round <= last; round += 1) {
      await oneRound(directory, writers, known, report);
      const records = await lookInto(directory, known, report);
      try {
        if (round % 10 === 0 || round === last) await countBySql(directory, records, report);
        if (round === last) await countSealed(directory, records.length, report);
      } catch (error) {
        report.unopened += 1;
        report.wrong.push(`The store cannot be counted: ${error}`);
      }
      report.rounds += 1;
      onRound?.(report);
    }
    for (const numbers of known.values()) report.found += numbers;
    // A store in which something went wrong is kept for whoever looks into it.
    if (report.wrong.length === wrongBefore) rmSync(directory, { recursive: true, force: true });
    else report.wrong.push(`The store is kept as ${directory}.`);
  }
  return report;
}

const upTo = (most: number): number => Math.floor(Math.random() * (most + 1));

async function oneRound(directory: string, writers: number, known: Known, report: KillReport): Promise<void> {
  const ownCall = (most: number): number => (Math.random() < 0.5 ? 1 + upTo(most) : 0);
  const lasts = Array.from({ length: writers }, () => ownCall(150));
  // They rest now and then: a thousand rounds are about the kills, not about how much is written in between.
  const paced = { callers: 3, records: 1_000_000, segmentBytes: 4000, pause: 30 };
  const children = lasts.map((last) => writer(directory, { ...paced, last }));
  // A compaction makes some 30 to 80 calls.
  const lastOfCompactor = ownCall(60);
  const sealing = compactor(directory, lastOfCompactor === 0 ? undefined : lastOfCompactor);
  const all = [...children, sealing];
  const over = new Set<unknown>();
  for (const child of all) void child.ended.then(() => over.add(child));
  while (children.some((child) => !over.has(child) && acknowledged(child).numbers.length === 0)) await sleep(2);
  // One that chose its moment gets to it, so that all of its steps are among those at which it dies.
  if (lastOfCompactor > 0) await Promise.race([sealing.ended, sleep(1000)]);
  await sleep(upTo(300));
  const before = new Set(over);
  for (const child of all.toSorted(() => Math.random() - 0.5)) child.process.kill("SIGKILL");
  for (const child of all) {
    const end = await child.ended;
    if (end === "SIGKILL") {
      report.kills += 1;
      if (before.has(child)) report.atCalls += 1;
    } else if (child !== sealing || end !== 0) {
      report.unopened += 1;
      report.wrong.push(`${child === sealing ? "The compactor" : "A writer"} ended with ${end}.`);
    }
  }
  for (const child of children) {
    const { name, numbers } = acknowledged(child);
    report.acknowledged += numbers.length;
    if (name !== "") known.set(name, Math.max(0, ...numbers));
  }
}

/** Holds what a fresh reader finds against what is known, and takes note of what else there is: from now on it stays. */
async function lookInto(directory: string, known: Known, report: KillReport): Promise<readonly Record[]> {
  let read: Awaited<ReturnType<ReturnType<typeof readTrail>["since"]>>;
  try {
    read = await readTrail(directory).since({});
  } catch (error) {
    report.unopened += 1;
    report.wrong.push(`The store cannot be read: ${error}`);
    return [];
  }
  const { records, problems } = read;
  for (const { problem, file, message } of problems) {
    if (problem === "torn-tail") continue;
    report.damaged += 1;
    report.wrong.push(`${problem} in ${file}: ${message}`);
  }
  const found = Map.groupBy(records, ({ process }) => process);
  for (const [name, numbers] of known) {
    const own = found.get(name) ?? [];
    const there = new Set(own.map(({ seq }) => seq));
    const texts = own.flatMap((record) => (record.kind === "event" && record.name !== "note" ? [record.name] : []));
    let lost = 0;
    for (let seq = 1; seq <= Math.max(numbers, ...there); seq += 1) if (!there.has(seq)) lost += 1;
    const twice = own.length - there.size + texts.length - new Set(texts).size;
    report.lost += lost;
    report.twice += twice;
    if (lost > 0 || twice > 0) report.wrong.push(`Of process ${name} ${lost} records are lost, ${twice} there twice.`);
    known.set(name, own.length);
  }
  for (const name of found.keys()) {
    if (known.has(name)) continue;
    report.damaged += 1;
    report.wrong.push(`Nobody is known as process ${name}.`);
  }
  return records;
}

async function countBySql(directory: string, records: readonly Record[], report: KillReport): Promise<void> {
  const rows: (readonly unknown[])[] = [];
  const sql = "select process, count(*), count(distinct seq) from records group by process";
  await query({ store: directory, sql, now: Date.now(), onRows: (batch) => rows.push(...batch) });
  const counted = new Map(rows.map(([process, all, distinct]) => [process, [all, distinct]]));
  const expected = Map.groupBy(records, ({ process }) => process);
  report.counts += 1;
  for (const [process, { length }] of expected) {
    const found = counted.get(process);
    if (found?.[0] === length && found[1] === length) continue;
    report.miscounted += 1;
    report.wrong.push(`SQL counts ${found} records of process ${process}, and there are ${length}.`);
  }
  if (counted.size === expected.size) return;
  report.miscounted += 1;
  report.wrong.push(`SQL counts ${counted.size} processes, and there are ${expected.size}.`);
}

/** Seals all of it, for every writer is dead. */
async function countSealed(directory: string, records: number, report: KillReport): Promise<void> {
  report.generations += newestManifest(directory)?.generation ?? 0;
  await compact({ directory, from: 0, asideSeconds: 0 });
  const manifest = newestManifest(directory);
  const sealed = (manifest?.files ?? []).reduce((sum, file) => sum + file.records, 0);
  const read = (await readTrail(directory).since({})).records.length;
  if (sealed === records && read === records) return;
  report.miscounted += 1;
  report.wrong.push(`Sealed are ${sealed} of ${records} records, and ${read} are read.`);
}
