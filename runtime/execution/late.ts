/**
 * Scores that come late. What to ask for is a record (`waiting`), so any later run of the program asks again: the process
 * that wrote it as long as it lives, then whoever claims it. A value becomes a score of the run that earned it and evidence
 * for what was chosen there, at the time it was chosen. Without one until the time is over, nothing is learned.
 */
import type { Clock } from "../clock.ts";
import type { Expr, Metric, Plan } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import type { Claims } from "../trail/claims.ts";
import type { Draft } from "../trail/record.ts";
import type { Json } from "../types.ts";
import { shown, validate } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import { type Outstanding, originOf, type Wait } from "./outstanding.ts";
import { scoreDrafts } from "./scoring.ts";

export interface LateOptions {
  readonly plan: Plan;
  readonly pipelines: readonly string[];
  /** This process's name in the trail. */
  readonly process: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly outstanding: Outstanding;
  readonly claims: Claims;
  /** Tells of a process whether it may still ask; as of now. */
  writers(): (process: string) => boolean;
  /** What is to be evaluated; `undefined` where it can no longer be read. */
  expressionOf(wait: Wait): Promise<Expr | undefined>;
  /** Rejects with `AttemptError`. */
  evaluate(wait: Wait, expression: Expr): Promise<Json>;
  append(drafts: readonly Draft[]): Promise<void>;
  say(wait: Wait, name: string, message: string): void;
}

export class LateScores {
  readonly #options: LateOptions;
  /** When each was asked, and is next. */
  readonly #asked = new Map<string, number>();
  readonly #due = new Map<string, number>();
  readonly #inherited = new Set<string>();
  readonly #said = new Map<string, string>();
  #active = 0;
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(options: LateOptions) {
    this.#options = options;
  }

  /** Something may be due that was not: a run has ended. */
  wake(): void {
    this.#wake();
  }

