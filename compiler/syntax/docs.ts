/** Which `///` lines belong to which node: those right before it, or the one behind it on its last line. */
import type { Token } from "./tokens.ts";
import type { Comment } from "./tree.ts";

interface Doc {
  readonly comment: Comment;
  taken: boolean;
}

/** Marks of an offset: every node asks, and few have docs. */
const [BEFORE, BEHIND] = [1, 2] as const;

export class Docs {
  readonly #all: readonly Doc[];
  /** By the start of the token that follows. */
  readonly #before = new Map<number, Doc[]>();
  /** By the end of the token before; a comma does not part a field from what is said of it. */
  readonly #behind = new Map<number, Doc>();
  /** By offset, what is still to be taken there. */
  readonly #marks: Uint8Array;

  constructor(tokens: readonly Token[], comments: readonly Comment[], lineOf: (offset: number) => number) {
    this.#all = comments.filter(({ doc }) => doc).map((comment) => ({ comment, taken: false }));
    this.#marks = new Uint8Array(this.#all.length === 0 ? 0 : (tokens.at(-1)?.endOffset ?? 0) + 1);
    let i = 0;
    for (const doc of this.#all) {
      const at = doc.comment.start;
      while (i < tokens.length && tokens[i]!.startOffset < at) i++;
      let last = tokens[i - 1];
      if (last !== undefined && lineOf(Math.max(last.endOffset - 1, 0)) === lineOf(at)) {
        if (last.image === ",") last = tokens[i - 2];
        if (last === undefined) continue;
        this.#behind.set(last.endOffset, doc);
        this.#marks[last.endOffset]! |= BEHIND;
      } else if (i < tokens.length) {
        const start = tokens[i]!.startOffset;
        const others = this.#before.get(start);
        if (others === undefined) this.#before.set(start, [doc]);
        else others.push(doc);
        this.#marks[start]! |= BEFORE;
      }
    }
  }

  /** The text of what documents the node from `start` to `end`. Asked when the node is read: the innermost node wins. */
  take(start: number, end: number): string | undefined {
    const marks = this.#marks;
    const before = (marks[start] ?? 0) & BEFORE ? this.#before.get(start) : undefined;
    const behind = (marks[end] ?? 0) & BEHIND ? this.#behind.get(end) : undefined;
    if (before === undefined && behind === undefined) return undefined;
    marks[start]! &= ~BEFORE;
    marks[end]! &= ~BEHIND;
    let text: string | undefined;
    for (const doc of behind === undefined ? before! : [...(before ?? []), behind]) {
      doc.taken = true;
      text = text === undefined ? doc.comment.text : `${text}\n${doc.comment.text}`;
    }
    return text;
  }

  /** Those that no node has taken. */
  get idle(): readonly Comment[] {
    return this.#all.filter(({ taken }) => !taken).map(({ comment }) => comment);
  }
}
