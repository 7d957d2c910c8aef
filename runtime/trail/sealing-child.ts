/** The process that `sealing.ts` starts. What goes wrong is said by the next `gangc store compact`: nothing of the trail is lost. */
import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseMachine } from "../machine.ts";
import { SETTINGS } from "../settings.ts";
import { compact } from "./compaction.ts";
import { keepUp } from "./upkeep.ts";

// Beside a run it has what is left over: on two cores it made a stage in a store dearer by a fifth.
setPriority(constants.priority.PRIORITY_LOW);
const [directory, from] = process.argv.slice(2);
const options = { directory: directory!, from: Number(from), polite: true };
const days = retentionDays(join(dirname(resolve(directory!)), "gang.yaml"));
const work = days === undefined ? compact(options) : keepUp({ ...options, retentionDays: days });
await work.catch(() => undefined);

/** `undefined` where nobody can say how long this store's owner wants to keep things: then nothing goes unasked. */
function retentionDays(path: string): number | undefined {
  try {
    const { machine, problems } = parseMachine(readFileSync(path, "utf8"));
    if (problems.length > 0) return;
    return machine.retention === undefined ? SETTINGS.retention.days : machine.retention / (24 * 3600);
  } catch {
    return;
  }
}