  /** Resolves, when the run's pipelines are `over`, as soon as nothing is left that is worth sitting out. */
  async run(over: Promise<unknown>): Promise<void> {
    const { signal, clock, claims } = this.#options;
    let ending = false;
    void over.then(() => {
      ending = true;
      this.wake();
    });
    while (!signal.aborted && this.#broken === undefined) {
      // Also of what ended while the trail is read.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const last = ending;
      const now = clock.now();
      const mine = await this.#mine();
      for (const wait of mine) if (this.#dueOf(wait) <= now) this.#begin(wait);
      const left = last ? mine.filter((wait) => this.#isSatOut(wait, now)) : mine;
      if (last && this.#active === 0 && left.length === 0) break;
      await this.#sleep(this.#next(left, last) - clock.now(), woken);
    }
    for (const id of this.#inherited) claims.settle(claimOf(id));
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** When there is something to do; an answer wakes, too. */
  #next(waits: readonly Wait[], last: boolean): number {
    const { clock, outstanding } = this.#options;
    let next = last ? Number.POSITIVE_INFINITY : clock.now() + SETTINGS.waiting.lookSeconds * 1000;
    if (this.#active >= SETTINGS.waiting.atOnce) return next;
    for (const wait of waits) if (!outstanding.busy.has(wait.id)) next = Math.min(next, this.#dueOf(wait));
    return next;
  }

  /** Whether a run that would end waits for it: its time is over soon, and it was not asked since. */
  #isSatOut(wait: Wait, now: number): boolean {
    const until = Date.parse(wait.record.until);
    return until - now <= SETTINGS.waiting.sitOutSeconds * 1000 && (this.#asked.get(wait.id) ?? now - 1) < until;
  }

  #dueOf({ id }: Wait): number {
    return this.#due.get(id) ?? -Infinity;
  }

  async #sleep(milliseconds: number, woken: Promise<void>): Promise<void> {
    const { clock, signal } = this.#options;
    const timer = new AbortController();
    const sleep = clock.sleep(Math.max(0, milliseconds), AbortSignal.any([signal, timer.signal])).catch(() => {});
    await Promise.race(milliseconds === Infinity ? [woken, aborted(signal)] : [sleep, woken]);
    timer.abort();
  }

  /** Those that are for this process to ask, and whose run has ended. */
  async #mine(): Promise<readonly Wait[]> {
    const { outstanding, plan, pipelines, process, writers } = this.#options;
    await outstanding.refresh();
    const of = [...outstanding.waits.values()].filter(
      ({ record }) =>
        record.for === "score" &&
        pipelines.includes(record.pipeline) &&
        record.path === plan.source[0]?.path &&
        !outstanding.busy.has(record.run ?? ""),
    );
    for (const id of this.#due.keys()) {
      if (outstanding.waits.has(id)) continue;
      this.#due.delete(id);
      this.#asked.delete(id);
      this.#said.delete(id);
    }
    if (of.every(({ record }) => record.process === process)) return of;
    const mayWrite = writers();
    return of.filter(({ record }) => record.process === process || !mayWrite(record.process));
  }

  #begin(wait: Wait): void {
    const { outstanding } = this.#options;
    if (outstanding.busy.has(wait.id) || this.#active >= SETTINGS.waiting.atOnce) return;
    outstanding.busy.add(wait.id);
    this.#active += 1;
    this.#ask(wait)
      .catch((error: unknown) => {
        this.#broken ??= { error };
      })
      .finally(() => {
        outstanding.busy.delete(wait.id);
        this.#active -= 1;
        this.wake();
      });
  }

  async #ask(wait: Wait): Promise<void> {
    const { outstanding, claims, process, clock, append } = this.#options;
    const { id, record } = wait;
    const inherited = record.process !== process;
    const asked = clock.now();
    const until = Date.parse(record.until);
    this.#asked.set(id, asked);
    // The last time is when its time is over.
    this.#due.set(id, asked < until ? Math.min(until, asked + record.every * 1000) : asked + record.every * 1000);
    if (inherited) {
      if ((await claims.take(claimOf(id), { inherit: true })).outcome === "held") return;
      this.#inherited.add(id);
      await outstanding.refresh();
    }
    const now = outstanding.waits.get(id);
    if (now !== undefined) {
      const drafts = await this.#answer(now);
      if (drafts.length > 0) {
        await append(drafts);
        await outstanding.refresh();
      }
    }
    if (!outstanding.waits.has(id) && this.#inherited.delete(id)) claims.settle(claimOf(id));
  }

  /** What an answer, or none, is worth writing down. */
  async #answer(wait: Wait): Promise<readonly Draft[]> {
    const { clock, evaluate, expressionOf, say } = this.#options;
    const { record } = wait;
    const until = Date.parse(record.until);
    const isOver = clock.now() >= until;
    const over = (found: boolean, error?: string): Draft => ({
      kind: "waited",
      ...originOf(wait),
      found,
      ...(error === undefined ? {} : { error }),
    });
    const metric = this.#metricOf(wait);
    const expression = await expressionOf(wait);
    if (metric === undefined || expression === undefined)
      return isOver ? [over(false, "what to ask for is no longer there")] : [];
    let value: Json;
    try {
      value = await evaluate(wait, expression);
      if (value !== null && typeof value !== "number")
        throw new AttemptError("invalid", `${record.metric} must be a number, but is ${shown(value)}`);
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      // What fails says nothing about the score: it may be there for as long again.
      if (clock.now() >= until + record.every * 1000 + (until - Date.parse(record.time)))
        return [over(wait.score !== undefined, error.message)];
      if (this.#said.get(wait.id) !== error.message)
        say(wait, "score.failed", `${record.metric} could not be asked for: ${error.message}; it is asked for again`);
      this.#said.set(wait.id, error.message);
      return [];
    }
    if (value === null) return isOver ? [over(wait.score !== undefined)] : [];
    const drafts = value === wait.score?.value ? [] : this.#scored(wait, metric, value);
    return record.take !== "last" || isOver ? [...drafts, over(true)] : drafts;
  }

  #scored(wait: Wait, metric: Metric, value: number): readonly Draft[] {
    const feasible = validate(value, metric.type, wait.record.metric!).ok;
    return scoreDrafts({
      origin: originOf(wait),
      metric: wait.record.metric!,
      direction: metric.direction,
      value,
      feasible,
      at: wait.record.time,
      told: wait.credits,
      supersedes: wait.score === undefined ? [] : [wait.score.id],
    });
  }

  #metricOf({ record }: Wait): Metric | undefined {
    return this.#options.plan.subnets[record.subnet ?? ""]?.metrics[record.metric ?? ""];
  }
}

const claimOf = (wait: string): string => JSON.stringify(["wait", wait]);

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
