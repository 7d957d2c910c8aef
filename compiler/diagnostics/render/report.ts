/** What a check found, as the renderers for machines take it. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Sources } from "./source.ts";

export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** The path that is printed for an absolute one. */
  readonly shown: (file: string) => string;
  /** The files that were checked. */
  readonly files: readonly string[];
}
