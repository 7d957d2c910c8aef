/** What `--help` shows, made from the commands' own data. */
import type { Command, Option } from "./command.ts";
import { commandNamed, everyCommand } from "./commands.ts";
import { EXIT, EXIT_MEANING } from "./exit-codes.ts";
import { columns, wrap } from "./layout.ts";

/** The page for a topic: a command, `exit-codes`, or the list of commands. `width`: characters a line. */
export async function helpOn(topic: string | undefined, width?: number): Promise<string> {
  if (topic === undefined || topic === "help") return overview(width);
  return topic === "exit-codes" ? exitCodes(width) : commandHelp(await commandNamed(topic), width);
}

async function overview(width: number | undefined): Promise<string> {
  const commands = await everyCommand();
  return [
    "gangc: check, run and learn with Gang pipelines",
    "",
    "Usage: gangc COMMAND [arguments]",
    "",
    columns(
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    "",
    wrap(
      "gangc help COMMAND shows a command's options and examples, gangc help exit-codes the exit codes, gangc --version the version.",
      0,
      width,
    ),
    "",
  ].join("\n");
}

function commandHelp(command: Command, width: number | undefined): string {
  const parts = [wrap(`gangc ${command.name}: ${command.summary}`, 0, width), "", `Usage: ${usageOf(command)}`, ""];
  const options = Object.entries(command.options);
  if (options.length > 0) parts.push("Options:", columns(options.map(optionRow), width), "");
  if (command.notes !== undefined) parts.push(wrap(command.notes, 0, width), "");
  parts.push("Examples:");
  for (const { command: line, doc } of command.examples) parts.push(`  # ${doc}`, `  ${line}`);
  return `${parts.join("\n")}\n`;
}

function exitCodes(width: number | undefined): string {
  const rows = Object.entries(EXIT).map(([name, code]): [string, string] => [
    String(code),
    EXIT_MEANING[name as keyof typeof EXIT],
  ]);
  return `${columns(rows, width)}\n`;
}

function usageOf({ name, arguments: positional, options }: Command): string {
  return ["gangc", name, positional?.usage, Object.keys(options).length > 0 ? "[options]" : undefined]
    .filter((part) => part !== undefined)
    .join(" ");
}

function optionRow([name, option]: [string, Option]): [string, string] {
  const { value, optional, choices, many, doc } = option;
  const shown = value === undefined ? "" : optional ? ` [${value}]` : ` ${value}`;
  const notes = [
    choices === undefined ? undefined : `one of ${choices.join(", ")}`,
    option.default === undefined ? undefined : `default ${option.default}`,
    many ? "may be repeated" : undefined,
  ].filter((note) => note !== undefined);
  return [`--${name}${shown}`, notes.length === 0 ? doc : `${doc} (${notes.join("; ")})`];
}
