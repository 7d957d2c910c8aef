/** `gangc`: finds the command, parses its arguments, runs it, and turns whatever goes wrong into a sentence and an exit code. */
import { TrailError } from "../runtime/trail/trail.ts";
import { parseArguments } from "./arguments.ts";
import { CommandError } from "./command.ts";
import { commandNamed } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { type IO, processIO } from "./io.ts";

const ASKS_FOR_HELP = new Set(["--help", "-h"]);

/** Runs `gangc` with these arguments. Never throws: the exit code says how it went, stderr why. */
export async function main(args: readonly string[], io: IO = processIO()): Promise<ExitCode> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    if (error instanceof CommandError) {
      io.talk(`gangc: ${error.message}\n${error.help === undefined ? "" : `  ${error.help}\n`}`);
      return error.exit;
    }
    const said = error instanceof TrailError ? error.message : internal(error, io);
    io.talk(`gangc: ${said}\n`);
    return EXIT.environment;
  }
}

async function dispatch(args: readonly string[], io: IO): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === "--version" || name === "-V") {
    const { version } = await import("./version.ts");
    io.out(`${version()}\n`);
    return EXIT.fine;
  }
  const topic = topicOf(name, rest);
  if (topic !== undefined) {
    const { helpOn } = await import("./help.ts");
    const page = await helpOn(topic.on, io.stdout.width);
    // Called with nothing at all, the list of commands is an answer to a mistake.
    if (name === undefined) io.talk(page);
    else io.out(page);
    return name === undefined ? EXIT.usage : EXIT.fine;
  }
  const command = await commandNamed(name!);
  return command.run(parseArguments(command, rest), io);
}

/** What help is asked for, if any: `gangc`, `gangc help check`, `gangc --help`, `gangc check … --help`. */
function topicOf(name: string | undefined, rest: readonly string[]): { readonly on: string | undefined } | undefined {
  if (name === undefined || ASKS_FOR_HELP.has(name)) return { on: undefined };
  if (name === "help") return { on: rest.find((arg) => !ASKS_FOR_HELP.has(arg)) };
  const end = rest.indexOf("--");
  return rest.slice(0, end < 0 ? undefined : end).some((arg) => ASKS_FOR_HELP.has(arg)) ? { on: name } : undefined;
}

/** A mistake of ours. Its stack is for those who ask for it. */
function internal(error: unknown, io: IO): string {
  const message = error instanceof Error ? error.message : String(error);
  if (io.env.GANGC_DEBUG && error instanceof Error) return error.stack ?? message;
  return `something went wrong inside: ${message}\n  This is a mistake in gangc. GANGC_DEBUG=1 shows where.`;
}
