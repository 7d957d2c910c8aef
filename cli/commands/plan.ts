import { Secrets } from "../../runtime/secrets.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { programFile } from "../paths.ts";
import { planJson, planText } from "../plan-text.ts";
import { machineOf } from "../run/machine.ts";
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
    if (options.format === "json") io.out(`${JSON.stringify(planJson(plan), null, 2)}\n`);
    else {
      const machine = await machineOf(io);
      const secrets = new Secrets({ machine, environment: io.env, root: plan.root });
      io.out(secrets.redactor.text(planText(plan, { machine, secrets })));
    }
    return EXIT.fine;
  },
});
