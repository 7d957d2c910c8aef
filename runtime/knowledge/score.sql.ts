/**
 * The score, as the one SQL definition that everything runs: recall, `gangc knowledge`, the views, the benchmark.
 *
 * It reads the schema `ranking`: evidence added up (`rollup.sql.ts`), `trusted(peer, trust)`, `places(place, regime)` and
 * `regimes`. A past regime that has returned counts as the newest that is the same.
 * An attempt's age is that of the newest that is known of it. With w = 2^(-age/H) · (verified ? 1 : 0.3) · (echo ? 0.5
 * : 1) · (own scope ? 1 : 0.5) · 4^-(regimes since), for a claim k and a peer p:
 *
 *     s, f, c = 1 - exp(-Σ w) over p's successes, failures, and successes with a value
 *     z       = p's w-mean of value · direction in the latest regime in which k was measured, less the median of that
 *               regime's claims, by their scale, within ±6; times 4^-(regimes since)
 *     P, N, C = Σ_p 2 · trust · (s, f, c),   ẑ = the lower trust-weighted median of z over the peers
 *     r       = (P + 1) / (P + 1.5 N + 3)
 *     q       = sigmoid(ẑ · C / (C + 0.5))
 *     strength = q (P + 1) / (P + 1.5 N + 1) where the stage is measured, else r
 *     anti    = (N + 1) / (N + 1.5 P + 3)
 *     trust   = (1 + A) / (2 + A + D), A and D summed over the stages; times max(0, 1 - 2 D') where p's values were held
 *               against nobody's: D' is D of the stages where they were
 *
 * Sums of w are kept relative to the peer's newest evidence on the claim (m), and means are taken so: neither a short
 * half-life nor old evidence can overflow or divide by zero.
 */
import type { Table } from "./appending.ts";
import { BELONGS } from "./drift/drift.sql.ts";
import { type Common, NEWS_SQL, rollupSql, SAID_SQL, simpleRollupSql, WEIGHTS } from "./rollup.sql.ts";

/** The constants of the score, with those of `WEIGHTS`. */
export const SCORE = {
  halflifeSeconds: 7 * 24 * 3600,
  /** Factors of weight, as exponents of 2. */
  otherScope: -1,
  regime: -2,
  /** Regimes further back than this weigh like this many: their values can still be averaged. */
  regimes: 24,
  clamp: 6,
  /** Shown by strength · this^(better ones in its niche). */
  niche: 0.7,
  /** Values further than this from the other peers' median count as disagreement. */
  disagreement: 2,
  /** How fast agreement about mere outcomes ceases to count, by the disagreement where values were compared. */
  distrust: 2,
} as const;

export interface ScoreShape {
  /**
   * The claims of the stage that is asked for, those of all stages; how far peers agree in the stages that are `due`; or
   * the voices of those stages, which are plain, and the levels of the voices that are kept of them.
   */
  readonly of: "claims" | "all claims" | "trust" | "voices" | "levels";
  /**
   * Where the sums come from. `kept`: `ranking.rolled`, right if it has the half-life asked for and nothing in it is
   * newer than now. Else they are made on the spot, with a half-life in seconds or in evaluations.
   */
  readonly sums: "kept" | "seconds" | "evaluations";
  /** A condition over `read`'s columns, from `filter.ts`; numbers only, never text. Not with kept sums. */
  readonly filter?: string;
  /** The stage has one scope, one regime and at most one metric: the same formula without the steps that merge them. */
  readonly plain?: boolean;
  /** A plain stage, whose evidence needs no merging either: see `SIMPLE_SQL`. With sums in seconds. */
  readonly simple?: Common;
  /**
   * The schema in which the voices and levels of the stage are kept. Between a peer's rows on a claim all weights of a
   * plain stage fade by one factor: its mean of values stays, and its sums are those of one moment times that factor.
   */
  readonly levels?: "told" | "sealed.told";
  /**
   * How what came since they were made is joined to them: where the stage is `simple`, its evidence is added up and added
   * to the voices; else voices are replaced by those of the sums that were `redone`.
   */
  readonly news?: "added" | "replaced";
}

