import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { programFile } from "../paths.ts";
import { planJson, planText } from "../plan-text.ts";
import { planOf } from "../run/program.ts";

export default command({
  name: "plan",
  summary: "stages, routes, ladders, effects, secrets and worst cases, before anything runs",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    format: {
      value: "FORMAT",
      choices: ["pretty", "json"],
      default: "pretty",
      doc: "for people, or the whole plan and its bounds",
    },
  },
  examples: [
    { command: "gangc plan", doc: "of this folder's program" },
    { command: "gangc plan main.gang --format json", doc: "effects, secrets, bounds, and the plan as it is executed" },
  ],
  async run({ positionals: [path], options }, io) {
    const plan = planOf(programFile(io.cwd, path), io);
    if (plan === undefined) return EXIT.problems;
    io.out(options.format === "json" ? `${JSON.stringify(planJson(plan), null, 2)}\n` : planText(plan));
    return EXIT.fine;
  },
});
