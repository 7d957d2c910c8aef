import { readFileSync } from "node:fs";

/** Whether a process runs; one that has ended, and that nobody has asked after, does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
