/**
 * A process that writes until it is killed, or kills itself at a call on the disk, and says on stdout its name and which
 * numbers were acknowledged.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openTrail } from "../../runtime/trail/local.ts";
import { mortal } from "./mortal.ts";

const [directory, callers, records, segmentBytes, last, pause] = process.argv.slice(2);
const trail = await openTrail({
  directory: directory!,
  peers: ["explorer"],
  segmentBytes: Number(segmentBytes),
  disk: mortal(Number(last ?? 0)).disk,
});
writeSync(1, `${trail.process}\n`);
await Promise.all(
  Array.from({ length: Number(callers) }, async (_, caller) => {
    for (let number = 0; number < Number(records); number += 1) {
      trail.note([{ kind: "event", peer: "explorer", name: "note" }]);
      const seq = await trail.append([
        { kind: "event", peer: "explorer", name: `${caller}/${number}`, message: "x".repeat(number % 500) },
      ]);
      // Straight to the pipe: what stdout buffers would die with the process.
      writeSync(1, `${seq}\n`);
      if (Number(pause) > 0) await sleep(Math.random() * Number(pause));
    }
  }),
);
await trail.close();
