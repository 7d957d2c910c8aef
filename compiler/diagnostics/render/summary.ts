/** How many of what. */
import type { Diagnostic } from "../diagnostic.ts";

export interface Summary {
  readonly errors: number;
  readonly warnings: number;
  readonly hints: number;
  readonly files: number;
  /** How many of them all are not shown one by one. */
  readonly leftOut: number;
}

export function summarize(diagnostics: readonly Diagnostic[], files: number, shown = diagnostics.length): Summary {
  const count = { error: 0, warning: 0, hint: 0 };
  for (const { severity } of diagnostics) count[severity]++;
  const leftOut = diagnostics.length - shown;
  return { errors: count.error, warnings: count.warning, hints: count.hint, files, leftOut };
}

/** `2 errors, 1 warning in 3 files`; `700 errors in 1 file, 500 shown`. */
export function summaryLine({ errors, warnings, hints, files, leftOut }: Summary): string {
  const counts = [plural(errors, "error"), plural(warnings, "warning"), plural(hints, "hint")].filter(
    (text) => !text.startsWith("0 "),
  );
  const found = `${counts.length === 0 ? "no problems" : counts.join(", ")} in ${plural(files, "file")}`;
  return leftOut === 0 ? found : `${found}, ${errors + warnings + hints - leftOut} shown`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
