/**
 * A command is data with a function: its name, what it says of itself, the options it takes, and `run`. Parsing, help
 * and usage errors are derived from the data, so that a command states each of its options once.
 */
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { IO } from "./io.ts";

export interface Option {
  /** What stands for the value in the help (`N`, `DIR`). Without it the option is a switch. */
  readonly value?: string;
  /** The value may be left out (`--resume [RUN]`, then it is ""): the next argument is taken only where this matches all of it. */
  readonly optional?: RegExp;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  readonly default?: string;
  /** May be given several times; the values in order. */
  readonly many?: true;
  readonly doc: string;
}

export interface Options {
  readonly [name: string]: Option;
}

type Text<O extends Option> = O["choices"] extends readonly (infer C)[] ? C : string;
type Value<O extends Option> = O extends { readonly value: string }
  ? O extends { readonly many: true }
    ? readonly Text<O>[]
    : O extends { readonly default: string }
      ? Text<O>
      : Text<O> | undefined
  : boolean;

/** What was given, typed by what was declared. */
export interface Given<O extends Options = Options> {
  readonly positionals: readonly string[];
  readonly options: { readonly [Name in keyof O]: Value<O[Name]> };
}

export interface Example {
  readonly command: string;
  readonly doc: string;
}

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line, without a full stop, for the list of commands. */
  readonly summary: string;
  /** The positional arguments as shown (`[PATH…]`), and how many there may be. */
  readonly arguments?: { readonly usage: string; readonly least: number; readonly most: number };
  readonly options: O;
  readonly examples: readonly Example[];
  /** A paragraph below the options, where one is needed. */
  readonly notes?: string;
  run(given: Given<O>, io: IO): Promise<ExitCode>;
}

/** Declares a command; `run` sees its options with their types. */
export function command<const O extends Options>(definition: Command<O>): Command<O> {
  return definition;
}

/** Ends a command with a sentence for the user and an exit code; `help` is a second sentence on what to do. */
export class CommandError extends Error {
  readonly exit: ExitCode;
  readonly help: string | undefined;

  constructor(exit: ExitCode, message: string, help?: string) {
    super(message);
    this.name = "CommandError";
    this.exit = exit;
    this.help = help;
  }
}

export const usageError = (message: string, help?: string): CommandError => new CommandError(EXIT.usage, message, help);

export const environmentError = (message: string, help?: string): CommandError =>
  new CommandError(EXIT.environment, message, help);
