import { type Cells, rowsOf, tableObjects } from "../../runtime/knowledge/rows.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import type { TableName } from "../../runtime/knowledge/tables.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { sayDamage } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { runNamed } from "../run/named.ts";
import { cut, elapsedText, numberText, printable } from "../ui/text.ts";

export default command({
  name: "show",
  summary: "one run in full: stages, attempts, model turns, tool calls, scores, with source lines",
  arguments: { usage: "RUN", least: 1, most: 1 },
  options: {
    format: { value: "FORMAT", choices: ["table", "json"], default: "table", doc: "as text, or all fields as JSON" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    { command: "gangc show 019a", doc: "the beginning of the run's id is enough; `gangc show last` is the newest" },
  ],
  async run({ positionals: [wanted], options }, io) {
    const store = resolveStore(io.cwd, options.store);
    const begun = await readStore(store, { kinds: ["run.started"] });
    const id = runNamed(
      wanted!,
      begun.records.flatMap(({ run }) => (run === undefined ? [] : [run])),
    );
    const { records, alive, problems } = await readStore(store, { run: id });
    sayDamage(io, problems);
    const rows = rowsOf(records, alive, (name) => name !== "records");
    const of = (name: TableName) => tableObjects(rows, name);
    const run = { run: of("runs")[0]!, stages: of("stages"), attempts: of("attempts"), turns: of("turns") };
    const whole = {
      ...run,
      tool_calls: of("tool_calls"),
      recalls: of("recalls"),
      scores: of("scores"),
      events: of("events"),
    };
    io.out(options.format === "json" ? `${JSON.stringify(whole, null, 2)}\n` : `${asText(whole).join("\n")}\n`);
    return EXIT.fine;
  },
});

type Whole = { readonly run: Cells } & {
  readonly [name in "stages" | "attempts" | "turns" | "tool_calls" | "recalls" | "scores" | "events"]: readonly Cells[];
};

const LONGEST = 200;

function asText({ run, stages, attempts, turns, tool_calls, recalls, scores, events }: Whole): string[] {
  const lines = [
    `run ${run.run_id}  ${run.status}${took(run)}`,
    `  ${run.pipeline} · cycle ${run.cycle} · peer ${run.peer} · seed ${run.seed} · started ${run.started}`,
    ...detail("  ", run),
  ];
  const within = (rows: readonly Cells[], stage: Cells) =>
    rows.filter((row) => row.stage === stage.stage && row.scope === stage.scope);
  for (const stage of stages) {
    const scope = stage.scope === "" ? "" : ` [${stage.scope}]`;
    const source = stage.file === null || stage.file === undefined ? "" : `  ${stage.file}:${stage.line}`;
    lines.push(
      "",
      `${mark(stage.status)} ${stage.stage}${scope}  ${stage.status}${took(stage)}${source}`,
      ...detail("    ", stage),
    );
    const shown = within(recalls, stage).filter(({ claim }) => claim !== null);
    if (shown.length > 0) lines.push(`    recalled ${shown.length} of ${shown[0]!.known} claims`);
    for (const attempt of within(attempts, stage)) {
      const how = [
        attempt.model,
        attempt.temperature === null ? null : `temperature ${attempt.temperature}`,
        attempt.backend,
      ];
      const by = how.filter((word) => word !== null && word !== undefined).join(", ");
      const state = attempt.ended === null ? stage.status : attempt.ok ? "ok" : "failed";
      lines.push(
        `    attempt ${attempt.number}: ${attempt.callee}${by === "" ? "" : ` (${by})`}  ${state}${took(attempt)}${money(attempt)}`,
        ...(attempt.note === null ? [] : [`        ${plain(attempt.note)}`]),
        ...detail("        ", attempt),
      );
      const inside = (rows: readonly Cells[]) => rows.filter(({ attempt_id }) => attempt_id === attempt.attempt_id);
      for (const turn of inside(turns)) {
        const tokens = turn.input_tokens === null ? "" : `, ${turn.input_tokens} tokens in, ${turn.output_tokens} out`;
        lines.push(
          `        turn ${turn.number}: ${turn.model}${tokens}, ${elapsedText(Number(turn.latency))}${money(turn)}`,
          ...(turn.answer === null ? [] : [`            ${plain(turn.answer)}`]),
          ...detail("            ", { ...turn, output: null }),
        );
      }
      for (const call of inside(tool_calls)) {
        const state = call.ended === null ? "not ended" : call.ok ? "ok" : "failed";
        const effect = call.effect ? ", an effect" : "";
        lines.push(
          `        tool ${call.tool}${effect}  ${state}${took(call)}${money(call)}`,
          ...detail("            ", call),
        );
      }
    }
  }
  if (scores.length > 0) lines.push("", "scores");
  for (const score of scores) {
    const where = score.scope === "" ? "" : ` [${score.scope}]`;
    lines.push(
      `    ${score.metric}${where} = ${numberText(Number(score.value))}${score.feasible ? "" : "  (infeasible)"}`,
    );
  }
  if (events.length > 0) lines.push("", "events");
  for (const event of events) lines.push(`    ${event.time}  ${event.name}  ${plain(event.message ?? "")}`);
  return lines;
}

const mark = (status: unknown): string =>
  status === "ok" ? "✓" : status === "failed" ? "✗" : status === "running" ? "…" : "·";
const took = ({ elapsed }: Cells): string => (typeof elapsed === "number" ? `, ${elapsedText(elapsed)}` : "");
const money = ({ cost }: Cells): string => (typeof cost === "number" && cost > 0 ? `, $${numberText(cost)}` : "");
const plain = (text: unknown): string => cut(printable(String(text)), LONGEST);

function detail(indent: string, row: Cells): string[] {
  const lines: string[] = [];
  if (typeof row.output === "string") lines.push(`${indent}→ ${plain(row.output)}`);
  else if (typeof row.artifact === "string") lines.push(`${indent}→ artifact ${row.artifact}`);
  if (typeof row.error === "string") {
    lines.push(`${indent}${row.class === null || row.class === undefined ? "" : `${row.class}: `}${plain(row.error)}`);
  }
  return lines;
}
