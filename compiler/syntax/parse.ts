/** The one way from text to tree. */

import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Diagnostic, report } from "../diagnostics/diagnostic.ts";
import { depthLimit } from "./brackets.ts";
import { Docs } from "./docs.ts";
import { lex, lineOf } from "./lexer.ts";
import { GangParser } from "./parser.ts";
import { shipped } from "./shipped.ts";
import type { Token } from "./tokens.ts";
import type { SourceFile } from "./tree.ts";

export interface Parsed {
  readonly file: SourceFile;
  /** In the order of the text. */
  readonly diagnostics: Diagnostic[];
}

let parser: GangParser | undefined;

type Tree = Pick<SourceFile, "version" | "items"> & { readonly problems: readonly Diagnostic[] };

function treeOf(path: string, text: string, tokens: Token[], docs: Docs): Tree {
  parser ??= new GangParser(shipped);
  try {
    parser.open(path, text, tokens, docs);
    const { version, items } = parser.file() ?? { version: undefined, items: [] };
    parser.admitGivingUp();
    return { version, items, problems: parser.diagnostics };
  } catch (error) {
    // Where brackets do not pair, depth can only be guessed before parsing; the stack knows it for certain.
    if (!(error instanceof RangeError)) throw error;
    parser = undefined;
    const problem = report(catalogue.tooDeep, { file: path, start: 0, end: 0 }, { limit: depthLimit });
    return { version: undefined, items: [], problems: [problem] };
  }
}

/** Parses any text; never throws. What is wrong is said in `diagnostics`, and the tree is whole in shape all the same. */
export function parse(path: string, text: string): Parsed {
  const { tokens, comments, lineStarts, diagnostics } = lex(path, text);
  const docs = new Docs(tokens, comments, (offset) => lineOf(lineStarts, offset));
  const { version, items, problems } = treeOf(path, text, tokens, docs);
  diagnostics.push(...problems);
  if (diagnostics.length === 0) {
    for (const comment of docs.idle) {
      diagnostics.push(report(catalogue.idleDoc, { file: path, start: comment.start, end: comment.end }, {}));
    }
  }
  diagnostics.sort((a, b) => a.start - b.start);
  // A file that is no Gang at all is said to be so, not listed.
  const notText = diagnostics.find((diagnostic) => diagnostic.code === catalogue.notText.code);
  const file: SourceFile = {
    kind: "file",
    start: 0,
    end: text.length,
    path,
    text,
    version,
    items,
    comments,
    lineStarts,
  };
  return { file, diagnostics: notText === undefined ? diagnostics : [notText] };
}
