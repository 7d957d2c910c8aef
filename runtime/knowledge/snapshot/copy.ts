/**
 * What DuckDB takes over from sealed files by itself: the table of records; and evidence, of which there is most, as rows of
 * its table and of the score. That is what `Facts` makes of it, and a property holds both equal.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { SETTINGS } from "../../settings.ts";
import { ENVIRONMENT_FAILURES, RECORD_VERSION } from "../../trail/record.ts";
import { parquet, SEALED } from "../../trail/sealed.ts";
import { append, createTable, type Table } from "../appending.ts";
import type { Spoken } from "../drift/regimes.ts";
import type { Engine } from "../engine.ts";
import { type Dictionary, FACTS, type Facts, hashSql, LARGEST_VALUE, type Refusal } from "../facts.ts";
import { TABLES, type TableName } from "../tables.ts";

/**
 * Evidence that DuckDB reads as `Facts` does. It refuses half a surrogate pair, which is written as an escape, and it has
 * other dates than `Date.parse`. Another hand may have written any letter as an escape, and a space before a colon.
 */
export const PLAIN_EVIDENCE = `kind = 'evidence' and v <= ${RECORD_VERSION} and stage is not null and not contains(line, '\\u') and not contains(line, '"at"')`;

/** So many records are taken in at once. */
const PART = 4 * SETTINGS.trail.rowGroup;

/** Columns that are not as the sealed files have them. A line less its CRC is the record. */
const MADE: { readonly [column: string]: string } = {
  scope: "coalesce(scope, '')",
  record: "left(line, length(line) - 18) || '}'",
};

/** Records of the files: those rows `r` that the condition holds for. */
export async function copyRecords(
  connection: DuckDBConnection,
  paths: readonly string[],
  where: string,
): Promise<void> {
  await insert(connection, "records", MADE, `from ${parquet(paths)} r where line is not null and ${where}`);
}

async function insert(
  connection: DuckDBConnection,
  table: TableName,
  made: { readonly [column: string]: string },
  from: string,
): Promise<void> {
  const columns = Object.keys(TABLES[table].columns);
  const values = columns.map((column) => made[column] ?? `"${column}"`);
  await connection.run(
    `insert into main."${table}" (${columns.map((column) => `"${column}"`).join(", ")}) select ${values.join(", ")} ${from}`,
  );
}

/** Fields of evidence that no column of a sealed file has, and the type that each is read as. */
const FIELDS = {
  ...Object.fromEntries(
    Object.entries(TABLES.evidence.columns)
      .filter(([column]) => !(column in SEALED.columns))
      .map(([column, { type }]) => [column, type]),
  ),
};

/** Plain evidence of a file, likewise. `now`, in milliseconds, as for `Facts`. */
export async function copyEvidence(
  engine: Engine,
  facts: Facts,
  path: string,
  where: string,
  now: number,
): Promise<void> {
  const { connection } = engine;
  const file = `${parquet([path]).slice(0, -1)}, file_row_number = true)`;
  const [[rows]] = (await connection.runAndReadAll(`select count(*)::double from ${file}`)).getRows() as [[number]];
  const columns = Object.keys(SEALED.columns).filter((column) => column !== "line" && column !== "gone");
  const values = columns.map((column) => `${MADE[column] ?? `"${column}"`} as "${column}"`);
  for (let from = 0; from < rows; from += PART) {
    await connection.run(`create or replace temp table staged as
      select *, least(epoch_ms(time), ${Math.floor(now)}) as t, ${hashSql("id")} as record, case
          when ${hashSql("id")} in (select record from told.dropped) then 'dropped'
          when not ok and class in (${ENVIRONMENT}) then 'environment'
          when abs(value) > ${LARGEST_VALUE} then 'value'
          when time is null or epoch_ms(time) < 0 then 'time'
        end as refusal
      from (
        select * exclude (said), unnest(said) from (
          select ${values.join(", ")}, try(json_transform(line, '${JSON.stringify(FIELDS)}')) as said from ${file} r
          where file_row_number >= ${from} and file_row_number < ${from + PART} and ${PLAIN_EVIDENCE} and ${where}
        ) where said is not null
      )`);
    await insert(connection, "evidence", { weight: "coalesce(weight, 1)" }, "from staged");
    await takeStaged(engine, facts);
  }
  await connection.run("drop table if exists staged; drop table if exists taken");
}

const ENVIRONMENT = [...ENVIRONMENT_FAILURES].map((name) => `'${name}'`).join(", ");

