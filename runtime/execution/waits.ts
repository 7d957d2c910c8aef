/**
 * What is not there yet, and is asked for again: scores that come late, stages that wait for a value or a person. What to
 * ask for is a record (`waiting`), so any later run of the program asks again: the process that wrote it as long as it
 * lives, then whoever claims it. A score is credited to the run that earned it, at the time of what was chosen there; with a
 * stage's value, or without one when its time has passed, its run goes on. A miss is no evidence.
 */
import type { Clock } from "../clock.ts";
import type { Expr, Metric, Plan } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import type { OutputFields } from "../trail/artifacts.ts";
import type { Claims } from "../trail/claims.ts";
import type { Draft } from "../trail/record.ts";
import type { Json } from "../types.ts";
import { shown } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import { type Outstanding, originOf, type Wait, type Waiting } from "./outstanding.ts";
import { answerDrafts, isFeasible, scoreDrafts } from "./scoring.ts";

export interface WaitsOptions {
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
  /** The fields of a record for a value of any size. */
  outputOf(value: Json): OutputFields | Promise<OutputFields>;
  append(drafts: readonly Draft[]): Promise<void>;
  say(wait: Wait, name: string, message: string): void;
  /** A run that was parked goes on: something that it waited for is over. */
  goOn(waited: Waiting): Promise<void>;
}

interface Watcher {
  readonly run: string;
  tell(): void;
}

export class Waits {
  readonly #options: WaitsOptions;
  /** When each was asked, and is next. */
  readonly #asked = new Map<string, number>();
  readonly #due = new Map<string, number>();
  readonly #inherited = new Set<string>();
  readonly #said = new Map<string, string>();
  /** Runs that go on just now. */
  readonly #gone = new Set<string>();
  #active = 0;
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};
  /** Who is told once a run waits for nothing any more. */
  #watching: readonly Watcher[] = [];
  #hasEnded = false;

  constructor(options: WaitsOptions) {
    this.#options = options;
  }

  /** Something may be due that was not: a run has ended. */
  wake(): void {
    this.#wake();
  }

  /** Resolves once that run waits for nothing any more, or nobody here asks for it. */
  settled(run: string): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    return new Promise((tell) => {
      this.#watching = [...this.#watching, { run, tell }];
      this.wake();
    });
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
      // Of who comes while the trail is read, nothing can be said yet.
      const watching = this.#watching;
      const mine = await this.#mine();
      this.#goOn();
      this.#tell(watching.filter(({ run }) => !this.#isWaiting(run)));
      for (const wait of mine) if (this.#dueOf(wait) <= now) this.#begin(wait);
      const left = last ? mine.filter((wait) => this.#isSatOut(wait, now)) : mine;
      if (last && this.#active === 0 && left.length === 0) break;
      await this.#sleep(this.#next(left, last) - clock.now(), woken);
    }
    this.#hasEnded = true;
    this.#tell(this.#watching);
    for (const id of this.#inherited) claims.settle(claimOf(id));
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  #tell(those: readonly Watcher[]): void {
    this.#watching = this.#watching.filter((one) => !those.includes(one));
    for (const { tell } of those) tell();
  }

  #isWaiting(run: string): boolean {
    const { busy, ready, waits } = this.#options.outstanding;
    if (busy.has(run) || ready.has(run) || this.#gone.has(run)) return true;
    return [...waits.values()].some(({ record }) => record.run === run && record.for !== "score");
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

  /** Parked runs that can. One that this process cannot take is left to others. */
  #goOn(): void {
    const { outstanding, plan, pipelines, process, writers, goOn } = this.#options;
    const ready = [...outstanding.ready].filter(
      ([run, { pipeline, path }]) =>
        pipelines.includes(pipeline) &&
        path === plan.source[0]?.path &&
        !this.#gone.has(run) &&
        !outstanding.busy.has(run),
    );
    const mayWrite = ready.every(([, { process: of }]) => of === process) ? () => false : writers();
    for (const [run, waiting] of ready) {
      if (waiting.process !== process && mayWrite(waiting.process)) continue;
      this.#gone.add(run);
      this.#active += 1;
      goOn(waiting)
        .catch((error: unknown) => {
          this.#broken ??= { error };
        })
        .finally(() => {
          this.#gone.delete(run);
          outstanding.forget(run);
          this.#active -= 1;
          this.wake();
        });
    }
  }

  #begin(wait: Wait): void {
    const { outstanding } = this.#options;
    const { run = "" } = wait.record;
    if (outstanding.busy.has(wait.id) || outstanding.busy.has(run) || this.#active >= SETTINGS.waiting.atOnce) return;
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
    const { clock, evaluate, say } = this.#options;
    const { record } = wait;
    const until = Date.parse(record.until);
    const isOver = clock.now() >= until;
    if (record.for === "approval") return this.#approved(wait, isOver);
    const metric = this.#metricOf(wait);
    const expression = await this.#options.expressionOf(wait);
    if (expression === undefined || (record.for === "score" && metric === undefined))
      return isOver ? [this.#over(wait, false, { error: "what to ask for is no longer there" })] : [];
    const what = record.metric ?? record.stage ?? "it";
    let value: Json;
    try {
      value = await evaluate(wait, expression);
      if (metric !== undefined && value !== null && typeof value !== "number")
        throw new AttemptError("invalid", `${what} must be a number, but is ${shown(value)}`);
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      // What fails says nothing about a score: it may be there for as long again. A run is not kept waiting.
      const grace = record.for === "score" ? until - Date.parse(record.time) + record.every * 1000 : 0;
      if (clock.now() >= until + grace) return [this.#over(wait, wait.score !== undefined, { error: error.message })];
      if (this.#said.get(wait.id) !== error.message)
        say(wait, `${record.for}.failed`, `${what} could not be asked for: ${error.message}; it is asked for again`);
      this.#said.set(wait.id, error.message);
      return [];
    }
    if (value === null) return isOver ? [this.#over(wait, wait.score !== undefined)] : [];
    if (metric === undefined) return [this.#over(wait, true, await this.#options.outputOf(value))];
    const drafts = value === wait.score?.value ? [] : this.#scored(wait, metric, value as number);
    return record.take !== "last" || isOver ? [...drafts, this.#over(wait, true)] : drafts;
  }

  #over(wait: Wait, found: boolean, more: object = {}): Draft {
    return { kind: "waited", ...originOf(wait), for: wait.record.for, found, ...more };
  }

  /** What a person said, which is evidence of that person for what was shown. */
  #approved(wait: Wait, isOver: boolean): readonly Draft[] {
    const said = this.#options.outstanding.answerTo(wait);
    if (said === undefined) return isOver ? [this.#over(wait, false)] : [];
    const { answer, peer } = said;
    return [...answerDrafts(wait.credits, peer, answer), this.#over(wait, true, { output: answer })];
  }

  #scored(wait: Wait, metric: Metric, value: number): readonly Draft[] {
    const feasible = isFeasible(wait.record.metric!, metric, value);
    return scoreDrafts({
      origin: originOf(wait),
      subnet: wait.record.subnet ?? "",
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
