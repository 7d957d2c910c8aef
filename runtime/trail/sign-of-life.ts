/**
 * A sign of life that other containers see. A pid means something in its own pid namespace alone, and a container that is
 * started again has another: without this nobody there could ever say that the one before is dead, and go on. A named pipe
 * tells it: who opens it to write is refused for want of a reader (ENXIO) once the process that reads it has ended,
 * however it ended. Only where processes of one kernel share the store's folder; on a network file system of two machines
 * it says nothing, and is not asked.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, constants, lstatSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { disk } from "./disk.ts";
import { entries } from "./folder.ts";
import type { ProcessIdentity } from "./liveness.ts";

/** Of Linux: the pid namespace of the machine itself, the same at every boot. */
const OUTERMOST = "pid:[4026531836]";
/** What is left of a process that ended so long ago is taken away. */
const KEPT_MILLISECONDS = 30 * 86_400_000;

const shown = new Map<string, number>();

function pathOf(directory: string, { boot, namespace, pid, start }: ProcessIdentity): string {
  const name = createHash("sha256")
    .update(JSON.stringify([boot, namespace, pid, start]))
    .digest("hex")
    .slice(0, 32);
  return join(directory, "alive", name);
}

/** Shows it for this process, until that ends. Where it cannot be shown, others cannot tell, as on other systems. */
export function showLife(directory: string, identity: ProcessIdentity): void {
  const { namespace } = identity;
  const path = pathOf(directory, identity);
  if (namespace === "" || namespace === OUTERMOST || shown.has(path)) return;
  try {
    disk.makeFolder(join(directory, "alive"));
    execFileSync("mkfifo", ["-m", "600", path], { stdio: "ignore", timeout: 2000, env: { PATH: process.env.PATH } });
    shown.set(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  } catch {
    return;
  }
  for (const name of entries(join(directory, "alive"))) takeAway(join(directory, "alive", name));
}

function takeAway(path: string): void {
  try {
    if (Date.now() - lstatSync(path).mtimeMs > KEPT_MILLISECONDS && isRead(path) === false) unlinkSync(path);
  } catch {
    // Somebody else has.
  }
}

/** Whether a process of this kernel lives, as far as it has shown that; `undefined` where it has not. */
export function showsLife(directory: string, identity: ProcessIdentity): boolean | undefined {
  return isRead(pathOf(directory, identity));
}

function isRead(path: string): boolean | undefined {
  try {
    if (!lstatSync(path).isFIFO()) return undefined;
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENXIO" ? false : undefined;
  }
}
