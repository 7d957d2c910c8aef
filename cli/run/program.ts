/** From a file to the plans that a run executes: compiled, lowered, and with what each peer and `--set` change. */
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { renderPretty } from "../../compiler/diagnostics/render/pretty.ts";
import { summarize } from "../../compiler/diagnostics/render/summary.ts";
import { nearest } from "../../compiler/diagnostics/suggestion.ts";
import type { Host } from "../../compiler/host.ts";
import { compile, lower } from "../../compiler/index.ts";
import { sourcesOf } from "../../runtime/execution/asking.ts";
import { applyOverrides, hashOf } from "../../runtime/execution/load.ts";
import { partFor } from "../../runtime/execution/part.ts";
import type { Override, Plan } from "../../runtime/plan.ts";
import { link } from "../../runtime/values/link.ts";
import { usageError } from "../command.ts";
import { fileSystemHost, projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { shown } from "../paths.ts";
import { stagesOf } from "./lessons.ts";
import type { Participant } from "./peers.ts";

/** The plan of a file. Where the file has errors they are told, and the result is `undefined`. */
export function planOf(file: string, io: IO): Plan | undefined {
  const host = fileSystemHost(projectOf(file));
  const program = compile(file, host);
  const { errors } = summarize(program.diagnostics, program.files.length);
  tell(program.diagnostics, host, io);
  return errors > 0 ? undefined : lower(program);
}

/** The same where nobody asked for it to be right: nothing is told. Linked, so that its types can be held against values. */
export function planQuietly(file: string): Plan | undefined {
  const program = compile(file, fileSystemHost(projectOf(file)));
  const { errors } = summarize(program.diagnostics, program.files.length);
  return errors > 0 ? undefined : link(lower(program));
}

function tell(diagnostics: readonly Diagnostic[], host: Host, io: IO): void {
  if (diagnostics.length === 0) return;
  const read = (path: string): string | undefined => {
    const text = host.read(path);
    return text.ok ? text.text : undefined;
  };
  io.talk(renderPretty(diagnostics, read, (path) => shown(io.cwd, path), io.stderr));
}

/** What a participant runs: the plan with its own settings and then those of `--set`, and which of its pipelines. */
export function planFor(
  plan: Plan,
  { name, declared }: Participant,
  set: readonly Override[],
  asked: string | undefined,
): { readonly plan: Plan; readonly pipeline: string | undefined } {
  const peer = declared === undefined ? undefined : plan.peers[declared]!;
  if (peer !== undefined && asked !== undefined && asked !== peer.pipeline) {
    throw usageError(`the peer ${name} is for the pipeline ${peer.pipeline}, not ${asked}.`);
  }
  return { plan: applyOverrides(plan, [...(peer?.overrides ?? []), ...set]), pipeline: asked ?? peer?.pipeline };
}

/**
 * The plan with only this stage (`plan`, or `research.plan` where two pipelines have one) and what belongs to it in its
 * pipeline, which is the one to run. An item of a source is done once, so none is spent on a part of what is to be done.
 */
export function planForStage(
  { plan, pipeline }: { readonly plan: Plan; readonly pipeline: string | undefined },
  asked: string,
  dry: boolean,
): { readonly plan: Plan; readonly pipeline: string } {
  const places = (pipeline === undefined ? Object.keys(plan.pipelines) : [pipeline]).flatMap((of) =>
    [...new Set(stagesOf(plan.pipelines[of]!.body))].map((name) => ({ of, name, long: `${of}.${name}` })),
  );
  const [found, other] = places.filter(({ name, long }) => name === asked || long === asked);
  if (found === undefined) {
    const near = nearest(asked, [...places.map(({ name }) => name), ...places.map(({ long }) => long)]);
    const all = places.map(({ long }) => long).join(", ");
    throw usageError(
      `there is no stage ${asked}.`,
      near !== undefined ? `Did you mean ${near}?` : all === "" ? undefined : `There is ${all}.`,
    );
  }
  if (other !== undefined)
    throw usageError(`more than one pipeline has a stage ${asked}.`, `Say which: --stage ${found.long}.`);
  const part = partFor(plan.pipelines[found.of]!, found.name);
  if (sourcesOf(part).length > 0 && !dry)
    throw usageError(
      `${found.long} answers the items of a source, each of which is done once and as a whole.`,
      "With --dry-run no item is used up.",
    );
  const changed = { ...plan, pipelines: { ...plan.pipelines, [found.of]: part } };
  return { plan: { ...changed, hash: hashOf(changed) }, pipeline: found.of };
}

const PEER = "set_on_the_command_line";
const SETTING = /^\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s*=\s*(\S[\s\S]*?)\s*$/;

/**
 * `--set forecaster.model=embedded(explore: 0.6)` says what a peer's setting says, so it is read as one: the file is
 * compiled once more with a peer that has these settings. The plan that comes back holds what they refer to.
 */
export function withSettings(
  file: string,
  plan: Plan,
  settings: readonly string[],
  pipeline: string | undefined,
): { readonly plan: Plan; readonly set: readonly Override[] } {
  if (settings.length === 0) return { plan, set: [] };
  const target = pipeline ?? Object.keys(plan.pipelines)[0];
  const lines = settings.map((setting) => {
    const [, path, value] = SETTING.exec(setting) ?? [];
    if (path === undefined || value === undefined || value.includes("\n")) {
      throw usageError(
        `--set cannot read ${JSON.stringify(setting)}.`,
        "It takes a declaration's setting and its value: --set forecaster.turns=4.",
      );
    }
    return `  ${path}: ${value}`;
  });
  const host = fileSystemHost(projectOf(file));
  const read = host.read(file);
  if (!read.ok) throw usageError(`${file} can no longer be read.`);
  const peer = `\n\npeer ${PEER} for ${target} {\n${lines.join("\n")}\n}\n`;
  const program = compile(file, {
    ...host,
    read: (path) => (path === file ? { ok: true, text: read.text + peer } : host.read(path)),
  });
  const wrong = program.diagnostics.find(
    (one) => one.file === file && one.severity === "error" && one.end > read.text.length,
  );
  if (wrong !== undefined) throw usageError(`--set does not fit the program: ${wrong.message}`, wrong.help);
  const { peers, ...rest } = lower(program);
  const { [PEER]: added, ...declared } = peers;
  return { plan: { ...rest, peers: declared }, set: added!.overrides };
}
