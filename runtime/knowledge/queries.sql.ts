/** The statements over the score. Each reads its question from the one row of `asked`; see `score.sql.ts` for why. */

import type { Table } from "./appending.ts";
import { BELONGS } from "./drift/drift.sql.ts";
import { WATCH } from "./drift/watch.ts";
import { rollupSql, SAID_SQL } from "./rollup.sql.ts";
import { LEVELS, SCORE, type ScoreShape, scoreSql, VOICES } from "./score.sql.ts";

/**
 * All claims of a stage, with the terms of their score; in no order: `ranking.ts` makes it. `code` orders as the claims'
 * hashes would, `family` is the niche's number.
 */
export function recallSql(shape: Omit<ScoreShape, "of">): string {
  const terms = 'claim, pattern, strength, r, q, "anti", P, N, C, z, peers, evaluations, newest, own';
  const score = `with ${scoreSql({ ...shape, of: "claims" })}`;
  if (shape.plain === true) return `${score} select ${terms}, code, family, metric, "value" from ranked`;
  return `${score},
metrics as (
  select claim, list({ metric: metric, value: value }) as "values" from (
    select claim, metric, coalesce(avg(x * direction) filter (own), avg(x * direction)) as value from means group by all
  ) group by claim
)
select ${terms}, code, family, "values" from ranked
  join (select claim, code, family from ranking.claims c join ranking.asked on c.place = asked.place) using (claim)
  left join metrics using (claim)`;
}

/** What each peer says of the claims of a stage of any shape: what P, N and C are sums of, and z the lower median of. */
export const VOICED_SQL = `with ${scoreSql({ of: "claims", sums: "seconds" })}
select claims.hash as claim, peers.peer, coalesce(trusted.trust, 0.5) as trust, s, f, c, z
from peers join ranking.claims on claims.claim = peers.claim left join ranking.trusted on trusted.peer = peers.peer
where attempts > 0 order by trust desc, peers.peer`;

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

const columns = (table: Table): string =>
  Object.keys(table.columns)
    .map((column) => `"${column}"`)
    .join(", ");

/** The voices of the plain stages that are `due`, for the half-life asked; in order, so that one stage's are read alone. */
export const VOICES_SQL = `insert into told.voices
with ${scoreSql({ of: "voices", sums: "kept", plain: true })} select ${columns(VOICES)} from voices order by place, claim, peer`;

/** Likewise the levels of those voices. */
export const LEVELS_SQL = `insert into told.levels
with ${scoreSql({ of: "levels", sums: "kept", plain: true })} select ${columns(LEVELS)} from levels order by place, claim`;

/**
 * Every peer's trust. That a call succeeds for all who make it is agreement that costs nothing: that of stages in which its
 * values were held against nobody's counts by `share`, which falls to nothing as values speak against it elsewhere.
 */
export const TRUST_SQL = `
select peer, agreement, disagreement, share, (1 + agreement) / (2 + agreement + disagreement) as trust from (
  select peer, coalesce(sum(agreement) filter (measured), 0) + share * coalesce(sum(agreement) filter (not measured), 0) as agreement,
    sum(disagreement) as disagreement, share
  from (
    select *, greatest(0, 1 - ${SCORE.distrust} * coalesce(sum(disagreement) filter (measured) over (partition by peer), 0)) as share
    from ranking.agreements
  ) group by peer, share
)`;

/** Agreements of each peer in each stage, with its trust over all; `share` of its agreement counts there. */
export const TRUST_BY_STAGE_SQL = `
select a.place, a.peer, t.trust, a.agreement, a.disagreement, if(a.measured, 1, t.share) as share,
  t.agreement as agreed, t.disagreement as disagreed
from ranking.agreements a join (${TRUST_SQL}) t on t.peer = a.peer order by a.peer, a.place`;

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

/** The numbers of the claims that are `wanted`. */
export const NUMBERS_SQL =
  "select w.number, c.claim from ranking.wanted w join ranking.claims c on c.place = w.place and c.code = w.code";

/** The same of a few claims of one stage, by code. */
export const numbersSql = (place: number, codes: readonly bigint[]): string =>
  `select code, claim from ranking.claims where place = ${place} and code in (${codes.join(", ")})`;

const TEXTS = "select claim, code, hash, chosen, niche from sealed.told.claims c";

/** What the claims of the stage asked say; only what a snapshot has is asked for. */
export const TEXTS_SQL = `${TEXTS} join ranking.asked on c.place = asked.place`;

/** The same of a stage, or of some claims of it. */
export const textsSql = (place: number, claims?: readonly number[]): string =>
  `${TEXTS} where place = ${place} ${claims === undefined ? "" : `and claim in (${claims.join(", ")})`}`;

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

/** The best and the newest value of a metric, of peers that are not distrusted; a corrected score replaces the one before. */
export const METRIC_SQL = `
select arg_max(value, value * direction) as best, arg_max(value, mark) as last from (
  select unit, o.scope, arg_max(value, o.mark) as value, arg_max(direction, o.mark) as direction,
    arg_max(feasible, o.mark) as feasible, max(o.mark) as mark
  from ranking.observed o join ranking.asked on o.subnet = asked.place and o.metric = asked.top
    anti join (select peer from ranking.trusted where trust < ${WATCH.distrusted}) d on d.peer = o.peer
  where (asked.scope is null or o.scope = asked.scope) and (o.mark >> 20) <= asked.now
  group by unit, o.scope
) where feasible`;
