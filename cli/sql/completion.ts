/** What a word of a query can become: keywords, tables and views, and the columns of those that the statement names. */
import { TABLES } from "../../runtime/knowledge/tables.ts";
import { VIEWS } from "../../runtime/knowledge/views.sql.ts";

const KEYWORDS =
  "all and any as asc between by case count cross cast desc describe distinct else end except exists false filter from full group having in inner intersect interval is join left like limit max min not null nulls offset on or order outer over partition qualify right select show sum summarize tables then true union unnest using values when where window with".split(
    " ",
  );

const COLUMNS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({ ...TABLES, ...VIEWS }).map(([name, { columns }]) => [name, Object.keys(columns)]),
);

/** The words that the last one of `text` can become, and what of it they stand for: as readline's completer has it. */
export function complete(text: string): [words: string[], begun: string] {
  const [, table, begun = ""] = /(?:\b(\w+)\.)?(\w*)$/.exec(text)!;
  const named = [...new Set(text.toLowerCase().match(/\w+/g))].filter((word) => COLUMNS.has(word));
  const candidates =
    table === undefined
      ? [...named.flatMap((name) => COLUMNS.get(name)!), ...COLUMNS.keys(), ...KEYWORDS]
      : // A name that is no table may be another one's alias.
        (COLUMNS.get(table.toLowerCase()) ?? named.flatMap((name) => COLUMNS.get(name)!));
  const low = begun.toLowerCase();
  return [[...new Set(candidates)].filter((word) => word.toLowerCase().startsWith(low)).sort(), begun];
}
