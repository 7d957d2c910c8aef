/** The tables in which a process keeps what is asked, what is under way, and what it holds beside the evidence. */
import type { Table } from "./appending.ts";
import { SCORE } from "./score.sql.ts";

export const TRUSTED = {
  schema: "ranking",
  name: "trusted",
  columns: { peer: "INTEGER", trust: "DOUBLE" },
} as const satisfies Table;
/** `measured`: the peer's values were held against others'. */
export const AGREEMENTS = {
  schema: "ranking",
  name: "agreements",
  columns: { place: "INTEGER", peer: "INTEGER", agreement: "DOUBLE", disagreement: "DOUBLE", measured: "BOOLEAN" },
} as const satisfies Table;
export const PLACES = {
  schema: "ranking",
  name: "places",
  columns: { place: "INTEGER", regime: "INTEGER" },
} as const satisfies Table;
/** Whose evidence the roll-up does not have yet. */
export const CHANGED = {
  schema: "ranking",
  name: "changed",
  columns: { place: "INTEGER", claim: "INTEGER", peer: "INTEGER", came: "INTEGER" },
} as const satisfies Table;
/**
 * What came of stages of which more is known than their evidence: the columns of `told.facts` that simple evidence is added
 * up of, with what else a claim's level says.
 */
export const NEWS = {
  schema: "ranking",
  name: "news",
  columns: {
    place: "INTEGER",
    came: "INTEGER",
    claim: "INTEGER",
    peer: "INTEGER",
    unit: "BIGINT",
    t: "DOUBLE",
    ok: "BOOLEAN",
    verified: "BOOLEAN",
    echo: "BOOLEAN",
    value: "DOUBLE",
    code: "BIGINT",
    family: "INTEGER",
    trust: "DOUBLE",
  },
} as const satisfies Table;
/** Those that it had not had, and has now: `came` of the newest evidence then. */
export const REDONE = {
  schema: "ranking",
  name: "redone",
  columns: CHANGED.columns,
} as const satisfies Table;
/** The half-lives for which a stage's evidence is kept added up, in milliseconds. */
export const HELD = {
  schema: "ranking",
  name: "held",
  columns: { place: "INTEGER", halflife: "DOUBLE" },
} as const satisfies Table;
/** Claims and peers whose sums in the snapshot no longer hold: they are made anew of all their evidence, and kept here. */
export const RENEWED = {
  schema: "told",
  name: "renewed",
  columns: { place: "INTEGER", claim: "INTEGER", peer: "INTEGER" },
} as const satisfies Table;
/** Hashes of the ids of records that do not count. */
export const DROPPED = { schema: "told", name: "dropped", columns: { record: "BIGINT" } } as const satisfies Table;
/** Claims whose numbers are looked for. */
export const WANTED = {
  schema: "ranking",
  name: "wanted",
  columns: { number: "INTEGER", place: "INTEGER", code: "BIGINT" },
} as const satisfies Table;
/** Stages whose agreements or voices are to be made; the moment as of which the sums of these are. */
export const DUE = {
  schema: "ranking",
  name: "due",
  columns: { place: "INTEGER", moment: "DOUBLE" },
} as const satisfies Table;
/**
 * What is asked. `scope` null: all are own; `is_own`: whether that of a plain stage is; `moment`: that of the sums that are
 * kept of it, else now; `since`: `came` of the newest evidence that is in these. See `score.sql.ts`.
 */
export interface Asked {
  readonly place: number;
  readonly scope: number | null;
  readonly is_own: boolean;
  readonly now: number;
  readonly moment: number;
  readonly since: number;
  /** Milliseconds, or evaluations. */
  readonly halflife: number;
  readonly top: number;
  readonly seed: string;
}

export const ASKED = {
  schema: "ranking",
  name: "asked",
  columns: {
    place: "INTEGER",
    scope: "INTEGER",
    is_own: "BOOLEAN",
    now: "DOUBLE",
    moment: "DOUBLE",
    since: "INTEGER",
    halflife: "DOUBLE",
    top: "INTEGER",
    seed: "VARCHAR",
  },
} as const satisfies Table;

/** Milliseconds: every stage's evidence is kept added up for this one. */
export const HALFLIFE = SCORE.halflifeSeconds * 1000;

export const NO_QUESTION: Asked = {
  place: -1,
  scope: null,
  is_own: true,
  now: 0,
  moment: 0,
  since: 0,
  halflife: HALFLIFE,
  top: 1,
  seed: "",
};
