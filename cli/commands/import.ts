import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Imported } from "../../runtime/import/import.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { programFile, shown } from "../paths.ts";
import { table } from "../results.ts";
import { cut, printable } from "../ui/text.ts";

export default command({
  name: "import",
  summary: "takes over what the original Ganglion learned, as evidence of its bots",
  arguments: { usage: "ganglion DIR", least: 2, most: 2 },
  options: {
    program: { value: "PATH", default: ".", doc: "the program whose stages and metrics it is evidence for" },
    stage: {
      value: "NAME=STAGE",
      many: true,
      doc: "what the original calls NAME (a stage or a capability) is STAGE here",
    },
    format: { value: "FORMAT", choices: ["table", "json"], default: "table", doc: "how the summary is shown" },
    "dry-run": { doc: "only shows what would come in" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    { command: "gangc import ganglion ../old/knowledge", doc: "patterns.json, antipatterns.json or a SQLite store" },
    { command: "gangc import ganglion ../peers --dry-run", doc: "one folder a bot; what would come in, and what not" },
    {
      command: "gangc import ganglion old.db --stage training=research.plan",
      doc: "what was learned as `training` is evidence for the stage `research.plan`",
    },
  ],
  notes:
    "An entry becomes evidence of the peer ganglion/BOT for the stage of its name, else of its capability, if its config fits what that stage chooses. A pattern's metric_value counts where the program has a metric of that name, which says its direction; confirmations are kept and not counted, for nobody knows who they were. It weighs as unverified. What is imported again is there once.",
  async run({ positionals: [what, from], options }, io) {
    if (what !== "ganglion") throw usageError(`import does not know ${JSON.stringify(what)}.`, "It is: ganglion DIR.");
    const path = resolve(io.cwd, from!);
    if (!existsSync(path)) throw usageError(`there is no ${shown(io.cwd, path)}.`);
    const { planOf } = await import("../run/program.ts");
    const plan = planOf(programFile(io.cwd, options.program), io);
    if (plan === undefined) return EXIT.problems;
    const { stageIds } = await import("../../runtime/import/evidence.ts");
    const { importGanglion } = await import("../../runtime/import/import.ts");
    const result = await importGanglion({
      ...{ from: path, plan, stages: mapping(options.stage, stageIds(plan)) },
      directory: resolveStore(io.cwd, options.store),
      now: Date.now,
      dry: options["dry-run"],
    });
    if (result.files.length === 0) {
      throw usageError(
        `${shown(io.cwd, path)} is no store of the original Ganglion.`,
        "It holds neither patterns.json, antipatterns.json nor a SQLite file, nor does a folder in it.",
      );
    }
    if (options.format === "json") io.out(`${JSON.stringify({ version: 1, ...result }, null, 2)}\n`);
    else io.out(summary(result, io.stdout.terminal));
    for (const { file, message } of result.unread) io.talk(`${shown(io.cwd, file)}: ${printable(message)}\n`);
    if (options["dry-run"]) io.talk("Nothing was written.\n");
    return result.unread.length === 0 ? EXIT.fine : EXIT.problems;
  },
});

function mapping(given: readonly string[], stages: readonly string[]): Map<string, string> {
  return new Map(
    given.map((one) => {
      const at = one.lastIndexOf("=");
      const [name, stage] = [one.slice(0, at), one.slice(at + 1)];
      if (at < 1) throw usageError(`--stage ${JSON.stringify(one)} is not NAME=STAGE.`);
      if (!stages.includes(stage))
        throw usageError(`the program has no stage ${JSON.stringify(stage)}.`, `It has ${stages.join(", ")}.`);
      return [name, stage];
    }),
  );
}

function summary({ entries, imported, measured, peers, known, left }: Imported, terminal: boolean): string {
  const rows = [
    ["read", entries, ""],
    ["imported", imported, imported === 0 ? "" : `of ${peers} peer${peers === 1 ? "" : "s"}, ${measured} with a value`],
    ["known already", known, ""],
    ...left
      .toSorted((a, b) => b.count - a.count)
      .map(({ why, count, example }) => [
        "left out",
        count,
        `${why}${example === "" ? "" : ` (${cut(printable(example), 80)})`}`,
      ]),
  ];
  return table([{ name: "entries" }, { name: "count", number: true }, { name: "which" }], rows, terminal);
}
