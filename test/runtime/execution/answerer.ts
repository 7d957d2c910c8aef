/** A process that answers requests, and is killed so many milliseconds after it has asked for them; what it is asked to answer stands in a file in the store. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../runtime/clock.ts";
import { answering, marketPlan, mine, sent, setMarket } from "./market.ts";

const [store, count, slow, kill] = process.argv.slice(2);
setMarket({
  requests: () => {
    if (kill !== undefined) setTimeout(() => process.kill(process.pid, "SIGKILL"), Number(kill));
    return Array.from({ length: Number(count) }, (_, id) => ({ id: String(id) }));
  },
  answer: async (id: string) => {
    await new Promise((resolve) => setTimeout(resolve, Number(slow)));
    appendFileSync(join(store!, "asked"), `${id}\n`);
  },
});
await mine(marketPlan([answering([sent])]), store!, systemClock);
