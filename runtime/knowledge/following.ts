/** A process that lives on moves to newer snapshots, as it gets what it asks for from the one that it has. */
import { SETTINGS } from "../settings.ts";
import { generationsOf, newestManifest } from "../trail/manifest.ts";
import { Regimes } from "./drift/regimes.ts";
import type { Knowledge, OpenKnowledge } from "./knowledge.ts";
import { NOTHING_KNOWN } from "./nothing.ts";
import { snapshotOf, tellsDamage } from "./snapshot/read.ts";

export interface Followed extends OpenKnowledge {
  /** Evidence that it has taken in beside its snapshot. */
  readonly fresh: number;
}

/** `undefined` where the snapshot cannot be used; without a path it is of all records. */
export type OpenOne = (path: string | undefined) => Promise<Followed | undefined>;

export class Following implements OpenKnowledge {
  private readonly store: string;
  private readonly open: OpenOne;
  private current: Followed | undefined;
  private path: string | undefined;
  private generation = -1;
  private moving: Promise<void> | undefined;
  /** Questions that are being answered, by whom. */
  private readonly busy = new Map<OpenKnowledge, number>();

  constructor(store: string, open: OpenOne) {
    this.store = store;
    this.open = open;
  }

  async refresh(): Promise<void> {
    this.moving ??= this.move().finally(() => {
      this.moving = undefined;
    });
    await this.moving;
    await this.use((known) => known.refresh());
  }

  /** To the newest snapshot: at first, and then where it saves more than it costs. */
  private async move(): Promise<void> {
    const [generation = 0] = generationsOf(this.store);
    const isFirst = this.current === undefined;
    if (!isFirst && (generation === this.generation || this.current!.fresh < SETTINGS.knowledge.moveRecords)) return;
    this.generation = generation;
    const path = generation === 0 ? undefined : await snapshotOf(this.store, newestManifest(this.store));
    if (!isFirst && (path === undefined || path === this.path)) return;
    const next = await this.open(path);
    if (next === undefined && !isFirst) return;
    const known = next ?? (await this.open(undefined))!;
    // Until it has what the other knows, it is nobody's.
    if (!isFirst) await known.refresh();
    const before = this.current;
    this.current = known;
    this.path = path;
    if (before !== undefined) this.leave(before);
  }

  private leave(known: OpenKnowledge): void {
    if (known !== this.current && !this.busy.has(known)) void known.close();
  }

  private async use<T>(ask: (known: OpenKnowledge) => Promise<T>): Promise<T> {
    if (this.current === undefined) await this.refresh();
    const known = this.current!;
    try {
      return await this.ask(known, ask);
    } catch (error) {
      if (this.path === undefined || !tellsDamage(error)) throw error;
      await this.doWithout(known);
      return this.ask(this.current!, ask);
    }
  }

  /** A block of the snapshot that nobody had read before is damaged. */
  private async doWithout(known: OpenKnowledge): Promise<void> {
    if (known !== this.current) return;
    const next = (await this.open(undefined))!;
    await next.refresh();
    this.current = next;
    this.path = undefined;
    this.leave(known);
  }

  private async ask<T>(known: OpenKnowledge, ask: (known: OpenKnowledge) => Promise<T>): Promise<T> {
    this.busy.set(known, (this.busy.get(known) ?? 0) + 1);
    try {
      return await ask(known);
    } finally {
      const left = this.busy.get(known)! - 1;
      if (left > 0) this.busy.set(known, left);
      else this.busy.delete(known);
      this.leave(known);
    }
  }

  readonly recall: Knowledge["recall"] = (query) => this.use((known) => known.recall(query));
  readonly observations: Knowledge["observations"] = (query) => this.use((known) => known.observations(query));
  readonly best: Knowledge["best"] = (query) => this.use((known) => known.best(query));
  readonly last: Knowledge["last"] = (query) => this.use((known) => known.last(query));
  readonly metric: Knowledge["metric"] = (query) => this.use((known) => known.metric(query));
  readonly measured: Knowledge["measured"] = (query) => this.use((known) => known.measured(query));
  readonly version: Knowledge["version"] = (query) => this.use((known) => known.version(query));
  readonly watch: Knowledge["watch"] = (query) => this.use((known) => known.watch(query));
  readonly peers: Knowledge["peers"] = () => this.use((known) => known.peers());
  readonly known: Knowledge["known"] = (query) => this.current?.known(query) ?? NOTHING_KNOWN.known(query);
  readonly regime: Knowledge["regime"] = (query) => this.current?.regime(query) ?? 0;
  readonly regimes: Knowledge["regimes"] = (query) => this.current?.regimes(query) ?? new Regimes().all();
  readonly unsettled: Knowledge["unsettled"] = (query) => this.current?.unsettled(query) ?? new Regimes().unsettled;
  readonly stages: OpenKnowledge["stages"] = () => this.current?.stages() ?? [];
  readonly voices: OpenKnowledge["voices"] = (query) => this.use((known) => known.voices(query));
  readonly refused: OpenKnowledge["refused"] = () => this.current?.refused() ?? new Map();

  get cursor(): Knowledge["cursor"] {
    return this.current?.cursor ?? {};
  }

  async close(): Promise<void> {
    await this.moving?.catch(() => undefined);
    const known = this.current;
    this.current = undefined;
    await known?.close();
  }
}
