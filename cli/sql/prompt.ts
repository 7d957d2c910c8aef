/** Reads statements from a terminal, and has each one answered. */
import { createInterface } from "node:readline";
import { complete } from "./completion.ts";
import type { History } from "./history.ts";

export interface PromptOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly terminal: boolean;
  readonly history: History;
  /** Never rejects; ends early once the signal is aborted. */
  answer(statement: string, signal: AbortSignal): Promise<void>;
}

const FIRST = "sql> ";
const NEXT = "  -> ";

/** Resolves at `exit`, or at the end of the input. Ctrl-C drops what was begun, and ends a query that runs. */
export async function prompt({ input, output, terminal, history, answer }: PromptOptions): Promise<void> {
  const lines = createInterface({
    ...{ input, output, terminal, prompt: FIRST, historySize: 1000, history: history.entries.toReversed() },
    completer: (line: string) => complete(`${statement}\n${line}`),
  });
  let statement = "";
  let running: AbortController | undefined;
  let closed = false;
  const begin = (): void => {
    statement = "";
    lines.setPrompt(FIRST);
  };
  lines.on("SIGINT", () => {
    if (running !== undefined) running.abort();
    else if (statement === "" && lines.line === "") lines.close();
    else {
      begin();
      output.write("^C\n");
      lines.write(null, { ctrl: true, name: "u" });
      lines.prompt();
    }
  });
  lines.once("close", () => {
    closed = true;
    running?.abort();
  });
  lines.prompt();
  for await (const line of lines) {
    statement += `${statement === "" ? "" : "\n"}${line}`;
    if (/^\s*\.?(exit|quit)\s*;?\s*$/i.test(statement)) break;
    if (statement.trim() === "") begin();
    else if (!/;\s*$/.test(line) && line.trim() !== "") lines.setPrompt(NEXT);
    else {
      history.add(statement.trim());
      running = new AbortController();
      await answer(statement, running.signal);
      running = undefined;
      begin();
    }
    if (!closed) lines.prompt();
  }
  // What stood there when the input ended was a query, too, where it is no terminal.
  if (!terminal && statement.trim() !== "" && !/^\s*\.?(exit|quit)\b/i.test(statement))
    await answer(statement, new AbortController().signal);
  lines.close();
}