/** What each peer says of a claim of a plain stage: its trust, its sums as of a moment that is one for the stage, its mean. */
export const VOICES = {
  schema: "told",
  name: "voices",
  columns: {
    place: "INTEGER",
    halflife: "DOUBLE",
    claim: "INTEGER",
    peer: "INTEGER",
    trust: "DOUBLE",
    s: "DOUBLE",
    f: "DOUBLE",
    c: "DOUBLE",
    x: "DOUBLE",
    metric: "INTEGER",
    direction: "DOUBLE",
    attempts: "INTEGER",
    newest: "DOUBLE",
  },
} as const satisfies Table;

/**
 * What they say together, as far as it does not depend on when one asks: `x` is the median of their means, `lower` the
 * lower one by trust.
 */
export const LEVELS = {
  schema: "told",
  name: "levels",
  columns: {
    place: "INTEGER",
    halflife: "DOUBLE",
    claim: "INTEGER",
    code: "BIGINT",
    family: "INTEGER",
    metric: "INTEGER",
    value: "DOUBLE",
    x: "DOUBLE",
    lower: "DOUBLE",
    peers: "INTEGER",
    evaluations: "INTEGER",
    newest: "DOUBLE",
  },
} as const satisfies Table;

/**
 * The score's common table expressions. What is asked stands in the one row of `asked(place, scope, is_own, now, moment, since, halflife)`:
 * with parameters in its place DuckDB would plan the whole statement anew each time, which takes longer than running
 * it. A null scope makes all scopes own, `is_own` says whether a plain stage's one scope is; `now` is in milliseconds, `halflife` too, or in evaluations.
 *
 * Of claims: ends in `ranked(claim, place, P, N, C, z, peers, evaluations, newest, own, r, q, strength, anti, pattern)`,
 * of a plain stage with `code, family, metric, value` too. Of voices and levels: ends in those. Of trust: ends in
 * `agreements(place, peer, agreement, disagreement, measured)`, to be summed by `TRUST_SQL`.
 */
export function scoreSql(shape: ScoreShape): string {
  const { of, plain = false, levels, news } = shape;
  const trust = of === "trust";
  if (!plain) {
    const alike = scales(["place", "scope", "metric", "ago"]);
    const steps = [sums(shape), weighed(shape), layered(trust), alike, layeredPeers(trust)];
    return [...steps, ...(trust ? [TRUST, AGREEMENTS] : [STANDING, RANKED])].join(",\n");
  }
  const steps = {
    voices: () => [sums(shape), voices(shape)],
    levels: () => [
      `voices as (
  select k.* from told.voices k join ranking.due on k.place = due.place join ranking.asked on k.halflife = asked.halflife
)`,
      `levels as (${levelsOf("voices")})`,
    ],
    trust: () => [sums(shape), PLAIN_TRUST, scales(["place", "scope", "metric"]), PLAIN_PEERS, TRUST, AGREEMENTS],
    claims: () => [
      ...(levels === undefined
        ? [sums(shape), voices(shape), ASKING, `levels as materialized (${levelsOf("voices", true)})`]
        : [
            ASKING,
            ...(news === undefined
              ? []
              : [sums(shape), ...(news === "added" ? [] : [voices(shape)]), spoken(levels, news)]),
            kept(levels, news),
          ]),
      ...["centres as (select x from levels where x is not null)", scales([])],
      ...[
        `standing as (
  select *, if(lower is null, null, ${clamped("lower")}) as z from levels cross join scales
)`,
        RANKED,
      ],
    ],
    "all claims": () => [],
  }[of];
  return steps().join(",\n");
}

