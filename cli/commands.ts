/** The commands, in the order in which the help lists them. Each lies in a file of its own, loaded when it is called. */
import { nearest } from "../compiler/diagnostics/suggestion.ts";
import { type Command, usageError } from "./command.ts";

type Module = Promise<{ readonly default: unknown }>;

const COMMANDS: { readonly [name: string]: () => Module } = {
  check: () => import("./commands/check.ts"),
  fmt: () => import("./commands/fmt.ts"),
  explain: () => import("./commands/explain.ts"),
  lock: () => import("./commands/lock.ts"),
  build: () => import("./commands/build.ts"),
  plan: () => import("./commands/plan.ts"),
  graph: () => import("./commands/graph.ts"),
  diff: () => import("./commands/diff.ts"),
  run: () => import("./commands/run.ts"),
  test: () => import("./commands/test.ts"),
  runs: () => import("./commands/runs.ts"),
  show: () => import("./commands/show.ts"),
  knowledge: () => import("./commands/knowledge.ts"),
  score: () => import("./commands/score.ts"),
  pending: () => import("./commands/pending.ts"),
  approve: () => import("./commands/approve.ts"),
  reject: () => import("./commands/reject.ts"),
  best: () => import("./commands/best.ts"),
  trust: () => import("./commands/trust.ts"),
  status: () => import("./commands/status.ts"),
  sql: () => import("./commands/sql.ts"),
  store: () => import("./commands/store.ts"),
  import: () => import("./commands/import.ts"),
  lsp: () => import("./commands/lsp.ts"),
};

/** The command of this name, or a usage error that says what was probably meant. */
export async function commandNamed(name: string): Promise<Command> {
  if (Object.hasOwn(COMMANDS, name)) return (await COMMANDS[name]!()).default as Command;
  const near = nearest(name, [...Object.keys(COMMANDS), "help"]);
  throw usageError(
    name.startsWith("-") ? `there is no option ${name}.` : `there is no command ${JSON.stringify(name)}.`,
    near === undefined ? "gangc help lists the commands." : `Did you mean ${near}?`,
  );
}

export function everyCommand(): Promise<Command[]> {
  return Promise.all(Object.keys(COMMANDS).map(commandNamed));
}
