/** Diagnostics as JSON, for scripts: a stable shape, positions as in the Language Server Protocol. */
import type { Place } from "../diagnostic.ts";
import type { Report } from "./report.ts";
import { linesOf, type Range, rangeOf } from "./source.ts";

const VERSION = 1;

interface Located {
  readonly file: string;
  readonly range: Range;
}

export function renderJson({ diagnostics, summary, sources, shown }: Report): string {
  const lines = linesOf(sources);
  const located = (place: Place): Located => ({ file: shown(place.file), range: rangeOf(lines(place.file), place) });
  const value = {
    version: VERSION,
    diagnostics: diagnostics.map((one) => ({
      code: one.code,
      severity: one.severity,
      message: one.message,
      ...located(one),
      labels: one.labels.map((label) => ({ message: label.message, ...located(label) })),
      help: one.help ?? null,
      fixes: one.fixes.map(({ title, edits }) => ({
        title,
        edits: edits.map((edit) => ({ ...located(edit), newText: edit.newText })),
      })),
    })),
    summary,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