/** How the values of a stage's claims stand: their median and their spread, of each `alike`. */
function scales(alike: readonly string[]): string {
  const keys = alike.map((key) => `${key}, `).join("");
  const by = alike.length === 0 ? "" : `group by ${alike.join(", ")}`;
  return `middles as (select ${keys}median(x) as centre from centres ${by}),
scales as (
  select ${keys}any_value(centre) as centre, count(*) > 0 as measured,
    greatest(median(abs(x - centre)), avg(abs(x - centre)) / 10) as spread,
    -- What is left of equal values after rounding is no spread.
    if(spread <= 1e-12 * max(abs(x)), 0, spread) as scale
  from centres ${by === "" ? "cross join middles" : `join middles using (${alike.join(", ")})`} ${by}
)`;
}

const DUE = "join ranking.due on f.place = due.place";

function sums({ of, sums, filter, plain = false, simple, news }: ScoreShape): string {
  if (news === "added")
    return `read as (select n.*, halflife, moment from ${NEWS_SQL}),\n${simpleRollupSql(simple!, "t", ["place", "trust", "code", "family"])}`;
  if (news === "replaced") {
    return `redone as materialized (
  select claim, peer from ranking.redone r join ranking.asked on r.place = asked.place where r.came > asked.since
),
rolled as (
  select r.* from told.rolled r join ranking.asked on r.place = asked.place and r.halflife = asked.halflife
    semi join redone on redone.claim = r.claim and redone.peer = r.peer
)`;
  }
  const places = {
    claims: "join ranking.asked on f.place = asked.place",
    "all claims": "cross join ranking.asked",
    trust: `${DUE} cross join ranking.asked`,
    levels: "",
    voices: `${DUE} cross join ranking.asked`,
  }[of];
  if (sums === "kept") {
    return `rolled as (select f.* from ranking.rolled f ${places} where f.halflife = asked.halflife)`;
  }
  const trusted = filter?.includes("trusted.") !== true ? "" : "left join ranking.trusted on trusted.peer = f.peer";
  const read = (columns: string) =>
    `read as (select ${columns} from ranking.facts f ${places} ${trusted} where ${plain ? "true" : BELONGS} and ${filter ?? "true"})`;
  if (simple !== undefined)
    return `${read("f.*, asked.halflife, asked.moment, asked.now")},\n${simpleRollupSql(simple, "if(t > now, now, t)")}`;
  return `${read("f.*")},
${SAID_SQL},
${rollupSql({
  ...{ halflife: "asked.halflife", evaluations: sums === "evaluations", join: "cross join ranking.asked" },
  now: "(select now from ranking.asked)",
})}`;
}

/** Weights at the time of asking: `fade` for all of a peer's rows on a claim, `rel` between them. */
function weighed({ of, sums }: ScoreShape): string {
  const own = of === "trust" ? "true" : "(asked.scope is null or r.scope = asked.scope)";
  const ago = `least(greatest(0, places.regime - coalesce(regimes.same, r.regime)), ${SCORE.regimes})`;
  return `weighed as (
  select r.*, ${own} as own, ${ago} as ago, pow(2, if(own, 0, ${SCORE.otherScope}) + ${SCORE.regime} * ago) as rel,
    pow(2, -greatest(0, ${sums === "evaluations" ? "0" : "asked.now"} - m) / r.halflife) as fade
  from rolled r join ranking.places on places.place = r.place
    left join ranking.regimes on regimes.place = r.place and regimes.regime = r.regime cross join ranking.asked
)`;
}

/** A peer's successes and failures. A verified value hides the same peer's attempts that have only unverified ones. */
const OUTCOMES = `any_value(place) as place, bool_or(own and ok) as own, bool_or(checked) as settled, max(newest) as newest,
    any_value(fade) as fade, sum(attempts) + if(settled, 0, sum(claimed)) as attempts,
    any_value(fade) * (sum(rel * s) + if(settled, 0, sum(rel * s_claimed))) as successes,
    any_value(fade) * (sum(rel * f) + if(settled, 0, sum(rel * f_claimed))) as failures`;

const clamped = (x: string) =>
  `if(scales.scale > 0, least(${SCORE.clamp}, greatest(-${SCORE.clamp}, (${x} - scales.centre) / scales.scale)), 0)`;

