/** What a check found, as it is shown: of each file no more than anyone will read, and how much there is in all. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Sources } from "./source.ts";
import { type Summary, summarize } from "./summary.ts";

export interface Report {
  /** Those that are shown. */
  readonly diagnostics: readonly Diagnostic[];
  /** Of all that were found. */
  readonly summary: Summary;
  readonly sources: Sources;
  /** The path that is printed for an absolute one. */
  readonly shown: (file: string) => string;
  /** The files that were checked. */
  readonly files: readonly string[];
}

export function reportOf(
  found: readonly Diagnostic[],
  { files, ...rest }: Pick<Report, "sources" | "shown" | "files">,
): Report {
  const diagnostics = foremost(found);
  return { diagnostics, summary: summarize(found, files.length, diagnostics.length), files, ...rest };
}

/** As many of one file as anyone will read. */
const MOST_OF_A_FILE = 500;

/** No error is left out for a warning. */
export function foremost(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= MOST_OF_A_FILE) return diagnostics;
  const kept = new Set<Diagnostic>();
  for (const inFile of Map.groupBy(diagnostics, ({ file }) => file).values()) {
    const errorsFirst = inFile.toSorted((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
    for (const one of errorsFirst.slice(0, MOST_OF_A_FILE)) kept.add(one);
  }
  return diagnostics.filter((one) => kept.has(one));
}
