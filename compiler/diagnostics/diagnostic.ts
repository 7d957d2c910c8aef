/**
 * A diagnostic is a value: what is wrong, where, what else to look at, and how to mend it. Codes, severities, titles
 * and messages are declared once, in the catalogue; the places that find a problem only name the code and its data.
 */
import type { Span } from "../syntax/tree.ts";

export type Severity = "error" | "warning" | "hint";

/** A span in a file, by the file's absolute path. */
export interface Place extends Span {
  readonly file: string;
}

export interface Label extends Place {
  readonly message: string;
}

/** Replacements that mend the problem; spans do not overlap. */
export interface Fix {
  readonly title: string;
  /** Of several, the one that is applied where nobody is asked. */
  readonly preferred?: true;
  readonly edits: readonly (Place & { readonly newText: string })[];
}

export interface Diagnostic extends Place {
  /** `GANG1001`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly labels: readonly Label[];
  /** A sentence or two on what to do. */
  readonly help: string | undefined;
  readonly fixes: readonly Fix[];
}

/** What a catalogue says of one code. */
export interface DiagnosticDefinition<Data> {
  readonly code: string;
  readonly severity: Severity;
  /** Two to four words, for headings and SARIF rules. */
  readonly title: string;
  readonly message: (data: Data) => string;
  readonly help?: (data: Data) => string | undefined;
  /** For `gangc explain`: a paragraph, then a wrong and a right file. The wrong one triggers exactly this code. */
  readonly explain: {
    readonly text: string;
    readonly wrong: string;
    readonly right: string;
    /** What the two are, where they are no Gang files. */
    readonly of?: "gang.yaml";
    /** Files beside the two, by path relative to them: what they import. */
    readonly files?: { readonly [path: string]: string };
  };
}

export interface Details {
  readonly labels?: readonly Label[];
  readonly help?: string | undefined;
  readonly fixes?: readonly Fix[];
}

/** Declares one code; `Data` is what the message needs, so that a missing or misspelt detail does not compile. */
export function define<Data = Record<never, never>>(
  definition: DiagnosticDefinition<Data>,
): DiagnosticDefinition<Data> {
  return definition;
}

export function report<Data>(
  definition: DiagnosticDefinition<Data>,
  place: Place,
  data: Data,
  details: Details = {},
): Diagnostic {
  return {
    code: definition.code,
    severity: definition.severity,
    message: definition.message(data),
    file: place.file,
    start: place.start,
    end: place.end,
    labels: details.labels ?? [],
    help: details.help ?? definition.help?.(data),
    fixes: details.fixes ?? [],
  };
}
