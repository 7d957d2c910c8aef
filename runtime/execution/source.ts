/**
 * A source: a tool that is asked again and again for items, each of which is a cycle of its own. An item is done once,
 * over all restarts, peers and processes of the store: who claims it does it, and the end of its run, in the trail,
 * settles the claim. Nobody can claim what is done: whoever gets the claim reads the trail once more before acting.
 */
import type { Clock } from "../clock.ts";
import type { ForNode } from "../plan.ts";
import type { Claims } from "../trail/claims.ts";
import type { Json } from "../types.ts";
import { shown, validate } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import { asText, evaluate, keyOf, type Scope } from "./expression.ts";
import { type Begun, itemName, type Outstanding } from "./outstanding.ts";

export interface Item {
  readonly key: string;
  readonly value: Json;
  /** When its time is over, in milliseconds since 1970. */
  readonly until: number | undefined;
  /** The run that it was begun in, where that goes on. */
  readonly begun?: Begun;
}

export type SourceNode = ForNode & { readonly over: { readonly kind: "source" } };

export interface SourceOptions {
  readonly pipeline: string;
  /** Which of the pipeline's sources it is, from 0. */
  readonly index: number;
  readonly node: SourceNode;
  /** Names that mean something before a cycle has begun: parameters and subnets. */
  readonly globals: Scope;
  readonly parallel: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly outstanding: Outstanding;
  readonly claims: Claims;
  /** Asks the source; `news` says of its items whether one is new. Rejects with `AttemptError`. */
  poll(news: (list: Json) => Promise<boolean>): Promise<Json>;
  /** Whether it is asked once more, `count` being how often it was. */
  again(count: number): boolean;
  /** Resolves once `again` may have another answer. */
  readonly others: Promise<unknown>;
  /** The value of an item that an earlier process began. */
  valueOf(begun: Begun): Promise<Json | undefined>;
  /** Does the item. From its first record on nobody else does, as long as this process lives. */
  begin(item: Item): Promise<void>;
  /** Tells of a process whether it may still be at something; as of now. */
  writers(): (process: string) => boolean;
  say(name: string, message: string): void;
}

/** After failures in a row the source is asked less and less often, but at least this often (milliseconds). */
const LONGEST_BACKOFF = 300_000;

/** What is said of a source's items is said once, as long as it is among so many. */
const SAID = 1000;

