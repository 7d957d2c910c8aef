import { query, type ResultColumn, SqlError } from "../../runtime/knowledge/sql/query.ts";
import { SETTINGS } from "../../runtime/settings.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { sayDamage } from "../damage.ts";
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
  notes:
    "Without QUERY it is read from stdin; on a terminal there is a prompt: a statement ends with a semicolon or an empty line, Tab completes names, Ctrl-C ends a query, exit leaves, and what is longer than the screen goes through $PAGER. Only queries that read are run. docs/sql.md describes the tables.",
  async run({ positionals: [given], options }, io) {
    const seconds = secondsOf("timeout", options.timeout);
    const store = resolveStore(io.cwd, options.store);
    const asking: Asking = { store, seconds, format: options.format, io };
    const ask = (sql: string) => answer(sql, asking);
    if (given !== undefined) return (await ask(given)) ? EXIT.fine : EXIT.problems;
    if (io.stdin.terminal) return converse(asking);
    return (await ask(Buffer.from(await io.readStdin()).toString("utf8"))) ? EXIT.fine : EXIT.problems;
  },
});

interface Asking {
  readonly store: string;
  readonly seconds: number;
  readonly format: Format;
  readonly io: IO;
  readonly signal?: AbortSignal;
  /** Shows a table; on stdout, unless said. */
  readonly show?: (text: string) => Promise<void> | void;
}

/** More rows than this are no table that anyone reads, and all of them would have to be kept to align it. */
const LONGEST_TABLE = 10_000;

class Enough extends Error {}

/** Whether there was an answer; what went wrong is said. */
async function answer(sql: string, asking: Asking): Promise<boolean> {
  const { store, seconds, format, io, signal, show = (text) => io.out(text) } = asking;
  const rows: (readonly unknown[])[] = [];
  const writer = format === "table" ? undefined : WRITERS[format](io);
  const ask = (onRows: (batch: readonly (readonly unknown[])[]) => void) =>
    query({
      ...{ store, sql, now: Date.now(), timeoutSeconds: seconds, onColumns, onRows },
      onProblems: (problems) => sayDamage(io, problems),
      ...(signal === undefined ? {} : { signal }),
    });
  let columns: readonly ResultColumn[] = [];
  const onColumns = (those: readonly ResultColumn[]): void => {
    columns = those;
    writer?.begin(those.map(({ name }) => name));
  };
  try {
    await ask((batch) => {
      if (writer !== undefined) return writer.rows(batch);
      for (const row of batch) rows.push(row);
      if (rows.length > LONGEST_TABLE) throw new Enough();
    });
  } catch (error) {
    if (error instanceof SqlError) {
      io.talk(`${error.message}\n`);
      return false;
    }
    if (!(error instanceof Enough)) throw error;
    rows.length = LONGEST_TABLE;
  }
  if (writer !== undefined) writer.end();
  else {
    const headings = columns.map(({ name, type }) => ({ name, number: /INT|DOUBLE|DECIMAL|FLOAT/.test(type) }));
    await show(table(headings, rows, io.stdout.terminal));
    const more = rows.length < LONGEST_TABLE ? "" : " or more; --format csv and json have all of them";
    io.talk(`${rows.length} row${rows.length === 1 ? "" : "s"}${more}\n`);
  }
  return true;
}

/** Rows for programs, written as they come: none of them are kept. */
interface Writer {
  begin(names: readonly string[]): void;
  rows(batch: readonly (readonly unknown[])[]): void;
  end(): void;
}

const WRITERS: { readonly [format in Exclude<Format, "table">]: (io: IO) => Writer } = {
  csv: (io) => ({
    begin: (names) => io.out(csvLine(names)),
    rows: (batch) => io.out(batch.map(csvLine).join("")),
    end() {},
  }),
  json(io) {
    let columns: readonly string[] = [];
    let before = "[";
    return {
      begin(names) {
        columns = names;
      },
      rows(batch) {
        const objects = batch.map((row) => JSON.stringify(objectOf(columns, row), null, 2).replace(/^/gm, "  "));
        io.out(`${before}\n${objects.join(",\n")}`);
        before = ",";
      },
      end: () => io.out(before === "[" ? "[]\n" : "\n]\n"),
    };
  },
};

/** A later column of the same name does not hide the earlier one. */
function objectOf(names: readonly string[], row: readonly unknown[]): { [name: string]: unknown } {
  const object: { [name: string]: unknown } = Object.create(null);
  names.forEach((name, i) => {
    object[name in object ? `${name}_${i + 1}` : name] = row[i];
  });
  return object;
}

async function converse(asking: Asking): Promise<typeof EXIT.fine> {
  const { prompt } = await import("../sql/prompt.ts");
  const { historyFile, openHistory } = await import("../sql/history.ts");
  const { page } = await import("../sql/pager.ts");
  const { io } = asking;
  const show = async (text: string): Promise<void> => {
    const lines = text.split("\n").length;
    const fits = !io.stdout.terminal || lines < (process.stdout.rows ?? Number.POSITIVE_INFINITY);
    if (fits || !(await page(text, io.env.PAGER || undefined))) io.out(text);
  };
  await prompt({
    ...{ input: process.stdin, output: process.stderr, terminal: io.stderr.terminal },
    history: openHistory(historyFile(io.env)),
    answer: async (statement, signal) => {
      await answer(statement, { ...asking, signal, show });
    },
  });
  return EXIT.fine;
}
