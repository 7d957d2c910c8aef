/**
 * Executes a pipeline's body. A node acts as soon as the names it waits for are settled; nothing is ordered in any other
 * way. The end of a stage and the starts that it releases are one write and one sync; what is pure (`let`, `when`,
 * `observe`, `learn`) happens in between, without either. Work goes through a queue, so that neither the length of a
 * chain nor the width of a fan costs stack, and each edge is looked at once.
 */
import type { Expr, ForNode, LearnNode, Node, ObserveNode, StageNode, WhenNode } from "../plan.ts";
import type { OutputFields } from "../trail/artifacts.ts";
import type { Json } from "../types.ts";
import { AttemptError } from "./attempt-error.ts";
import type { RunContext } from "./context.ts";
import { answerCredit, type Failure } from "./evidence.ts";
import { closed, evaluate, evaluateAsking } from "./expression.ts";
import { type Batch, choicesBehind, Frame, type Root, rootOf, type Settled } from "./frame.ts";
import { type Graph, metricName, type Vertex } from "./graph.ts";
import { itemsOf } from "./items.ts";
import { blamed, choiceOfLet, learned, scored, scoredLate } from "./learning.ts";
import { Memory } from "./memory.ts";
import { answered, withAnswers } from "./questions.ts";
import { stageKey } from "./restored.ts";
import { type ParkedStage, restoredResult, runStage, type StageResult } from "./stage.ts";

export interface BodyResult {
  /** The first failures, in the order in which they happened. */
  readonly failures: readonly Root[];
  /** Stages that wait, each with what it waits for. */
  readonly parked: readonly Root[];
  readonly settled: ReadonlyMap<string, Settled>;
}

/** So many stages begin in one turn of the loop. */
const AT_ONCE = 256;

/** Ends when every node is settled. Rejects only with what ends the whole run: no trail, no knowledge. */
export function runBody(context: RunContext, graph: Graph, globals: ReadonlyMap<string, Json>): Promise<BodyResult> {
  return new Scheduler(context, graph).run(globals);
}

const valued = (value: Json): Settled => ({ ok: true, value, choice: undefined });

class Scheduler {
  readonly #context: RunContext;
  readonly #graph: Graph;
  readonly #failures: Root[] = [];
  readonly #parked: Root[] = [];
  readonly #memory: Memory;
  readonly #queue: (() => void)[] = [];
  #batch: Batch = { drafts: [], releases: [] };
  #abandon: (error: unknown) => void = () => {};
  #over = false;

  constructor(context: RunContext, graph: Graph) {
    this.#context = context;
    this.#graph = graph;
    this.#memory = new Memory(context);
  }

