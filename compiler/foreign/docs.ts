/** JSDoc comments as plain text. */
import type { Module } from "./module.ts";

export interface Doc {
  /** The description, without tags; empty where there is none. */
  readonly text: string;
  /** What `@param` says, by the last part of its name: `options.a` documents `a`. */
  readonly parameters: ReadonlyMap<string, string>;
}

const NONE: Doc = { text: "", parameters: new Map() };

/** The last `/** … *\/` comment that ends before `offset` with only white space between. */
export function docBefore(module: Module, offset: number): Doc {
  const comments = module.comments;
  let [low, high] = [0, comments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comments[middle]!.end <= offset) low = middle + 1;
    else high = middle;
  }
  const comment = comments[low - 1];
  if (comment === undefined || comment.type !== "Block" || !comment.value.startsWith("*")) return NONE;
  return module.text.slice(comment.end, offset).trim() === "" ? parseDoc(comment.value.slice(1)) : NONE;
}

function parseDoc(comment: string): Doc {
  const lines = comment.split(/\r?\n/).map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  const [text, ...tags] = lines.join("\n").split(/^(?=\s*@)/m);
  const parameters = new Map<string, string>();
  for (const tag of tags) {
    const match = /^\s*@param\s+(?:\{[^}]*\}\s*)?\[?([\w$.]+)[^\s\]]*\]?\s*-?\s*([\s\S]*)$/.exec(tag);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      parameters.set(match[1].split(".").at(-1)!, oneLine(match[2]));
    }
  }
  // `@…` first: there is no description.
  const described = text === undefined || text.trimStart().startsWith("@") ? "" : text;
  return { text: described.trim(), parameters };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
