/** The process that `sealing.ts` starts. What goes wrong is said by the next `gangc store compact`: nothing of the trail is lost. */
import { keepUp } from "./upkeep.ts";

const [directory, from] = process.argv.slice(2);
await keepUp({ directory: directory!, from: Number(from), polite: true }).catch(() => undefined);
