/** Diagnostics as SARIF 2.1.0 (OASIS), for code scanning. */
import { pathToFileURL } from "node:url";
import { CATALOGUE } from "../catalogue/index.ts";
import type { Diagnostic, Place, Severity } from "../diagnostic.ts";
import type { Report } from "./report.ts";
import { linesOf, rangeOf } from "./source.ts";
import { type Summary, summaryLine } from "./summary.ts";

const LEVEL: { readonly [S in Severity]: string } = { error: "error", warning: "warning", hint: "note" };

export function renderSarif({ diagnostics, summary, sources, shown }: Report): string {
  const lines = linesOf(sources);
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const region = (place: Place) => {
    const { start, end } = rangeOf(lines(place.file), place);
    return {
      startLine: start.line + 1,
      startColumn: start.character + 1,
      endLine: end.line + 1,
      endColumn: end.character + 1,
    };
  };
  const artifact = (file: string) => ({ uri: uriOf(shown(file)) });
  const location = (place: Place) => ({
    physicalLocation: { artifactLocation: artifact(place.file), region: region(place) },
  });
  const result = (one: Diagnostic) => ({
    ruleId: one.code,
    ruleIndex: codes.indexOf(one.code),
    level: LEVEL[one.severity],
    message: { text: one.help === undefined ? one.message : `${one.message}\n${one.help}` },
    locations: [location(one)],
    relatedLocations: one.labels.map((label, id) => ({ id, message: { text: label.message }, ...location(label) })),
    fixes: one.fixes.map(({ title, edits }) => ({
      description: { text: title },
      artifactChanges: [...Map.groupBy(edits, ({ file }) => file)].map(([file, its]) => ({
        artifactLocation: artifact(file),
        replacements: its.map((edit) => ({ deletedRegion: region(edit), insertedContent: { text: edit.newText } })),
      })),
    })),
  });
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "gangc", rules: codes.map(rule) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map(result),
        invocations: summary.leftOut === 0 ? undefined : [cutShort(summary)],
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** The run as a whole: it did its work, and does not list all. */
function cutShort(summary: Summary) {
  const message = { text: `${summaryLine(summary)}.` };
  return { executionSuccessful: true, toolExecutionNotifications: [{ level: "warning", message }] };
}

function rule(code: string) {
  const entry = CATALOGUE.find((one) => one.code === code);
  if (entry === undefined) return { id: code };
  return {
    id: code,
    shortDescription: { text: entry.title },
    fullDescription: { text: entry.explain.text },
    defaultConfiguration: { level: LEVEL[entry.severity] },
  };
}

/** Relative where the path is. */
function uriOf(path: string): string {
  return path.startsWith("/") ? pathToFileURL(path).href : path.split(/[\\/]/).map(encodeURIComponent).join("/");
}
