/** What `gang.yaml` says, for a command that runs something. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../runtime/machine.ts";
import { environmentError } from "../command.ts";
import { fileSystemHost, projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { shown } from "../paths.ts";

/** What `gang.yaml` says of this machine; a run on a machine that is described wrongly does not begin. */
export async function machineOf(io: IO): Promise<Machine> {
  const project = projectOf(io.cwd);
  if (!existsSync(join(project, "gang.yaml"))) return {};
  const { readMachine } = await import("../machine.ts");
  const found = readMachine(project, fileSystemHost(project));
  if (found === undefined) return {};
  const { machine, diagnostics, path, shown: text } = found;
  if (diagnostics.length === 0) return machine;
  const { renderPretty } = await import("../../compiler/diagnostics/render/pretty.ts");
  io.talk(
    renderPretty(
      diagnostics,
      () => text,
      (file) => shown(io.cwd, file),
      io.stderr,
    ),
  );
  throw environmentError(`${shown(io.cwd, path)} must be right before anything runs.`);
}
