/**
 * The score, as the one SQL definition that everything runs: recall, `gangc knowledge`, the views, the benchmark.
 *
 * It reads the schema `ranking`: `facts` (one row an attempt and metric, see `facts.ts`), `trusted(peer, trust)` and `places(place, regime)`.
 * An attempt's age is that of the newest that is known of it. With w = 2^(-age/H) · (verified ? 1 : 0.3) · (echo ? 0.5
 * : 1) · (own scope ? 1 : 0.5) · 4^-(regimes since), for a claim k and a peer p:
 *
 *     s, f, c = 1 - exp(-Σ w) over p's successes, failures, and successes with a value
 *     z       = p's w-mean of value · direction, less the median of the claims, by their scale, within ±6
 *     P, N, C = Σ_p 2 · trust · (s, f, c),   ẑ = the lower trust-weighted median of z over the peers
 *     r       = (P + 1) / (P + 1.5 N + 3)
 *     q       = sigmoid(ẑ · C / (C + 0.5))
 *     strength = q (P + 1) / (P + 1.5 N + 1) where the stage is measured, else r
 *     anti    = (N + 1) / (N + 1.5 P + 3)
 *     trust   = (1 + A) / (2 + A + D)
 *
 * The sums of w stand in log2 form until the last moment, and means are taken relative to the newest evidence behind
 * them, so that neither a short half-life nor old evidence can overflow or divide by zero.
 */

/** The constants of the score. `log2` factors are exponents: 2^-1 for an echo. */
export const SCORE = {
  halflifeSeconds: 7 * 24 * 3600,
  unverified: 0.3,
  echo: -1,
  otherScope: -1,
  regime: -2,
  clamp: 6,
  /** Shown by strength · this^(better ones in its niche). */
  niche: 0.7,
  /** Values further than this from the other peers' median count as disagreement. */
  disagreement: 2,
  /** With a half-life in evaluations, older ones than this many half-lives weigh nothing (2^-32). */
  horizon: 32,
} as const;

export interface ScoreShape {
  /** The claims of the stage that is asked for, those of all stages, or how far peers agree in the stage asked for. */
  readonly of: "claims" | "all claims" | "trust";
  readonly halflife: "seconds" | "evaluations";
  /** A condition over `read`'s columns, from `filter.ts`; parameters only, never text. */
  readonly filter?: string;
}

/**
 * The score's common table expressions. What is asked stands in the one row of `asked(place, scope, now, halflife)`:
 * with parameters in its place DuckDB would plan the whole statement anew each time, which takes longer than running
 * it. A null scope makes all scopes own; `now` is in milliseconds, `halflife` too, or in evaluations.
 *
 * Of claims: ends in `ranked(claim, place, P, N, C, z, peers, evaluations, newest, own, r, q, strength, anti, pattern)`.
 * Of trust: ends in `agreements(peer, agreement, disagreement)`, to be summed over all stages.
 */
