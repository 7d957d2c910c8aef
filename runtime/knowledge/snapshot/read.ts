/** Opening the newest snapshot of a store. One that does not fit, is damaged or not there, is done without. */
import { join } from "node:path";
import { type Manifest, newestManifest, sealedFolder } from "../../trail/manifest.ts";
import type { Cursor } from "../../trail/trail.ts";
import { Engine } from "../engine.ts";
import { Facts, type SavedFacts } from "../facts.ts";
import { engineName, SNAPSHOT_VERSION } from "./format.ts";

export interface OpenSnapshot {
  readonly engine: Engine;
  readonly facts: Facts;
  /** Where what is not in it begins. */
  readonly cursor: Cursor;
  /** Of the trust that it keeps. */
  readonly generation: number;
  /** How much of its evidence lies in the order of its stages. */
  readonly sorted: number;
}

/** How DuckDB says that a file is not as it was written. */
const DAMAGE = /corrupt|checksum|invalidated|fatal error|io error|internal error|serialization error/i;

/** Whether an error over a snapshot may come from a block of it that nobody had read before: what is asked is then answered without. */
export function tellsDamage(error: unknown): boolean {
  return DAMAGE.test(String(error));
}

/** Path of the newest manifest's snapshot, if this program can read it. */
export async function snapshotOf(directory: string, manifest: Manifest | undefined = newestManifest(directory)) {
  const { snapshot } = manifest ?? {};
  if (snapshot?.version !== SNAPSHOT_VERSION || snapshot.engine !== (await engineName())) return;
  return join(sealedFolder(directory), snapshot.name);
}

/** `undefined` where it cannot be used. `now` as for `Facts`. */
export async function openSnapshot(path: string, now: () => number): Promise<OpenSnapshot | undefined> {
  let engine: Engine | undefined;
  try {
    engine = await Engine.start({ snapshot: path });
    return await restore(engine, "sealed.told", now);
  } catch {
    engine?.close();
    return;
  }
}

/** Reads all of a snapshot. Resolves with DuckDB's words where a part of it is damaged. */
export async function damageOf(path: string): Promise<string | undefined> {
  let engine: Engine | undefined;
  try {
    engine = await Engine.start({ snapshot: path });
    const { connection } = engine;
    const tables = await connection.runAndReadAll(
      "select schema_name, table_name from duckdb_tables() where database_name = 'sealed'",
    );
    for (const [schema, name] of tables.getRows())
      await connection.run(`select max(hash(t)) from sealed."${schema}"."${name}" t`);
    return;
  } catch (error) {
    return (error as Error).message.split("\n", 1)[0]!;
  } finally {
    engine?.close();
  }
}

/** Goes on from what the schema keeps. @throws where it is no snapshot of this version. */
export async function restore(engine: Engine, told: string, now: () => number): Promise<OpenSnapshot> {
  const rows = async <Row>(sql: string): Promise<Row[]> =>
    (await engine.connection.runAndReadAll(sql)).getRowObjectsJS() as Row[];
  const [meta] = await rows<{
    readonly version: number;
    readonly covers: string;
    readonly claims: number;
    readonly count: number;
    readonly sorted: number;
    readonly refused: string;
    readonly generation: number;
  }>(`select * from ${told}.meta`);
  if (meta?.version !== SNAPSHOT_VERSION) throw new Error("another version's");
  const facts = new Facts(now);
  facts.restore({
    names: await rows<SavedFacts["names"][number]>(`select * from ${told}.names order by kind, number`),
    places: await rows<SavedFacts["places"][number]>(`select * from ${told}.stages order by place`),
    changes: (await rows<{ record: string }>(`select record from ${told}.changes`)).map(({ record }) => record),
    dropped: (await rows<{ record: bigint }>(`select record from ${told}.dropped`)).map(({ record }) => record),
    ...{ refused: meta.refused, claims: meta.claims, count: meta.count },
  });
  await engine.trust(facts, await rows<{ place: number; at: number }>(`select * from ${told}.agreed`));
  const { covers, generation, sorted } = meta;
  return { engine, facts, cursor: JSON.parse(covers) as Cursor, generation, sorted };
}
