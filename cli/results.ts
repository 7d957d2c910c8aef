/** Rows as people and machines read them: an aligned table, CSV (RFC 4180), JSON. */
import { cut, numberText, printable } from "./ui/text.ts";

export interface Heading {
  readonly name: string;
  /** Stands at the right of its column. */
  readonly number?: boolean;
}

/** A longer cell is cut on a terminal; elsewhere nothing is. */
const WIDEST = 60;

export function table(headings: readonly Heading[], rows: readonly (readonly unknown[])[], terminal: boolean): string {
  const texts = rows.map((row) => row.map((value) => (terminal ? cut(cellText(value), WIDEST) : cellText(value))));
  const widths = headings.map(({ name }, i) =>
    texts.reduce((most, row) => Math.max(most, row[i]!.length), name.length),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (headings[i]!.number === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [
    line(headings.map(({ name }) => name)),
    line(widths.map((width) => "─".repeat(width))),
    ...texts.map(line),
    "",
  ].join("\n");
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return numberText(value);
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}

export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
