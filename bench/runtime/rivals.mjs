// One runtime in a process of its own: `node rivals.mjs RUNTIME SHAPE STAGES ROUNDS FOLDER` see `rounds.ts`.
// Each is set up as its own documentation does, with its defaults.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { measure } from "./rounds.ts";

const [runtime, shape, stages, rounds, folder] = process.argv.slice(2);

/** What makes a graph of so many stages, to be run. */
const RUNTIMES = {
  "langgraph, no checkpointer": () => langgraph(undefined),
  "langgraph, MemorySaver": async () => {
    const { MemorySaver } = await import("@langchain/langgraph");
    return langgraph(() => new MemorySaver());
  },
  "langgraph, SqliteSaver": async () => {
    const { SqliteSaver } = await import("@langchain/langgraph-checkpoint-sqlite");
    const { default: Database } = await import("better-sqlite3");
    return langgraph(() => new SqliteSaver(keeping(new Database(join(folder, `${randomUUID()}.sqlite`)))));
  },
  "mastra, no storage": () => mastra(undefined),
  "mastra, LibSQLStore": async () => {
    const { LibSQLStore } = await import("@mastra/libsql");
    return mastra(() => new LibSQLStore({ id: "bench", url: `file:${join(folder, `${randomUUID()}.db`)}` }));
  },
};

/** Nothing prepared is let go of: under Node 24 that ends the process, in better-sqlite3's destructor of statements. */
const kept = [];
function keeping(database) {
  const prepare = database.prepare.bind(database);
  const statements = new Map();
  database.prepare = (sql) => statements.get(sql) ?? statements.set(sql, prepare(sql)).get(sql);
  database.pragma = (source) => database.exec(`PRAGMA ${source}`);
  kept.push(database, statements);
  return database;
}

async function langgraph(saver) {
  const { Annotation, END, START, StateGraph } = await import("@langchain/langgraph");
  const State = Annotation.Root({ value: Annotation({ reducer: (_, value) => value, default: () => 0 }) });
  return async (count) => {
    const graph = new StateGraph(State);
    for (let i = 0; i < count; i++) graph.addNode(`s${i}`, ({ value }) => ({ value }));
    for (let i = 0; i < count; i++) {
      graph.addEdge(shape === "fan" || i === 0 ? START : `s${i - 1}`, `s${i}`);
      if (shape === "fan" || i === count - 1) graph.addEdge(`s${i}`, END);
    }
    const app = graph.compile({ checkpointer: saver?.() });
    const run = async () => {
      const thread = { configurable: { thread_id: randomUUID() }, recursionLimit: count + 10 };
      const { value } = await app.invoke({ value: 1 }, thread);
      if (value !== 1) throw new Error("it came to no end");
    };
    return { run };
  };
}

async function mastra(storage) {
  const { Mastra } = await import("@mastra/core/mastra");
  const { createStep, createWorkflow } = await import("@mastra/core/workflows");
  const { z } = await import("zod");
  const schema = z.object({ value: z.number() });
  return async (count) => {
    const steps = Array.from({ length: count }, (_, i) =>
      createStep({
        id: `s${i}`,
        inputSchema: schema,
        outputSchema: schema,
        execute: async ({ inputData }) => inputData,
      }),
    );
    const empty = createWorkflow({ id: "bench", inputSchema: schema, outputSchema: z.any() });
    const flow = shape === "fan" ? empty.parallel(steps) : steps.reduce((before, step) => before.then(step), empty);
    const work = flow.commit();
    const app = new Mastra({ workflows: { work }, logger: false, ...(storage && { storage: storage() }) });
    const run = async () => {
      const begun = await app.getWorkflow("work").createRun();
      const { status } = await begun.start({ inputData: { value: 1 } });
      if (status !== "success") throw new Error(`it ended as ${status}`);
    };
    return { run };
  };
}

await measure(await RUNTIMES[runtime](), Number(stages), Number(rounds));
process.exit();
