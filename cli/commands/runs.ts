import { rowsOf, tableObjects } from "../../runtime/knowledge/rows.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { sayDamage } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { table } from "../results.ts";
import { elapsedText } from "../ui/text.ts";

export default command({
  name: "runs",
  summary: "what ran, newest last",
  options: {
    format: { value: "FORMAT", choices: ["table", "json"], default: "table", doc: "how runs are shown" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc runs --format json", doc: "for scripts" }],
  async run({ options }, io) {
    const { records, alive, problems } = await readStore(resolveStore(io.cwd, options.store), {
      kinds: ["run.started", "run.ended"],
    });
    sayDamage(io, problems);
    const runs = tableObjects(
      rowsOf(records, alive, (name) => name === "runs"),
      "runs",
    );
    runs.sort((a, b) => String(a.started).localeCompare(String(b.started)));
    if (options.format === "json") {
      io.out(`${JSON.stringify(runs, null, 2)}\n`);
      return EXIT.fine;
    }
    if (runs.length === 0) {
      io.talk("Nothing has run yet.\n");
      return EXIT.fine;
    }
    const headings = [
      { name: "run" },
      { name: "pipeline" },
      { name: "cycle", number: true },
      { name: "peer" },
      { name: "status" },
      { name: "started" },
      { name: "took", number: true },
      { name: "error" },
    ];
    const rows = runs.map((run) => [
      run.run_id,
      run.pipeline,
      run.cycle,
      run.peer,
      run.dry === true ? `${run.status}, rehearsed` : run.status,
      run.started,
      typeof run.elapsed === "number" ? elapsedText(run.elapsed) : "",
      run.error,
    ]);
    io.out(table(headings, rows, io.stdout.terminal));
    return EXIT.fine;
  },
});
