/** The views of `gangc sql`, over its tables and the score's. Documented like the tables; made after them. */
import { SCORE, scoreSql } from "./score.sql.ts";
import type { Documented } from "./tables.ts";

const TERMS = {
  subnet: { type: "VARCHAR", doc: "The subnet." },
  stage: { type: "VARCHAR", doc: "The stage, as pipeline.name." },
  claim: { type: "VARCHAR", doc: "Hash of the claim." },
  chosen: { type: "VARCHAR", doc: "What was chosen, as canonical JSON." },
  niche: { type: "VARCHAR", doc: "Its discrete part." },
  strength: { type: "DOUBLE", doc: "What it is ranked by." },
  reliability: { type: "DOUBLE", doc: "r: (P + 1) / (P + 1.5 N + 3)." },
  quality: { type: "DOUBLE", doc: "q: sigmoid(z C / (C + 0.5)); 0.5 where nothing was measured." },
  P: { type: "DOUBLE", doc: "Successes, by peers and their trust." },
  N: { type: "DOUBLE", doc: "Failures, likewise." },
  C: { type: "DOUBLE", doc: "Successes with a value, likewise." },
  z: { type: "DOUBLE", doc: "How its values stand among the stage's claims." },
  peers: { type: "BIGINT", doc: "Peers that tried it." },
  evaluations: { type: "BIGINT", doc: "Attempts behind it." },
  newest: { type: "TIMESTAMPTZ", doc: "Time of the newest evidence." },
} as const;

const claims = (pattern: boolean): string => `
select e.subnet, e.stage, c.hash as claim, c.chosen, c.niche, ${pattern ? "r.strength" : 'r."anti"'} as strength,
  r.r as reliability, r.q as quality, r.P, r.N, r.C, r.z, r.peers::BIGINT as peers, r.evaluations::BIGINT as evaluations,
  to_timestamp(r.newest / 1000) as newest
from ranking.ranked r join ranking.claims c on c.claim = r.claim join ranking.named e on e.place = r.place
where ${pattern ? "r.pattern" : "not r.pattern and r.N > 0"} order by e.subnet, e.stage, strength desc, claim`;

/**
 * Rows of the table without those that a later one corrects, as the score has it: of several words on one thing the last
 * one counts. What names no `one` of a run (or attempt) stands for itself.
 */
const lastWords = (table: string, one: string, thing: string): string => `
  select * from ${table} qualify row_number() over (
    partition by if(${one} is null, id, ''), run_id, attempt_id, scope, peer, metric${thing} order by time desc, id desc
  ) = 1`;

/** Not for users: what the views share. */
export const INNER_VIEWS: { readonly [name: string]: string } = {
  ranked: `with ${scoreSql({ of: "all claims", sums: "kept" })} select * from ranked`,
};