/** What a peer is compared on: its standing on the claim; for trust, like with like: the same claim in the same scope. */
function layered(trust: boolean): string {
  const key = trust ? "claim, scope" : "claim";
  return `told as (
  select ${key}, peer, ${OUTCOMES} from weighed group by ${key}, peer
),
-- Once a claim is measured again, what was measured of it before the subnet moved no longer counts: the peers that have
-- not looked again would outvote those that have.
latest as (
  select claim, scope, min(ago) as ago from weighed where w1 is not null or w0 is not null group by claim, scope
),
-- A peer's own mean of each metric: of the verified values where there are any.
means as (
  select claim, peer, scope, metric, ago, any_value(place) as place, max(weight) as weight, any_value(own) as own,
    any_value(fade) as fade, arg_max(direction, mark) as direction, max(proxy) as proxy,
    sum(rel * w1) as v1, sum(rel * w1 * x1) / v1 as y1, sum(rel * w0) as v0, sum(rel * w0 * x0) / v0 as y0,
    coalesce(y1, y0) as x, coalesce(v1, v0 * ${WEIGHTS.unverified}) as w
  from weighed join latest using (claim, scope, ago) where w1 is not null or w0 is not null
  group by claim, peer, scope, metric, ago
),
-- Once a claim has a value on a metric, its values on that metric's proxies no longer count.
metered as (
  select * from means m where m.proxy is null
    or not exists (from means real where real.claim = m.claim and real.scope = m.scope and real.metric = m.proxy)
),
centres as (
  select place, scope, metric, ago, claim, median(x) as x from metered
  group by place, scope, metric, ago, claim
)`;
}

function layeredPeers(trust: boolean): string {
  // What was best before the subnet moved is a weak guess of what is best now; that peers disagreed on it, a fact.
  const faded = trust ? "" : `pow(2, ${SCORE.regime} * m.ago) * `;
  const key = (alias: string) => (trust ? `${alias}.claim, ${alias}.scope` : `${alias}.claim`);
  return `-- Per metric over the scopes, then over the metrics by their weights.
measured as (
  select ${key("m")}, peer, max(c) as c, sum(weight * z) / nullif(sum(weight), 0) as z
  from (
    select ${key("m")}, m.peer, m.metric, max(m.weight) as weight, sum(m.fade * m.w) as c,
      sum(m.w * ${faded}${clamped("m.x")}) / sum(m.w) as z
    from metered m join scales
      on scales.place = m.place and scales.scope = m.scope and scales.metric = m.metric and scales.ago = m.ago
    group by ${key("m")}, m.peer, m.metric
  ) m group by ${key("m")}, peer
),
peers as (
  select ${key("t")}, t.peer, t.place, t.own, t.newest, t.attempts,
    1 - exp(-t.successes) as s, 1 - exp(-t.failures) as f, 1 - exp(-coalesce(m.c, 0)) as c, m.z
  from told t left join measured m on m.claim = t.claim and m.peer = t.peer ${trust ? "and m.scope = t.scope" : ""}
)`;
}

/** In a plain stage a peer has one row on a claim. */
const MERGED = `attempts + if(checked, 0, claimed) as attempts, s + if(checked, 0, s_claimed) as s,
    f + if(checked, 0, f_claimed) as f, coalesce(w1, w0 * ${WEIGHTS.unverified}, 0) as c,
    if(weight = 0, null, coalesce(x1, x0)) as x`;

const PLAIN_TRUST = `told as (
  select r.claim, r.scope, r.peer, r.place, r.x, pow(2, -greatest(0, asked.now - r.m) / r.halflife) as fade,
    1 - exp(-fade * s) as s, 1 - exp(-fade * f) as f, 1 - exp(-fade * c) as c
  from (select place, scope, halflife, claim, peer, m, ${MERGED} from rolled) r cross join ranking.asked
),
centres as (
  select place, scope, 0 as metric, claim, median(x) as x from told
  where x is not null group by place, scope, claim
)`;

