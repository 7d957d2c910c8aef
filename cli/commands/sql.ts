import { createInterface } from "node:readline/promises";
import { query, type ResultColumn, SqlError } from "../../runtime/knowledge/sql/query.ts";
import { SETTINGS } from "../../runtime/settings.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { csvLine, table } from "../results.ts";
import { secondsOf } from "../seconds.ts";

type Format = "table" | "csv" | "json";

export default command({
  name: "sql",
  summary: "read-only SQL over the trail: records, runs, evidence, patterns and more",
  arguments: { usage: "[QUERY]", least: 0, most: 1 },
  options: {
    format: { value: "FORMAT", choices: ["table", "csv", "json"], default: "table", doc: "how rows are shown" },
    timeout: {
      value: "TIME",
      default: `${SETTINGS.sql.timeoutSeconds}s`,
      doc: "a query is ended after this long (`30s`, `2m`)",
    },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    { command: 'gangc sql "select kind, count(*) from records group by 1"', doc: "what was recorded" },
    { command: 'gangc sql "select * from patterns limit 10" --format csv', doc: "for a spreadsheet" },
    { command: 'gangc sql "show tables"', doc: "and `describe runs` tells of one" },
  ],
  notes: "Without QUERY it is read from stdin; on a terminal there is a prompt. Only queries that read are run.",
  async run({ positionals: [given], options }, io) {
    const seconds = secondsOf("timeout", options.timeout);
    const store = resolveStore(io.cwd, options.store);
    const ask = (sql: string) => answer(sql, { store, seconds, format: options.format, io });
    if (given !== undefined) return (await ask(given)) ? EXIT.fine : EXIT.problems;
    if (io.stdin.terminal) return prompt(ask);
    return (await ask(Buffer.from(await io.readStdin()).toString("utf8"))) ? EXIT.fine : EXIT.problems;
  },
});

interface Asking {
  readonly store: string;
  readonly seconds: number;
  readonly format: Format;
  readonly io: IO;
}

/** Whether there was an answer; what went wrong is said. */
async function answer(sql: string, { store, seconds, format, io }: Asking): Promise<boolean> {
  const rows: (readonly unknown[])[] = [];
  let columns: readonly ResultColumn[];
  try {
    columns = await query({
      store,
      sql,
      now: Date.now(),
      timeoutSeconds: seconds,
      onRows: (batch) => rows.push(...batch),
    });
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    io.talk(`${error.message}\n`);
    return false;
  }
  const names = columns.map(({ name }) => name);
  if (format === "csv") io.out(csvLine(names) + rows.map(csvLine).join(""));
  else if (format === "json")
    io.out(
      `${JSON.stringify(
        rows.map((row) => objectOf(names, row)),
        null,
        2,
      )}\n`,
    );
  else {
    const headings = columns.map(({ name, type }) => ({ name, number: /INT|DOUBLE|DECIMAL|FLOAT/.test(type) }));
    io.out(table(headings, rows, io.stdout.terminal));
    io.talk(`${rows.length} row${rows.length === 1 ? "" : "s"}\n`);
  }
  return true;
}

/** A later column of the same name does not hide the earlier one. */
function objectOf(names: readonly string[], row: readonly unknown[]): { [name: string]: unknown } {
  const object: { [name: string]: unknown } = Object.create(null);
  names.forEach((name, i) => {
    object[name in object ? `${name}_${i + 1}` : name] = row[i];
  });
  return object;
}

async function prompt(ask: (sql: string) => Promise<boolean>): Promise<typeof EXIT.fine> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: "sql> " });
  lines.prompt();
  let statement = "";
  for await (const line of lines) {
    statement += `${statement === "" ? "" : "\n"}${line}`;
    if (statement.trim() === "") statement = "";
    else if (/^\s*\.?(exit|quit)\s*;?\s*$/i.test(statement)) break;
    // One line is one query, unless it is left open: an empty line or a semicolon ends it.
    else if (/;\s*$/.test(statement) || line.trim() === "" || !statement.includes("\n")) {
      await ask(statement);
      statement = "";
    }
    lines.prompt();
  }
  lines.close();
  return EXIT.fine;
}