  run(globals: ReadonlyMap<string, Json>): Promise<BodyResult> {
    return new Promise((resolve, reject) => {
      this.#abandon = (error) => {
        if (this.#over) return;
        this.#over = true;
        this.#context.cancellation.cancel();
        reject(error);
      };
      const frame = new Frame(this.#graph, undefined, undefined, "", (batch) => {
        batch.releases.push(() => {
          this.#over = true;
          resolve({ failures: this.#failures, parked: this.#parked, settled: frame.settled });
        });
      });
      for (const [name, value] of globals) frame.settled.set(name, valued(value));
      this.#step(() => this.#open(frame));
    });
  }

  /** Lets something happen, with all that follows from it, and writes that down as one batch. */
  #step(happen: () => void): void {
    if (this.#over) return;
    try {
      happen();
      for (let i = 0; i < this.#queue.length; i++) this.#queue[i]!();
      this.#queue.length = 0;
      const batch = this.#batch;
      this.#batch = { drafts: [], releases: [] };
      this.#write(batch);
    } catch (error) {
      this.#abandon(error);
    }
  }

  /**
   * Writes, and then lets begin what waits for that. A wide fan begins part by part: what ends at once has ended before the
   * next part begins, and the loop turns meanwhile.
   */
  #write({ drafts, releases }: Batch): void {
    if (drafts.length === 0) {
      this.#release(releases, 0);
      return;
    }
    if (releases.length > 0) this.#context.assertSpace();
    this.#context.append(drafts).then(() => this.#release(releases, 0), this.#abandon);
  }

  #release(releases: Batch["releases"], from: number): void {
    try {
      const end = Math.min(releases.length, from + AT_ONCE);
      for (let i = from; i < end; i++) releases[i]!();
      if (end < releases.length) setImmediate(() => this.#release(releases, end));
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** Begins a frame: counts what each node waits for, and queues those that wait for nothing. */
  #open(frame: Frame): void {
    if (frame.left === 0) {
      frame.onDone(this.#batch);
      return;
    }
    frame.graph.vertices.forEach((vertex, index) => {
      for (const name of vertex.outer) {
        const home = frame.parent?.home(name);
        if (home === undefined || home.settled.has(name)) continue;
        frame.waits[index]! += 1;
        const waiting = home.outside.get(name);
        if (waiting === undefined) home.outside.set(name, [[frame, index]]);
        else waiting.push([frame, index]);
      }
    });
    frame.waits.forEach((waits, index) => {
      if (waits === 0) this.#queue.push(() => this.#act(frame, index));
    });
  }

  #settle(frame: Frame, name: string, settled: Settled): void {
    frame.settled.set(name, settled);
    for (const index of frame.graph.readers.get(name) ?? []) this.#countDown(frame, index);
    const outside = frame.outside.get(name);
    if (outside === undefined) return;
    frame.outside.delete(name);
    for (const [inner, index] of outside) this.#countDown(inner, index);
  }

  #countDown(frame: Frame, index: number): void {
    frame.waits[index]! -= 1;
    if (frame.waits[index] === 0) this.#queue.push(() => this.#act(frame, index));
  }

  /** The node has done all it does. */
  #finish(frame: Frame): void {
    frame.left -= 1;
    if (frame.left === 0) frame.onDone(this.#batch);
  }

  #act(frame: Frame, index: number): void {
    const vertex = frame.graph.vertices[index]!;
    const root = rootOf(frame, vertex);
    if (root !== undefined) this.#skip(frame, vertex, root, `because ${root.what} ${outcomeOf(root)}`);
    else if (vertex.node.kind === "learn") this.#learn(frame, vertex.node);
    else if (this.#context.cancellation.reason !== undefined) {
      const { class: kind, message } = this.#context.cancellation.reason;
      this.#skip(frame, vertex, { class: kind, error: message, what: "the run" }, `because ${message}`);
    } else this.#perform(frame, vertex, vertex.node);
  }

