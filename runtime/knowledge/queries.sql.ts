/** The statements over the score. Each reads its question from the one row of `asked`; see `score.sql.ts` for why. */
import { BELONGS } from "./drift/drift.sql.ts";
import { rollupSql, SAID_SQL } from "./rollup.sql.ts";
import { SCORE, type ScoreShape, scoreSql } from "./score.sql.ts";

/**
 * The best patterns and antipatterns of a stage in the order in which they are shown, `asked.top` of each: `merit` is
 * strength (or anti) times the seeded noise, `weight` what is left of it after the better ones of the niche.
 */
export function recallSql(shape: Omit<ScoreShape, "of">): string {
  return `with ${scoreSql({ ...shape, of: "claims" })},
-- Windows carry no more than they need: their cost is that of their columns.
candidates as (
  select ranked.claim, pattern, c.code, c.family, round(if(pattern, strength, "anti")
      * exp(asked.explore * (2 * md5_number_lower(asked.seed || c.code)::DOUBLE / 18446744073709551616 - 1)), 12) as merit
  from ranked join (
    select claim, code, family from ranking.claims join ranking.asked on claims.place = asked.place
  ) c on c.claim = ranked.claim cross join ranking.asked
  -- What has faded to nothing is neither.
  where (pattern or N > 0) and (not asked.own_only or own)
),
placed as (
  -- Rounded, so that the order does not hang on the order in which sums were made.
  select claim, pattern, code, round(merit * pow(${SCORE.niche},
    row_number() over (partition by pattern, family order by merit desc, code) - 1), 12) as weight
  from candidates
),
shown as (
  select * from placed
  qualify row_number() over (partition by pattern order by weight desc, code) <= (select top from ranking.asked)
)${
    shape.plain === true
      ? ""
      : `,
metrics as (
  select claim, list({ metric: metric, value: value }) as "values" from (
    select claim, metric, coalesce(avg(x * direction) filter (own), avg(x * direction)) as value
    from means where claim in (select claim from shown) group by all
  ) group by claim
)`
  }
select k.claim, k.pattern, k.strength, k.r, k.q, k."anti", k.P, k.N,
  k.C, k.z, k.peers::INTEGER as peers, k.evaluations, k.newest,
  ${shape.plain === true ? `if(k."value" is null, [], [{ metric: k.metric, value: k."value" }])` : `metrics."values"`} as "values"
from shown join ranked k on k.claim = shown.claim
  ${shape.plain === true ? "" : "left join metrics on metrics.claim = shown.claim"}
order by shown.pattern desc, shown.weight desc, shown.code`;
}

/** Evidence added up, of the peers and claims of `changed(place, claim, peer)`, for each half-life of `held(place, halflife)`. */
export const ROLLUP_SQL = `with
read as (select f.* from ranking.facts f semi join ranking.changed c on c.place = f.place and c.claim = f.claim and c.peer = f.peer where ${BELONGS}),
${SAID_SQL},
${rollupSql({ halflife: "held.halflife", join: "join ranking.held on held.place = said.place" })}
select * from rolled`;

/** The same, of the stages that are `due`. Sorted, so that a recall reads one part of it. */
export const ROLLUP_SOME_SQL = `with
read as not materialized (select f.* from ranking.facts f join ranking.due on f.place = due.place where ${BELONGS}),
${SAID_SQL},
${rollupSql({ halflife: "held.halflife", join: "join ranking.held on held.place = said.place" })}
select * from rolled order by place`;

/** The same, of one stage for one more half-life. */
export const ROLLUP_STAGE_SQL = `with
read as (select f.* from ranking.facts f join ranking.asked on f.place = asked.place where ${BELONGS}),
${SAID_SQL},
${rollupSql({ halflife: "asked.halflife", join: "cross join ranking.asked" })}
select * from rolled`;

/** How far the peers of the stages that are `due` agree with each other. */
export const agreementsSql = (plain: boolean): string =>
  `with ${scoreSql({ of: "trust", sums: "kept", plain })} select * from agreements`;

/** What does not change with time in the plain stages that are `due`, for the half-life asked. */
export const LEVELS_SQL = `with ${scoreSql({ of: "levels", sums: "kept", plain: true })}
select place, halflife, claim, z, measured, metric, "value" from levels`;

