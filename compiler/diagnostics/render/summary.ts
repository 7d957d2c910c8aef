/** How many of what. */
import type { Diagnostic } from "../diagnostic.ts";

export interface Summary {
  readonly errors: number;
  readonly warnings: number;
  readonly hints: number;
  readonly files: number;
}

export function summarize(diagnostics: readonly Diagnostic[], files: number): Summary {
  const count = { error: 0, warning: 0, hint: 0 };
  for (const { severity } of diagnostics) count[severity]++;
  return { errors: count.error, warnings: count.warning, hints: count.hint, files };
}

/** `2 errors, 1 warning in 3 files`. */
export function summaryLine({ errors, warnings, hints, files }: Summary): string {
  const counts = [plural(errors, "error"), plural(warnings, "warning"), plural(hints, "hint")].filter(
    (text) => !text.startsWith("0 "),
  );
  return `${counts.length === 0 ? "no problems" : counts.join(", ")} in ${plural(files, "file")}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
