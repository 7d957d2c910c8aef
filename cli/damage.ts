/** What of a store cannot be read is said by whoever reads it: the answer is then of the rest. */
import type { TrailReader } from "../runtime/trail/reader.ts";
import { readTrail } from "../runtime/trail/reader.ts";
import type { TrailProblem } from "../runtime/trail/trail.ts";
import type { IO } from "./io.ts";
import { counted, printable } from "./ui/text.ts";

/** A line on stderr; none of what was never acknowledged. */
export function sayDamage(io: IO, problems: readonly TrailProblem[]): void {
  // Whoever was killed leaves a line that it had only begun: nothing is amiss.
  const amiss = problems.filter(({ problem }) => problem !== "torn-tail");
  const [first] = amiss;
  if (first === undefined) return;
  const how = counted(amiss.length, "problem");
  io.talk(`${how} in the store, left out here (gangc store verify tells all): ${printable(first.message)}\n`);
}

/** A reader of the store that says so as it reads. */
export function readSaying(store: string, io: IO): TrailReader {
  const reader = readTrail(store);
  return {
    async since(cursor, take) {
      const read = await reader.since(cursor, take);
      sayDamage(io, read.problems);
      return read;
    },
  };
}