/** Rows of the score from `staged`. */
async function takeStaged(engine: Engine, facts: Facts): Promise<void> {
  const { connection } = engine;
  const rows = async <Row>(sql: string) => (await connection.runAndReadAll(sql)).getRows() as Row[];
  await namePlaces(connection, facts);
  const news = await rows<[subnet: string, stage: string, hash: string, chosen: string, niche: string]>(
    `select s.subnet, s.stage, s.claim, s.chosen, any_value(s.niche) from staged s
    left join ranking.named_places p using (subnet, stage)
    left join told.claims c on c.place = p.place and c.hash = s.claim and c.chosen = s.chosen
    where s.refusal is null and c.claim is null group by all`,
  );
  const named = news.map(([subnet, stage, hash, chosen, niche]) => facts.claim(subnet, stage, { hash, chosen, niche }));
  await engine.flush(facts);
  await namePlaces(connection, facts);
  if (named.includes(false)) {
    const known = "select 1 from told.claims c where c.hash = staged.claim and c.chosen = staged.chosen";
    await connection.run(`update staged set refusal = 'claim' where refusal is null and not exists (${known})`);
  }
  for (const [name, ...columns] of [
    ["peers", "peer"],
    ["scopes", "scope"],
    ["metrics", "metric", "proxy"],
    ["versions", "version"],
  ] as const) {
    await number(connection, name, facts[name], columns);
  }
  await connection.run(`create or replace temp table taken as
    select p.place, sc.number as scope, c.claim, pe.number as peer,
      ${hashSql("if(attempt_id is null, process || chr(10) || seq, coalesce(run_id, '') || chr(10) || attempt_id)")} as unit,
      (t << 20) | (seq % ${2 ** 20}) as mark, t::DOUBLE as t, regime::INTEGER as regime,
      ok and s.class is distinct from 'infeasible' as ok, verified, echo, m.number as metric,
      if(m.number is null, null, value) as value, coalesce(direction, 1)::DOUBLE as direction, coalesce(weight, 1) as weight,
      if(proxy = metric, null, x.number) as proxy,
      v.number as version, record, attempt_id as attempt, 0 as came
    from staged s join ranking.named_places p using (subnet, stage)
      join told.claims c on c.place = p.place and c.hash = s.claim and c.chosen = s.chosen
      join ranking.numbered_peers pe on pe.name = s.peer join ranking.numbered_scopes sc on sc.name = s.scope
      left join ranking.numbered_metrics m on m.name = s.metric left join ranking.numbered_metrics x on x.name = s.proxy
      left join ranking.numbered_versions v on v.name = s.version
    where refusal is null`);
  await connection.run(`insert into told.facts select ${Object.keys(FACTS.columns).join(", ")} from taken`);
  const lists = ["scope", "metric"].map((of) => `to_json(list(distinct ${of}) filter (${of} is not null))`);
  const adopted = await rows<[place: number, count: number, newest: number, scopes: string, metrics: string | null]>(
    `select place, count(*)::INTEGER, max(t), ${lists.join(", ")} from taken group by place`,
  );
  const spoken = Map.groupBy(
    await rows<[place: number, ...Spoken]>("select place, regime, peer, max(t) from taken group by all order by all"),
    ([place]) => place,
  );
  const places = new Map([...facts.allPlaces()].map((place) => [place.id, place]));
  for (const [place, count, newest, scopes, metrics] of adopted) {
    facts.adopt(places.get(place)!, {
      ...{ count, newest, scopes: JSON.parse(scopes) as number[], metrics: JSON.parse(metrics ?? "[]") as number[] },
      spoken: spoken.get(place)!.map(([, ...one]) => one),
    });
  }
  await engine.noteAll(
    "taken",
    adopted.reduce((sum, [, count]) => sum + count, 0),
  );
  const refused = await rows<[why: Refusal, times: number]>(
    `select refusal, count(*)::INTEGER from staged where refusal not in ('dropped', 'environment') group by refusal`,
  );
  for (const [why, times] of refused) facts.refuse(why, times);
}

async function namePlaces(connection: DuckDBConnection, facts: Facts): Promise<void> {
  const table = {
    ...{ schema: "ranking", name: "named_places" },
    columns: { place: "INTEGER", subnet: "VARCHAR", stage: "VARCHAR" },
  } as const satisfies Table;
  await fill(connection, table, facts.namedPlaces());
}

/** `numbered_<name>`: the numbers of what stands in the columns. */
async function number(
  connection: DuckDBConnection,
  name: string,
  dictionary: Dictionary,
  columns: readonly string[],
): Promise<void> {
  const some = columns
    .map((column) => `select ${column} as name from staged where refusal is null`)
    .join(" union all ");
  const found = await connection.runAndReadAll(`select distinct name from (${some}) where name is not null`);
  const names = found.getRows() as [string][];
  const table = {
    schema: "ranking",
    name: `numbered_${name}`,
    columns: { name: "VARCHAR", number: "INTEGER" },
  } as const satisfies Table;
  await fill(
    connection,
    table,
    names.map(([one]) => [one, dictionary.id(one)]),
  );
}

/** In the schema that no snapshot keeps. */
async function fill(connection: DuckDBConnection, table: Table, rows: readonly (readonly unknown[])[]): Promise<void> {
  await connection.run(`drop table if exists ranking.${table.name}`);
  await connection.run(createTable(table));
  await append(connection, table, rows);
}
