/**
 * The tables and views of `gangc sql`, as data: statements and documentation are made from them. Names and types are
 * stable; columns are added, never renamed.
 */
import type { ColumnType, Table } from "./appending.ts";

export interface Column {
  readonly type: ColumnType;
  readonly doc: string;
}

export interface Documented {
  readonly doc: string;
  readonly columns: { readonly [column: string]: Column };
}

const column = (type: ColumnType, doc: string): Column => ({ type, doc });
const text = (doc: string) => column("VARCHAR", doc);
const whole = (doc: string) => column("BIGINT", doc);
const real = (doc: string) => column("DOUBLE", doc);
const truth = (doc: string) => column("BOOLEAN", doc);
const time = (doc: string) => column("TIMESTAMPTZ", doc);

const RUN = {
  run_id: text("The run: one cycle of one pipeline by one peer, or one item of its source."),
  peer: text("The peer that did it."),
  plan_hash: text("Hash of the plan that ran."),
};
const STAGE = {
  ...RUN,
  stage: text("The stage, as pipeline.name."),
  scope: text("The item of the fan-out in which the stage stands; empty outside of one."),
};
const ATTEMPT = { ...STAGE, attempt_id: text("The attempt of the stage.") };
const SPAN = {
  started: time("When it started."),
  ended: time("When it ended; null where it has not."),
  elapsed: real("Seconds it took."),
};
const FAILURE = { class: text("Why it failed, as a class."), error: text("Why it failed, in words.") };
const OUTPUT = {
  output: text("What came out, as JSON; null where it is kept as an artifact."),
  artifact: text("Content hash of the output, where it is long."),
};
const RECORD = {
  id: text("Id of the record."),
  time: time("When it was written."),
};

export const TABLES = {
  records: {
    doc: "The trail as it is: every record.",
    columns: {
      process: text("The process that wrote it."),
      seq: whole("Its number in that process."),
      ...RECORD,
      v: whole("Version of the record."),
      kind: text("What happened."),
      ...ATTEMPT,
      record: text("The whole record, as JSON."),
    },
  },
  runs: {
    doc: "What ran: one cycle of one pipeline by one peer, or one item of its source.",
    columns: {
      ...RUN,
      pipeline: text("The pipeline."),
      subnet: text("The subnet that it mines for."),
      cycle: whole("Number of the cycle."),
      item: text("The source's item that it answers."),
      status: text("running, ok, failed, cancelled, interrupted or parked."),
      ...SPAN,
      error: text("Why it failed, in words."),
      seed: real("Seed of everything random in it."),
      input: text("The pipeline's parameters, as JSON."),
      resumed: truth("It went on after an interruption."),
      turn: whole("How often it was begun: 1, and one more each time that it went on."),
      dry: truth("A rehearsal: effects were replaced."),
      process: text("The process that ran it (last)."),
    },
  },
  stages: {
    doc: "Stages of runs, once per item of a fan-out.",
    columns: {
      ...STAGE,
      status: text("running, ok, failed, skipped, cancelled, none or interrupted."),
      via: text("The agent or tool whose value won."),
      attempts: whole("Attempts it took."),
      ...SPAN,
      ...OUTPUT,
      ...FAILURE,
      file: text("Source file of the stage."),
      line: whole("Line in it."),
    },
  },
  attempts: {
    doc: "Attempts of stages: one call of an agent or a tool each.",
    columns: {
      ...ATTEMPT,
      number: whole("Which attempt of the stage it was, from 1."),
      callee: text("The agent or tool."),
      model: text("The model, of an agent."),
      temperature: real("The model's temperature."),
      backend: text("Where it ran."),
      note: text("What the retry policy changed, in words."),
      reevaluates: text("The claim that was chosen to be evaluated again, without asking the model."),
      ok: truth("It gave a valid answer."),
      ...SPAN,
      cost: real("Dollars."),
      ...OUTPUT,
      ...FAILURE,
    },
  },
  turns: {
    doc: "Exchanges with models.",
    columns: {
      ...RECORD,
      ...ATTEMPT,
      number: whole("Which exchange of the attempt it was, from 1."),
      model: text("The model."),
      input_tokens: whole("Tokens read."),
      output_tokens: whole("Tokens written."),
      cached_tokens: whole("Of those read, what the provider's cache had."),
      caching_tokens: whole("Of those read, what the provider's cache took in."),
      cost: real("Dollars."),
      latency: real("Seconds."),
      request: text("The provider's id of the request."),
      prompt: text("What was asked."),
      answer: text("What was answered, as JSON."),
      ...FAILURE,
    },
  },
  tool_calls: {
    doc: "Calls of tools, by stages and by agents.",
    columns: {
      ...ATTEMPT,
      call_id: text("The call."),
      tool: text("The tool."),
      effect: truth("It changes the world."),
      ok: truth("It returned."),
      ...SPAN,
      cost: real("Dollars."),
      ...OUTPUT,
      ...FAILURE,
    },
  },
  jobs: {
    doc: "Jobs on backends.",
    columns: {
      ...ATTEMPT,
      job_id: text("The backend's name of the job."),
      backend: text("The backend."),
      status: text("Where the job stands."),
      ...SPAN,
      cost: real("Dollars."),
    },
  },
  recalls: {
    doc: "What was injected before a stage: one row a claim, in the order shown; one with no claim where nothing was known.",
    columns: {
      ...RECORD,
      ...ATTEMPT,
      recall: text("Name of the recall."),
      place: whole("Place in the order, from 1."),
      claim: text("Hash of the claim."),
      antipattern: truth("It was shown as an antipattern."),
      strength: real("The strength it had."),
      known: whole("Claims known in all."),
      generation: whole("Generation of the trust that was used."),
      elapsed: real("Seconds the recall took."),
    },
  },
  evidence: {
    doc: "What was observed about what was chosen: the unit of knowledge.",
    columns: {
      ...RECORD,
      ...ATTEMPT,
      subnet: text("The subnet."),
      version: text("The subnet's version."),
      regime: whole("Drift alarms that the writer knew of."),
      claim: text("Hash of what was chosen."),
      chosen: text("What was chosen, as canonical JSON."),
      niche: text("Its discrete part."),
      ok: truth("It ran and gave a valid answer."),
      class: text("Why not, as a class."),
      metric: text("What was measured."),
      value: real("The value measured."),
      direction: whole("-1 where less is better, 1 where more is."),
      weight: real("Weight of the metric."),
      proxy: text("The metric for which this one stands in."),
      verified: truth("Measured by a tool or a score, not a model's opinion of itself."),
      echo: truth("The claim had been recalled before it was chosen."),
    },
  },
  scores: {
    doc: "Metrics as they were observed.",
    columns: {
      ...RECORD,
      ...ATTEMPT,
      metric: text("The metric."),
      value: real("Its value."),
      direction: whole("-1 where less is better, 1 where more is."),
      feasible: truth("Within the metric's range."),
      at: time("The time it speaks of."),
    },
  },
  events: {
    doc: "Drift alarms, returns, skipped rungs, mutations, notes to a person.",
    columns: {
      ...RECORD,
      ...ATTEMPT,
      name: text("What it is."),
      message: text("It in words."),
      details: text("All of its fields, as JSON."),
    },
  },
} as const satisfies { readonly [table: string]: Documented };

export type TableName = keyof typeof TABLES;

export function shapeOf(name: TableName): Table {
  const columns = Object.entries(TABLES[name].columns).map(([column, { type }]) => [column, type] as const);
  return { name, columns: Object.fromEntries(columns) };
}