const PLAIN_PEERS = `peers as (
  select t.*, if(t.x is null, null, ${clamped("t.x")}) as z from told t left join scales on scales.place = t.place
)`;

const lower = (
  value: string,
) => `list_sort(list({ x: ${value}, voice: trust }) filter (${value} is not null)) as voices,
    sum(trust) filter (${value} is not null) / 2 * (1 - 1e-9) as half`;

/** The lower median: the smallest value that half of the voices do not exceed; the slack is for rounding. */
const LOWER_MEDIAN = "list_reduce(voices, lambda a, b: if(a.voice >= half, a, { x: b.x, voice: a.voice + b.voice })).x";

/** The median of the same values. They lie in order already. */
const MEDIAN = "(voices[(len(voices) + 1) // 2].x + voices[len(voices) // 2 + 1].x) / 2";

function voices({ of, sums, simple }: ScoreShape): string {
  if (simple !== undefined) {
    return `voices as (
  select place, halflife, r.claim, r.peer, coalesce(trusted.trust, 0.5) as trust, s, f, c, metric, x, direction, attempts, newest
  from rolled r left join ranking.trusted on trusted.peer = r.peer cross join ranking.asked
)`;
  }
  const [moment, from] =
    of === "voices"
      ? ["due.moment", "join ranking.due on due.place = r.place"]
      : [sums === "evaluations" ? "0" : "asked.moment", "cross join ranking.asked"];
  return `voices as (
  select r.place, r.halflife, r.claim, r.peer, coalesce(trusted.trust, 0.5) as trust, pow(2, (r.m - ${moment}) / r.halflife) as rel,
    rel * r.s as s, rel * r.f as f, rel * r.c as c, r.metric, r.x, r.direction, r.attempts, r.newest
  from (select place, halflife, claim, peer, m, metric, direction, newest, ${MERGED} from rolled) r
    left join ranking.trusted on trusted.peer = r.peer ${from}
)`;
}

/** All weights of a plain stage have faded by one factor since the moment of its sums. */
const ASKING = `asking as not materialized (
  select place, halflife, is_own as own, pow(2, if(is_own, 0, ${SCORE.otherScope}) - (now - moment) / halflife) as fade from ranking.asked
)`;

const PLAIN_SUMS = `2 * sum(trust * (1 - exp(-fade * s))) as P, 2 * sum(trust * (1 - exp(-fade * f))) as N,
    2 * sum(trust * (1 - exp(-fade * c))) as C`;

/**
 * With one metric the median of z is that of x, and the claims are compared after the peers. `asked`: with their sums; `coded`: the
 * voices say how a claim is coded.
 */
const levelsOf = (voices: string, asked = false, coded = false) => `
  select h.* exclude (voices, half), ${MEDIAN} as x, ${LOWER_MEDIAN} as lower${coded ? "" : ", c.code, c.family"}
  from (
    select any_value(place) as place, any_value(halflife) as halflife, claim, any_value(metric) as metric,
      avg(x * direction) as "value", ${lower("x")},
      count(*)::INTEGER as peers, sum(attempts)::INTEGER as evaluations, max(newest) as newest${
        asked ? `, any_value(own) as own, ${PLAIN_SUMS}` : ""
      }${coded ? ", any_value(code) as code, any_value(family) as family" : ""}
    from ${voices} ${asked ? "cross join (select own, fade from asking)" : ""} group by claim
  ) h${coded ? "" : " join ranking.claims c on c.place = h.place and c.claim = h.claim"}
`;

/** A snapshot has voices and levels for one half-life. */
const ofAsking = (levels: string) =>
  `join asking on k.place = asking.place ${levels === "told" ? "and k.halflife = asking.halflife" : ""}`;

