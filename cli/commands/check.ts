import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import type { Report } from "../../compiler/diagnostics/render/report.ts";
import { summarize, summaryLine } from "../../compiler/diagnostics/render/summary.ts";
import { compile } from "../../compiler/index.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { fileSystemHost, projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { gangFiles, shown } from "../paths.ts";

export default command({
  name: "check",
  summary: "what is wrong with the files, before anything runs",
  arguments: { usage: "[PATH…]", least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    format: {
      value: "FORMAT",
      choices: ["pretty", "json", "sarif", "github", "junit"],
      default: "pretty",
      doc: "how problems are shown",
    },
    "deny-warnings": { doc: "warnings fail the check, too" },
  },
  examples: [
    { command: "gangc check", doc: "every .gang file under this folder" },
    { command: "gangc check main.gang --deny-warnings", doc: "one file, strictly" },
    { command: "gangc check --format json", doc: "for scripts; positions are zero-based, as in LSP" },
  ],
  notes: "Needs no network, no key and no gang.yaml.",
  async run({ positionals, options }, io) {
    const files = gangFiles(io.cwd, positionals);
    const { diagnostics, sources } = check(files);
    const summary = summarize(diagnostics, files.length);
    const report = { diagnostics, sources, files, shown: (file: string) => shown(io.cwd, file) };
    io.out(await rendered(options.format, report, io));
    if (options.format === "pretty") {
      for (const file of files.filter((one) => sources(one)?.trim() === ""))
        io.talk(`${report.shown(file)} is empty: it declares nothing.\n`);
      io.talk(`${summaryLine(summary)}\n`);
    }
    return summary.errors > 0 || (options["deny-warnings"] && summary.warnings > 0) ? EXIT.problems : EXIT.fine;
  },
});

interface Checked {
  /** Each problem once, though files import each other; by file in the order given, then by place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: (file: string) => string | undefined;
}

function check(files: readonly string[]): Checked {
  const host = fileSystemHost(projectOf(files[0]!));
  const texts = new Map<string, string>();
  const found = new Map<string, Diagnostic>();
  for (const entry of files) {
    const program = compile(entry, host);
    for (const { path, text } of program.files) texts.set(path, text);
    for (const one of program.diagnostics)
      found.set(`${one.file}\0${one.start}\0${one.end}\0${one.code}\0${one.message}`, one);
  }
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = (file: string) => order.get(file) ?? files.length;
  const diagnostics = [...found.values()].sort(
    (a, b) => rank(a.file) - rank(b.file) || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.start - b.start,
  );
  const read = (file: string): string | undefined => {
    const text = host.read(file);
    return text.ok ? text.text : undefined;
  };
  return { diagnostics, sources: (file) => texts.get(file) ?? read(file) };
}

type Format = "pretty" | "json" | "sarif" | "github" | "junit";

/** The renderers for machines, each loaded when it is asked for. */
const RENDERERS: { readonly [F in Exclude<Format, "pretty">]: () => Promise<(report: Report) => string> } = {
  json: async () => (await import("../../compiler/diagnostics/render/json.ts")).renderJson,
  sarif: async () => (await import("../../compiler/diagnostics/render/sarif.ts")).renderSarif,
  github: async () => (await import("../../compiler/diagnostics/render/github.ts")).renderGithub,
  junit: async () => (await import("../../compiler/diagnostics/render/junit.ts")).renderJunit,
};

async function rendered(format: Format, report: Report, io: IO): Promise<string> {
  if (format !== "pretty") return (await RENDERERS[format]())(report);
  if (report.diagnostics.length === 0) return "";
  const { renderPretty } = await import("../../compiler/diagnostics/render/pretty.ts");
  return renderPretty(report.diagnostics, report.sources, report.shown, io.stdout);
}
