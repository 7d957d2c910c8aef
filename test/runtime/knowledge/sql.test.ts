import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../../runtime/knowledge/sql/query.ts";
import { TABLES } from "../../../runtime/knowledge/tables.ts";
import { VIEWS } from "../../../runtime/knowledge/views.sql.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Json } from "../../../runtime/types.ts";
import { draft } from "./trail.ts";

let folder: string;
let store: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gang-sql-"));
  store = join(folder, ".gang");
  const trail = await openTrail({ directory: store, peers: ["a"], clock: { now: Date.now } } as never);
  const origin = { peer: "a", run: "r1", plan: "h" };
  await trail.append([
    { kind: "run.started", ...origin, pipeline: "p", subnet: "n", cycle: 0, seed: 7 },
    { kind: "stage.started", ...origin, stage: "p.s", line: 3, file: "main.gang" },
    { kind: "recall", ...origin, stage: "p.s", recall: "default", shown: [], known: 0, elapsed: 0 },
    { kind: "attempt.started", ...origin, stage: "p.s", attempt: "t1", number: 1, callee: "guess" },
    { kind: "attempt.ended", ...origin, stage: "p.s", attempt: "t1", ok: true, elapsed: 0.5, output: { x: 1 } },
    { kind: "stage.ended", ...origin, stage: "p.s", status: "ok", attempts: 1, elapsed: 0.5, output: { x: 1 } },
    draft({ k: { x: 1 }, value: 1 }),
    draft({ k: { x: 2 }, value: 2 }),
    draft({ k: { x: 3 }, ok: false, class: "error" }),
    { kind: "score", ...origin, attempt: "t1", metric: "m", value: 1, direction: 1, feasible: true },
    { kind: "run.ended", ...origin, status: "ok", elapsed: 1 },
    { kind: "run.started", peer: "a", run: "r2", pipeline: "p", cycle: 1, seed: 8 },
  ]);
  await trail.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(sql: string, more: { timeoutSeconds?: number; store?: string } = {}): Promise<Json[][]> {
  const rows: Json[][] = [];
  // Those that are without end are not kept.
  const onRows = (batch: readonly (readonly Json[])[]) =>
    void (rows.length < 10_000 && rows.push(...(batch as Json[][])));
  await query({ store, sql, now: Date.now(), ...more, onRows });
  return rows;
}

