/** A process that spends over a store: takes, does something for as long as it takes, settles, and says each call that began. */
import { appendFileSync } from "node:fs";
import { Ledger } from "../../../../runtime/execution/budget/ledger.ts";

const [store, world, count, window, most, worst, real] = process.argv.slice(2) as [string, string, ...string[]];
const ledger = new Ledger(store);
const key = `tool t money per ${window === "ever" ? "ever" : Number(window) / 1000}`;
const length = window === "ever" ? null : Number(window);
let refused = 0;
for (let done = 0; done < Number(count); ) {
  const at = Date.now();
  const taken = await ledger.take([[key, length, Number(worst), Number(most)]], at, async () => new Map());
  if (typeof taken === "string") {
    // As a tool would be seen from outside: what it spent, and when it asked.
    appendFileSync(world, `${at} ${real}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    ledger.give(taken, { [key]: Number(real) });
    done += 1;
    continue;
  }
  refused += 1;
  if (taken.free === undefined && taken.open === 0) break;
  ledger.bury();
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(refused);
