/** `// gang-ignore GANG4012: why` keeps warnings and hints of that code from the next line. Errors stay. */
import * as names from "../../diagnostics/catalogue/names.ts";
import { type Diagnostic, report } from "../../diagnostics/diagnostic.ts";
import { lineOf } from "../../syntax/lexer.ts";
import type * as tree from "../../syntax/tree.ts";

interface Suppression {
  readonly comment: tree.Comment;
  readonly code: string;
  readonly reason: string;
  /** The line it speaks of: the next that is no comment of its own. */
  readonly line: number;
}

const FORM = /^\s*gang-ignore\s+(GANG\d{4})\s*(?::\s*(.*))?$/;

export function suppress(files: readonly tree.SourceFile[], diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const hidden = new Set<Diagnostic>();
  const said: Diagnostic[] = [];
  for (const file of files) {
    if (!file.text.includes("gang-ignore")) continue;
    const found = Map.groupBy(
      diagnostics.filter((one) => one.file === file.path),
      (one) => `${one.code} ${lineOf(file.lineStarts, one.start)}`,
    );
    for (const one of suppressionsOf(file)) {
      said.push(...apply(file, one, found.get(`${one.code} ${one.line}`) ?? [], hidden));
    }
  }
  return [...diagnostics.filter((one) => !hidden.has(one)), ...said];
}

function suppressionsOf(file: tree.SourceFile): Suppression[] {
  const commentLines = new Set<number>();
  for (const comment of file.comments) {
    const line = lineOf(file.lineStarts, comment.start);
    if (file.text.slice(file.lineStarts[line], comment.start).trim() === "") commentLines.add(line);
  }
  const found: Suppression[] = [];
  let line = 0;
  for (const comment of file.comments) {
    const form = FORM.exec(comment.text);
    if (form === null) continue;
    line = Math.max(line, lineOf(file.lineStarts, comment.start) + 1);
    while (commentLines.has(line)) line++;
    found.push({ comment, code: form[1]!, reason: form[2]?.trim() ?? "", line });
  }
  return found;
}

/** Hides what is meant, and says what is to be said of the comment itself. */
function apply(
  file: tree.SourceFile,
  { comment, code, reason }: Suppression,
  meant: readonly Diagnostic[],
  hidden: Set<Diagnostic>,
): Diagnostic[] {
  const mild = meant.filter((one) => one.severity !== "error" && !hidden.has(one));
  for (const one of mild) hidden.add(one);
  const place = { file: file.path, start: comment.start, end: comment.end };
  if (mild.length === 0) {
    const fixes = [{ title: "Delete the comment", edits: [{ ...place, newText: "" }] }];
    return [report(names.unusedSuppression, place, { code, isError: meant.length > 0 }, { fixes })];
  }
  return reason === "" ? [report(names.suppressionWithoutReason, place, { code })] : [];
}
