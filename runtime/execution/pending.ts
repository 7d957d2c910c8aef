/** What waits in a store: scores, values, a person's approvals, effects of which nobody knows whether they happened, parked runs. */
import type { Kind, KnownRecord, Record } from "../trail/record.ts";
import { knownEffect } from "./known-effect.ts";
import { itemName, Outstanding } from "./outstanding.ts";
import { runHeads, stageKey } from "./restored.ts";

export interface Pending {
  readonly kind: "score" | "value" | "approval" | "effect" | "run";
  readonly run: string;
  readonly peer: string;
  /** `pipeline.stage`; of a score the pipeline. */
  readonly stage: string;
  readonly scope: string;
  /** What is waited for, in words. */
  readonly what: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until: string | undefined;
  /** Its time has passed, or its item's, while nobody ran: the next run of the program settles it so. */
  readonly over: boolean;
  /** Of a wait its id, of an effect its call and tool. */
  readonly wait?: string;
  readonly call?: string;
  readonly tool?: string;
}

/** Of the store's records those that tell what waits in it. */
export const PENDING_KINDS = [
  "run.started",
  "run.ended",
  "waiting",
  "waited",
  "answered",
  "effect",
  "tool.started",
  "tool.ended",
] as const satisfies readonly Kind[];

/** What waits longest comes first. `alive`: the processes that may still write; `now` in milliseconds since 1970. */
export async function pendingIn(
  records: readonly Record[],
  alive: (process: string) => boolean,
  now: number,
): Promise<readonly Pending[]> {
  const outstanding = new Outstanding({ since: async () => ({ records, cursor: {}, problems: [] }) });
  await outstanding.refresh();
  const found: Omit<Pending, "over">[] = [];
  const items = new Map(
    records.flatMap((record) => (record.kind === "run.started" ? [[record.run, record.until]] : [])),
  );
  const left = begunAnew(records);
  for (const wait of outstanding.waits.values()) {
    const { record } = wait;
    if (record.for !== "score" && left.has(record.run)) continue;
    const { run = "", peer, stage, scope = "", pipeline, metric, output } = record;
    const answered = record.for === "approval" && outstanding.answerTo(wait) !== undefined;
    const what =
      record.for === "score"
        ? (metric ?? "")
        : record.for === "value"
          ? "a value"
          : answered
            ? "answered: the next run goes on"
            : JSON.stringify(output ?? null);
    const kind = answered ? "run" : record.for;
    const about = { run, peer, stage: stage ?? pipeline, scope, since: record.time, until: record.until };
    found.push({ kind, ...about, what, wait: wait.id });
  }
  found.push(...effectsIn(records, alive));
  for (const [run, { peer, pipeline, time }] of outstanding.ready) {
    if (found.some((other) => other.run === run)) continue;
    const what = "the next run of the program lets it go on";
    found.push({ kind: "run", run, peer, stage: pipeline, scope: "", what, since: time, until: undefined });
  }
  return found
    .map((one): Pending => {
      const until = one.kind === "score" ? one.until : earlier(one.until, items.get(one.run));
      return { ...one, until, over: until !== undefined && Date.parse(until) <= now };
    })
    .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

/** Runs of items that were begun anew in a later run, with another plan: what they wait for leads to nothing. */
function begunAnew(records: readonly Record[]): ReadonlySet<string | undefined> {
  const newest = new Map<string, KnownRecord<"run.started">>();
  const left = new Set<string | undefined>();
  for (const record of records) {
    if (record.kind !== "run.started" || record.item === undefined || record.dry === true) continue;
    const name = itemName(record.pipeline, record.source ?? 0, record.item);
    const other = newest.get(name);
    const [older, newer] = other !== undefined && other.time > record.time ? [record, other] : [other, record];
    newest.set(name, newer);
    if (older !== undefined && older.run !== newer.run) left.add(older.run);
  }
  return left;
}

const earlier = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && Date.parse(b) < Date.parse(a)) ? b : a;

/** Of runs that are parked or were cut off. */
function effectsIn(records: readonly Record[], alive: (process: string) => boolean): readonly Omit<Pending, "over">[] {
  const left = runHeads(records).filter(
    ({ status, process }) => status === "parked" || (status === "open" && !alive(process)),
  );
  const parked = new Set(left.map(({ run }) => run));
  const effects = new Map<string, Record[]>();
  // An item that was begun anew asks in its later run, and what is said there is said of the earlier one.
  const settled = new Set<string>();
  for (const record of records) {
    if (record.kind !== "effect" && record.kind !== "tool.started" && record.kind !== "tool.ended") continue;
    if (record.kind === "effect" && record.state !== "unsure") settled.add(record.call);
    if (record.run === undefined || !parked.has(record.run)) continue;
    const key = `${record.run}\0${stageKey(record.stage ?? "", record.scope ?? "")}`;
    const known = effects.get(key);
    if (known === undefined) effects.set(key, [record]);
    else known.push(record);
  }
  const found = [...effects.values()].flatMap((of): readonly Omit<Pending, "over">[] => {
    const known = knownEffect(of);
    if (known?.state !== "unsure" || settled.has(known.call)) return [];
    const begun = of.find(
      (record): record is KnownRecord<"tool.started" | "effect"> =>
        (record.kind === "tool.started" || record.kind === "effect") && record.call === known.call,
    )!;
    const { tool, run = "", peer, stage = "", scope = "", time } = begun;
    const what = `whether ${tool} happened`;
    return [{ kind: "effect", run, peer, stage, scope, what, since: time, until: undefined, call: known.call, tool }];
  });
  found.sort((a, b) => (a.since < b.since ? -1 : 1));
  return [...new Map(found.map((one) => [one.call, one])).values()];
}
