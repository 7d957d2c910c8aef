/** Which `///` lines belong to which node: those right before it, or the one behind it on its last line. */
import type { Token } from "./tokens.ts";
import type { Comment } from "./tree.ts";

const none: readonly Comment[] = [];

export class Docs {
  /** By the start of the token that follows. */
  readonly #before = new Map<number, Comment[]>();
  /** By the end of the token before; a comma does not part a field from what is said of it. */
  readonly #behind = new Map<number, Comment>();
  readonly #idle: Set<Comment>;
  /** Offsets before or behind which something stands: every node asks, and few have any. */
  readonly #marked: Uint8Array;

  constructor(tokens: readonly Token[], comments: readonly Comment[], lineOf: (offset: number) => number) {
    const docs = comments.filter((comment) => comment.doc);
    this.#idle = new Set(docs);
    this.#marked = new Uint8Array(docs.length === 0 ? 0 : (tokens.at(-1)?.endOffset ?? 0) + 1);
    let i = 0;
    for (const doc of docs) {
      while (i < tokens.length && tokens[i]!.startOffset < doc.start) i++;
      let last = tokens[i - 1];
      if (last !== undefined && lineOf(Math.max(last.endOffset - 1, 0)) === lineOf(doc.start)) {
        if (last.image === ",") last = tokens[i - 2];
        if (last === undefined) continue;
        this.#behind.set(last.endOffset, doc);
        this.#marked[last.endOffset] = 1;
      } else if (i < tokens.length) {
        const start = tokens[i]!.startOffset;
        this.#marked[start] = 1;
        const others = this.#before.get(start);
        if (others === undefined) this.#before.set(start, [doc]);
        else others.push(doc);
      }
    }
  }

  /** The text of what documents the node from `start` to `end`. Asked when the node is read: the innermost node wins. */
  take(start: number, end: number): string | undefined {
    if (this.#marked[start] !== 1 && this.#marked[end] !== 1) return undefined;
    const before = this.#before.get(start) ?? none;
    const behind = this.#behind.get(end);
    if (before === none && behind === undefined) return undefined;
    const docs = behind === undefined ? before : [...before, behind];
    this.#before.delete(start);
    this.#behind.delete(end);
    for (const doc of docs) this.#idle.delete(doc);
    return docs.map((doc) => doc.text).join("\n");
  }

  /** Those that no node has taken. */
  get idle(): Iterable<Comment> {
    return this.#idle;
  }
}
