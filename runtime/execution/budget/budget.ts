/**
 * What a call must find free before it begins: taken at its worst, settled by what it came to. Calls and tokens are waited
 * for, money is not; but where only what others have reserved is in the way, all wait until that is settled.
 */
import type { Clock } from "../../clock.ts";
import type { Machine } from "../../machine.ts";
import type { Plan } from "../../plan.ts";
import type { Trail } from "../../trail/trail.ts";
import { limitText } from "../../values/limits.ts";
import { AttemptError } from "../attempt-error.ts";
import type { Refusal, Want } from "./book.ts";
import { earlierIn } from "./earlier.ts";
import { type Earlier, Ledger } from "./ledger.ts";
import { amountOf, type Charge, type Held, limitsOf, unitsOf, worstOf } from "./limits.ts";

/** What a call came to, as far as it is known; what is not counts as it was reserved. */
export interface Came {
  readonly calls?: number;
  readonly tokens?: number | undefined;
  /** Dollars. */
  readonly money?: number | undefined;
}

export type Settle = (came: Came) => void;

/** It was not begun after all. */
export const NOTHING: Came = { calls: 0, tokens: 0, money: 0 };

export interface Budget {
  /**
   * `seconds`: how long it may wait. Rejects with class `limit` where it may not or need not, with the signal's reason where
   * that is aborted first.
   */
  reserve(charge: Charge, signal: AbortSignal, seconds: number | undefined): Promise<Settle>;
  /** Whether any limit holds for it. */
  limits(charge: Charge): boolean;
}

export interface BudgetOptions {
  readonly plan: Plan;
  readonly machine: Machine;
  readonly pipeline: string;
  readonly run: string;
  /** Something of the run may be on record already. */
  readonly isResumed: boolean;
  readonly store: string;
  readonly trail: Trail;
  readonly clock: Clock;
  /** Told where a call waits for longer than a moment. */
  say(message: string): void;
}

/** How often what other processes do is looked at, in milliseconds. */
const LOOK = 250;
/** A shorter wait is not told. */
const MOMENT = 1000;

/** One for all runs of a process over a store. */
const ledgers = new WeakMap<Trail, Ledger>();

export function budgetOf(options: BudgetOptions): Budget {
  const { plan, machine, pipeline, run, isResumed, store, trail, clock, say } = options;
  const known = { tool: new Map<string, readonly Held[]>(), model: new Map<string, readonly Held[]>() };
  const heldBy = (charge: Charge): readonly Held[] => {
    let held = known[charge.kind].get(charge.name);
    if (held === undefined) {
      held = limitsOf(plan, machine, pipeline, run, charge);
      known[charge.kind].set(charge.name, held);
    }
    return held;
  };
  const scan = earlierIn(trail, plan, () => clock.now());
  const earlier: Earlier = async (keys) => {
    const old = isResumed ? keys : keys.filter((key) => !key.endsWith(` per cycle ${run}`));
    return old.length === 0 ? new Map() : scan(old);
  };

  const reserve = async (charge: Charge, signal: AbortSignal, seconds: number | undefined): Promise<Settle> => {
    const held = heldBy(charge);
    if (held.length === 0) return () => {};
    const ledger = ledgerOf(trail, store);
    const worst = worstOf(plan, charge);
    const wants = held.map(
      ({ key, window, limit }): Want => [
        key,
        window,
        unitsOf(worst[limit.of], limit.of),
        unitsOf(limit.amount, limit.of),
      ],
    );
    const until = seconds === undefined ? Number.POSITIVE_INFINITY : clock.elapsed() + seconds * 1000;
    let isSaid = false;
    for (;;) {
      signal.throwIfAborted();
      const { changed } = ledger;
      const taken = await ledger.take(wants, clock.now(), earlier);
      if (typeof taken === "string") return (came) => ledger.give(taken, settled(held, came));
      const limit = held[taken.index]!;
      const want = wants[taken.index]!;
      const free = taken.free === undefined ? Number.POSITIVE_INFINITY : taken.free - clock.now();
      const mayChange = limit.limit.of !== "calls" && taken.sum - taken.open + want[2] <= want[3];
      const refused = (why: string): AttemptError =>
        new AttemptError("limit", `${limit.called} does not allow ${charge.name}: ${why}`);
      if (!mayChange && (limit.limit.of === "money" || free === Number.POSITIVE_INFINITY))
        throw refused(why(limit, want, taken));
      const left = until - clock.elapsed();
      if (!mayChange && free > left) throw refused(`${why(limit, want, taken)}, which is later than its time allows`);
      if (left <= 0) throw refused(`${why(limit, want, taken)}, and its time was over`);
      if (!isSaid && !mayChange && free > MOMENT) {
        isSaid = true;
        say(`${charge.name} waits for ${limit.called}: ${why(limit, want, taken)}`);
      }
      const wait = mayChange ? Math.min(LOOK, free, left) : free;
      await pause(clock, Math.max(1, wait), mayChange ? changed : undefined, signal);
      if (mayChange) ledger.bury();
    }
  };
  return { reserve, limits: (charge) => heldBy(charge).length > 0 };
}

function ledgerOf(trail: Trail, store: string): Ledger {
  let ledger = ledgers.get(trail);
  if (ledger === undefined) {
    ledger = new Ledger(store);
    ledgers.set(trail, ledger);
  }
  return ledger;
}

function settled(held: readonly Held[], came: Came): { [pool: string]: number } {
  return Object.fromEntries(
    held.flatMap(({ key, limit: { of } }) => {
      const amount = came[of];
      return amount === undefined ? [] : [[key, unitsOf(amount, of)]];
    }),
  );
}

async function pause(
  clock: Clock,
  milliseconds: number,
  changed: Promise<void> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const timer = new AbortController();
  const slept = clock.sleep(milliseconds, AbortSignal.any([timer.signal, signal]));
  try {
    await Promise.race(changed === undefined ? [slept] : [slept, changed]);
  } finally {
    timer.abort();
    slept.catch(() => {});
  }
}

/** What was spent, what is asked for, and when it is free. */
function why({ limit }: Held, [, , amount, most]: Want, { sum, open, free }: Refusal): string {
  const text = (units: number): string => limitText({ amount: amountOf(units, limit.of), of: limit.of, per: "ever" });
  const reserved = open === 0 || limit.of === "calls" ? "" : ` and ${text(open)} reserved`;
  const spent = limit.of === "calls" ? sum : sum - open;
  const isMoney = limit.of === "money";
  const used = `${text(spent)} ${isMoney || spent === 1 ? "is" : "are"} ${isMoney ? "spent" : "used"}${reserved}`;
  const asked = `it may take ${text(amount)}`;
  const when =
    amount > most
      ? "more than the limit ever allows"
      : limit.per === "cycle"
        ? "the next cycle begins anew"
        : free === undefined
          ? "nothing of it comes back"
          : `there is room at ${new Date(free).toISOString().replace(/\.\d+Z$/, "Z")}`;
  return `${used}, ${asked}, and ${when}`;
}
