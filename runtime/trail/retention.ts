/** How long the owner of a store keeps what may go: as the `gang.yaml` beside it says. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseMachine } from "../machine.ts";
import { SETTINGS } from "../settings.ts";

export interface Retention {
  /** The file that says so. */
  readonly path: string;
  /** `undefined` where nobody can say: then nothing goes by its age. */
  readonly days: number | undefined;
  /** What is wrong with the file, a sentence without its full stop; `undefined` where it is in order, or there is none. */
  readonly problem?: string;
}

export function retentionOf(directory: string): Retention {
  const path = join(dirname(resolve(directory)), "gang.yaml");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { path, days: undefined, ...(code !== "ENOENT" && { problem: message }) };
  }
  const { machine, problems } = parseMachine(text);
  // Also where another field is at fault: a slip may be what hides this one.
  if (problems[0] !== undefined) return { path, days: undefined, problem: problems[0].message.replace(/\.$/, "") };
  const { retention } = machine;
  return { path, days: retention === undefined ? SETTINGS.retention.days : retention / (24 * 3600) };
}