export const VIEWS: {
  readonly [name: string]: Documented & { readonly sql: string; readonly reads: readonly string[] };
} = {
  patterns: { doc: "What worked, over all scopes, best first.", columns: TERMS, sql: claims(true), reads: ["ranking"] },
  antipatterns: {
    doc: "What did not, worst first; strength is how surely.",
    columns: TERMS,
    sql: claims(false),
    reads: ["ranking"],
  },
  trust: {
    doc: "Peers, and how far others' evidence agrees with theirs.",
    columns: {
      peer: { type: "VARCHAR", doc: "The peer." },
      trust: {
        type: "DOUBLE",
        doc: "(1 + agreement) / (2 + agreement + disagreement); 0.5 where nobody tried the same.",
      },
      agreement: {
        type: "DOUBLE",
        doc: "With others, about outcomes; less of it where nobody measured the same, as values speak against the peer elsewhere.",
      },
      disagreement: { type: "DOUBLE", doc: "Likewise, about outcomes and values." },
      evidence: { type: "BIGINT", doc: "Its records of evidence." },
    },
    sql: `select p.peer, coalesce(t.trust, 0.5) as trust, coalesce(t.agreement, 0) as agreement,
  coalesce(t.disagreement, 0) as disagreement, f.evidence
from (select peer, count(*) as evidence from ranking.facts group by peer) f
  join ranking.peers p on p.number = f.peer left join ranking.trusts t on t.peer = f.peer order by trust desc, p.peer`,
    reads: ["ranking"],
  },
  leaderboard: {
    doc: "Each peer's scores, per metric; one that was corrected does not count.",
    columns: {
      subnet: { type: "VARCHAR", doc: "The subnet." },
      metric: { type: "VARCHAR", doc: "The metric." },
      peer: { type: "VARCHAR", doc: "The peer." },
      best: { type: "DOUBLE", doc: "Its best feasible value." },
      mean: { type: "DOUBLE", doc: "Mean of its feasible values." },
      scores: { type: "BIGINT", doc: "How many there are." },
      infeasible: { type: "BIGINT", doc: "Scores outside the metric's range." },
    },
    sql: `select r.subnet, s.metric, s.peer, arg_max(s.value, s.value * s.direction) filter (s.feasible) as best,
  avg(s.value) filter (s.feasible) as mean, count(*) filter (s.feasible) as scores, count(*) filter (not s.feasible) as infeasible
from (${lastWords("scores", "run_id", "")}) s left join runs r on r.run_id = s.run_id group by r.subnet, s.metric, s.peer, s.direction
order by r.subnet, s.metric, best * s.direction desc nulls last, s.peer`,
    reads: ["scores", "runs"],
  },
  costs: {
    doc: "Dollars and tokens by day, pipeline, peer and model (or tool).",
    columns: {
      day: { type: "TIMESTAMPTZ", doc: "The day." },
      pipeline: { type: "VARCHAR", doc: "The pipeline." },
      peer: { type: "VARCHAR", doc: "The peer." },
      source: { type: "VARCHAR", doc: "The model or tool that cost it." },
      calls: { type: "BIGINT", doc: "Turns, or calls." },
      input_tokens: { type: "BIGINT", doc: "Tokens read." },
      output_tokens: { type: "BIGINT", doc: "Tokens written." },
      cost: { type: "DOUBLE", doc: "Dollars." },
    },
    sql: `select date_trunc('day', c.time) as day, r.pipeline, c.peer, c.source, count(*) as calls,
  sum(c.input_tokens)::BIGINT as input_tokens, sum(c.output_tokens)::BIGINT as output_tokens, sum(c.cost) as cost
from (
  select time, run_id, peer, model as source, input_tokens, output_tokens, cost from turns
  union all select started, run_id, peer, tool, null, null, cost from tool_calls where cost is not null
) c left join runs r on r.run_id = c.run_id group by all order by day desc, cost desc nulls last, source`,
    reads: ["turns", "tool_calls", "runs"],
  },
  uplift: {
    doc: "Attempts that were shown a pattern against those that were not, per stage and metric; of each, its last word.",
    columns: {
      stage: { type: "VARCHAR", doc: "The stage." },
      metric: { type: "VARCHAR", doc: "The metric; null for attempts without one." },
      recalled: { type: "BOOLEAN", doc: "A pattern had been shown before." },
      attempts: { type: "BIGINT", doc: "How many." },
      ok: { type: "DOUBLE", doc: "The share that gave a valid answer." },
      mean: { type: "DOUBLE", doc: "Mean value of the metric." },
    },
    sql: `with shown as (
  select distinct run_id, stage, scope from recalls where claim is not null and not antipattern
)
select e.stage, e.metric, s.run_id is not null as recalled, count(distinct (e.run_id, e.attempt_id)) as attempts,
  avg(e.ok::INTEGER) as ok, avg(e.value) filter (e.ok) as mean
from (${lastWords("evidence", "attempt_id", ", stage, claim")}) e left join shown s on s.run_id = e.run_id and s.stage = e.stage and s.scope = e.scope
group by all order by e.stage, e.metric, recalled`,
    reads: ["evidence", "recalls"],
  },
};

/** Half-life of the views. */
export const VIEW_HALFLIFE = SCORE.halflifeSeconds * 1000;
