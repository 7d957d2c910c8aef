/** Names and what they came to, body by body: the pipeline, an item of a `for`, the inside of a `when`. */
import type { Draft } from "../trail/record.ts";
import type { Json } from "../types.ts";
import type { Halt } from "./attempt-error.ts";
import type { Choice, Failure } from "./evidence.ts";
import type { Scope } from "./expression.ts";
import type { Graph, Vertex } from "./graph.ts";

/** What a name came to. `root` is what failed first: who depends on it is skipped because of that. */
export type Settled =
  | {
      readonly ok: true;
      readonly value: Json;
      /** What was chosen by it. */
      readonly choice: Choice | undefined;
    }
  /** `value`: the empty map of a fan-out that lost all of its items, for those who can do with it. */
  | { readonly ok: false; readonly root: Root; readonly value?: Json };

export interface Root extends Failure {
  /** What failed, as a person knows it. */
  readonly what: string;
  /** Nothing failed: the stage waits for a person, and what rests on it stays open with it; or this is a rehearsal. */
  readonly halted?: Halt["why"];
}

/** Records to write before what they release may begin. */
export interface Batch {
  readonly drafts: Draft[];
  readonly releases: (() => void)[];
}

/** Names of a body that are settled, in one place: the pipeline, an item of a `for`, the inside of a `when`. */
export class Frame implements Scope {
  readonly graph: Graph;
  readonly parent: Frame | undefined;
  /** The vertex of the parent in which this body stands. */
  readonly vertex: Vertex | undefined;
  /** The items of the enclosing fan-outs, joined by `/`. */
  readonly key: string;
  readonly settled = new Map<string, Settled>();
  /** Of a name that a `when` or a `for` provides: the frames of its bodies in which it has a value. */
  readonly insides = new Map<string, Frame[]>();
  readonly waits: Int32Array;
  readonly outside = new Map<string, [Frame, number][]>();
  readonly onDone: (batch: Batch) => void;
  left: number;

  constructor(
    graph: Graph,
    parent: Frame | undefined,
    vertex: Vertex | undefined,
    key: string,
    onDone: (batch: Batch) => void,
  ) {
    this.graph = graph;
    this.parent = parent;
    this.vertex = vertex;
    this.key = key;
    this.onDone = onDone;
    this.left = graph.vertices.length;
    this.waits = Int32Array.from(graph.vertices, (of) => of.inner);
  }

  find(name: string): Settled | undefined {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.parent) {
      const settled = frame.settled.get(name);
      if (settled !== undefined) return settled;
    }
    return undefined;
  }

  get(name: string): Json | undefined {
    return this.find(name)?.value;
  }

  choice(name: string): Choice | undefined {
    const settled = this.find(name);
    return settled?.ok === true ? settled.choice : undefined;
  }

  /** The frame in which a name is provided. */
  home(name: string): Frame | undefined {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.parent) {
      if (frame.graph.providers.has(name)) return frame;
    }
    return undefined;
  }
}

/** What failed first of that without which a node cannot act. */
export function rootOf(frame: Frame, { needs, spared }: Vertex): Root | undefined {
  for (const name of needs) {
    const need = frame.find(name);
    if (need?.ok === false && (need.value === undefined || !spared.has(name))) return need.root;
  }
  return undefined;
}

/**
 * The choices on which these names rest, as far as they are to be held to account, each once: those that the names stand
 * for, and all that those were made from. Behind a fan-out's map stand those of all its items.
 */
export function choicesBehind(frame: Frame, names: readonly string[]): readonly Choice[] {
  const found = new Map<string, Choice>();
  const seen = new Map<Frame, Set<string>>();
  const stack: [Frame, string][] = names.map((name) => [frame, name]);
  for (let at: Frame | undefined = frame; at?.vertex !== undefined; at = at.parent) {
    for (const name of at.vertex.needs) stack.push([at.parent!, name]);
  }
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [from, name] = top;
    const home = from.home(name);
    if (home === undefined) continue;
    const known = seen.get(home) ?? new Set();
    if (known.has(name)) continue;
    seen.set(home, known.add(name));
    const choice = home.choice(name);
    if (choice?.answerable === true) found.set(choice.attempt, choice);
    const vertex = home.graph.vertices[home.graph.providers.get(name)!]!;
    for (const need of vertex.needs) stack.push([home, need]);
    for (const inside of home.insides.get(name) ?? []) stack.push([inside, name]);
  }
  return [...found.values()];
}
