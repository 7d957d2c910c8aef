/** Whether the evidence of a stage needs no merging, and what all of it has in common; kept up to date with what comes. */
import { FACTS, type Row } from "./facts.ts";
import type { Common } from "./rollup.sql.ts";

/** As `SIMPLE_SQL` gives it. */
export interface Judged extends Common {
  readonly simple: boolean;
  /** Milliseconds: time of the oldest piece. */
  readonly oldest: number;
}

/** Of no evidence. */
export const UNTOLD: Judged = { simple: true, oldest: Infinity, metric: null, direction: null };

const columns = Object.keys(FACTS.columns);
const [T, VERIFIED, METRIC, VALUE, DIRECTION, WEIGHT] = (
  ["t", "verified", "metric", "value", "direction", "weight"] as const
).map((column) => columns.indexOf(column)) as [number, number, number, number, number, number];

/** Of one piece of evidence. */
export function judgedOf(row: Row): Judged {
  const oldest = row[T] as number;
  if (row[VALUE] === null) return { ...UNTOLD, oldest };
  const simple = row[VERIFIED] === true && (row[WEIGHT] as number) > 0;
  const [metric, direction] = [row[METRIC], row[DIRECTION]] as (number | null)[];
  return { simple, oldest, metric: metric!, direction: direction! };
}

/** Of all that either is of; whether an attempt stands in both is not known to it. */
export function together(known: Judged, fresh: Judged): Judged {
  const { metric, direction } = known.direction === null ? fresh : known;
  const alike = fresh.direction === null || fresh.direction === direction;
  return {
    ...{ simple: known.simple && fresh.simple && alike, oldest: Math.min(known.oldest, fresh.oldest) },
    ...{ metric, direction },
  };
}
