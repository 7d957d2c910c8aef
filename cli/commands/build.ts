import { mkdirSync } from "node:fs";
import { join, posix, relative, resolve, sep } from "node:path";
import { moduleText } from "../../compiler/index.ts";
import type { Plan } from "../../runtime/plan.ts";
import { command, environmentError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { programFile, shown } from "../paths.ts";
import { planOf } from "../run/program.ts";
import { writeWhole } from "../write-file.ts";

export default command({
  name: "build",
  summary: "the plan, as a TypeScript module that runs or as JSON",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    out: { value: "DIR", default: "out", doc: "the folder to write to; it is made where it is missing" },
    emit: { value: "KIND", choices: ["ts", "json"], default: "ts", doc: "plan.ts or plan.json" },
  },
  examples: [
    { command: "gangc build && node out/plan.ts --cycles 10", doc: "the plan as a program of its own" },
    { command: "gangc build --emit json --out build", doc: "the plan as data, in build/plan.json" },
  ],
  notes:
    "plan.ts type-checks against the project's tools: where one no longer takes what the plan gives it, or gives what the plan reads, tsc says so. Started with Node, it is interrupted and goes on as `gangc run` does (`node out/plan.ts --resume`; `--help` says the rest).",
  async run({ positionals: [path], options }, io) {
    const plan = planOf(programFile(io.cwd, path), io);
    if (plan === undefined) return EXIT.problems;
    const folder = resolve(io.cwd, options.out);
    const file = join(folder, `plan.${options.emit}`);
    const text = options.emit === "json" ? `${JSON.stringify(plan, null, 2)}\n` : moduleIn(folder, plan);
    try {
      mkdirSync(folder, { recursive: true });
      writeWhole(file, text);
    } catch (error) {
      throw environmentError(`${shown(io.cwd, file)} cannot be written: ${(error as Error).message}`);
    }
    io.out(`${shown(io.cwd, file)}\n`);
    return EXIT.fine;
  },
});

function moduleIn(folder: string, plan: Plan): string {
  const root = relative(folder, plan.root).split(sep).join("/") || ".";
  const specifier = (file: string): string => {
    const way = posix.join(root, file);
    return way.startsWith("../") ? way : `./${way}`;
  };
  return moduleText(plan, { root, specifier });
}
