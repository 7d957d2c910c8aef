/** Stores as the original Ganglion leaves them behind: JSON files, and SQLite. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type Entry = { readonly [field: string]: unknown };

const WHEN = "2026-03-01T12:00:00.123456+00:00";

export function pattern(config: unknown, more: Entry = {}): Entry {
  return {
    ...{ capability: "planning", description: "worked well", config, metric_value: 42.5, metric_name: "crps" },
    ...{ stage: "plan", timestamp: WHEN, run_id: null, source_bot: "alpha", subnet_id: null },
    ...{ record_type: "strategy", confirmation_count: 1, ...more },
  };
}

export function antipattern(config: unknown, more: Entry = {}): Entry {
  const { description: _, metric_value: __, metric_name: ___, ...rest } = pattern(config);
  return { ...rest, error_summary: "diverged", failure_mode: "nan", ...more };
}

export function writeJson(folder: string, tables: { readonly [table: string]: readonly Entry[] }): void {
  mkdirSync(folder, { recursive: true });
  for (const [table, entries] of Object.entries(tables)) {
    writeFileSync(join(folder, `${table}.json`), JSON.stringify(entries, null, 2));
  }
}

const COLUMNS: { readonly [table: string]: string } = {
  patterns:
    "id INTEGER PRIMARY KEY AUTOINCREMENT, capability TEXT NOT NULL, description TEXT NOT NULL, config TEXT, metric_value REAL, metric_name TEXT, stage TEXT, timestamp TEXT NOT NULL, run_id TEXT, source_bot TEXT, subnet_id TEXT, record_type TEXT DEFAULT 'strategy', confirmation_count INTEGER DEFAULT 1",
  antipatterns:
    "id INTEGER PRIMARY KEY AUTOINCREMENT, capability TEXT NOT NULL, error_summary TEXT NOT NULL, config TEXT, failure_mode TEXT, stage TEXT, timestamp TEXT NOT NULL, run_id TEXT, source_bot TEXT, subnet_id TEXT, record_type TEXT DEFAULT 'strategy', confirmation_count INTEGER DEFAULT 1",
  agent_designs:
    "id INTEGER PRIMARY KEY AUTOINCREMENT, capability TEXT NOT NULL, agent_class TEXT NOT NULL, tools TEXT, model TEXT, metric_value REAL, metric_name TEXT, fingerprint TEXT, stage TEXT, timestamp TEXT NOT NULL, run_id TEXT, source_bot TEXT",
};

/** `columns`: of an older version of it. */
export function writeSqlite(
  file: string,
  tables: { readonly [table: string]: readonly Entry[] },
  columns: { readonly [table: string]: string } = COLUMNS,
): void {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  for (const [table, entries] of Object.entries(tables)) {
    database.exec(`CREATE TABLE ${table} (${columns[table]})`);
    for (const entry of entries) {
      const names = Object.keys(entry);
      const values = Object.values(entry).map((value) =>
        typeof value === "object" && value !== null && !(value instanceof Uint8Array) ? JSON.stringify(value) : value,
      );
      database
        .prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
        .run(...(values as (string | number | null)[]));
    }
  }
  database.close();
}
