/** Why an import has no meaning in Gang, as data; and as a diagnostic, at the name that was imported. */
import { dirname, relative } from "node:path";
import * as tools from "../diagnostics/catalogue/tools.ts";
import { type Diagnostic, type DiagnosticDefinition, type Place, report } from "../diagnostics/diagnostic.ts";

export type RefusalKind = keyof typeof DEFINITIONS;

export interface Refusal {
  readonly kind: RefusalKind;
  /** The name that was imported. */
  readonly name: string;
  /** Absolute path of the TypeScript file. */
  readonly file: string;
  /** What it is about: the piece of TypeScript, or a reason. */
  readonly detail: string;
  /** A name that was probably meant. */
  readonly suggestion?: string;
  /** The piece of TypeScript that has no meaning. */
  readonly place?: Place;
  /** The path as the import writes it, where the message speaks of that. */
  readonly written?: string | undefined;
}

const DEFINITIONS = {
  missing: tools.fileMissing,
  unreadable: tools.fileUnreadable,
  outside: tools.fileOutside,
  broken: tools.fileBroken,
  "no-export": tools.noExport,
  default: tools.defaultExport,
  value: tools.notCallable,
  parameters: tools.severalParameters,
  "not-object": tools.parameterNotObject,
  untyped: tools.parameterUntyped,
  overloads: tools.overloads,
  generic: tools.freeGenerics,
  callback: tools.callback,
  class: tools.classValue,
  unresolved: tools.unresolvedType,
  strange: tools.strangeType,
  recursive: tools.recursiveType,
} as const satisfies { readonly [kind: string]: DiagnosticDefinition<tools.ForeignProblem> };

/** The refusal of an imported name, shown where it is imported. */
export function refusalDiagnostic(refusal: Refusal, place: Place): Diagnostic {
  const shown = relative(dirname(place.file), refusal.file).replaceAll("\\", "/");
  const { name, detail, suggestion } = refusal;
  const file = refusal.written ?? (shown.startsWith(".") ? shown : `./${shown}`);
  const labels = refusal.place === undefined ? [] : [{ ...refusal.place, message: "here" }];
  const edit = { ...place, newText: suggestion ?? "" };
  const fixes = suggestion === undefined ? [] : [{ title: `Change to \`${suggestion}\``, edits: [edit] }];
  return report(DEFINITIONS[refusal.kind], place, { name, file, detail, suggestion }, { labels, fixes });
}

/** Ends the reading of one name; caught where the name is asked for. */
export class Refused extends Error {
  readonly refusal: Omit<Refusal, "name" | "file">;

  constructor(kind: RefusalKind, detail: string, place?: Place) {
    super(`${kind}: ${detail}`);
    this.refusal = place === undefined ? { kind, detail } : { kind, detail, place };
  }
}

/** Syntax alone does not say what this is: the checker must be asked. */
export class Unsettled extends Error {}
