/** A trail without a disk: it lives as long as this object. For what nobody looks at later, such as tests of programs. */
import { type Draft, RECORD_VERSION, type Record } from "./record.ts";
import type { Trail } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

/** Drafts are kept as they are handed over, unlike on a disk: whoever does so must not change them later. */
export function memoryTrail(now: () => number = Date.now): Trail {
  const process = uuidv7(now());
  const drafts: Draft[] = [];
  /** From which of them on it was what time, whenever that changed. */
  const times: { readonly from: number; readonly time: number }[] = [];
  // Made when they are first read: most never are.
  const records: Record[] = [];
  const keep = (given: readonly Draft[]): void => {
    const last = times.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    const time = Math.max(Math.floor(now()), last);
    if (time > last) times.push({ from: drafts.length, time });
    for (const draft of given) drafts.push(draft);
  };
  const recordsFrom = (first: number): readonly Record[] => {
    let at = times.findLastIndex(({ from }) => from <= records.length);
    for (let i = records.length; i < drafts.length; i++) {
      while (at + 1 < times.length && times[at + 1]!.from <= i) at += 1;
      const { time } = times[at]!;
      const stamp = { v: RECORD_VERSION, process, seq: i + 1, id: uuidv7(time), time: new Date(time).toISOString() };
      records.push({ ...stamp, ...drafts[i]! });
    }
    return records.slice(first);
  };
  return {
    process,
    async append(given) {
      const first = drafts.length + 1;
      keep(given);
      return first;
    },
    note: keep,
    async since(cursor, take) {
      const seen = cursor[process];
      const rest = recordsFrom(typeof seen === "number" ? seen : 0);
      await take?.(rest);
      return { records: take === undefined ? rest : [], cursor: { [process]: records.length }, problems: [] };
    },
    failed: new Promise(() => {}),
    close: async () => {},
  };
}
