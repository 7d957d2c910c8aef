/** Arguments → what a command asked for, by its table of options. Every slip is a usage error that names it. */
import { parseArgs } from "node:util";
import { nearest } from "../compiler/diagnostics/suggestion.ts";
import { type Command, type Given, type Option, usageError } from "./command.ts";

export function parseArguments(command: Command, args: readonly string[]): Given {
  const declared = new Map(Object.entries(command.options));
  const { tokens } = parseArgs({
    args: withOptionalValues(args, declared),
    options: Object.fromEntries(
      [...declared].map(
        ([name, option]) => [name, { type: option.value === undefined ? "boolean" : "string" }] as const,
      ),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = declared.get(token.name);
    if (option === undefined) throw unknownOption(command, token.rawName, declared.keys());
    const given = values.get(token.name);
    if (given === undefined) values.set(token.name, [textOf(token.name, option, token.value)]);
    else if (option.many) given.push(textOf(token.name, option, token.value));
    else throw usageError(`--${token.name} was given twice.`);
  }
  checkCount(command, positionals);
  return {
    positionals,
    options: Object.fromEntries([...declared].map(([name, option]) => [name, settled(option, values.get(name))])),
  } as Given;
}

/** Gives an option with an optional value its value, or "", since `parseArgs` knows of none. */
function withOptionalValues(args: readonly string[], declared: ReadonlyMap<string, Option>): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") return [...result, ...args.slice(i)];
    const optional = arg.startsWith("--") ? declared.get(arg.slice(2))?.optional : undefined;
    if (optional === undefined) result.push(arg);
    else {
      const next = args[i + 1];
      const isValue = next !== undefined && optional.exec(next)?.[0] === next;
      result.push(`${arg}=${isValue ? next : ""}`);
      if (isValue) i++;
    }
  }
  return result;
}

function textOf(name: string, option: Option, value: string | undefined): string {
  if (option.value === undefined) {
    if (value !== undefined) throw usageError(`--${name} is a switch and takes no value.`);
    return "";
  }
  if (value === undefined) throw usageError(`--${name} needs a value: --${name} ${option.value}.`);
  if (option.choices && !option.choices.includes(value)) {
    const near = nearest(value, option.choices);
    throw usageError(
      `--${name} cannot be ${JSON.stringify(value)}.`,
      near === undefined ? `It is one of ${option.choices.join(", ")}.` : `Did you mean ${near}?`,
    );
  }
  return value;
}

function settled(
  option: Option,
  values: readonly string[] | undefined,
): string | readonly string[] | boolean | undefined {
  if (option.value === undefined) return values !== undefined;
  if (option.many) return values ?? [];
  return values?.[0] ?? option.default;
}

function unknownOption(command: Command, raw: string, names: Iterable<string>): Error {
  const near = nearest(raw.replace(/^-+/, ""), names);
  return usageError(
    `${command.name} has no option ${raw}.`,
    near === undefined ? `gangc ${command.name} --help lists them.` : `Did you mean --${near}?`,
  );
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const { usage, least, most } = command.arguments ?? { usage: "", least: 0, most: 0 };
  const shape = `It is called as: gangc ${command.name} ${usage}`.trimEnd();
  if (positionals.length < least) throw usageError(`${command.name} needs an argument.`, shape);
  if (positionals.length > most)
    throw usageError(`${command.name} does not know what to do with ${positionals[most]}.`, shape);
}
