/** A project in memory, and what a check of its `main.gang` says. */
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import type { Host } from "../../../compiler/host.ts";
import { compile } from "../../../compiler/index.ts";
import type { Program } from "../../../compiler/semantics/program.ts";

const ROOT = "/project";

export function memoryHost(files: { readonly [path: string]: string }): Host {
  const all = new Map(Object.entries(files).map(([path, text]) => [`${ROOT}/${path}`, text]));
  const isFolder = (path: string): boolean => [...all.keys()].some((file) => file.startsWith(`${path}/`));
  return {
    read(path) {
      const text = all.get(path);
      if (text !== undefined) return { ok: true, text };
      return { ok: false, reason: isFolder(path) ? "directory" : "missing" };
    },
    projectOf: () => ROOT,
    realPath: (path) => path,
  };
}

export function programOf(text: string, files: { readonly [path: string]: string } = {}): Program {
  return compile(`${ROOT}/main.gang`, memoryHost({ "main.gang": text, ...files }));
}

export function check(text: string, files: { readonly [path: string]: string } = {}): readonly Diagnostic[] {
  return programOf(text, files).diagnostics;
}

/** The text with a fix applied. */
export function mended(text: string, { fixes }: Diagnostic, which = 0): string {
  const edits = [...fixes[which]!.edits].sort((a, b) => b.start - a.start);
  return edits.reduce((result, edit) => result.slice(0, edit.start) + edit.newText + result.slice(edit.end), text);
}

/** A source whose marks `‹…›` say where something is expected: the text without them, and what they enclose. */
export function marked(source: string): {
  readonly text: string;
  readonly spans: readonly (readonly [number, number])[];
} {
  let text = "";
  const spans: [number, number][] = [];
  const open: number[] = [];
  for (const letter of source) {
    if (letter === "‹") open.push(text.length);
    else if (letter === "›") spans.push([open.pop()!, text.length]);
    else text += letter;
  }
  return { text, spans: spans.sort((a, b) => a[0] - b[0]) };
}