export class Source {
  readonly #options: SourceOptions;
  readonly #scope: Scope;
  readonly #queue: Item[] = [];
  readonly #queued = new Set<string>();
  readonly #said = new Set<string>();
  #active = 0;
  /** Claims are taken one after the other, so that items begin in the order given. */
  #line: Promise<unknown> = Promise.resolve();
  #broken: { readonly error: unknown } | undefined;
  #idle: (() => void) | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#scope = options.globals;
  }

  /** Resolves when the source is not asked any more and its items have ended. */
  async run(): Promise<void> {
    const { clock, node, signal, outstanding, again, others } = this.#options;
    const period = node.over.every * 1000;
    await outstanding.refresh();
    let failures = 0;
    for (let count = 0; !signal.aborted && this.#broken === undefined && (count === 0 || again(count)); count++) {
      const began = clock.now();
      await this.#takeUp();
      try {
        failures = (await this.#poll()) ? 0 : failures + 1;
      } catch (error) {
        this.#broken = { error };
      }
      const pause = failures === 0 ? period : Math.max(period, Math.min(LONGEST_BACKOFF, period * 2 ** failures));
      if (!again(count + 1)) break;
      await this.#sleep(Math.max(0, began + pause - clock.now()), others);
    }
    await this.#drained();
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** Until the time has passed, the run ends, or `until` is there. */
  async #sleep(milliseconds: number, until: Promise<unknown>): Promise<void> {
    const { clock, signal } = this.#options;
    const timer = new AbortController();
    const woken = AbortSignal.any([signal, timer.signal]);
    await Promise.race([clock.sleep(milliseconds, woken).catch(() => {}), until]);
    timer.abort();
  }

  /** Whether the source answered. Rejects with what ends the run. */
  async #poll(): Promise<boolean> {
    const { poll, outstanding, clock, say, node } = this.#options;
    let list: Json;
    try {
      list = await poll(async (answer) => {
        await outstanding.refresh();
        return Array.isArray(answer) && answer.some((value: Json) => this.#isNew(value));
      });
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      say("source.failed", `${this.#name}: ${error.message}; it is asked again`);
      return false;
    }
    if (list === null) return true;
    if (!Array.isArray(list)) {
      say("source.failed", `${this.#name} must give a list, but gave ${shown(list)}`);
      return false;
    }
    const seen = clock.now();
    const keys = new Set<string>();
    for (const [place, given] of (list as readonly Json[]).entries()) {
      const checked = validate(given, node.type, `item ${place + 1}`, { unknown: "drop" });
      const key = checked.ok ? this.#key(checked.value) : undefined;
      if (!checked.ok) this.#sayOnce(`${checked.reasons.join("; ")}: it is left out`);
      else if (key === undefined || key === "")
        this.#sayOnce(`an item has no key, and is left out: ${asText(checked.value).slice(0, 100)}`);
      else if (keys.has(key)) this.#sayOnce(`two items have the key ${key.slice(0, 100)}: the second one is left out`);
      else {
        keys.add(key);
        this.#offer(key, checked.value, seen);
      }
    }
    this.#pump();
    return true;
  }

  get #name(): string {
    return this.#options.node.over.call.callee.name;
  }

  #itemName(key: string): string {
    return itemName(this.#options.pipeline, this.#options.index, key);
  }

  #key(value: Json): string | undefined {
    const { by, variable } = this.#options.node;
    if (by === undefined) return keyOf(value);
    try {
      const key = evaluate(by, this.#with(variable, value));
      return key === null ? undefined : asText(key);
    } catch (error) {
      if (error instanceof AttemptError) return undefined;
      throw error;
    }
  }

  #isNew(value: Json): boolean {
    const key = this.#key(value);
    if (key === undefined) return true;
    const name = this.#itemName(key);
    const { outstanding } = this.#options;
    return !(outstanding.isDone(name) || outstanding.begun.has(name) || this.#queued.has(name));
  }

  /** Queues the item, unless it is done, under way here, or already waiting. */
  #offer(key: string, value: Json, seen: number): void {
    const name = this.#itemName(key);
    const { outstanding } = this.#options;
    if (outstanding.isDone(name) || outstanding.busy.has(name) || this.#queued.has(name)) return;
    // What an earlier process began goes on with what that process was given.
    if (outstanding.begun.has(name)) return;
    this.#enqueue(name, { key, value, until: this.#until(value, seen) });
  }

  #enqueue(name: string, item: Item): void {
    this.#queued.add(name);
    this.#queue.push(item);
  }

  /** Items that a process began which can no longer end them. */
  async #takeUp(): Promise<void> {
    const { outstanding, pipeline, index, writers, valueOf } = this.#options;
    if (outstanding.begun.size === 0) return;
    // Asked before the trail is read: who ends in between is not taken for interrupted.
    const mayWrite = writers();
    await outstanding.refresh();
    for (const [name, begun] of outstanding.begun) {
      if (begun.pipeline !== pipeline || (begun.source ?? 0) !== index || begun.item === undefined) continue;
      if (this.#queued.has(name) || outstanding.busy.has(name) || mayWrite(begun.process)) continue;
      const value = await valueOf(begun);
      if (value === undefined) {
        this.#sayOnce(`the item ${begun.item.slice(0, 100)} was begun, and what it was can no longer be read`);
        continue;
      }
      const until = begun.until === undefined ? undefined : Date.parse(begun.until);
      this.#enqueue(name, { key: begun.item, value, until, begun });
    }
  }

  /** Seconds after it was first seen, or a time. */
  #until(value: Json, seen: number): number | undefined {
    const { within } = this.#options.node.over;
    if (within === undefined) return undefined;
    try {
      const end = evaluate(within, this.#with(this.#options.node.variable, value));
      if (typeof end === "number") return seen + end * 1000;
      const time = typeof end === "string" ? Date.parse(end) : Number.NaN;
      if (!Number.isNaN(time)) return time;
      this.#sayOnce(`the time of an item is neither a duration nor a time (${shown(end)}): it has no end`);
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      this.#sayOnce(`the time of an item cannot be told (${error.message}): it has no end`);
    }
    return undefined;
  }

  #with(variable: string, value: Json): Scope {
    return { get: (name) => (name === variable ? value : this.#scope.get(name)) };
  }

  #pump(): void {
    const { parallel, signal } = this.#options;
    while (this.#active < parallel && this.#queue.length > 0) {
      if (signal.aborted || this.#broken !== undefined) break;
      const item = this.#queue.shift()!;
      this.#active += 1;
      this.#do(item)
        .catch((error: unknown) => {
          this.#broken ??= { error };
        })
        .finally(() => {
          this.#active -= 1;
          this.#pump();
          if (this.#active === 0) this.#idle?.();
        });
    }
  }

  async #do(item: Item): Promise<void> {
    const { outstanding, claims, begin } = this.#options;
    const name = this.#itemName(item.key);
    const turn = this.#line.then(() => this.#claim(name, item));
    this.#line = turn.catch(() => {});
    try {
      const left = await turn;
      if (left === undefined) return;
      try {
        await begin(left);
        claims.settle(name);
      } finally {
        outstanding.busy.delete(name);
      }
    } finally {
      this.#queued.delete(name);
    }
  }

  /** The item, where it is for this process to do; it is then busy. */
  async #claim(name: string, item: Item): Promise<Item | undefined> {
    const { outstanding, claims } = this.#options;
    if (outstanding.busy.has(name)) return undefined;
    outstanding.busy.add(name);
    let left: Item | undefined;
    try {
      if ((await claims.take(name, { inherit: true })).outcome === "held") return undefined;
      left = await this.#leftOf(name, item);
      if (left === undefined) claims.settle(name);
      return left;
    } finally {
      if (left === undefined) outstanding.busy.delete(name);
    }
  }

  /** Between the last look and the claim another process may have done the item, or begun it and died. */
  async #leftOf(name: string, item: Item): Promise<Item | undefined> {
    const { outstanding, writers } = this.#options;
    await outstanding.refresh();
    if (outstanding.begun.has(name)) {
      const mayWrite = writers();
      await outstanding.refresh();
      const begun = outstanding.begun.get(name);
      if (begun !== undefined) return mayWrite(begun.process) ? undefined : { ...item, begun };
    }
    return outstanding.isDone(name) ? undefined : item;
  }

  async #drained(): Promise<void> {
    this.#pump();
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #sayOnce(message: string): void {
    if (this.#said.has(message)) return;
    if (this.#said.size >= SAID) this.#said.clear();
    this.#said.add(message);
    this.#options.say("source.item", `${this.#name}: ${message}`);
  }
}