export function scoreSql(shape: ScoreShape): string {
  const one = shape.of !== "trust";
  const asked = shape.of === "all claims" ? "" : "join ranking.asked on f.place = asked.place";
  // What a peer is compared on: its standing on the claim; for trust, like with like: the same claim in the same scope.
  const key = (alias: string) => (one ? `${alias}.claim` : `${alias}.claim, ${alias}.scope`);
  const sameKey = (a: string, b: string) =>
    `${a}.claim = ${b}.claim and ${a}.peer = ${b}.peer ${one ? "" : `and ${a}.scope = ${b}.scope`}`;
  const own = one ? "(asked.scope is null or a.scope = asked.scope)" : "true";
  const age =
    shape.halflife === "seconds"
      ? "greatest(0, asked.now - a.t) / greatest(asked.halflife, 1)"
      : "a.rank / greatest(asked.halflife, 1e-3)";
  return `
read as (
  select f.* from ranking.facts f ${asked}
  ${shape.filter === undefined ? "" : "left join ranking.trusted on trusted.peer = f.peer"}
  where ${shape.filter === undefined ? "true" : `(${shape.filter})`}
),
-- The last word of an attempt on a metric: a correction supersedes.
said as (
  select place, scope, claim, peer, unit, metric, max(t) as t, max(regime) as regime, max(mark) as mark,
    arg_max(ok, mark) as ok, arg_max(verified, mark) as verified, bool_or(echo) as echo,
    arg_max_null(value * direction, mark) as y, arg_max(direction, mark) as direction, max(weight) as weight, max(proxy) as proxy,
    max(resolution) as resolution
  from read group by all
),
-- Each attempt once, however many metrics it has.
attempts as (
  select place, scope, claim, peer, unit, max(t) as t, max(regime) as regime, max(mark) as mark, bool_and(ok) as ok,
    bool_or(verified) as verified, bool_or(echo) as echo, bool_or(verified and y is not null) as checked,
    bool_or(y is not null) as valued
  from said group by all
),
${
  shape.halflife === "seconds"
    ? ""
    : `counted as (
  select *, row_number() over (order by t desc, mark desc, claim, peer) - 1 as rank from attempts
  qualify rank <= ${SCORE.horizon} * (select halflife from ranking.asked)
),`
}
weighed as (
  select a.*, ${own} as own, a.valued and not a.checked as claimed,
    -(${age}) + if(a.echo, ${SCORE.echo}, 0) + if(${own}, 0, ${SCORE.otherScope})
      + ${SCORE.regime} * greatest(0, places.regime - a.regime) as lw,
    pow(2, lw) * if(a.verified, 1, ${SCORE.unverified}) as w
  from ${shape.halflife === "seconds" ? "attempts" : "counted"} a join ranking.places on places.place = a.place, ranking.asked
),
-- A verified value hides the same peer's attempts that have only unverified ones.
told as (
  select ${key("a")}, peer, any_value(place) as place, bool_or(own and ok) as own, bool_or(checked) as settled, max(t) as newest, max(lw) as lw,
    if(settled, count(*) filter (not claimed), count(*)) as attempts,
    coalesce(if(settled, sum(w) filter (ok and not claimed), sum(w) filter (ok)), 0) as successes,
    coalesce(if(settled, sum(w) filter (not ok and not claimed), sum(w) filter (not ok)), 0) as failures
  from weighed a group by all
),
-- A peer's own mean of each metric: of the verified values where there are any. Relative to its newest attempt.
means as (
  select s.claim, s.peer, s.scope, s.metric, any_value(s.place) as place, max(s.weight) as weight,
    any_value(a.own) as own, arg_max(s.direction, s.mark) as direction,
    max(s.proxy) as proxy, max(s.resolution) as resolution, any_value(told.lw) as lw,
    sum(pow(2, greatest(a.lw - told.lw, -1000))) filter (s.verified) as w1,
    sum(pow(2, greatest(a.lw - told.lw, -1000)) * s.y) filter (s.verified) / w1 as y1,
    sum(pow(2, greatest(a.lw - told.lw, -1000))) filter (not s.verified) as w0,
    sum(pow(2, greatest(a.lw - told.lw, -1000)) * s.y) filter (not s.verified) / w0 as y0,
    coalesce(y1, y0) as x, coalesce(w1, w0 * ${SCORE.unverified}) as w
  from said s
    join weighed a on a.unit = s.unit and a.claim = s.claim and a.peer = s.peer and a.scope = s.scope
    join told on ${sameKey("told", "s")}
  where a.ok and s.y is not null
  group by s.claim, s.peer, s.scope, s.metric
),
-- Once a claim has a value on a metric, its values on that metric's proxies no longer count.
metered as (
  select * from means m where m.proxy is null
    or not exists (from means real where real.claim = m.claim and real.scope = m.scope and real.metric = m.proxy)
),
centres as (
  select place, scope, metric, claim, median(x) as x, max(resolution) as resolution from metered group by all
),
deviations as (
  select *, median(x) over (partition by place, scope, metric) as centre, abs(x - centre) as deviation from centres
),
scales as (
  select place, scope, metric, any_value(centre) as centre,
    greatest(median(deviation), avg(deviation) / 10, coalesce(max(resolution), 0)) as spread,
    -- What is left of equal values after rounding is no spread.
    if(spread <= 1e-12 * max(abs(x)), 0, spread) as scale
  from deviations group by all
),
-- Per metric over the scopes, then over the metrics by their weights.
measured as (
  select ${key("m")}, peer, max(c) as c, sum(weight * z) / nullif(sum(weight), 0) as z
  from (
    select ${key("m")}, m.peer, m.metric, max(m.weight) as weight, sum(pow(2, m.lw) * m.w) as c,
      sum(m.w * if(scales.scale > 0,
        least(${SCORE.clamp}, greatest(-${SCORE.clamp}, (m.x - scales.centre) / scales.scale)), 0)) / sum(m.w) as z
    from metered m join scales on scales.place = m.place and scales.scope = m.scope and scales.metric = m.metric
    group by all
  ) m group by all
),
peers as (
  select ${key("t")}, t.peer, t.place, t.own, t.newest, t.attempts,
    1 - exp(-t.successes) as s, 1 - exp(-t.failures) as f, 1 - exp(-coalesce(m.c, 0)) as c, m.z
  from told t left join measured m on ${sameKey("m", "t")}
),${one ? STANDING : TRUST}`;
}

const STANDING = `
sums as (
  select p.claim, any_value(place) as place, sum(2 * trust * s) as P, sum(2 * trust * f) as N, sum(2 * trust * c) as C, count(*) as peers,
    sum(attempts)::INTEGER as evaluations, max(newest) as newest, bool_or(own) as own,
    list_sort(list({ z: z, voice: trust }) filter (z is not null)) as voices,
    sum(trust) filter (z is not null) / 2 * (1 - 1e-9) as half
  from (
    select peers.*, coalesce(trusted.trust, 0.5) as trust from peers left join ranking.trusted on trusted.peer = peers.peer
  ) p
  where attempts > 0 group by p.claim
),
ranked as (
  select * exclude (voices, half),
    -- The lower median: the smallest z that half of the voices do not exceed; the slack is for rounding.
    list_reduce(voices, lambda a, b: if(a.voice >= half, a, { z: b.z, voice: a.voice + b.voice })).z as z,
    (P + 1) / (P + 1.5 * N + 3) as r, 1 / (1 + exp(-coalesce(z, 0) * C / (C + 0.5))) as q,
    -- A stage is measured once anything of it is.
    if(bool_or(voices is not null) over (partition by place), q * (P + 1) / (P + 1.5 * N + 1), r) as strength,
    (N + 1) / (N + 1.5 * P + 3) as "anti", P > N as pattern
  from sums
)`;

const TRUST = `
compared as (
  select *, sum(s) over (partition by claim, scope) - s as others_s, sum(f) over (partition by claim, scope) - f as others_f,
    sum(c) over (partition by claim, scope) - c as others_c, count(z) over (partition by claim, scope) as n,
    median(z) over (partition by claim, scope) as middle, min(z) over (partition by claim, scope) as low,
    max(z) over (partition by claim, scope) as high,
    z is not null and (n >= 3 and abs(z - middle) > ${SCORE.disagreement} or n = 2 and high - low > ${SCORE.disagreement})
      as off
  from peers
),
agreements as (
  select peer, sum(if(off, 0, s * others_s) + f * others_f) as agreement,
    sum(s * others_f + f * others_s + if(off, 2 * c * others_c, 0)) as disagreement
  from compared group by peer
)`;
