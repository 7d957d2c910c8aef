/** The statement that a program's `recall` comes to, for people to read: names stand where a store has their numbers. */
import type { Recall } from "../plan.ts";
import { filterSql, type Names } from "./filter.ts";
import { recallSql } from "./queries.sql.ts";

const named = (kind: string) => ({ find: (name: string) => `number_of(${kind}, '${name.replaceAll("'", "''")}')` });
const NAMES: Names = {
  peers: named("peers"),
  scopes: named("scopes"),
  metrics: named("metrics"),
  versions: named("versions"),
};

/**
 * `where`: the filter alone, over a piece of evidence `f`. What is asked stands in the one row of `ranking.asked`.
 *
 * @throws FilterError
 */
export function statementOf({ where, halflife }: Recall): { readonly where: string | undefined; readonly sql: string } {
  const filter = where === undefined ? undefined : filterSql(where, NAMES).sql;
  const sums = "evaluations" in halflife ? "evaluations" : filter === undefined ? "kept" : "seconds";
  return { where: filter, sql: recallSql({ sums, ...(filter === undefined ? {} : { filter }) }) };
}
