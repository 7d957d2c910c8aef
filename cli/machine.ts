/** `gang.yaml` of a project: what could be read of it, and its problems, shown like any other. */
import { join } from "node:path";
import * as catalogue from "../compiler/diagnostics/catalogue/tools.ts";
import { type Diagnostic, type Place, report } from "../compiler/diagnostics/diagnostic.ts";
import { nearest } from "../compiler/diagnostics/suggestion.ts";
import type { Host } from "../compiler/host.ts";
import { type Machine, type MachineProblem, parseMachine } from "../runtime/machine.ts";
import { environmentError } from "./command.ts";
import { UNREADABLE } from "./paths.ts";

const MACHINE_NAME = "gang.yaml";

export interface MachineFile {
  readonly path: string;
  readonly machine: Machine;
  readonly diagnostics: readonly Diagnostic[];
  /** The text for excerpts: stars stand where a secret may. */
  readonly shown: string;
}

/** `undefined` where the project has none: nothing needs one. */
export function readMachine(project: string, host: Host): MachineFile | undefined {
  const path = join(project, MACHINE_NAME);
  const read = host.read(path);
  if (!read.ok) {
    if (read.reason === "missing") return undefined;
    throw environmentError(`${path} ${UNREADABLE[read.reason].replace(/:.*$/, "")}.`);
  }
  const { machine, problems, shown } = parseMachine(read.text);
  return {
    path,
    machine,
    shown,
    diagnostics: problems.map((problem) => diagnosticOf(problem, path)).sort((a, b) => a.start - b.start),
  };
}

function diagnosticOf({ message, start, end, syntax, unknown }: MachineProblem, file: string): Diagnostic {
  const place: Place = { file, start, end };
  if (syntax) return report(catalogue.machineSyntax, place, { reason: message });
  if (unknown === undefined) return report(catalogue.machineSetting, place, { reason: message });
  const { key: name, known } = unknown;
  const suggestion = nearest(name, known);
  const fixes =
    suggestion === undefined
      ? []
      : [{ title: `Replace with \`${suggestion}\``, edits: [{ ...place, newText: suggestion }] }];
  return report(catalogue.unknownMachineSetting, place, { name, suggestion, known }, { fixes });
}
