/** A run as a user names it. */
import { runsNamed } from "../../runtime/execution/resuming.ts";
import { usageError } from "../command.ts";

/** The run whose id begins so, or the newest for `last`. */
export function runNamed(wanted: string, ids: readonly string[]): string {
  const [found, ...others] = runsNamed(wanted, ids);
  if (found === undefined) throw usageError(`there is no run ${JSON.stringify(wanted)}.`, "gangc runs lists them.");
  if (others.length === 0) return found;
  throw usageError(`${others.length + 1} runs begin with ${JSON.stringify(wanted)}.`, "Give more of the id.");
}
