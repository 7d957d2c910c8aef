/**
 * The crash test: a program of forty stages and a source of eight items is killed with -9 at random moments and started
 * again until all is done; then the store and the world are held against those of a run that nobody disturbed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileSystemHost } from "../../cli/host.ts";
import { compile, lower } from "../../compiler/index.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import type { Record } from "../../runtime/trail/record.ts";

export interface CrashReport {
  rounds: number;
  kills: number;
  /** Stages that had ended and were started again. */
  again: number;
  /** Effects done in all, as counted outside of the store; those done twice, and those that were lost. */
  effects: number;
  twice: number;
  lost: number;
  /** How often `confirm` was asked, and a person. */
  confirmed: number;
  asked: number;
  /** Items of the source that were done more than once, or not at all. */
  items: number;
  /** Outputs, scores and evidence that are not those of an undisturbed run. */
  different: number;
  /** What is wrong, in words. */
  wrong: string[];
}

export interface CrashOptions {
  /** Rounds go on until there were so many. */
  readonly kills: number;
  onRound?(report: CrashReport): void;
}

const PROGRAM = resolve(import.meta.dirname, "program/main.gang");
const ITEMS = 8;
/** The n-th worker of a round is killed at most this part of an undisturbed run after it is ready: they come to an end on a busy machine too. */
const within = (n: number): number => 0.3 + n / 30;
const EXPECTED = ["a", "b", "c", "d", "e", "f", "p1", "p2", ...Array.from({ length: ITEMS }, (_, n) => `job-${n}`)];

