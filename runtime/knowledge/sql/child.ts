/** The process that runs what someone typed. It is started by `query.ts`, answers one question, and ends. */
import type { TrailProblem } from "../../trail/trail.ts";
import { snapshotOf, tellsDamage } from "../snapshot/read.ts";
import { loadTables, lockDown } from "./load.ts";
import type { Answer, Question } from "./query.ts";
import { firstLine, namesRead, SqlError } from "./reading.ts";

const say = (answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => process.send!(answer, (error: Error | null) => (error ? reject(error) : resolve())));

process.on("message", (question: Question) => {
  answer(question)
    .catch(async (error: unknown) => {
      if (await isOfSnapshot(error, question)) return say({ type: "damaged" });
      return say({ type: "error", refused: error instanceof SqlError, message: plain(error) });
    })
    .catch(() => undefined)
    .finally(() => process.exit(0));
});
// The parent is gone: nobody reads the answer.
process.on("disconnect", () => process.exit(0));

/** What was answered cannot be taken back. */
let hasAnswered = false;

/** Whether it may be that all is well without the snapshot. */
async function isOfSnapshot(error: unknown, { store, without }: Question): Promise<boolean> {
  if (without || hasAnswered || error instanceof SqlError || !tellsDamage(error)) return false;
  return (await snapshotOf(store)) !== undefined;
}

async function answer({ store, sql, now, without }: Question): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const parser = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  const names = await namesRead(parser, sql);
  const found: TrailProblem[] = [];
  const onProblems = (problems: readonly TrailProblem[]) => void found.push(...problems);
  const { connection } = await loadTables(store, now, { names, onProblems, without });
  await lockDown(connection);
  await say({ type: "started", problems: found });

  const result = await connection.stream(sql);
  const types = result.columnTypes().map(String);
  let chunk = await result.fetchChunk();
  hasAnswered = true;
  await say({ type: "columns", columns: result.columnNames().map((name, i) => ({ name, type: types[i]! })) });
  const { JsonDuckDBValueConverter } = await import("@duckdb/node-api");
  for (; chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const rows = chunk.convertRows(JsonDuckDBValueConverter);
    // Waiting for each message keeps the answer out of this process's memory.
    await say({ type: "rows", rows: rows.map((row) => row.map((cell, i) => number(cell, types[i]!))) });
  }
  await say({ type: "end" });
}

/** DuckDB's JSON has its wide integers as text. */
function number(cell: unknown, type: string): unknown {
  if (typeof cell !== "string" || !/^(U?BIGINT|U?HUGEINT)$/.test(type)) return cell;
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : cell;
}

/** DuckDB says what kind of error it is, then what is wrong, then where; the first line is for people. */
function plain(error: unknown): string {
  const message = firstLine(error instanceof Error ? error.message : String(error));
  return message.length > 500 ? `${message.slice(0, 500)}…` : message;
}