  #perform(frame: Frame, vertex: Vertex, node: Exclude<Node, LearnNode>): void {
    switch (node.kind) {
      case "stage":
        this.#whenAnswered(frame, vertex, node, (asked) => this.#startStage(frame, asked));
        break;
      case "let":
        this.#whenValued(frame, vertex, node.value, (value) => {
          const taken = this.#taken.get(node.name + frame.key) ?? null;
          const choice = choiceOfLet(this.#context, frame, node, value, taken);
          this.#settle(frame, node.name, { ok: true, value, choice });
          this.#finish(frame);
        });
        break;
      case "when":
        this.#whenValued(frame, vertex, node.condition, (value) => {
          if (value === true) this.#enter(frame, vertex);
          else this.#passOver(frame, vertex, node);
        });
        break;
      case "for":
        if (node.over.kind === "list") {
          this.#whenValued(frame, vertex, node.over.list, (list) => {
            // A key may hold what separates keys: two items are never known as one.
            const within = (key: string): string =>
              frame.key === "" ? key : `${frame.key}/${key.replace(/[%/]/g, encodeURIComponent)}`;
            this.#fanOut(frame, vertex, node, itemsOf(frame, node, list), within);
          });
        } else {
          // The source gave one item for this cycle, which is known by its run: what is learned is learned for all of them.
          const { item: key, given } = this.#context;
          const items = key !== undefined && given?.node === node ? [{ key, value: given.value }] : [];
          this.#fanOut(frame, vertex, node, items, () => frame.key);
        }
        break;
      case "observe":
        if (node.late !== undefined)
          this.#whenAnswered(frame, vertex, node, (asked) => this.#observeLate(frame, vertex, asked, node.late!));
        else this.#whenValued(frame, vertex, node.value, (value) => this.#observe(frame, node, value));
        break;
    }
  }

  /** Evaluates, at once or (where the memory is asked) later, and goes on with the value; a failure is the node's. */
  #whenValued(
    frame: Frame,
    vertex: Vertex,
    expression: Parameters<typeof evaluate>[0],
    then: (value: Json) => void,
  ): void {
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        this.#break(frame, vertex, error);
      }
    };
    if (!vertex.asks) {
      attempt(() => then(evaluate(expression, frame)));
      return;
    }
    const asked = evaluateAsking(expression, frame, async (request) => {
      const value = await this.#memory.answer(request, frame.key);
      if (vertex.node.kind === "let" && request.kind === "recalled")
        this.#taken.set(vertex.node.name + frame.key, value);
      return value;
    });
    this.#then(frame, vertex, asked, (value) => attempt(() => then(value)));
  }

  /** Goes on with the node once the memory has answered what its expressions ask of it. */
  #whenAnswered<Of extends StageNode | ObserveNode>(
    frame: Frame,
    vertex: Vertex,
    node: Of,
    then: (node: Of) => void,
  ): void {
    if (!vertex.asks) {
      then(node);
      return;
    }
    const put = (of: Expr): Promise<Expr> => answered(of, frame, (request) => this.#memory.answer(request, frame.key));
    this.#then(frame, vertex, withAnswers(node, put) as Promise<Of>, then);
  }

  #then<T>(frame: Frame, vertex: Vertex, asked: Promise<T>, then: (value: T) => void): void {
    asked.then(
      (value) => this.#step(() => then(value)),
      (error: unknown) =>
        this.#step(() => {
          if (!(error instanceof AttemptError)) throw error;
          this.#break(frame, vertex, error);
        }),
    );
  }

  /** What the `let`s of this run took from memory, for `echo`. */
  readonly #taken = new Map<string, Json>();

  // Stages ----------------------------------------------------------------------------------------------------------

  #startStage(frame: Frame, node: StageNode): void {
    const { plan, origin, restored } = this.#context;
    const known = restored?.stages.get(stageKey(node.id, frame.key));
    if (known !== undefined) {
      this.#settleStage(frame, node, restoredResult(this.#context, node, frame.key, frame, known));
      return;
    }
    const [file, line] = node.at;
    const source = plan.source[file];
    this.#batch.drafts.push({
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: node.id,
      scope: frame.key === "" ? undefined : frame.key,
      kind: "stage.started",
      line,
      file: source?.path,
    });
    this.#batch.releases.push(() => void this.#runStage(frame, node));
  }

  async #runStage(frame: Frame, node: StageNode): Promise<void> {
    try {
      const { clock } = this.#context;
      const began = clock.elapsed();
      const result = await runStage(this.#context, node, frame.key, frame);
      // What waits has not ended: it starts anew when the run goes on.
      if (result.status === "parked") {
        this.#step(() => {
          this.#creditAnswer(frame, node, result);
          this.#settleStage(frame, node, result);
        });
        return;
      }
      let output = result.status === "ok" ? this.#context.outputOf(result.value) : undefined;
      if (output instanceof Promise) output = await output;
      const kept = output;
      this.#step(() => this.#endStage(frame, node, result, kept, (clock.elapsed() - began) / 1000));
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** What a person's answer will be evidence for: the choices that are shown. */
  #creditAnswer(frame: Frame, node: StageNode, { wait }: ParkedStage): void {
    if (wait === undefined || this.#context.restored?.waits.has(stageKey(node.id, frame.key))) return;
    for (const choice of choicesBehind(frame, node.needs))
      this.#batch.drafts.push(answerCredit(this.#context, choice, wait));
  }

  #endStage(
    frame: Frame,
    node: StageNode,
    result: Exclude<StageResult, ParkedStage>,
    output: OutputFields | undefined,
    elapsed: number,
  ): void {
    const failure: Partial<Failure> | undefined =
      "failure" in result ? result.failure : "why" in result ? { error: result.why } : undefined;
    const ok = result.status === "ok" ? result : undefined;
    const { origin } = this.#context;
    this.#batch.drafts.push({
      peer: origin.peer,
      run: origin.run,
      plan: origin.plan,
      stage: node.id,
      scope: frame.key === "" ? undefined : frame.key,
      kind: "stage.ended",
      status: result.status === "rehearsed" ? "skipped" : result.status,
      via: ok?.via,
      attempt: ok?.attempt,
      alternative: ok === undefined || ok.alternative === 0 ? undefined : ok.alternative,
      echo: ok?.choice?.echo === true ? true : undefined,
      attempts: result.attempts,
      elapsed: Math.max(0, elapsed),
      output: output?.output,
      artifact: output?.artifact,
      hash: output?.hash,
      class: failure?.class,
      error: failure?.error,
    });
    if (result.status === "ok" && this.#saves(node)) {
      const { checkpoints, origin } = this.#context;
      this.#batch.releases.push(() => checkpoints.drop(origin.run, node.id, frame.key));
    }
    this.#settleStage(frame, node, result);
  }

  #saves({ alternatives }: StageNode): boolean {
    const { tools } = this.#context.plan;
    return alternatives.some(({ callee }) => callee.kind === "tool" && tools[callee.name]?.checkpoint !== undefined);
  }

  #settleStage(frame: Frame, node: StageNode, result: StageResult): void {
    if (result.status === "ok") {
      // What nothing credits, and no failure is blamed on, need not be kept for as long as the run.
      const isKept = result.choice?.answerable === true || frame.graph.credits.size > 0;
      this.#settle(frame, node.name, { ok: true, value: result.value, choice: isKept ? result.choice : undefined });
    } else if ("why" in result) {
      const { status: halted, why: error } = result;
      const root: Root = { class: "interrupted", error, what: named(node.id, frame.key), halted };
      if (halted === "parked") this.#parked.push(root);
      this.#settle(frame, node.name, { ok: false, root });
    } else {
      this.#blame(frame, node.needs, result.failure);
      if (result.status === "none") this.#settle(frame, node.name, valued(null));
      else this.#fail(frame, [node.name], { ...result.failure, what: named(node.id, frame.key) });
    }
    this.#finish(frame);
  }

  /** A node that is no stage could not do its part. */
  #break(frame: Frame, vertex: Vertex, error: AttemptError): void {
    const { node } = vertex;
    const [file, line] = node.at;
    const what = `${node.kind} ${"name" in node ? node.name : node.kind === "observe" ? node.metric : ""}`.trim();
    const place = `${this.#context.plan.source[file]?.path ?? "?"}:${line}`;
    const root: Root = { class: error.class, error: error.message, what: named(what, frame.key) };
    this.#batch.drafts.push({
      ...this.#context.origin,
      kind: "event",
      ...(frame.key === "" ? {} : { scope: frame.key }),
      name: "failed",
      message: `${what} (${place}): ${error.message}`,
    });
    this.#blame(
      frame,
      vertex.needs,
      error.class === "infeasible" ? { class: "infeasible", error: error.message } : root,
    );
    if ("body" in node) this.#recordSkipped(node.body, frame.key, root, `because ${root.what} failed`);
    this.#fail(frame, vertex.provides, root);
    this.#finish(frame);
  }

  #fail(frame: Frame, names: readonly string[], root: Root): void {
    if (this.#failures.length < 100) this.#failures.push(root);
    for (const name of names) this.#settle(frame, name, { ok: false, root });
  }

  #skip(frame: Frame, vertex: Vertex, root: Root, why: string): void {
    if (root.halted !== "parked") this.#recordSkipped([vertex.node], frame.key, root, why);
    for (const name of vertex.provides) this.#settle(frame, name, { ok: false, root });
    this.#finish(frame);
  }

  /** Stages that will not run are seen not to, with the reason. */
  #recordSkipped(nodes: readonly Node[], key: string, root: Root | undefined, why: string): void {
    for (const node of nodes) {
      if ("body" in node) this.#recordSkipped(node.body, key, root, why);
      if (node.kind !== "stage") continue;
      this.#batch.drafts.push({
        ...this.#context.origin,
        kind: "stage.ended",
        stage: node.id,
        ...(key === "" ? {} : { scope: key }),
        status: "skipped",
        attempts: 0,
        elapsed: 0,
        ...(root === undefined || root.halted !== undefined ? {} : { class: root.class }),
        error: why,
      });
    }
  }

  // Bodies ----------------------------------------------------------------------------------------------------------

  #passOver(frame: Frame, vertex: Vertex, node: WhenNode): void {
    this.#recordSkipped(node.body, frame.key, undefined, "because its condition does not hold");
    for (const name of vertex.provides) this.#settle(frame, name, valued(null));
    this.#finish(frame);
  }

  #enter(frame: Frame, vertex: Vertex): void {
    const inside = new Frame(vertex.body!, frame, vertex, frame.key, () => {
      for (const name of vertex.provides) {
        frame.insides.set(name, [inside]);
        this.#settle(frame, name, inside.settled.get(name) ?? valued(null));
      }
      this.#finish(frame);
    });
    this.#open(inside);
  }

  #fanOut(
    frame: Frame,
    vertex: Vertex,
    node: ForNode,
    items: readonly { readonly key: string; readonly value: Json }[],
    scopeOf: (key: string) => string,
  ): void {
    const collected = new Map<string, (Json | undefined)[]>(
      vertex.provides.map((name) => [name, new Array(items.length)]),
    );
    for (const name of vertex.provides) frame.insides.set(name, []);
    // Of a name: in how many items it failed. Where it did in all, who needs one is skipped, as for a stage that failed.
    const failed = new Map<string, { readonly root: Root; count: number }>();
    const { parallel } = node;
    let next = 0;
    let active = 0;
    // Of a name: an item that is still to come keeps all that rests on the whole of them open.
    const open = new Map<string, Root>();
    const finish = (): void => {
      for (const [name, values] of collected) {
        const waits = open.get(name);
        if (waits !== undefined) {
          this.#settle(frame, name, { ok: false, root: waits });
          continue;
        }
        const failures = failed.get(name);
        if (failures?.count === items.length) {
          const { root } = failures;
          this.#settle(frame, name, root.halted === undefined ? { ok: false, root, value: {} } : { ok: false, root });
          continue;
        }
        const ended = values.flatMap((value, index) =>
          value === undefined ? [] : [[items[index]!.key, value] as const],
        );
        const map: Json = Object.fromEntries(ended);
        this.#settle(frame, name, valued(map));
      }
      this.#finish(frame);
    };
    const begin = (): void => {
      while (next < items.length && active < (parallel ?? this.#context.parallel)) {
        const index = next++;
        active += 1;
        const { key, value } = items[index]!;
        const item = new Frame(vertex.body!, frame, vertex, scopeOf(key), () => {
          for (const name of vertex.provides) {
            const settled = item.settled.get(name);
            if (settled?.ok === false && settled.root.halted === "parked") open.set(name, settled.root);
            if (settled?.ok === false) {
              const failures = failed.get(name) ?? { root: settled.root, count: 0 };
              failures.count += 1;
              failed.set(name, failures);
            }
            if (settled?.ok !== true || settled.value === null) continue;
            collected.get(name)![index] = settled.value;
            frame.insides.get(name)!.push(item);
          }
          active -= 1;
          if (next < items.length) this.#queue.push(begin);
          else if (active === 0) finish();
        });
        item.settled.set(node.variable, valued(value));
        this.#open(item);
      }
    };
    if (items.length === 0) finish();
    else begin();
  }

  // Measuring and learning ------------------------------------------------------------------------------------------

  #observe(frame: Frame, node: ObserveNode, value: Json): void {
    const { measured, draft } = scored(this.#context, frame, node, value);
    this.#batch.drafts.push(draft);
    this.#settle(frame, metricName(node.metric), valued({ ...measured }));
    this.#finish(frame);
  }

  #observeLate(frame: Frame, vertex: Vertex, node: ObserveNode, late: NonNullable<ObserveNode["late"]>): void {
    let ask: Expr;
    try {
      ask = closed(node.value, frame);
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      this.#break(frame, vertex, error);
      return;
    }
    scoredLate(this.#context, frame, node, late, ask)
      .then(({ wait, draft }) =>
        this.#step(() => {
          this.#batch.drafts.push(draft);
          this.#settle(frame, metricName(node.metric), valued({ wait }));
          this.#finish(frame);
        }),
      )
      .catch(this.#abandon);
  }

  #learn(frame: Frame, node: LearnNode): void {
    for (const draft of learned(this.#context, frame, node)) this.#batch.drafts.push(draft);
    this.#finish(frame);
  }

  #blame(frame: Frame, names: readonly string[], failure: Failure): void {
    for (const draft of blamed(this.#context, frame, names, failure)) this.#batch.drafts.push(draft);
  }
}

const outcomeOf = ({ halted }: Root): string =>
  halted === undefined ? "failed" : halted === "parked" ? "waits" : "was only rehearsed";

const named = (what: string, key: string): string => (key === "" ? what : `${what} of ${key}`);
