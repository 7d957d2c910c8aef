/** A trail without a disk: it lives as long as this object. For what nobody looks at later, such as tests of programs. */
import { type Draft, RECORD_VERSION, type Record } from "./record.ts";
import type { Trail } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

/** Drafts are kept as they are handed over, unlike on a disk: whoever does so must not change them later. */
export function memoryTrail(now: () => number = Date.now): Trail {
  const process = uuidv7(now());
  const drafts: Draft[] = [];
  const times: number[] = [];
  // Made when they are first read: most never are.
  const records: Record[] = [];
  const keep = (draft: Draft): void => {
    drafts.push(draft);
    times.push(Math.max(Math.floor(now()), times.at(-1) ?? 0));
  };
  const recordsFrom = (first: number): readonly Record[] => {
    for (let i = records.length; i < drafts.length; i++) {
      const id = uuidv7(times[i]!);
      const time = new Date(times[i]!).toISOString();
      records.push({ v: RECORD_VERSION, process, seq: i + 1, id, time, ...drafts[i]! });
    }
    return records.slice(first);
  };
  return {
    process,
    async append(given) {
      const first = drafts.length + 1;
      given.forEach(keep);
      return first;
    },
    note: (given) => given.forEach(keep),
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
