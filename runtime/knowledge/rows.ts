/** Records as rows of the tables: what started and ended is one row, in the order in which it started. */
import { type Kind, RECORD_VERSION, type Record as TrailRecord } from "../trail/record.ts";
import { TABLES, type TableName } from "./tables.ts";

type Cell = string | number | boolean | null;
export type Cells = { [column: string]: Cell };

const TABLE_OF: { readonly [kind in Kind]: TableName | undefined } = {
  "plan.loaded": undefined,
  "run.started": "runs",
  "run.ended": "runs",
  "stage.started": "stages",
  "stage.ended": "stages",
  recall: "recalls",
  "attempt.started": "attempts",
  "attempt.ended": "attempts",
  turn: "turns",
  "tool.started": "tool_calls",
  "tool.ended": "tool_calls",
  effect: undefined,
  evidence: "evidence",
  memory: undefined,
  score: "scores",
  drift: "events",
  return: "events",
  waiting: undefined,
  waited: undefined,
  answered: undefined,
  credit: undefined,
  forgotten: undefined,
  event: "events",
};

/**
 * What started and ends is one row: these columns tell which. What else there is, is a row a record (or more), and stays
 * as it is.
 */
export const LASTING: { readonly [table in TableName]?: readonly string[] } = {
  runs: ["run_id"],
  stages: ["run_id", "stage", "scope"],
  attempts: ["run_id", "attempt_id"],
  tool_calls: ["run_id", "call_id"],
};

/** Whether a record of the kind begins or ends what is one row. */
export function isOfLasting(kind: string): boolean {
  return LASTING[TABLE_OF[kind as Kind] ?? "records"] !== undefined;
}

/** Whether the process of a trail can still write. */
export type Alive = (process: string) => boolean;

/** Rows of all tables, in the order of their columns; times in milliseconds since 1970. */
export type Rows = { readonly [table in TableName]: readonly (readonly Cell[])[] };

/**
 * Only of the tables that are wanted. `before` are rows that the records may go on with; they are in the result too. What a
 * newer version wrote is kept as a record, and not interpreted.
 */
