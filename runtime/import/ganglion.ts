/**
 * What the original Ganglion kept: `patterns.json`, `antipatterns.json` and SQLite files, in a folder or, one folder a bot,
 * in those below it. Everything is somebody else's: one damaged entry, or file, never costs another.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Its tables; as JSON each is a file of this name. */
const TABLES = ["patterns", "antipatterns", "agent_designs"] as const;
export type OriginalTable = (typeof TABLES)[number];

/** An entry as it was found: nothing of it is checked, but that it is an object. */
export interface Entry {
  readonly table: OriginalTable;
  readonly file: string;
  /** The folder's name, where each bot has one: whose entry it is when it does not say. */
  readonly folder: string | undefined;
  readonly fields: { readonly [name: string]: unknown };
}

/** What could not be read, as a sentence. */
export interface Unread {
  readonly file: string;
  readonly message: string;
}

export interface Original {
  /** The files that were looked into. */
  readonly files: readonly string[];
  readonly entries: readonly Entry[];
  readonly unread: readonly Unread[];
}

/** Reads all there is at a path: a folder, or a single file of it. */
export async function readOriginal(path: string): Promise<Original> {
  const files: string[] = [];
  const entries: Entry[] = [];
  const unread: Unread[] = [];
  for (const { file, folder } of filesAt(path)) {
    const table = TABLES.find((name) => basename(file) === `${name}.json`);
    if (table === undefined && !isSqlite(file)) continue;
    files.push(file);
    const source = { file, folder };
    try {
      const read = table === undefined ? await readSqlite(source) : readJson(source, table);
      // One by one: a call takes only so many arguments.
      for (const entry of read.entries) entries.push(entry);
      for (const message of read.unread) unread.push({ file, message });
    } catch (error) {
      unread.push({ file, message: `It cannot be read (${firstLine(error)}).` });
    }
  }
  return { files, entries, unread };
}

interface Source {
  readonly file: string;
  readonly folder: string | undefined;
}

interface Read {
  readonly entries: readonly Entry[];
  readonly unread: readonly string[];
}

function* filesAt(path: string): Generator<Source> {
  if (statSync(path).isFile()) yield { file: path, folder: undefined };
  else {
    const below = listed(path);
    for (const name of below.files) yield { file: join(path, name), folder: undefined };
    for (const folder of below.folders) {
      for (const name of listed(join(path, folder)).files) yield { file: join(path, folder, name), folder };
    }
  }
}

function listed(folder: string): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  try {
    const all = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    const names = (those: typeof all) => those.map(({ name }) => name);
    return { files: names(all.filter((one) => one.isFile())), folders: names(all.filter((one) => one.isDirectory())) };
  } catch {
    return { files: [], folders: [] };
  }
}

// JSON -------------------------------------------------------------------------------------------------------------------

function readJson({ file, folder }: Source, table: OriginalTable): Read {
  const text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
  const { values, damaged } = valuesIn(text);
  const entries: Entry[] = [];
  let strange = 0;
  for (const fields of values) {
    if (isObject(fields)) entries.push({ table, file, folder, fields });
    else strange += 1;
  }
  const unread: string[] = [];
  if (damaged)
    unread.push(`The file is damaged; ${count(entries.length, "whole entry", "whole entries")} could be read.`);
  if (strange > 0) unread.push(`${count(strange, "value is", "values are")} no entry.`);
  return { entries, unread };
}

/** The items of a list, also where the list is cut off or some of them are damaged: then each is read by itself. */
function valuesIn(text: string): { readonly values: readonly unknown[]; readonly damaged: boolean } {
  try {
    const whole: unknown = JSON.parse(withoutNaN(text));
    return Array.isArray(whole) ? { values: whole, damaged: false } : { values: [whole], damaged: false };
  } catch {
    const values = objectsIn(text).flatMap((one) => {
      try {
        return [JSON.parse(withoutNaN(one)) as unknown];
      } catch {
        return [];
      }
    });
    return { values, damaged: true };
  }
}

/** Python writes what JSON has no word for. As a number beyond any it is refused where a value is looked at. */
function withoutNaN(text: string): string {
  return /\bNaN\b|\bInfinity\b/.test(text)
    ? text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (found) => (found.startsWith('"') ? found : "1e999"))
    : text;
}

/** The outermost objects of a damaged list, as text. */
function objectsIn(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
    } else if (character === "{") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (character === "}" && depth > 0) {
      depth -= 1;
      if (depth === 0) found.push(text.slice(start, at + 1));
    }
  }
  return found;
}

// SQLite -----------------------------------------------------------------------------------------------------------------

const MAGIC = "SQLite format 3\0";

function isSqlite(file: string): boolean {
  try {
    const handle = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(MAGIC.length);
      return readSync(handle, bytes) === MAGIC.length && bytes.toString("latin1") === MAGIC;
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}

/** Of a copy: opening a database may write beside it, and its owner may be at work. */
async function readSqlite({ file, folder }: Source): Promise<Read> {
  const { DatabaseSync } = await sqlite();
  const copies = mkdtempSync(join(tmpdir(), "gang-import-"));
  try {
    const copy = join(copies, "store.db");
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(copy, { allowExtension: false, enableForeignKeyConstraints: false });
    try {
      database.exec("pragma trusted_schema = off");
      const entries: Entry[] = [];
      const unread: string[] = [];
      for (const table of TABLES) {
        // A view could be a query without end; what a table holds is there.
        const found = database
          .prepare("select 1 from sqlite_schema where type = 'table' and name = ? and sql like 'create table%'")
          .get(table);
        if (found === undefined) continue;
        const before = entries.length;
        try {
          const statement = database.prepare(`select * from "${table}"`);
          // Else a number beyond 2^53 ends the reading.
          statement.setReadBigInts(true);
          for (const row of statement.iterate()) entries.push({ table, file, folder, fields: fieldsOf(row) });
        } catch (error) {
          const rows = count(entries.length - before, "row", "rows");
          unread.push(`The table ${table} is damaged (${firstLine(error)}); ${rows} of it could be read.`);
        }
      }
      return { entries, unread };
    } finally {
      database.close();
    }
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** Numbers as JSON has them, and what it keeps as text of JSON parsed; a row's own number says nothing. */
function fieldsOf(row: { readonly [column: string]: unknown }): Entry["fields"] {
  const fields: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === "id") continue;
    fields[name] = typeof value === "bigint" ? Number(value) : value;
    if (typeof value !== "string" || !["config", "fingerprint", "tools"].includes(name)) continue;
    try {
      fields[name] = JSON.parse(withoutNaN(value));
    } catch {
      // It stays a text, and as such it fits no type.
    }
  }
  return fields;
}

/** Node says, as it loads it, that SQLite is experimental: not for the users of a program that means it. */
async function sqlite(): Promise<typeof import("node:sqlite")> {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return await import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

export function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}
