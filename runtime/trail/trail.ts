import type { Range } from "./numbers.ts";
import type { Draft, Record } from "./record.ts";

/**
 * Where reading stopped, per process: the last sequence number seen, or which ones were, where some are missing. Hand back
 * the very object that `since` gave, and only what was written meanwhile is read; a copy of it means the same, but has its
 * segments read again.
 */
export type Cursor = { readonly [process: string]: number | readonly Range[] };

/** Takes records as they are read; the next ones are read once it is done with these. */
export type Take = (records: readonly Record[]) => Promise<void> | void;

/**
 * The record of everything, append-only. Implementations: local segments; later, segments replicated between machines.
 *
 * `append` resolves once the records are on disk (written and synced); it rejects with `TrailError` when they could not
 * be. `note` hands records over to ride with the next sync, for what need not be waited for; if they cannot be written,
 * `failed` tells. Records keep the order in which this process handed them over, whichever way.
 */
export interface Trail {
  /** Name of the process that this trail writes as: a UUIDv7. */
  readonly process: string;
  /** Resolves with the number of the first of them; the others follow it. */
  append(drafts: readonly Draft[]): Promise<number>;
  note(drafts: readonly Draft[]): void;
  /**
   * Every intact record after `cursor`, of all processes, in order per process; and where that ends. With `take` they are
   * handed to it in batches instead, so that a trail need not fit into memory: `records` has what is left to take. What a
   * `forgotten` record names may have been taken before it.
   */
  since(
    cursor: Cursor,
    take?: Take,
  ): Promise<{
    readonly records: readonly Record[];
    readonly cursor: Cursor;
    readonly problems: readonly TrailProblem[];
  }>;
  /** Resolves, with the error, once the trail can no longer write at all: running stages must be cancelled. */
  readonly failed: Promise<TrailError>;
  /** Syncs what is noted, writes the footer. */
  close(): Promise<void>;
}

/** Something in the store that is not as it was written. Said, never fatal. */
export interface TrailProblem {
  readonly file: string;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly problem:
    | "torn-tail"
    | "bad-line"
    | "missing-records"
    /** One number with different content: neither counts, as long as none of them is sealed. */
    | "conflicting-record"
    /** A record of a peer for which its segment's header does not speak. */
    | "foreign-peer"
    | "newer-version"
    | "foreign-file"
    | "unreadable"
    | "damaged-manifest"
    /** Found by verifying only: records that whoever wrote the segment left out of it. */
    | "withheld-records"
    /** … a hash or a count that does not fit, an artifact that is damaged or not there. */
    | "broken-chain"
    | "damaged-sealed"
    | "damaged-snapshot"
    /** A sealed segment of which something was damaged, refused, or said otherwise elsewhere: it stays for a person. */
    | "kept-segment"
    | "damaged-artifact"
    | "missing-artifact"
    /** Evidence or a score that the memory does not let in, and times that are still to come. */
    | "refused"
    | "future";
  readonly message: string;
}

/** The trail could not be written or opened: exit code 3. The message is a sentence for the user. */
export class TrailError extends Error {
  override readonly name = "TrailError";
}