export function rowsOf(
  records: Iterable<TrailRecord>,
  alive: Alive,
  wanted: (table: TableName) => boolean = () => true,
  before: { readonly [table in TableName]?: readonly Cells[] } = {},
): Rows {
  const tables = Object.fromEntries(Object.keys(TABLES).map((name) => [name, []])) as unknown as {
    [table in TableName]: Cells[];
  };
  /** Rows that wait for their end, by what they are of. */
  const open = new Map<string, Cells>();

  const keyOf = (table: TableName, cells: Cells): string =>
    `${table}\0${LASTING[table]!.map((column) => String(cells[column] ?? "")).join("\0")}`;

  // Processes are read one after another, in no order: of a run that went on, the turns tell which came last.
  const turns = new Map<string, number>();
  const turnOf = ({ process, run_id }: Cells): number | undefined => turns.get(`${process}\0${run_id}`);
  const latest = new WeakMap<Cells, number>();
  /** Whether the row has heard from a later turn already. */
  const isOutdated = (row: Cells, cells: Cells): boolean => {
    const turn = turnOf(cells);
    if (turn === undefined) return false;
    if (turn < (latest.get(row) ?? 0)) return true;
    latest.set(row, turn);
    return false;
  };

  const start = (table: TableName, cells: Cells): void => {
    const key = keyOf(table, cells);
    const known = open.get(key);
    if (known !== undefined) {
      if (isOutdated(known, cells)) {
        if (Number(cells.started) < Number(known.started)) known.started = cells.started ?? null;
        return;
      }
      // A resumed run goes on: it started when it first did, and its end is still to come.
      const started = known.started ?? cells.started ?? null;
      Object.assign(known, cells, { started, ended: null, status: "running", class: null, error: null });
      return;
    }
    open.set(key, cells);
    latest.set(cells, turnOf(cells) ?? 0);
    tables[table].push(cells);
  };

  /** The end of something whose start was lost is still shown. */
  const end = (table: TableName, cells: Cells): void => {
    const row = open.get(keyOf(table, cells));
    if (row === undefined) start(table, cells);
    else if (!isOutdated(row, cells))
      Object.assign(row, Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== null)));
  };

  for (const [name, rows] of Object.entries(before) as [TableName, readonly Cells[]][]) {
    for (const cells of rows) {
      open.set(keyOf(name, cells), cells);
      tables[name].push(cells);
      if (name !== "runs") continue;
      const turn = Number(cells.turn ?? 1);
      latest.set(cells, turn);
      turns.set(`${cells.process}\0${cells.run_id}`, turn);
    }
  }

  for (const record of records) {
    const r = record as unknown as { readonly [field: string]: unknown };
    const time = timeOf(r.time);
    const base: Cells = {
      process: word(r.process),
      id: word(r.id),
      time,
      run_id: word(r.run),
      peer: word(r.peer),
      plan_hash: word(r.plan),
      stage: word(r.stage),
      scope: word(r.scope) ?? "",
      attempt_id: word(r.attempt),
    };
    if (wanted("records"))
      tables.records.push({ ...base, seq: real(r.seq), v: real(r.v), kind: word(r.kind), record: json(r) });
    if (r.kind === "run.started") turns.set(`${base.process}\0${base.run_id}`, real(r.turn) ?? 1);
    const table = TABLE_OF[r.kind as Kind];
    if (table === undefined || !wanted(table) || (real(r.v) ?? 0) > RECORD_VERSION) continue;
    const failure = { class: word(r.class), error: word(r.error) };
    const result = { elapsed: real(r.elapsed), cost: real(r.cost), output: json(r.output), artifact: word(r.artifact) };

    switch (r.kind) {
      case "run.started":
        start("runs", {
          ...base,
          pipeline: word(r.pipeline),
          subnet: word(r.subnet),
          cycle: real(r.cycle),
          item: word(r.item),
          seed: real(r.seed),
          input: json(r.input),
          resumed: r.resumed === true,
          turn: real(r.turn) ?? 1,
          dry: r.dry === true,
          status: "running",
          started: time,
        });
        break;
      case "run.ended":
        end("runs", { ...base, status: word(r.status), ended: time, ...result, ...failure });
        break;
      case "stage.started":
        start("stages", { ...base, file: word(r.file), line: real(r.line), status: "running", started: time });
        break;
      case "stage.ended":
        end("stages", {
          ...base,
          status: word(r.status),
          via: word(r.via),
          attempts: real(r.attempts),
          ended: time,
          ...result,
          ...failure,
        });
        break;
      case "attempt.started":
        start("attempts", {
          ...base,
          number: real(r.number),
          callee: word(r.callee),
          model: word(r.model),
          temperature: real(r.temperature),
          backend: word(r.backend),
          note: word(r.note),
          reevaluates: word(r.reevaluates),
          started: time,
        });
        break;
      case "attempt.ended":
        end("attempts", {
          ...base,
          ok: r.ok === true,
          ended: time,
          ...result,
          ...failure,
        });
        break;
      case "turn":
        tables.turns.push({
          ...base,
          ...failure,
          number: real(r.number),
          model: word(r.model),
          input_tokens: real(r.input_tokens),
          output_tokens: real(r.output_tokens),
          cached_tokens: real(r.cached_tokens),
          caching_tokens: real(r.caching_tokens),
          cost: real(r.cost),
          latency: real(r.latency),
          request: word(r.request),
          prompt: word(r.prompt),
          answer: json(r.answer),
        });
        break;
      case "tool.started":
        start("tool_calls", {
          ...base,
          call_id: word(r.call),
          tool: word(r.tool),
          effect: r.effect === true,
          started: time,
        });
        break;
      case "tool.ended":
        end("tool_calls", {
          ...base,
          call_id: word(r.call),
          tool: word(r.tool),
          ok: r.ok === true,
          ended: time,
          ...result,
          ...failure,
        });
        break;
      case "recall": {
        const shown = Array.isArray(r.shown) && r.shown.length > 0 ? r.shown : [{}];
        shown.forEach((claim: { claim?: unknown; strength?: unknown; anti?: unknown }, index) => {
          tables.recalls.push({
            ...base,
            recall: word(r.recall),
            place: word(claim.claim) === null ? null : index + 1,
            claim: word(claim.claim),
            antipattern: claim.anti === true,
            strength: real(claim.strength),
            known: real(r.known),
            generation: real(r.generation),
            elapsed: real(r.elapsed),
          });
        });
        break;
      }
      case "evidence":
        tables.evidence.push({
          ...base,
          subnet: word(r.subnet),
          version: word(r.version),
          regime: real(r.regime),
          claim: word(r.claim),
          chosen: word(r.chosen),
          niche: word(r.niche),
          ok: r.ok === true,
          class: word(r.class),
          metric: word(r.metric),
          value: real(r.value),
          direction: real(r.direction),
          weight: real(r.weight) ?? 1,
          proxy: word(r.proxy),
          verified: r.verified === true,
          echo: r.echo === true,
        });
        break;
      case "score":
        tables.scores.push({
          ...base,
          metric: word(r.metric),
          value: real(r.value),
          direction: real(r.direction),
          feasible: r.feasible === true,
          at: timeOf(r.at),
        });
        break;
      case "drift":
      case "return":
        tables.events.push({ ...base, name: String(r.kind), message: word(r.message), details: json(r) });
        break;
      case "event":
        tables.events.push({ ...base, name: word(r.name), message: word(r.message), details: json(r) });
        break;
    }
  }

  for (const run of tables.runs) {
    if (run.status === "running" && !alive(String(run.process))) run.status = "interrupted";
  }
  for (const stage of tables.stages) {
    if (stage.status === "running" && !alive(String(stage.process))) stage.status = "interrupted";
  }
  return Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => {
      const columns = Object.entries(TABLES[name as TableName].columns);
      return [name, rows.map((row) => columns.map(([column, { type }]) => fitting(row[column] ?? null, type)))];
    }),
  ) as unknown as Rows;
}

const fitting = (cell: Cell, type: string): Cell =>
  type === "BIGINT" && typeof cell === "number" ? (Number.isSafeInteger(cell) ? cell : null) : cell;

const word = (value: unknown): string | null => (typeof value === "string" ? value : null);
const real = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

function timeOf(value: unknown): number | null {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** Rows of one table as objects, their times in ISO 8601. */
export function tableObjects(rows: Rows, table: TableName): Cells[] {
  const columns = Object.entries(TABLES[table].columns);
  return rows[table].map((row) =>
    Object.fromEntries(
      columns.map(([column, { type }], i) => {
        const cell = row[i] ?? null;
        return [column, type === "TIMESTAMPTZ" && typeof cell === "number" ? new Date(cell).toISOString() : cell];
      }),
    ),
  );
}
