/**
 * A process that compacts a store; with a number, once, and it kills itself instead of making that call on the disk.
 * Without one it goes on until it is killed. It says how many calls it made.
 */
import { writeSync } from "node:fs";
import { compact } from "../../runtime/trail/compaction.ts";
import { mortal } from "./mortal.ts";

const [directory, last] = process.argv.slice(2);
const { disk, calls } = mortal(Number(last ?? 0));
do {
  await compact({ directory: directory!, from: 0, mergeFiles: 2, asideSeconds: 0, snapshotRecords: 1, disk });
} while (last === undefined);
writeSync(1, `${calls()}\n`);
