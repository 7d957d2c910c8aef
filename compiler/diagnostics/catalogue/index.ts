/** Every diagnostic there is, by code. */
import type { DiagnosticDefinition } from "../diagnostic.ts";
import * as calls from "./calls.ts";
import * as cost from "./cost.ts";
import * as knowledge from "./knowledge.ts";
import * as loops from "./loops.ts";
import * as names from "./names.ts";
import * as pipelines from "./pipelines.ts";
import * as safety from "./safety.ts";
import * as syntax from "./syntax.ts";
import * as tools from "./tools.ts";
import * as types from "./types.ts";

/** What may be read of a diagnostic without the data of one occurrence. */
export type Entry = Pick<DiagnosticDefinition<never>, "code" | "severity" | "title" | "explain">;

const AREAS: readonly { readonly [name: string]: Entry }[] = [
  syntax,
  names,
  types,
  calls,
  pipelines,
  loops,
  knowledge,
  safety,
  cost,
  tools,
];

export const CATALOGUE: readonly Entry[] = AREAS.flatMap((area) => Object.values(area)).sort((a, b) =>
  a.code < b.code ? -1 : 1,
);
