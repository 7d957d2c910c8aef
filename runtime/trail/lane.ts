/** What a reader knows of one process: its segments, and which of its records it has. */
import type { Header } from "./line.ts";
import { Numbers, type Range } from "./numbers.ts";
import type { Cursor } from "./trail.ts";

/** A writer's death is noticed at most this late; asking costs 20 µs. */
export const VERDICT_MILLISECONDS = 1000;

export interface SegmentFile {
  readonly path: string;
  /** `undefined` where it is damaged. */
  readonly header: Header | undefined;
  readonly process: string;
  readonly first: number;
  /** Bytes read: always at the beginning of a line. */
  offset: number;
  /** The size at which the file had nothing more for us. */
  size: number;
  /** Where a line began that is longer than any may be, while its end is sought. */
  overlong: number | undefined;
  /** Nothing will be appended. */
  done: boolean;
}

/** One process: its files in the order of their numbers, and what was read of them. */
export interface Lane {
  readonly files: SegmentFile[];
  /** The highest number read, and the one up to which segments were passed over. */
  last: number;
  skipped: number;
  /** What was read, or was passed over as sealed. */
  readonly got: Numbers;
  /**
   * CRC of each record read of a segment, by its number: the same number with other content must show. Dropped once the
   * record is sealed, so that it stays small however long the trail is.
   */
  readonly crcs: Map<number, number>;
  /** Numbers up to this one are not asked for. */
  readonly known: number;
  dead: boolean;
  /** When `dead` was last asked for. */
  asked: number;
  closed: boolean;
}

/** One of which nothing is read yet; from where its reader's cursor has it. */
export function laneFrom(start: Cursor[string]): Lane {
  const got = new Numbers();
  if (typeof start !== "number") for (const [from, to] of start) got.add(from, to);
  return {
    files: [],
    last: got.last,
    skipped: 0,
    got,
    crcs: new Map(),
    known: typeof start === "number" ? start : got.ranges[0]?.[0] === 1 ? got.ranges[0][1] : 0,
    dead: false,
    asked: -VERDICT_MILLISECONDS,
    closed: false,
  };
}

/** Segments that lie before the cursor as a whole are not read. */
export function skip(lane: Lane): void {
  const { files, known } = lane;
  const covering = files.findLast(({ first }) => first <= known + 1);
  lane.skipped = covering === undefined ? known : covering.first - 1;
  lane.last = Math.max(lane.got.last, lane.skipped);
  for (const file of files) if (file.first <= lane.skipped) file.done = true;
}

/** Nobody writes any more, and nothing is missing that might still turn up. */
export function isComplete(lane: Lane): boolean {
  return (lane.dead || lane.closed) && lane.got.covers(lane.skipped + 1, lane.last);
}

/** What no sealed file accounts for between those that one does, after the cursor. */
export function gapsOf(ranges: readonly Range[], known: number): Range[] {
  const gaps: Range[] = [];
  let next = known + 1;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return gaps;
}
