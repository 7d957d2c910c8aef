/**
 * A process that compacts a store; with a number, until that many calls on the disk were made: then it kills itself. Without
 * one it goes on until it is killed. It says how many calls it made.
 */
import { writeSync } from "node:fs";
import { compact } from "../../../runtime/trail/compaction.ts";
import { type Disk, disk } from "../../../runtime/trail/disk.ts";

const [directory, last] = process.argv.slice(2);
let calls = 0;
const mortal = Object.fromEntries(
  Object.entries(disk).map(([name, call]) => [
    name,
    (...args: never[]) => {
      calls += 1;
      if (calls === Number(last)) process.kill(process.pid, "SIGKILL");
      return (call as (...all: never[]) => unknown)(...args);
    },
  ]),
) as unknown as Disk;

do {
  await compact({ directory: directory!, from: 0, mergeFiles: 2, asideSeconds: 0, disk: mortal });
} while (last === undefined);
writeSync(1, `${calls}\n`);
