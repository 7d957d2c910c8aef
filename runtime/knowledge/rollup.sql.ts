/**
 * Evidence added up: the first half of the score, which does not depend on who asks. One row per (half-life, stage,
 * scope, regime, claim, peer, metric):
 *
 *     m                     newest time of the peer's evidence on the claim
 *     s, f                  Σ w·2^((t - m)/H) over attempts that succeeded, that failed;   w = (verified ? 1 : 0.3) · (echo ? 0.5 : 1)
 *     s_claimed, f_claimed  the same over attempts that have only unverified values
 *     w1, x1;  w0, x0       weight and mean of the verified values; of the others. Value times direction: higher is better
 *
 * Between two moments all weights of a row fade by one factor, so a row holds until the peer says more about the claim.
 * Times are relative to m: nothing overflows at any half-life. An attempt with several metrics counts in the row of the
 * first; one without, in that of the peer's first on the claim: a row without w1 and w0 says nothing of its metric.
 */
import type { Table } from "./appending.ts";

export const ROLLED = {
  schema: "told",
  name: "rolled",
  columns: {
    halflife: "DOUBLE",
    place: "INTEGER",
    scope: "INTEGER",
    regime: "INTEGER",
    claim: "INTEGER",
    peer: "INTEGER",
    metric: "INTEGER",
    m: "DOUBLE",
    newest: "DOUBLE",
    attempts: "INTEGER",
    claimed: "INTEGER",
    ok: "BOOLEAN",
    checked: "BOOLEAN",
    s: "DOUBLE",
    f: "DOUBLE",
    s_claimed: "DOUBLE",
    f_claimed: "DOUBLE",
    w1: "DOUBLE",
    x1: "DOUBLE",
    w0: "DOUBLE",
    x0: "DOUBLE",
    mark: "BIGINT",
    direction: "DOUBLE",
    weight: "DOUBLE",
    proxy: "INTEGER",
  },
} as const satisfies Table;

/** What the weights of unverified evidence and of echoes are. */
export const WEIGHTS = { unverified: 0.3, echo: 0.5 } as const;

/** Older evidence than this many half-lives before m weighs like evidence of that age: 2^-970 can still be divided by. */
const OLDEST = 970;

/** With a half-life in evaluations, older ones than this many half-lives weigh nothing (2^-32). */
const HORIZON = 32;

/**
 * Attempts, a row for each of their metrics, from `read`, a common table expression over `ranking.facts`: `said` has y
 * and what else was said last of the metric; `sure`, `checked` and `valued` are the attempt's, `counts` marks one row of it.
 */
export const SAID_SQL = `
-- What stands in several rows: an attempt with several metrics, a correction, a record delivered twice.
several as (select unit from read group by unit having count(*) > 1),
-- The last word of an attempt on a metric: a correction supersedes.
words as (
  select place, scope, claim, peer, unit, metric, max(t) as t, max(regime) as regime, max(mark) as mark,
    arg_max(ok, mark) as ok, arg_max(verified, mark) as verified, bool_or(echo) as echo,
    arg_max_null(value * direction, mark) as y, arg_max(direction, mark) as direction, max(weight) as weight,
    max(proxy) as proxy
  from read semi join several using (unit) group by all
),
said as (
  select place, scope, claim, peer, unit, metric, max(t) over a as t, max(regime) over a as regime, mark,
    max(mark) over a as last, bool_and(ok) over a as ok, verified, bool_or(verified) over a as sure,
    bool_or(echo) over a as echo, bool_or(verified and y is not null) over a as checked,
    bool_or(y is not null) over a as valued, metric is not distinct from min(metric) over a as counts,
    y, direction, weight, proxy
  from words window a as (partition by claim, peer, scope, unit)
  union all
  select place, scope, claim, peer, unit, metric, t, regime, mark, mark, ok, verified, verified, echo,
    verified and value is not null, value is not null, true, value * direction, direction, weight, proxy
  from read anti join several using (unit)
)`;

/** What is the same for all evidence of a stage that has a value. */
export interface Common {
  readonly metric: number | null;
  /** null: nothing has a value. */
  readonly direction: number | null;
}

/** Whether stages' evidence is simple; see `SIMPLE_SQL`. `oldest`: in milliseconds. */
export const SIMPLE = {
  schema: "told",
  name: "simple",
  columns: {
    place: "INTEGER",
    simple: "BOOLEAN",
    oldest: "DOUBLE",
    metric: "INTEGER",
    direction: "DOUBLE",
  },
} as const satisfies Table;

/**
 * Of the stages that are `due`: whether nothing of their evidence has to be merged or told apart. Each attempt stands in one row, and
 * what has a value is verified and has one weight and direction.
 */
