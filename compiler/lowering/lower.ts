/** A checked program → the Plan. */
import { relative, sep } from "node:path";
import type { Plan } from "../../runtime/plan.ts";
import type { Program } from "../semantics/program.ts";
import { planHash, textHash } from "./hash.ts";
import { lowerPeers } from "./peers.ts";
import { lowerTables } from "./tables.ts";
import { lowerTests } from "./tests.ts";

/** The version of plan that this compiler makes: the one that the runtime of the same package runs. */
const VERSION: Plan["version"] = 1;

/** Throws an `Error` where the program has errors: it means nothing then. */
export function lower(program: Program): Plan {
  if (program.diagnostics.some(({ severity }) => severity === "error")) {
    throw new Error("a program with errors has no plan");
  }
  const base = lowerTables(program, new Map());
  const peers = lowerPeers(program, base);
  const tests = lowerTests(program, base.context);
  const { secrets, ...tables } = base.tables;
  const placeOf = (path: string) => program.files.find((file) => file.path === path)!;
  const plan: Omit<Plan, "hash"> = {
    format: "gang-plan",
    version: VERSION,
    source: program.files.map(({ path, text }) => ({ path: shortPath(program.root, path), hash: textHash(text) })),
    root: program.root,
    ...tables,
    secrets: [...secrets].sort(),
    pipelines: base.pipelines,
    peers,
    tests,
    unbuilt: program.unbuilt.map(({ what, place }) => ({ what, at: base.context.at(placeOf(place.file), place) })),
  };
  return { ...plan, hash: planHash(plan) };
}

function shortPath(root: string, path: string): string {
  const short = relative(root, path);
  return path.startsWith("/") || path.startsWith(root) ? short.split(sep).join("/") : path;
}
