/**
 * The defaults of the store, each in one place. Sizes are in bytes, times in seconds unless the name says otherwise.
 */
export const SETTINGS = {
  trail: {
    /** A segment is closed and the next one opened once it is this long. */
    segmentBytes: 4 * 2 ** 20,
    /** The longest line of the trail, its CRC included. Longer ones are refused, both ways. */
    lineBytes: 256 * 2 ** 10,
    /** The most that one write and one sync take together. */
    batchBytes: 4 * 2 ** 20,
    /** A noted record is synced after this long, if no append took it along earlier. */
    noteMilliseconds: 50,
    /** Sealing starts at this many bytes of unsealed segments, over all processes. */
    sealBytes: 16 * 2 ** 20,
    /** On exit smaller tails than this are left for a later one: a sealed file of a few records serves nobody. */
    sealOnExitBytes: 2 ** 20,
    /** … and it waits for the sealing no longer than this. */
    sealOnExitMilliseconds: 1500,
    /** So much of the tails is sealed in one generation. */
    sealAtOnceBytes: 64 * 2 ** 20,
    /** So many sealed files of about one size become one, unless it grew beyond `mergedBytes`. */
    mergeFiles: 8,
    mergedBytes: 2 ** 30,
    /** Rows of a sealed file that are read or passed over together. */
    rowGroup: 32_768,
    /** What DuckDB may take of memory for sealing and reading sealed files. */
    engineBytes: 512 * 2 ** 20,
    /** A sealed segment stays, renamed aside, for this long before it is deleted. */
    asideSeconds: 10 * 60,
    /** No stage starts with less free space than this. */
    freeBytes: 64 * 2 ** 20,
  },
  knowledge: {
    /** What DuckDB may take of memory; what does not fit goes to the system's folder for temporary files. */
    engineBytes: 512 * 2 ** 20,
    /** A store of fewer sealed records than this has no snapshot: reading them is as fast as opening one. */
    snapshotRecords: 5000,
    /** A snapshot is made anew once this share of the sealed records came after it: until then readers read those. */
    snapshotShare: 1 / 50,
    /** A process that has read more evidence than this since its snapshot moves to a newer one. */
    moveRecords: 5000,
  },
  limits: {
    /** The ledger goes on in a new file once it is this long. */
    ledgerBytes: 2 * 2 ** 20,
  },
  tools: {
    /** Of what a call prints, so many lines stand in the trail. */
    logLines: 1000,
    /** A call that keeps the process from all else for longer is told of. */
    blockedSeconds: 1,
    /** … and of a line of a program so much. */
    lineCharacters: 16_384,
    /** A result may take so much as JSON; what a program prints beyond is drained and refused once it has ended … */
    resultBytes: 64 * 2 ** 20,
    /** … but one that prints more than this is ended. */
    outputBytes: 4 * 2 ** 30,
  },
  recall: {
    /** The most that what was recalled may take of a prompt. */
    tokens: 2000,
  },
  waiting: {
    /** A run that would end sits out what is over this soon; anything else is asked again by a later run. In seconds. */
    sitOutSeconds: 60,
    /** What other processes left behind is looked for this often. */
    lookSeconds: 60,
    /** So much of what is due is asked for side by side. */
    atOnce: 8,
  },
  artifacts: {
    /** Outputs longer than this as JSON are kept as artifacts, not in the record. */
    inlineBytes: 64 * 2 ** 10,
    /** A folder of more files than this is not kept. */
    folderFiles: 100_000,
  },
  retention: {
    /** Turns, tool output and unreferenced artifacts go after this long. Evidence, runs and scores stay. */
    days: 90,
  },
  sql: {
    /** A query that someone typed is ended after this long … */
    timeoutSeconds: 20,
    /** … or when its process has grown beyond this. */
    residentBytes: 2 ** 30,
  },
} as const;