/** Every peer's trust, from its agreements in all stages. */
export const TRUST_SQL = `
select peer, sum(agreement) as agreement, sum(disagreement) as disagreement,
  (1 + sum(agreement)) / (2 + sum(agreement) + sum(disagreement)) as trust
from ranking.agreements group by peer`;

/** The newest evaluations of a stage in its current regime, newest first. */
export function observationsSql(sums: ScoreShape["sums"]): string {
  return `with ${scoreSql({ of: "claims", sums })},
${
  sums === "kept"
    ? `read as (select f.* from ranking.facts f join ranking.asked on f.place = asked.place where ${BELONGS}),
${SAID_SQL},`
    : ""
}
recent as (
  select place, scope, claim, peer, unit, any_value(t) as t, any_value(last) as mark, any_value(ok) as ok,
    any_value(coalesce(regimes.same, said.regime)) as regime
  from said left join ranking.regimes using (place, regime) group by place, scope, claim, peer, unit
  having any_value(coalesce(regimes.same, said.regime)) =
    (select regime from ranking.places join ranking.asked on asked.place = places.place)
  order by t desc, mark desc, unit limit (select top from ranking.asked)
)
select claims.chosen, n.scope, n.ok, n.regime, n.t, n.peer,
  sum(s.weight * least(${SCORE.clamp}, greatest(-${SCORE.clamp}, if(k.scale > 0, (s.y - k.centre) / k.scale, 0))))
    filter (m.claim is not null) / nullif(sum(s.weight) filter (m.claim is not null), 0) as value
from recent n join ranking.claims on claims.claim = n.claim
  left join said s on n.ok and s.unit = n.unit and s.claim = n.claim and s.peer = n.peer and s.scope = n.scope
    and s.y is not null
  left join scales k on k.scope = s.scope and k.metric = s.metric and k.ago = 0
  left join metered m on m.claim = s.claim and m.peer = s.peer and m.scope = s.scope and m.metric = s.metric
    and (s.verified or m.v1 is null)
group by claims.chosen, n.scope, n.ok, n.regime, n.t, n.peer, n.mark, n.unit order by n.t desc, n.mark desc, n.unit`;
}

/** What the claims of a stage say. */
export const TEXTS_SQL =
  "select c.claim, hash, chosen, niche from ranking.claims c join ranking.asked on c.place = asked.place";

/** The newest successful choice. */
export const LAST_SQL = `
select claims.hash, claims.chosen, f.attempt from ranking.facts f join ranking.asked on f.place = asked.place
  join ranking.claims on claims.claim = f.claim
where f.ok and f.t <= asked.now and (asked.scope is null or f.scope = asked.scope) order by f.t desc, f.mark desc, f.unit limit 1`;

/** The newest attempt that chose a claim, known by its hash. */
export const ATTEMPT_SQL = `
select f.attempt from ranking.facts f join ranking.asked on f.place = asked.place join ranking.claims on claims.claim = f.claim
where f.ok and f.t <= asked.now and claims.hash = asked.seed and f.attempt is not null
  and (asked.scope is null or f.scope = asked.scope) order by f.t desc, f.mark desc, f.unit limit 1`;

/** What was measured of a stage. */
export const MEASURED_SQL = `
select f.scope, f.metric, arg_max(f.direction, f.mark) as direction, count(*)::INTEGER as evaluations,
  arg_min(f.value, f.mark, 5) as "first"
from ranking.facts f join ranking.asked on f.place = asked.place
where f.value is not null group by f.scope, f.metric order by min(min(f.mark)) over (partition by f.scope), min(f.mark)`;

/** The best and the newest value of a metric; a corrected score replaces the one before. */
export const METRIC_SQL = `
select arg_max(value, value * direction) as best, arg_max(value, mark) as last from (
  select unit, o.scope, arg_max(value, o.mark) as value, arg_max(direction, o.mark) as direction,
    arg_max(feasible, o.mark) as feasible, max(o.mark) as mark
  from ranking.observed o join ranking.asked on o.subnet = asked.place and o.metric = asked.top
  where (asked.scope is null or o.scope = asked.scope) and (o.mark >> 20) <= asked.now
  group by unit, o.scope
) where feasible`;
