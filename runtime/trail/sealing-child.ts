/** The process that `sealing.ts` starts. What goes wrong is said by the next `gangc store compact`: nothing of the trail is lost. */
import { constants, setPriority } from "node:os";
import { compact } from "./compaction.ts";
import { retentionOf } from "./retention.ts";
import { keepUp } from "./upkeep.ts";

// Beside a run it has what is left over: on two cores it made a stage in a store dearer by a fifth.
setPriority(constants.priority.PRIORITY_LOW);
const [directory, from] = process.argv.slice(2);
const options = { directory: directory!, from: Number(from), polite: true };
const { days } = retentionOf(directory!);
const work = days === undefined ? compact(options) : keepUp({ ...options, retentionDays: days });
await work.catch(() => undefined);
