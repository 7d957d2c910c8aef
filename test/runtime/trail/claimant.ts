/** A process that tries to take claims, says which it got, and then waits to be killed. */
import { claimsOf } from "../../../runtime/trail/claims.ts";
import { uuidv7 } from "../../../runtime/trail/uuid.ts";

const [directory, count, inherit] = process.argv.slice(2);
const claims = claimsOf(directory!, uuidv7(Date.now()));
const taken: number[] = [];
for (let item = 0; item < Number(count); item += 1) {
  const { outcome } = await claims.take(`item ${item}`, { inherit: inherit === "inherit" });
  if (outcome === "taken") taken.push(item);
}
console.log(JSON.stringify(taken));
setInterval(() => undefined, 1000);
