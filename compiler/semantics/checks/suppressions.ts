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
  let left: Diagnostic[] = [...diagnostics];
  for (const file of files) {
    if (!file.text.includes("gang-ignore")) continue;
    for (const one of suppressionsOf(file)) left = apply(file, one, left);
  }
  return left;
}

function suppressionsOf(file: tree.SourceFile): Suppression[] {
  const commentLines = new Set<number>();
  for (const comment of file.comments) {
    const line = lineOf(file.lineStarts, comment.start);
    if (file.text.slice(file.lineStarts[line], comment.start).trim() === "") commentLines.add(line);
  }
  return file.comments.flatMap((comment) => {
    const form = FORM.exec(comment.text);
    if (form === null) return [];
    let line = lineOf(file.lineStarts, comment.start) + 1;
    while (commentLines.has(line)) line++;
    return [{ comment, code: form[1]!, reason: form[2]?.trim() ?? "", line }];
  });
}

function apply(
  file: tree.SourceFile,
  { comment, code, reason, line }: Suppression,
  diagnostics: Diagnostic[],
): Diagnostic[] {
  const meant = (one: Diagnostic): boolean =>
    one.file === file.path && one.code === code && lineOf(file.lineStarts, one.start) === line;
  const hidden = diagnostics.filter((one) => meant(one) && one.severity !== "error");
  const place = { file: file.path, start: comment.start, end: comment.end };
  const left = diagnostics.filter((one) => !hidden.includes(one));
  if (hidden.length === 0) {
    const isError = diagnostics.some(meant);
    const fixes = [{ title: "Delete the comment", edits: [{ ...place, newText: "" }] }];
    left.push(report(names.unusedSuppression, place, { code, isError }, { fixes }));
  } else if (reason === "") left.push(report(names.suppressionWithoutReason, place, { code }));
  return left;
}
