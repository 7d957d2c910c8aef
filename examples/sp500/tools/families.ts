/**
 * The families of forecasts. Each knows at a day how wild the market is (a variance), how that moves from day to day,
 * and which shocks may come; a day's return is a shock times the root of the variance. Returns are in per cent.
 */
import { empirical, normal, student } from "./quantiles.ts";
import { random, shuffle } from "./random.ts";

interface Scaled {
  /** Widens or narrows the finished forecast. */
  readonly scale: number;
}

/** The market is as wild as it lately was; shocks are normal. */
interface Gaussian extends Scaled {
  readonly family: "gaussian";
  /** Trading days after which a day counts half. */
  readonly halflife: number;
}

/** The same with heavy tails: Student's t with `tail` degrees of freedom. */
interface Student extends Scaled {
  readonly family: "student";
  readonly halflife: number;
  readonly tail: number;
}

/** The same with the shocks of the last `window` days (filtered historical simulation; Barone-Adesi et al. 1999). */
interface Bootstrap extends Scaled {
  readonly family: "bootstrap";
  readonly halflife: number;
  readonly window: number;
}

/**
 * The market comes back to its usual wildness: GARCH(1,1) with a leverage term (Glosten, Jagannathan and Runkle 1993), so
 * parametrised that every value is stationary. `memory`: how much of the deviation is left a day later. `reaction`: the
 * weight of the newest day. `leverage`: 0 where a rise excites the market as a fall does, 1 where only falls do.
 */
interface Garch extends Scaled {
  readonly family: "garch";
  readonly memory: number;
  readonly reaction: number;
  readonly leverage: number;
}

/** As `Model` in main.gang. */
export type Model = Gaussian | Student | Bootstrap | Garch;

interface Fitted {
  /** Of the first day ahead. */
  readonly variance: number;
  /** Of the day after one of this variance with this return. */
  readonly next: (variance: number, change: number) => number;
  /** Of variance 1, about; one for each member of the ensemble. */
  readonly shocks: Float64Array;
}

/** A fit looks at so many days at most. */
const LONGEST_PAST = 1000;
/** Days after which a smoothed variance can be divided by. */
const WARM_UP = 20;

/**
 * The returns over `horizon` days from day `day` on, as an ensemble. Only days before `day` are read.
 *
 * A Latin hypercube: each day ahead gives the members the same shocks in another order, so that the ensemble is even on
 * every day, and the noise of drawing is a fraction of that of independent draws. The order depends on `seed` alone.
 */
export function ensemble(
  model: Model,
  returns: Float64Array,
  day: number,
  horizon: number,
  members: number,
  seed: number,
): Float64Array {
  const { variance, next, shocks } = fitted(model, returns.subarray(Math.max(1, day - LONGEST_PAST), day), members);
  const draw = random(seed);
  const totals = new Float64Array(members);
  const variances = new Float64Array(members).fill(variance);
  for (let ahead = 0; ahead < horizon; ahead++) {
    shuffle(shocks, draw);
    for (let member = 0; member < members; member++) {
      const change = Math.sqrt(variances[member]!) * shocks[member]!;
      totals[member] = totals[member]! + change;
      variances[member] = next(variances[member]!, change);
    }
  }
  return totals.map((total) => total * model.scale);
}

function fitted(model: Model, past: Float64Array, members: number): Fitted {
  if (model.family === "garch") {
    const next = garch(model, meanSquare(past));
    return { variance: past.reduce(next, meanSquare(past)), next, shocks: normal(members) };
  }
  const { variance, shocks } = smooth(past, model.halflife);
  return { variance, next: (same) => same, shocks: shocksOf(model, shocks, members) };
}

function shocksOf(model: Exclude<Model, Garch>, past: Float64Array, members: number): Float64Array {
  switch (model.family) {
    case "gaussian":
      return normal(members);
    case "student":
      return student(members, model.tail);
    case "bootstrap":
      return empirical(members, past.subarray(-model.window));
  }
}

function garch({ memory, reaction, leverage }: Garch, usual: number): Fitted["next"] {
  return (variance, change) => {
    const news = change * change * (change < 0 ? 1 + leverage : 1 - leverage);
    return (1 - memory) * usual + memory * ((1 - reaction) * variance + reaction * news);
  };
}

/** The exponentially weighted variance after `past`, and each day's return over the root of what it was before that day. */
function smooth(past: Float64Array, halflife: number): { readonly variance: number; readonly shocks: Float64Array } {
  const keep = 2 ** (-1 / halflife);
  const shocks = new Float64Array(past.length);
  let sum = 0;
  let weight = 0;
  for (let day = 0; day < past.length; day++) {
    const change = past[day]!;
    if (day >= WARM_UP) shocks[day] = change / Math.sqrt(sum / weight);
    sum = keep * sum + change * change;
    weight = keep * weight + 1;
  }
  return { variance: sum / weight, shocks: shocks.subarray(WARM_UP) };
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}
