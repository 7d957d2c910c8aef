/** What was typed at the prompt, kept for the next one in the user's own folder: it may be as private as the store. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const MOST = 1000;

export interface History {
  /** Newest last. */
  readonly entries: readonly string[];
  add(statement: string): void;
}

export function historyFile(env: { readonly [name: string]: string | undefined }): string {
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local", "state"), "gangc", "sql-history");
}

/** One statement a line, as JSON. Where the file can be neither read nor written, it is kept for this prompt alone. */
export function openHistory(file: string): History {
  const entries: string[] = [];
  try {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const entry = parsed(line);
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length > MOST) {
      entries.splice(0, entries.length - MOST);
      writeFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
    }
  } catch {
    // The first prompt, or a folder that is not ours.
  }
  return {
    entries,
    add(statement) {
      if (statement === entries.at(-1)) return;
      entries.push(statement);
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        appendFileSync(file, `${JSON.stringify(statement)}\n`, { mode: 0o600 });
      } catch {
        // It is a convenience.
      }
    },
  };
}

function parsed(line: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}
