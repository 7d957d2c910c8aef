/**
 * Applies the mends that need no choice: of each problem its only one, or the one marked as preferred. Pass after pass,
 * since one mend may show the next problem. Nothing else of a file is touched, and none is left with more errors.
 */
import { readFileSync } from "node:fs";
import type { Diagnostic, Fix } from "../../compiler/diagnostics/diagnostic.ts";
import { linesOf, position } from "../../compiler/diagnostics/render/source.ts";
import type { Host } from "../../compiler/host.ts";
import { compile } from "../../compiler/index.ts";
import { environmentError } from "../command.ts";
import { textOf } from "../host.ts";
import { writeWhole } from "../write-file.ts";
import { check } from "./checking.ts";

const MOST_PASSES = 10;

export interface Mended {
  readonly file: string;
  /** What was applied, in order. */
  readonly mends: readonly Mend[];
  /** Why nothing was applied though something could have been: the end of a sentence about the file. */
  readonly refused: string | undefined;
}

export interface Mend {
  /** From 1, in the file as it then was. */
  readonly line: number;
  readonly title: string;
}

interface State {
  readonly text: string;
  readonly errors: number;
  readonly mends: readonly Mend[];
}

/** Mends `files` on disk; of those with nothing to mend nothing is said. */
export function fixFiles(files: readonly string[], host: Host): readonly Mended[] {
  const results: Mended[] = [];
  const changed = new Map<string, string>();
  const drafts = overlay(host, changed);
  for (const file of files) {
    const mended = mend(file, drafts, changed);
    if (mended !== undefined) results.push(mended);
  }
  // A file that was mended by itself may be another's import.
  if (changed.size > 0 && errorsIn(check(files, drafts).diagnostics) > errorsIn(check(files, host).diagnostics))
    return results.map(({ file }) => ({
      file,
      mends: [],
      refused: "mending it brings errors to files that import it",
    }));
  return results.map((result) => {
    const text = changed.get(result.file);
    const refused = text === undefined ? result.refused : written(result.file, host, text);
    return refused === undefined ? result : { file: result.file, mends: [], refused };
  });
}

function mend(file: string, host: Host, changed: Map<string, string>): Mended | undefined {
  const read = host.read(file);
  if (!read.ok) return undefined;
  const seen = new Set<string>();
  let draft: Pick<State, "text" | "mends"> = { text: read.text, mends: [] };
  let best: State | undefined;
  for (let pass = 0; pass <= MOST_PASSES && !seen.has(draft.text); pass++) {
    seen.add(draft.text);
    changed.set(file, draft.text);
    const { diagnostics } = compile(file, host);
    const state = { ...draft, errors: errorsIn(diagnostics) };
    if (best === undefined || state.errors <= best.errors) best = state;
    draft = applied(state, applicable(diagnostics, file));
  }
  if (best === undefined || best.mends.length === 0) {
    changed.delete(file);
    return seen.size === 1 ? undefined : { file, mends: [], refused: "its mends together would bring new errors" };
  }
  changed.set(file, best.text);
  return { file, mends: best.mends, refused: undefined };
}

/** In the order of the file; of two that touch, the first. */
function applicable(diagnostics: readonly Diagnostic[], file: string): readonly Fix[] {
  const taken: { readonly start: number; readonly end: number }[] = [];
  const chosen: Fix[] = [];
  for (const { fixes } of diagnostics) {
    const fix = fixes.length === 1 ? fixes[0] : fixes.find(({ preferred }) => preferred);
    if (fix === undefined || fix.edits.length === 0 || fix.edits.some((edit) => edit.file !== file)) continue;
    if (fix.edits.some((edit) => taken.some((other) => edit.start <= other.end && other.start <= edit.end))) continue;
    taken.push(...fix.edits);
    chosen.push(fix);
  }
  return chosen;
}

function applied({ text, mends }: State, fixes: readonly Fix[]): Pick<State, "text" | "mends"> {
  const crlf = text.includes("\r\n");
  const lines = linesOf(() => text)("");
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end, newText } of fixes.flatMap(({ edits }) => edits).sort((a, b) => a.start - b.start)) {
    pieces.push(text.slice(from, start), crlf ? newText.replace(/\r?\n/g, "\r\n") : newText);
    from = end;
  }
  return {
    text: pieces.join("") + text.slice(from),
    mends: [...mends, ...fixes.map(({ title, edits }) => ({ title, line: position(lines, edits[0]!.start).line + 1 }))],
  };
}

/** Writes the file unless someone else has meanwhile; says why not. */
function written(file: string, host: Host, text: string): string | undefined {
  const before = host.read(file);
  const bytes = readFileSync(file);
  const now = textOf(bytes);
  if (!before.ok || !now.ok || before.text !== now.text) return "it was changed by someone else meanwhile";
  const mark = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? "\uFEFF" : "";
  try {
    writeWhole(file, mark + text);
    return undefined;
  } catch (error) {
    throw environmentError(
      `${file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? "the disk refuses"}.`,
    );
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function overlay(host: Host, texts: ReadonlyMap<string, string>): Host {
  return {
    ...host,
    read(path) {
      const text = texts.get(path);
      return text === undefined ? host.read(path) : { ok: true, text };
    },
  };
}

function errorsIn(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter(({ severity }) => severity === "error").length;
}