/** All voices on the claims of which there is news, from those that are kept and those of the news. */
function spoken(levels: NonNullable<ScoreShape["levels"]>, news: NonNullable<ScoreShape["news"]>): string {
  const columns = Object.keys(VOICES.columns).join(", ");
  if (news === "replaced")
    return `spoken as (
  select ${columns} from voices union all
  select ${columns} from (
    select k.* from ${levels}.voices k ${ofAsking(levels)} semi join redone on redone.claim = k.claim
  ) k anti join redone on redone.claim = k.claim and redone.peer = k.peer
)`;
  const sums = "place, claim, peer, trust, s, f, c, x, metric, direction, attempts, newest";
  const known = levels === "told" ? `told.voices k ${ofAsking(levels)}` : "sealed.told.voices k";
  return `spoken as (
  select any_value(place) as place, null::DOUBLE as halflife, claim, any_value(trust) as trust, sum(s) as s, sum(f) as f,
    sum(c) as c, any_value(metric) as metric, sum(c * x) / nullif(sum(c), 0) as x, any_value(direction) as direction,
    sum(attempts) as attempts, max(newest) as newest, any_value(code) as code, any_value(family) as family
  from (
    select ${sums}, code, family from rolled
    union all select ${sums.replaceAll(/(\w+)/g, "k.$1")}, null, null from ${known} semi join rolled on rolled.place = k.place and rolled.claim = k.claim
  ) group by claim, peer
)`;
}

function kept(levels: NonNullable<ScoreShape["levels"]>, news: ScoreShape["news"]): string {
  const touched = { added: "rolled", replaced: "redone", none: undefined }[news ?? "none"];
  return `sums as (select claim, ${PLAIN_SUMS} from ${levels}.voices k ${ofAsking(levels)} group by claim),
levels as materialized (
  select k.*, own, P, N, C from ${levels}.levels k ${ofAsking(levels)} join sums on sums.claim = k.claim
  ${
    touched === undefined
      ? ""
      : `anti join ${touched} on ${touched}.claim = k.claim union all by name (${levelsOf("spoken", true, news === "added")})`
  }
)`;
}

const STANDING = `sums as (
  select claim, any_value(place) as place, sum(2 * trust * s) as P, sum(2 * trust * f) as N, sum(2 * trust * c) as C,
    count(*)::INTEGER as peers, sum(attempts)::INTEGER as evaluations, max(newest) as newest, bool_or(own) as own, ${lower("z")}
  from (
    select peers.*, coalesce(trusted.trust, 0.5) as trust from peers left join ranking.trusted on trusted.peer = peers.peer
  ) where attempts > 0 group by claim
),
-- A stage is measured once anything of it is.
standing as (
  select * exclude (voices, half), ${LOWER_MEDIAN} as z, bool_or(voices is not null) over (partition by place) as measured
  from sums
)`;

const RANKED = `ranked as (
  select *, (P + 1) / (P + 1.5 * N + 3) as r, 1 / (1 + exp(-coalesce(z, 0) * C / (C + 0.5))) as q,
    if(measured, q * (P + 1) / (P + 1.5 * N + 1), r) as strength,
    (N + 1) / (N + 1.5 * P + 3) as "anti", P > N as pattern
  from standing
)`;

const TRUST = `-- A claim that one peer alone tried says nothing of anybody.
around as (
  select claim, scope, sum(s) as s, sum(f) as f, sum(c) as c, count(z) as n, median(z) as middle, max(z) - min(z) as apart
  from peers group by claim, scope having count(*) > 1
),
compared as (
  select p.*, p.z is not null and a.n > 1 as measured, a.s - p.s as others_s, a.f - p.f as others_f, a.c - p.c as others_c,
    p.z is not null and (a.n >= 3 and abs(p.z - a.middle) > ${SCORE.disagreement} or a.n = 2 and a.apart > ${SCORE.disagreement})
      as off
  from peers p join around a on a.claim = p.claim and a.scope = p.scope
)`;

const AGREEMENTS = `agreements as (
  select place, peer, sum(if(off, 0, s * others_s) + f * others_f) as agreement,
    sum(s * others_f + f * others_s + if(off, 2 * c * others_c, 0)) as disagreement, bool_or(measured) as measured
  from compared group by place, peer
)`;
