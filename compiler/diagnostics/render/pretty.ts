/**
 * Diagnostics for people: what is wrong, where, the lines themselves with the spans underlined, and how to mend it.
 *
 *     error GANG3004: `30GB` is a size; `timeout` takes a duration.
 *       --> main.gang:12:12
 *        |
 *     12 |   timeout: 30GB
 *        |            ^^^^
 *        |
 *        = help: Durations are written like `30m`.
 *        = mend: Write `30m`
 */
import type { Diagnostic, Place, Severity } from "../diagnostic.ts";
import { excerpt, type Mark } from "./excerpt.ts";
import { paintOf, type Style } from "./paint.ts";
import { foremost } from "./report.ts";
import { linesOf, rangeOf, type Sources } from "./source.ts";
import { visible } from "./text.ts";

export interface PrettyOptions {
  readonly colour: boolean;
  /** Characters a line; longer source lines are cut around the span. */
  readonly width: number;
}

/** One text for all, a blank line after each; "" for none. Of a file, no more than anyone will read. */
export function renderPretty(
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  shown: (file: string) => string,
  { colour, width }: PrettyOptions,
): string {
  const lines = linesOf(sources);
  const paint = paintOf(colour);
  const told = foremost(diagnostics);
  const leftOut = diagnostics.length - told.length;
  return told.map(renderOne).join("") + (leftOut === 0 ? "" : `and ${leftOut} more\n\n`);

  function renderOne(diagnostic: Diagnostic): string {
    const { code, severity, message, help, fixes } = diagnostic;
    const groups = groupByFile(diagnostic);
    const gutter = Math.max(...groups.flatMap(lastLines)).toString().length;
    const margin = " ".repeat(gutter);
    const rows = [`${paint(severity, `${severity} ${code}`)}${paint("title", `: ${indented(message, "  ")}`)}`];
    groups.forEach(({ file, marks }, index) => {
      const { start } = rangeOf(lines(file), marks[0]!);
      const at = `${visible(shown(file))}:${start.line + 1}:${start.character + 1}`;
      rows.push(`${margin}${paint("dim", index === 0 ? "-->" : ":::")} ${at}`);
      rows.push(...excerpt(lines(file), marks, { gutter, width, paint }));
    });
    const note = (style: Style, word: string, text: string) =>
      `${margin} ${paint("dim", "=")} ${paint(style, `${word}:`)} ${indented(text, `${margin}         `)}`;
    if (help !== undefined) rows.push(note("title", "help", help));
    for (const { title } of fixes) rows.push(note("mend", "mend", title));
    return `${rows.map((row) => row.trimEnd()).join("\n")}\n\n`;
  }

  function lastLines({ file, marks }: { readonly file: string; readonly marks: readonly Mark[] }): number[] {
    return marks.map((mark) => rangeOf(lines(file), mark).end.line + 1);
  }
}

/** The diagnostic's own span first, then its labels; those of one file together. */
function groupByFile(diagnostic: Diagnostic): { readonly file: string; readonly marks: readonly Mark[] }[] {
  const mark = (place: Place, style: Severity | "dim", message: string): Mark & { readonly file: string } => ({
    file: place.file,
    start: place.start,
    end: place.end,
    sign: style === "dim" ? "-" : "^",
    style,
    message,
  });
  const { severity, labels } = diagnostic;
  // A label on the diagnostic's own span says something under it, and is no second mark.
  const own = labels.find(
    (label) => label.file === diagnostic.file && label.start === diagnostic.start && label.end === diagnostic.end,
  );
  const marks = [
    mark(diagnostic, severity, own?.message ?? ""),
    ...labels.filter((label) => label !== own).map((label) => mark(label, "dim", label.message)),
  ];
  return [...Map.groupBy(marks, ({ file }) => file)].map(([file, its]) => ({ file, marks: its }));
}

function indented(text: string, indent: string): string {
  return text.split("\n").map(visible).join(`\n${indent}`);
}