export const SIMPLE_SQL = `with told as (
  select f.place, unit, t, verified, metric, direction, weight, value is not null as measured
  from ranking.facts f join ranking.due on f.place = due.place
)
select told.place, count(*) = count(distinct unit) and coalesce(bool_and(verified) filter (measured) and min(weight) filter (measured) > 0
    and min(direction) filter (measured) = max(direction) filter (measured), true) as simple,
  min(t) as oldest, any_value(metric) filter (measured) as metric,
  any_value(direction) filter (measured) as direction
from told group by told.place`;

/** What came of the stage asked since what was known of it. */
export const NEWS_SQL = "ranking.news n join ranking.asked on n.place = asked.place and n.came > asked.since";

/** A row where one of these is of an attempt that was known. */
export const REPEATED_SQL = `
select 1 from ${NEWS_SQL} join ranking.facts f on f.place = n.place and f.unit = n.unit and f.came <= asked.since limit 1`;

/**
 * `rolled` of such a stage, straight from `read`, with the weights of one moment, `asked.moment`, instead of each peer's m; no
 * evidence is so much older that its weight would be 0. `also`: what is the same for all evidence of a claim and peer.
 */
export function simpleRollupSql(
  { metric, direction: known }: Common,
  now: string,
  also: readonly string[] = [],
): string {
  const direction = known ?? 1;
  return `rolled as (
  select claim, peer, max(t) as newest, count(*)::INTEGER as attempts, sum(if(ok, w, 0)) as s, sum(if(ok, 0, w)) as f,
    sum(if(y is null, 0, e)) as c, sum(e * y) / nullif(c, 0) * ${direction} as x,
    ${metric ?? "null"}::INTEGER as metric, ${direction}::DOUBLE as direction${also.map((one) => `, any_value(${one}) as ${one}`).join("")}
  from (
    select ${[...also, "claim", "peer", "t"].join(", ")}, ok, if(ok, value, null) as y, e, e * if(verified, 1, ${WEIGHTS.unverified}) as w from (
      select *, exp(((${now} - moment) / halflife + if(echo, ${Math.log2(WEIGHTS.echo)}, 0)) * ${Math.LN2}) as e from read
    )
  ) group by claim, peer
)`;
}

export interface Fading {
  /** Milliseconds, or evaluations; an expression over `said`. */
  readonly halflife: string;
  /** Whether age is counted in evaluations, the stage's newest being 0, instead of in milliseconds. */
  readonly evaluations?: boolean;
  /** No evidence is newer than this; an expression. Absent: it is known to be so. */
  readonly now?: string;
  /** Joined to `said`. */
  readonly join?: string;
}

/** `rolled`, from `said`. With an age in evaluations `m` is the rank of the newest one, negative. */
export function rollupSql({ halflife, evaluations = false, now, join = "" }: Fading): string {
  const at = evaluations ? "-rank" : now === undefined ? "t" : `least(t, ${now})`;
  return `
timed as (
  select said.*, ${at} as moment, greatest(${halflife}, ${evaluations ? "1e-3" : "1"})::DOUBLE as halflife from ${
    evaluations
      ? `(
    select *, dense_rank() over (order by t desc, last desc, unit, claim, peer, scope) - 1 as rank from said
  ) said`
      : "said"
  } ${join}${evaluations ? ` where rank <= ${HORIZON} * (${halflife})` : ""}
),
newest as (select claim, peer, min(metric) as metric, max(${evaluations ? "moment" : at}) as m from ${evaluations ? "timed" : "read"} group by claim, peer),
rolled as (
  select halflife, place, scope, regime, claim, peer, of as metric, any_value(m)::DOUBLE as m, max(t) as newest,
    count(*) filter (counts and not claimed)::INTEGER as attempts, count(*) filter (counts and claimed)::INTEGER as claimed,
    bool_or(ok) as ok, bool_or(checked) as checked,
    coalesce(sum(w) filter (counts and ok and not claimed), 0) as s,
    coalesce(sum(w) filter (counts and not ok and not claimed), 0) as f,
    coalesce(sum(w) filter (counts and ok and claimed), 0) as s_claimed,
    coalesce(sum(w) filter (counts and not ok and claimed), 0) as f_claimed,
    sum(e) filter (mean and verified) as w1, sum(e * y) filter (mean and verified) / w1 as x1,
    sum(e) filter (mean and not verified) as w0, sum(e * y) filter (mean and not verified) / w0 as x0,
    max(mark) filter (mean) as mark, arg_max(direction, mark) filter (mean) as direction,
    max(weight) filter (mean) as weight, max(proxy) filter (mean) as proxy
  from (
    select timed.*, newest.m, coalesce(timed.metric, newest.metric) as of, valued and not checked as claimed, ok and y is not null as mean,
      pow(2, greatest((moment - newest.m) / halflife, -${OLDEST})) * if(echo, ${WEIGHTS.echo}, 1) as e,
      e * if(sure, 1, ${WEIGHTS.unverified}) as w
    from timed join newest on newest.claim = timed.claim and newest.peer = timed.peer
  ) timed
  group by halflife, place, scope, regime, claim, peer, of
)`;
}
