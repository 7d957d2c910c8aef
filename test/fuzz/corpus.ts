/**
 * What inputs are made from: the fixtures, the examples, both samples of every diagnostic, the reference's examples,
 * and one text with every form of the language.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CATALOGUE } from "../../compiler/diagnostics/catalogue/index.ts";
import { lex } from "../../compiler/syntax/lexer.ts";
import type { Span } from "../../compiler/syntax/tree.ts";
import { forms } from "../compiler/syntax/samples.ts";

export interface Sample {
  readonly name: string;
  /** Absolute; for samples that are no file, in a folder that does not exist. */
  readonly path: string;
  readonly text: string;
  /** Files beside it, by absolute path, that are not on the disk. */
  readonly files: ReadonlyMap<string, string>;
  /** Its first complaint is a slip in the test: the sample is declared right. */
  readonly right: boolean;
}

const ROOT = join(import.meta.dirname, "..", "..");

export const CORPUS: readonly Sample[] = [...stored(), ...catalogued(), ...referenced(), made("forms", forms, false)];

function stored(): Sample[] {
  return globSync("{test/fixtures,examples}/**/*.gang", { cwd: ROOT })
    .sort()
    .map((name) => {
      const path = join(ROOT, name);
      return { name, path, text: readFileSync(path, "utf8"), files: new Map(), right: true };
    });
}

function catalogued(): Sample[] {
  return CATALOGUE.filter(({ explain }) => explain.of === undefined).flatMap(({ code, explain }) => [
    made(`${code}, wrong`, explain.wrong, false, explain.files),
    made(`${code}, right`, explain.right, true, explain.files),
  ]);
}

function referenced(): Sample[] {
  const reference = readFileSync(join(ROOT, "grammar/README.md"), "utf8");
  return [...reference.matchAll(/^### (\w+)$[\s\S]*?```gang\n([\s\S]*?)```/gm)].map(([, name, text]) =>
    made(`grammar, ${name}`, text!, false),
  );
}

function made(name: string, text: string, right: boolean, files: { readonly [path: string]: string } = {}): Sample {
  const path = `/samples/${name.replace(/\W+/g, "-")}/main.gang`;
  const beside = Object.entries(files).map(([file, content]): [string, string] => [join(dirname(path), file), content]);
  return { name, path, text, files: new Map(beside), right };
}

/** The tokens and comments of a text, in order. */
export function piecesOf(text: string): readonly Span[] {
  const { tokens, comments } = lex("/pieces.gang", text);
  const spans = [...tokens.map(({ startOffset, endOffset }) => ({ start: startOffset, end: endOffset })), ...comments];
  // What the compiler made up where a bracket was missing has no width.
  return spans.filter(({ start, end }) => end > start && end <= text.length).sort((a, b) => a.start - b.start);
}
