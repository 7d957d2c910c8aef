/** Regimes, and what was evaluated again, in SQL. */
import type { Table } from "../appending.ts";
import { SAID_SQL } from "../rollup.sql.ts";
import { WATCH } from "./watch.ts";

/** The regimes of stages: as which newer one each counts, and since when (milliseconds) its evidence is in doubt. */
export const REGIMES = {
  schema: "ranking",
  name: "regimes",
  columns: { place: "INTEGER", regime: "INTEGER", same: "INTEGER", since: "DOUBLE" },
} as const satisfies Table;

/** Of `ranking.facts f`: what belongs to a regime. */
export const BELONGS = `not exists (
  select 1 from ranking.regimes g where g.place = f.place and g.regime = f.regime and f.t > g.since)`;

/** Whose evidence on what is in doubt since a time, `asked.now`, of a regime, `asked.top`. */
export const DOUBTED_SQL = `
select distinct f.claim, f.peer from ranking.facts f join ranking.asked on f.place = asked.place
where f.regime = asked.top and f.t > asked.now`;

/** Of a past regime so much less is looked at. */
const PAST_SHARE = 8;

/**
 * The newest measured evaluations, by peers that are not distrusted, of the claims that have several, and of those in
 * `asked.seed` (hashes); oldest first. What distrusted peers say takes no room among them, and what came in one regime
 * none that another needs: of a past one its best claim is asked for, however long ago it was.
 */
export const EVALUATIONS_SQL = `with
read as (select f.* from ranking.facts f join ranking.asked on f.place = asked.place where ${BELONGS}),
${SAID_SQL},
also as (
  select claim from ranking.claims c join ranking.asked on c.place = asked.place where contains(asked.seed, c.hash)
),
again as (
  select scope, claim from said group by scope, claim having min(unit) <> max(unit) or claim in (from also)
),
told as (
  select s.*, coalesce(regimes.same, s.regime) as counted
  from said s semi join again on again.scope = s.scope and again.claim = s.claim
    anti join (select peer from ranking.trusted where trust < ${WATCH.distrusted}) d on d.peer = s.peer
    left join ranking.regimes on regimes.place = s.place and regimes.regime = s.regime
  where s.ok and s.verified and s.y is not null and s.proxy is null
),
newest as (
  select * from (
    select *, row_number() over (partition by counted order by last desc, unit, metric) as rank from told
  ) where rank <= (select if(counted < places.regime, top // ${PAST_SHARE}, top) from ranking.asked join ranking.places on places.place = asked.place)
)
-- A claim's text is long: it is looked up for what is told of only.
select s.scope, claims.chosen, s.peer, s.unit, s.metric, s.y, s.weight, s.counted as regime, s.t
from newest s join ranking.claims on claims.claim = s.claim
order by s.last, s.unit desc, s.metric desc`;

/** The subnet's version in the regime that is under way: that of each peer's newest evidence, of which most trust speaks for. */
export const VERSION_SQL = `
select version from (
  select f.peer, arg_max(f.version, f.mark) as version, max(f.mark) as mark
  from ranking.facts f join ranking.asked on f.place = asked.place join ranking.places on places.place = f.place
  where f.version is not null and f.regime <= places.regime group by f.peer
) v left join ranking.trusted on trusted.peer = v.peer
group by version order by sum(coalesce(trusted.trust, 0.5)) desc, max(mark) desc, version limit 1`;
