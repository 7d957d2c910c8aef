import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { stagesNamed } from "../stage-name.ts";
import { claimText } from "../ui/text.ts";

export default command({
  name: "best",
  summary: "the value that best(stage) would give now",
  arguments: { usage: "STAGE", least: 1, most: 1 },
  options: {
    scope: { value: "ITEM", doc: "of one item of a fan-out; of all items where it is left out" },
    subnet: { value: "NAME", doc: "where two subnets have a stage of this name" },
    format: { value: "FORMAT", choices: ["text", "json"], default: "text", doc: "json is for what runs outside Gang" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    { command: "gangc best plan", doc: "what has proved best so far" },
    { command: "gangc best research.plan --scope btc --format json", doc: "for one item, to be read by a script" },
  ],
  notes:
    "Where nothing is known to work yet, the text says so on stderr, and the value in JSON is null; both exit with 0.",
  async run({ positionals: [name], options }, io) {
    const now = Date.now();
    const store = resolveStore(io.cwd, options.store);
    const knowledge = await openKnowledge({ source: readTrail(store), store, clock: { now: () => now } });
    try {
      await knowledge.refresh();
      const of = stagesNamed(name!, knowledge.stages()).filter(
        ({ subnet }) => options.subnet === undefined || subnet === options.subnet,
      );
      if (of.length > 1) {
        const names = of.map(({ subnet, stage }) => (subnet === "" ? stage : `${stage} of ${subnet}`)).join(", ");
        throw usageError(`${name} could be ${names}.`, "Say pipeline.stage, and --subnet where that is not enough.");
      }
      const [place] = of;
      const { scope = "" } = options;
      const found = place && (await knowledge.best({ ...place, scope, now }));
      if (options.format === "json") {
        const { claim = null, value = null, strength = null, attempt = null } = found ?? {};
        const best = { version: 1, subnet: place?.subnet ?? null, stage: place?.stage ?? name, scope };
        io.out(`${JSON.stringify({ ...best, value, claim, strength, attempt }, null, 2)}\n`);
      } else if (found === undefined) io.talk("Nothing is known to work there yet.\n");
      else io.out(`${claimText(JSON.stringify(found.value))}\n`);
      return EXIT.fine;
    } finally {
      await knowledge.close();
    }
  },
});
