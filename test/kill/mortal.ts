/** The disk of a process that kills itself: what a power cut leaves behind between any two calls, at a call of one's choice. */
import { type Disk, disk } from "../../runtime/trail/disk.ts";

/** Dies with -9 instead of making call number `last`, counted from 1; with 0, never. */
export function mortal(last: number): { readonly disk: Disk; calls(): number } {
  let calls = 0;
  const counted = Object.entries(disk).map(([name, call]) => [
    name,
    (...args: never[]) => {
      calls += 1;
      if (calls === last) process.kill(process.pid, "SIGKILL");
      return (call as (...all: never[]) => unknown)(...args);
    },
  ]);
  return { disk: Object.fromEntries(counted) as unknown as Disk, calls: () => calls };
}
