import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { type Report, reportOf } from "../../compiler/diagnostics/render/report.ts";
import { summaryLine } from "../../compiler/diagnostics/render/summary.ts";
import type { Host } from "../../compiler/host.ts";
import { checkAll } from "../check/checking.ts";
import { CommandError, command, type Given, type Options } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { fileSystemHost, projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { gangFiles, shown } from "../paths.ts";

const OPTIONS = {
  format: {
    value: "FORMAT",
    choices: ["pretty", "json", "sarif", "github", "junit"],
    default: "pretty",
    doc: "how problems are shown",
  },
  "deny-warnings": { doc: "warnings fail the check, too" },
  fix: { doc: "mend what can be mended without a choice, in the files themselves" },
  watch: { doc: "check again whenever a file changes" },
} as const satisfies Options;

export default command({
  name: "check",
  summary: "what is wrong with the files, before anything runs",
  arguments: { usage: "[PATH…]", least: 0, most: Number.POSITIVE_INFINITY },
  options: OPTIONS,
  examples: [
    { command: "gangc check", doc: "every .gang file under this folder" },
    { command: "gangc check main.gang --deny-warnings", doc: "one file, strictly" },
    { command: "gangc check --fix", doc: "and see what is left" },
    { command: "gangc check --format json", doc: "for scripts; positions are zero-based, as in LSP" },
  ],
  notes: "Needs no network, no key and no gang.yaml; where there is one, it is checked too.",
  async run({ positionals, options }, io) {
    if (!options.watch) return checkOnce(positionals, options, io, (host) => host);
    const { noting, whenever } = await import("../check/watch.ts");
    let files: ReadonlySet<string> = new Set();
    await whenever(async () => {
      const observed = (host: Host): Host => {
        const noted = noting(host);
        files = noted.files;
        return noted.host;
      };
      if (io.stdout.terminal) io.out(CLEAR);
      try {
        await checkOnce(positionals, options, io, observed);
      } catch (error) {
        // Once begun, a file that is gone may come back.
        if (!(error instanceof CommandError) || files.size === 0) throw error;
        io.talk(`gangc: ${error.message}\n`);
      }
      if (io.stdout.terminal) io.talk("Waiting for changes; Control-C ends it.\n");
      return files;
    });
    return EXIT.interrupted;
  },
});

/** Clears the screen and what was scrolled off it, and goes to its corner. */
const CLEAR = "\u001b[2J\u001b[3J\u001b[H";

async function checkOnce(
  paths: readonly string[],
  options: Given<typeof OPTIONS>["options"],
  io: IO,
  observed: (host: Host) => Host,
): Promise<ExitCode> {
  const files = gangFiles(io.cwd, paths);
  const host = observed(fileSystemHost(projectOf(files[0]!)));
  if (options.fix) await fix(files, host, io);
  const { diagnostics, sources } = await checkAll(files, host);
  const report = reportOf(diagnostics, { sources, files, shown: (file) => shown(io.cwd, file) });
  const { summary } = report;
  io.out(await rendered(options.format, report, diagnostics, io));
  if (options.format === "pretty") {
    for (const file of files.filter((one) => sources(one)?.trim() === "" && host.read(one).ok))
      io.talk(`${report.shown(file)} is empty: it declares nothing.\n`);
    io.talk(`${summaryLine(summary)}\n`);
  }
  return summary.errors > 0 || (options["deny-warnings"] && summary.warnings > 0) ? EXIT.problems : EXIT.fine;
}

async function fix(files: readonly string[], host: Host, io: IO): Promise<void> {
  const { fixFiles } = await import("../check/fix.ts");
  for (const { file, mends, refused } of fixFiles(files, host)) {
    for (const { line, title } of mends) io.talk(`${shown(io.cwd, file)}:${line}: ${title}\n`);
    if (refused !== undefined) io.talk(`${shown(io.cwd, file)} is left as it is: ${refused}.\n`);
  }
}

type Format = "pretty" | "json" | "sarif" | "github" | "junit";

/** The renderers for machines, each loaded when it is asked for. */
const RENDERERS: { readonly [F in Exclude<Format, "pretty">]: () => Promise<(report: Report) => string> } = {
  json: async () => (await import("../../compiler/diagnostics/render/json.ts")).renderJson,
  sarif: async () => (await import("../../compiler/diagnostics/render/sarif.ts")).renderSarif,
  github: async () => (await import("../../compiler/diagnostics/render/github.ts")).renderGithub,
  junit: async () => (await import("../../compiler/diagnostics/render/junit.ts")).renderJunit,
};

async function rendered(format: Format, report: Report, found: readonly Diagnostic[], io: IO): Promise<string> {
  if (format !== "pretty") return (await RENDERERS[format]())(report);
  if (report.diagnostics.length === 0) return "";
  const { renderPretty } = await import("../../compiler/diagnostics/render/pretty.ts");
  return renderPretty(found, report.sources, report.shown, io.stdout);
}
