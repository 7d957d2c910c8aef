/** Blocks of settings: what is unknown, double or missing in them, and what each entry says. */
import * as names from "../diagnostics/catalogue/names.ts";
import type * as tree from "../syntax/tree.ts";
import type { SettingsOwner, Unit } from "./facts.ts";
import type { ReadSetting } from "./program.ts";
import { readValue, type Surroundings } from "./setting-values.ts";
import { type OwnerKind, SETTINGS, settingOf } from "./settings.ts";
import { sayUnbuiltSetting } from "./unbuilt.ts";

const OWNERS: { readonly [Owner in OwnerKind]: string } = {
  subnet: "A subnet",
  metric: "A metric",
  model: "A model",
  agent: "An agent",
  tool: "A tool",
  tools: "A namespace of tools",
  retry: "A retry",
  backend: "A backend",
  route: "A route",
  recall: "A recall",
  pipeline: "A pipeline",
  stage: "A stage",
  for: "A `for`",
  when: "A `when`",
};

/** Reads the entries, records them under `node`, and says what is unknown, double or missing. */
export function readSettings(
  kind: OwnerKind,
  node: SettingsOwner,
  entries: readonly tree.Setting[],
  around: Surroundings,
): readonly ReadSetting[] {
  const { unit } = around;
  const read: ReadSetting[] = [];
  const seen = new Map<string, tree.Setting>();
  for (const entry of entries) {
    const [name, ...rest] = entry.path.names;
    if (name === undefined || name.text === "") continue;
    if (sayDouble(unit, seen, name.text, entry)) continue;
    const definition = rest.length > 0 ? undefined : settingOf(kind, name.text);
    if (definition === undefined) {
      sayUnknown(unit, kind, entry.path);
      continue;
    }
    const value = readValue(definition, entry.value, around);
    if (value === undefined) continue;
    sayUnbuiltSetting(unit, kind, name.text, entry);
    read.push({ name: name.text, owner: around.owner, node: entry, value });
  }
  unit.facts.settings.set(node, read);
  return read;
}

/** The settings of a body, which stand among its statements. */
export function readBlock(kind: "pipeline" | "for" | "when", block: tree.Block, unit: Unit): void {
  const entries = block.items.filter((item) => item.kind === "setting");
  readSettings(kind, block, entries, { unit });
}

/** Says which settings a declaration cannot do without. */
export function requireSettings(kind: OwnerKind, entries: readonly tree.Setting[], unit: Unit, name: tree.Name): void {
  // A setting without a name is probably the one that is missing.
  if (name.text === "" || entries.some(({ path }) => path.names[0]?.text === "")) return;
  for (const definition of SETTINGS[kind]) {
    if (!definition.required || entries.some(({ path }) => path.names[0]?.text === definition.name)) continue;
    unit.report(names.missingSetting, name, {
      owner: OWNERS[kind],
      name: definition.name,
      example: definition.example,
    });
  }
}

export function sayDouble(unit: Unit, seen: Map<string, tree.Setting>, name: string, entry: tree.Setting): boolean {
  const first = seen.get(name);
  seen.set(name, first ?? entry);
  if (first === undefined) return false;
  unit.report(
    names.duplicateSetting,
    entry.path,
    { name },
    { labels: [{ ...unit.place(first.path), message: "the first one" }] },
  );
  return true;
}

/** `written`: the setting's name, or a path where only a name can stand. */
export function sayUnknown(unit: Unit, kind: OwnerKind, written: tree.Name | tree.Path): void {
  const parts = written.kind === "path" ? written.names.map(({ text }) => text) : [written.text];
  const known = SETTINGS[kind].map((row) => row.name);
  const suggestion = unit.facts.suggest(parts.at(-1)!, known);
  const data = {
    name: parts.join("."),
    owner: OWNERS[kind],
    suggestion,
    known: known.length === 0 ? "none" : known.map((one) => `\`${one}\``).join(", "),
  };
  unit.report(names.unknownSetting, written, data, unit.renaming(written, suggestion));
}
