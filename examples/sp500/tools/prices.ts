/** The daily S&P 500 from 2000 to 2020, as the npm package `vega-datasets` ships it: read once a process. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface History {
  /** ISO dates of the trading days, ascending. */
  readonly dates: readonly string[];
  /** `returns[i]`: the log return of day i over day i - 1, in per cent. `returns[0]` is 0. */
  readonly returns: Float64Array;
}

let read: History | undefined;

/** Throws an error of one sentence where the data set is not installed, or not what it should be. */
export function history(): History {
  read ??= parse(readFileSync(dataset(), "utf8"));
  return read;
}

function dataset(): string {
  try {
    // The package exports only its entry, `build/index.js`; the data lie beside that folder.
    const entry = createRequire(import.meta.url).resolve("vega-datasets");
    return join(dirname(dirname(entry)), "data", "sp500-2000.csv");
  } catch {
    throw new Error(
      "The prices come from the npm package vega-datasets, which is not installed: npm install vega-datasets",
    );
  }
}

/** Columns `date` and `adjclose` of a CSV whose first line names them. */
export function parse(csv: string): History {
  const [head = "", ...lines] = csv.trim().split(/\r?\n/);
  const columns = head.split(",");
  const date = columns.indexOf("date");
  const close = columns.indexOf("adjclose");
  if (date < 0 || close < 0) throw new Error("sp500-2000.csv has no columns `date` and `adjclose`.");

  const dates: string[] = [];
  const prices: number[] = [];
  for (const line of lines) {
    const cells = line.split(",");
    const price = Number(cells[close]);
    if (!(price > 0)) throw new Error(`sp500-2000.csv holds no price on the line: ${line}`);
    dates.push(cells[date] ?? "");
    prices.push(price);
  }
  const returns = Float64Array.from(prices, (price, day) => (day === 0 ? 0 : 100 * Math.log(price / prices[day - 1]!)));
  return { dates, returns };
}
