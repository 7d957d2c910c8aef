/** A run as a user names it. */
import { usageError } from "../command.ts";

/** The run whose id begins so; of several the newest where `last` is asked for. */
export function runNamed(wanted: string, ids: readonly string[]): string {
  const known = [...new Set(ids)];
  if (wanted === "last" && known.length > 0) return known.toSorted().at(-1)!;
  const found = known.filter((id) => id.startsWith(wanted));
  if (found.includes(wanted)) return wanted;
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw usageError(`${found.length} runs begin with ${JSON.stringify(wanted)}.`, "Give more of the id.");
  throw usageError(`there is no run ${JSON.stringify(wanted)}.`, "gangc runs lists them.");
}
