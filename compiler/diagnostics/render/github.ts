/** Diagnostics as workflow commands of GitHub Actions: annotations beside the changed lines. */
import type { Severity } from "../diagnostic.ts";
import type { Report } from "./report.ts";
import { linesOf, rangeOf } from "./source.ts";
import { summaryLine } from "./summary.ts";

const COMMAND: { readonly [S in Severity]: string } = { error: "error", warning: "warning", hint: "notice" };

export function renderGithub({ diagnostics, summary, sources, shown }: Report): string {
  const lines = linesOf(sources);
  const commands = diagnostics.map((one) => {
    const { start, end } = rangeOf(lines(one.file), one);
    const properties = {
      file: shown(one.file),
      line: start.line + 1,
      endLine: end.line + 1,
      col: start.character + 1,
      endColumn: end.character + 1,
      title: one.code,
    };
    const listed = Object.entries(properties).map(([name, value]) => `${name}=${escapedProperty(String(value))}`);
    const text = one.help === undefined ? one.message : `${one.message}\n${one.help}`;
    return `::${COMMAND[one.severity]} ${listed.join(",")}::${escaped(text)}\n`;
  });
  if (summary.leftOut > 0) commands.push(`::warning title=gangc::${escaped(summaryLine(summary))}\n`);
  return commands.join("");
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
