import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { parse } from "../../compiler/syntax/parse.ts";
import { format } from "../../compiler/syntax/print.ts";
import { command, environmentError, usageError } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { fileSystemHost, textOf } from "../host.ts";
import type { IO } from "../io.ts";
import { gangFiles, shown, UNREADABLE } from "../paths.ts";
import { writeWhole } from "../write-file.ts";

const STDIN = "stdin.gang";

export default command({
  name: "fmt",
  summary: "the one layout",
  arguments: { usage: "[PATH…]", least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    check: { doc: "change nothing; list what is not formatted, and fail" },
    stdin: { doc: "format stdin to stdout" },
  },
  examples: [
    { command: "gangc fmt", doc: "every .gang file under this folder" },
    { command: "gangc fmt --check", doc: "for CI" },
    { command: "gangc fmt --stdin < main.gang", doc: "for editors" },
  ],
  notes: "A file with errors in its syntax is left as it is.",
  async run({ positionals, options }, io) {
    if (!options.stdin) return formatFiles(gangFiles(io.cwd, positionals), options.check, io);
    if (positionals.length > 0) throw usageError("--stdin takes no files.");
    return formatStdin(options.check, io);
  },
});

async function formatStdin(check: boolean, io: IO): Promise<ExitCode> {
  const read = textOf(Buffer.from(await io.readStdin()));
  if (!read.ok) throw usageError(`stdin ${UNREADABLE[read.reason]}.`);
  const formatted = layout(STDIN, read.text);
  if (!formatted.ok) {
    await say(formatted.diagnostics, read.text, io);
    return EXIT.problems;
  }
  if (check) return formatted.text === read.text ? EXIT.fine : EXIT.problems;
  io.out(formatted.text);
  return EXIT.fine;
}

async function formatFiles(files: readonly string[], check: boolean, io: IO): Promise<ExitCode> {
  const host = fileSystemHost();
  let exit: ExitCode = EXIT.fine;
  let changed = 0;
  for (const file of files) {
    const name = shown(io.cwd, file);
    const read = host.read(file);
    if (!read.ok) {
      io.talk(`gangc: ${name} ${UNREADABLE[read.reason]}.\n`);
      exit = EXIT.problems;
      continue;
    }
    const formatted = layout(file, read.text);
    if (!formatted.ok) {
      await say(formatted.diagnostics, read.text, io);
      exit = EXIT.problems;
    } else if (formatted.text !== read.text) {
      changed++;
      io.out(`${name}\n`);
      if (check) exit = EXIT.problems;
      else write(file, name, formatted.text);
    }
  }
  const count = `${changed} of ${files.length} file${files.length === 1 ? "" : "s"}`;
  io.talk(check ? `${count} not formatted\n` : `${count} formatted\n`);
  return exit;
}

function layout(
  path: string,
  text: string,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  const { file, diagnostics } = parse(path, text);
  const formatted = format(file);
  if (formatted !== undefined) return { ok: true, text: formatted };
  return { ok: false, diagnostics: diagnostics.filter(({ severity }) => severity === "error") };
}

async function say(diagnostics: readonly Diagnostic[], text: string, io: IO): Promise<void> {
  const { renderPretty } = await import("../../compiler/diagnostics/render/pretty.ts");
  io.talk(
    renderPretty(
      diagnostics,
      () => text,
      (file) => shown(io.cwd, file),
      io.stderr,
    ),
  );
}

function write(file: string, name: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch (error) {
    throw environmentError(`${name} cannot be written: ${(error as Error).message}.`);
  }
}