export async function crashRounds({ kills, onRound }: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "gang-crash-"));
  try {
    const plan = join(folder, "plan.json");
    writeFileSync(plan, JSON.stringify(lower(compile(PROGRAM, fileSystemHost(import.meta.dirname)))));
    const undisturbed = join(folder, "undisturbed");
    const { took } = await work(plan, undisturbed, undefined);
    const expected = saidIn(await recordsOf(undisturbed));
    const report: CrashReport = {
      ...{
        rounds: 0,
        kills: 0,
        again: 0,
        effects: 0,
        twice: 0,
        lost: 0,
        confirmed: 0,
        asked: 0,
        items: 0,
        different: 0,
      },
      wrong: [],
    };
    while (report.kills < kills) {
      report.rounds += 1;
      const store = join(folder, `store-${report.rounds}`);
      const left = kills - report.kills;
      const done = await toTheEnd(plan, store, (n) => (n <= left ? Math.random() * within(n) * took : undefined));
      report.kills += done;
      const before = report.wrong.length;
      compare(report, await recordsOf(store), worldOf(store), expected);
      if (report.wrong.length === before) rmSync(store, { recursive: true, force: true });
      onRound?.(report);
    }
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts workers until one comes to the end of all; `killAfter` says when the n-th is killed. Returns how many were. */
async function toTheEnd(plan: string, store: string, killAfter: (n: number) => number | undefined): Promise<number> {
  for (let n = 1, kills = 0; ; n++) {
    const { killed, output } = await work(plan, store, killAfter(n));
    if (killed) kills += 1;
    else if (!output.includes("done")) throw new Error(`a worker failed: ${output}`);
    // Also of one that was killed: what is over already can no longer be disturbed.
    if (isOver(await recordsOf(store))) return kills;
    if (n > 400) throw new Error("it never comes to an end");
  }
}

async function work(
  plan: string,
  store: string,
  killAfter: number | undefined,
): Promise<{ readonly killed: boolean; readonly output: string; readonly took: number }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, "worker.ts"), plan, store], {
    env: { ...process.env, CRASH_WORLD: `${store}.world`, NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let began: number | undefined;
  const ready = Promise.withResolvers<void>();
  const take = (text: Buffer): void => {
    output += text.toString();
    if (!output.includes("ready")) return;
    began ??= performance.now();
    ready.resolve();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise<boolean>((end) => child.on("close", (_, signal) => end(signal === "SIGKILL")));
  if (killAfter !== undefined) {
    await Promise.race([ready.promise, ended]);
    await Promise.race([sleep(killAfter), ended]);
    child.kill("SIGKILL");
  }
  const killed = await ended;
  return { killed, output, took: performance.now() - (began ?? Number.NaN) };
}

const recordsOf = async (store: string): Promise<readonly Record[]> => (await readTrail(store).since({})).records;

const worldOf = (store: string): readonly string[] =>
  existsSync(`${store}.world`) ? readFileSync(`${store}.world`, "utf8").trim().split("\n") : [];

const endsOf = (records: readonly Record[]) =>
  records.flatMap((record) => (record.kind === "run.ended" && record.status === "ok" ? [record] : []));

function isOver(records: readonly Record[]): boolean {
  const ends = endsOf(records);
  return ends.some(({ item }) => item === undefined) && ends.filter(({ item }) => item !== undefined).length >= ITEMS;
}

/** What a run came to, without ids and times: outputs by item, stage and scope; scores; evidence of what was measured. */
function saidIn(records: readonly Record[]): readonly string[] {
  const items = new Map(
    records.flatMap((record) => (record.kind === "run.started" ? [[record.run, record.item ?? ""] as const] : [])),
  );
  const said = records.flatMap((record): unknown[] => {
    const of = [items.get(record.run), record.stage, record.scope];
    if (record.kind === "stage.ended" && record.status === "ok") return [[...of, record.output]];
    if (record.kind === "score") return [[...of, record.metric, record.value]];
    if (record.kind === "evidence" && record.metric !== undefined)
      return [[...of, record.claim, record.metric, record.value]];
    return [];
  });
  return said.map((one) => JSON.stringify(one)).sort();
}

function compare(
  report: CrashReport,
  records: readonly Record[],
  world: readonly string[],
  expected: readonly string[],
): void {
  const { rounds: round, wrong } = report;
  const say = (what: string): void => void wrong.push(`round ${round}: ${what}`);

  // A process writes in order, and only one at a time has a run: by turn, then by number.
  const turns = new Map<string, number>();
  for (const record of records)
    if (record.kind === "run.started") turns.set(`${record.process} ${record.run}`, record.turn ?? 1);
  const turnOf = (record: Record): number => turns.get(`${record.process} ${record.run}`) ?? Number.POSITIVE_INFINITY;
  const ordered = [...records].sort((a, b) => turnOf(a) - turnOf(b) || a.seq - b.seq);
  const ended = new Set<string>();
  for (const record of ordered) {
    const key = `${record.run} ${record.stage} ${record.scope}`;
    if (record.kind === "stage.started" && ended.has(key)) {
      report.again += 1;
      say(`${record.stage} ${record.scope ?? ""} ran again after its end was on record`);
    }
    if (record.kind === "stage.ended" && record.status === "ok") ended.add(key);
    if (record.kind === "effect" && record.by === "found") report.confirmed += 1;
    if (record.kind === "effect" && record.by === "a person") report.asked += 1;
  }

  report.effects += world.length;
  for (const what of EXPECTED) {
    const count = world.filter((line) => line === what).length;
    if (count > 1) report.twice += 1;
    if (count === 0) report.lost += 1;
    if (count !== 1) say(`the effect ${what} happened ${count} times`);
  }
  if (world.length !== EXPECTED.length) say(`${world.length} effects instead of ${EXPECTED.length}`);

  const done = endsOf(records).flatMap(({ item }) => (item === undefined ? [] : [item]));
  for (const item of EXPECTED.slice(-ITEMS)) {
    const count = done.filter((one) => one === item).length;
    if (count === 1) continue;
    report.items += 1;
    say(`the item ${item} was done ${count} times`);
  }

  const said = saidIn(records);
  for (let i = 0; i < Math.max(said.length, expected.length); i++) {
    if (said[i] === expected[i]) continue;
    report.different += 1;
    say(`${said[i]} instead of ${expected[i]}`);
    break;
  }
}
