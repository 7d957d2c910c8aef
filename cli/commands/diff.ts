import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Change, changesBetween, linesBetween } from "../../compiler/comparison/changes.ts";
import type { Plan } from "../../runtime/plan.ts";
import { CommandError, command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { programFile } from "../paths.ts";
import { planOf } from "../run/program.ts";

export default command({
  name: "diff",
  summary: "two plans compared: what was added, removed and changed",
  arguments: { usage: "OLD NEW", least: 2, most: 2 },
  options: {
    format: { value: "FORMAT", choices: ["pretty", "json"], default: "pretty", doc: "for people, or for scripts" },
  },
  examples: [
    { command: "gangc diff main.gang next.gang", doc: "what the challenger does otherwise" },
    { command: "gangc diff build/plan.json . --format json", doc: "against a plan that was built before" },
  ],
  notes:
    "OLD and NEW are programs, or plans as `gangc build --emit json` writes them. As with diff, the exit code is 0 where they are the same, 1 where they differ, and 2 where there is nothing to compare. What only moved is the same.",
  async run({ positionals, options }, io) {
    const [oldPath, newPath] = positionals as [string, string];
    const before = await planAt(oldPath, io);
    const after = await planAt(newPath, io);
    const changes = changesBetween(before, after);
    const report = {
      old: { path: oldPath, hash: before.hash },
      new: { path: newPath, hash: after.hash },
      same: before.hash === after.hash,
      changes,
    };
    io.out(options.format === "json" ? `${JSON.stringify(report, null, 2)}\n` : pretty(report));
    return report.same ? EXIT.fine : EXIT.problems;
  },
});

async function planAt(path: string, io: IO): Promise<Plan> {
  if (path.endsWith(".json")) return planIn(resolve(io.cwd, path), path);
  const plan = planOf(programFile(io.cwd, path), io);
  if (plan === undefined) throw usageError(`${path} has errors, so there is no plan to compare.`);
  return plan;
}

/** A plan as it was written, checked like any other input. */
async function planIn(file: string, named: string): Promise<Plan> {
  const { planFrom, RefusedError } = await import("../../runtime/execution/load.ts");
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw usageError(`${named} ${why}.`);
  }
  try {
    return planFrom(json);
  } catch (error) {
    if (error instanceof RefusedError) throw new CommandError(EXIT.usage, `${named}: ${error.problems.join("\n  ")}`);
    throw error;
  }
}

interface Side {
  readonly path: string;
  readonly hash: string;
}

const SHORT_HASH = 12;
const MARKS = { added: "+", removed: "-", changed: "~" } as const;

function pretty(report: {
  readonly old: Side;
  readonly new: Side;
  readonly same: boolean;
  readonly changes: readonly Change[];
}): string {
  const hash = ({ hash: whole }: Side): string => whole.slice(0, SHORT_HASH);
  if (report.same) return `the same plan, ${hash(report.old)}\n`;
  const head = [`old  ${hash(report.old)}  ${report.old.path}`, `new  ${hash(report.new)}  ${report.new.path}`, ""];
  return `${[...head, ...report.changes.flatMap(changeLines)].join("\n")}\n`;
}

function changeLines({ kind, what, at, parts }: Change): string[] {
  const place = at === undefined ? "" : `  ${at.file}:${at.line}:${at.column}`;
  return [`${MARKS[kind]} ${what}${place}`, ...parts.flatMap(partLines)];
}

function partLines({ name, before, after }: Change["parts"][number]): string[] {
  const isLong = [before, after].some((text) => text?.includes("\n"));
  if (isLong) {
    const lines =
      before === undefined || after === undefined
        ? (before ?? after)!.split("\n").map((text) => [before === undefined ? "+" : "-", text] as const)
        : linesBetween(before, after);
    return [`    ${name}`, ...lines.map(([mark, text]) => `      ${mark} ${text}`.trimEnd())];
  }
  if (before === undefined) return [`    ${name}: ${after}`];
  return after === undefined ? [`    ${name}: was ${before}`] : [`    ${name}: ${before} → ${after}`];
}
