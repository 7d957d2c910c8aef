/** Diagnostics as a JUnit report: a case for each file checked, failed where it has errors. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Report } from "./report.ts";
import { linesOf, rangeOf } from "./source.ts";
import { summaryLine } from "./summary.ts";
import { visible } from "./text.ts";

export function renderJunit({ diagnostics, summary, sources, shown, files }: Report): string {
  const lines = linesOf(sources);
  const byFile = Map.groupBy(diagnostics, ({ file }) => file);
  const all = [...new Set([...files, ...byFile.keys()])];
  const failed = all.filter((file) => (byFile.get(file) ?? []).some(isError)).length;
  const counts = `tests="${all.length}" failures="${failed}"`;
  const cases = all.map((file) => {
    const found = byFile.get(file) ?? [];
    const inside = [
      ...found
        .filter(isError)
        .map((one) => `      <failure type="${one.code}" message="${xml(one.message)}">${xml(line(one))}</failure>\n`),
      ...found.filter((one) => !isError(one)).map((one) => `      <system-out>${xml(line(one))}</system-out>\n`),
    ].join("");
    const head = `    <testcase classname="gangc check" name="${xml(shown(file))}"`;
    return inside === "" ? `${head}/>\n` : `${head}>\n${inside}    </testcase>\n`;
  });
  const cut = summary.leftOut === 0 ? "" : `    <system-out>${xml(summaryLine(summary))}</system-out>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="gangc check" ${counts}>\n  <testsuite name="gangc check" ${counts}>\n${cases.join("")}${cut}  </testsuite>\n</testsuites>\n`;

  function line(one: Diagnostic): string {
    const { start } = rangeOf(lines(one.file), one);
    const help = one.help === undefined ? "" : `\n${one.help}`;
    return `${shown(one.file)}:${start.line + 1}:${start.character + 1}: ${one.severity} ${one.code}: ${one.message}${help}`;
  }
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

export function xml(text: string): string {
  // What a terminal may show and XML may not.
  const safe = text
    .split("\n")
    .map(visible)
    .join("\n")
    .replace(/[\ufffe\uffff]/g, "\ufffd");
  return safe.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
