import { openKnowledge } from "../../runtime/knowledge/open.ts";
import type { StageNode } from "../../runtime/plan.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import type { Json } from "../../runtime/types.ts";
import { command, usageError } from "../command.ts";
import { readSaying } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { programIn } from "../paths.ts";
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
    "Where this folder has a program with the stage, a value that its type no longer takes is passed over, as best(stage) does. Where nothing is known to work yet, the text says so on stderr, and the value in JSON is null; both exit with 0.",
  async run({ positionals: [name], options }, io) {
    const now = Date.now();
    const store = resolveStore(io.cwd, options.store);
    const knowledge = await openKnowledge({ source: readSaying(store, io), store, clock: { now: () => now } });
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
      const admits = place && (await typeCheckOf(io.cwd, place.stage));
      const found =
        place && (await knowledge.best({ ...place, scope, now, ...(admits === undefined ? {} : { admits }) }));
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

/** Whether a value is one that the program of this folder would take from the stage; nothing where there is none without errors. */
async function typeCheckOf(cwd: string, stage: string): Promise<((value: Json) => boolean) | undefined> {
  const file = programIn(cwd);
  if (file === undefined) return undefined;
  const { planQuietly } = await import("../run/program.ts");
  const { nodesIn } = await import("../../compiler/bounds/reach.ts");
  const { validate } = await import("../../runtime/values/validate.ts");
  const plan = planQuietly(file);
  const nodes = Object.values(plan?.pipelines ?? {}).flatMap(({ body }) => [...nodesIn(body)]);
  const callee = nodes.find((node): node is StageNode => node.kind === "stage" && node.id === stage)?.alternatives[0]
    ?.callee;
  const type = callee?.kind === "agent" ? plan!.agents[callee.name]?.result : undefined;
  return type && ((value) => validate(value, type, "").ok);
}