describe("gangc sql", () => {
  it("reads the tables", async () => {
    expect(await ask("select kind, count(*) from records group by 1 having count(*) > 1 order by 1")).toEqual([
      ["evidence", 3],
      ["run.started", 2],
    ]);
    expect(
      await ask(
        "select r.run_id, r.status, s.stage, s.status, s.line from runs r left join stages s using (run_id) order by 1",
      ),
    ).toEqual([
      ["r1", "ok", "p.s", "ok", 3],
      ["r2", "interrupted", null, null, null],
    ]);
    expect(await ask("select attempt_id, ok, output->>'x' from attempts")).toEqual([["t1", true, "1"]]);
  });

  it("says of a stage whose run goes on that it is running, whatever else is asked for", async () => {
    const living = join(folder, "living");
    const trail = await openTrail({ directory: living, peers: ["a"] });
    try {
      await trail.append([
        { kind: "run.started", peer: "a", run: "r", pipeline: "p", cycle: 0, seed: 7 },
        { kind: "stage.started", peer: "a", run: "r", stage: "p.s" },
      ]);
      expect(await ask("select stage, status from stages", { store: living })).toEqual([["p.s", "running"]]);
    } finally {
      await trail.close();
    }
    expect(await ask("select stage, status from stages", { store: living })).toEqual([["p.s", "interrupted"]]);
  });

  it("reads the views, ranked by the score", async () => {
    expect(await ask("select chosen, strength > 0.4, peers, evaluations from patterns")).toEqual([
      ['{"x":2}', true, 1, 1],
      ['{"x":1}', false, 1, 1],
    ]);
    expect(await ask("select chosen, N > 0 from antipatterns")).toEqual([['{"x":3}', true]]);
    expect(await ask("select peer, trust, evidence from trust")).toEqual([["a", 0.5, 3]]);
    expect(await ask("select metric, best, scores from leaderboard")).toEqual([["m", 1, 1]]);
    expect(await ask("select stage, recalled, attempts from uplift where metric is null")).toEqual([["p.s", false, 1]]);
  });

  it("has the tables, views and columns that are documented", async () => {
    const found = await ask(
      "select table_name, column_name, replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') from information_schema.columns where table_schema = 'main' order by table_name, ordinal_position",
      { store: join(folder, "nowhere") },
    );
    const documented = Object.entries({ ...TABLES, ...VIEWS }).flatMap(([name, { columns }]) =>
      Object.entries(columns).map(([column, { type }]) => [name, column, type]),
    );
    const byName = (a: readonly Json[], b: readonly Json[]) =>
      String(a[0]) < String(b[0]) ? -1 : a[0] === b[0] ? 0 : 1;
    expect(found).toEqual(documented.toSorted(byName));
  });

  it("finds a store that does not exist empty, and does not make it", async () => {
    expect(await ask("select count(*) from runs", { store: join(folder, "nowhere") })).toEqual([[0]]);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  it("answers a mistake with one sentence", async () => {
    await expect(ask("selec 1")).rejects.toThrow(/^The query cannot be read: syntax error at or near "selec"/);
    await expect(ask("select * from nothing")).rejects.toThrow(/Table with name nothing does not exist/);
    await expect(ask("")).rejects.toThrow("There is no query.");
  });
});

describe("an attack is refused, or ended", () => {
  it.each([
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_text('/proc/self/environ')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "from '/etc/hosts.csv'",
    "copy (select 1) to '/tmp/gang-attack.csv'",
    "attach '/tmp/gang-attack.db'",
    "install httpfs",
    "load httpfs",
    "set threads = 8",
    "set lock_configuration = false",
    "call enable_logging('QueryLog', storage = 'memory')",
    "select * from enable_logging('QueryLog')",
    "select * from query('select * from enable_logging()')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "select 1; select 2",
    "create table t as select 1",
    "insert into runs default values",
    "drop table runs",
    "export database '/tmp/gang-attack'",
    "pragma database_list",
    "select getenv('HOME')",
    "copy runs to stdout",
    "copy runs from '/etc/passwd'",
    "import database '/tmp/gang-attack'",
    "detach main",
    "use information_schema",
    "reset threads",
    "vacuum",
    "checkpoint",
    "begin transaction",
    "prepare p as select 1",
    "call pragma_version()",
    "create secret s (type s3)",
    "create macro f() as 1",
    "select * from duckdb_secrets()",
    "select * from which_secret('s3://x', 's3')",
    "select * from query_table('runs')",
    "select * from query('select 1')",
    "select * from read_json('/proc/self/environ')",
    "select * from read_blob('/proc/self/mem')",
    "select * from read_parquet('/etc/*')",
    "select * from parquet_metadata('/etc/passwd')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from '/proc/self/environ'",
    'select * from "/etc/passwd"',
    "select * from 's3://bucket/file.parquet'",
    "select * from 'https://example.com/a.csv'",
    "with a as (select * from read_text('/etc/passwd')) select * from a",
    "select (select content from read_text('/etc/passwd'))",
    "select * from runs where exists (from glob('/root/*'))",
    "select 1 union all select content from READ_TEXT('/etc/passwd')",
    "from runs select run_id, (from read_text(['/etc/passwd']) select content)",
    "select list_transform([1], x -> getenv('HOME'))",
    "select main.getenv('HOME')",
    "select system.main.read_text('/etc/passwd')",
    "select 'HOME'.getenv()",
    "select nextval('s')",
    "pivot (select * from read_csv('/etc/passwd')) on x",
    "describe select * from read_csv('/etc/passwd')",
    "summarize '/etc/passwd'",
    "select 1; drop table runs; --",
    "select /* */ 1 ; ; select 2",
    "explain analyze copy (select 1) to '/tmp/gang-attack.csv'",
  ])("%s", async (sql) => {
    await expect(ask(sql)).rejects.toThrow();
    expect(existsSync("/tmp/gang-attack.csv") || existsSync("/tmp/gang-attack.db")).toBe(false);
  });

  it("ends what takes too long, or too much", async () => {
    await expect(
      ask("select count(*) from range(1000000000000) a, range(1000) b where a.range % 7 = b.range", {
        timeoutSeconds: 1,
      }),
    ).rejects.toThrow("The query took longer than 1 s and was ended.");
    const endless = "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r";
    await expect(ask(endless, { timeoutSeconds: 1 })).rejects.toThrow(/was ended|Out of Memory/);
    const widening = "with recursive r(n) as (select 'x' union all select n || n from r) select max(length(n)) from r";
    await expect(ask(widening, { timeoutSeconds: 5 })).rejects.toThrow();
    // No expression can be made to backtrack; one that is only long to run is ended.
    const bomb =
      "select count(*) from range(100000000) t(i) where regexp_matches(repeat('a', 5000 + i % 9), '(a*)*b|(a|aa)+$.{1000}')";
    await expect(ask(bomb, { timeoutSeconds: 1 })).rejects.toThrow();
    await expect(ask("select * from range(1000000000000)", { timeoutSeconds: 1 })).rejects.toThrow(/was ended/);
    const joined = "select sum(a.seq) from records a, records b, records c, range(1e9::bigint) d";
    await expect(ask(joined, { timeoutSeconds: 1 })).rejects.toThrow(/was ended/);
    await expect(ask(`select ${"1+".repeat(50_000)}1`)).rejects.toThrow();
    await expect(ask("select length(repeat('x', 3000000000)) from range(4)", { timeoutSeconds: 10 })).rejects.toThrow();
    expect(await ask("select count(*) from evidence")).toEqual([[3]]);
  });
});
