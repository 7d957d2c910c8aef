/** What is wrong with files: each problem once, though files import each other. */
import { join } from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import type { Host } from "../../compiler/host.ts";
import { compile } from "../../compiler/index.ts";

export interface Checked {
  /** By file in the order given, then by place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: (file: string) => string | undefined;
}

/** With the problems of each project's `gang.yaml`, where there is one. */
export async function checkAll(files: readonly string[], host: Host): Promise<Checked> {
  const checked = check(files, host);
  const projects = [...new Set(files.map(host.projectOf))].filter((root) => host.read(join(root, "gang.yaml")).ok);
  if (projects.length === 0) return checked;
  // Loaded only now: most projects are checked without YAML.
  const { readMachine } = await import("../machine.ts");
  const machines = projects.flatMap((root) => readMachine(root, host) ?? []);
  return {
    diagnostics: [...checked.diagnostics, ...machines.flatMap(({ diagnostics }) => diagnostics)],
    sources: (file) => machines.find(({ path }) => path === file)?.shown ?? checked.sources(file),
  };
}

export function check(files: readonly string[], host: Host): Checked {
  const texts = new Map<string, string>();
  const found = new Map<string, Diagnostic>();
  for (const entry of files) {
    const program = compile(entry, host);
    for (const { path, text } of program.files) texts.set(path, text);
    for (const one of program.diagnostics)
      found.set(`${one.file}\0${one.start}\0${one.end}\0${one.code}\0${one.message}`, one);
  }
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = (file: string) => order.get(file) ?? files.length;
  const diagnostics = [...found.values()].sort(
    (a, b) => rank(a.file) - rank(b.file) || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.start - b.start,
  );
  const read = (file: string): string | undefined => {
    const text = host.read(file);
    return text.ok ? text.text : undefined;
  };
  return { diagnostics, sources: (file) => texts.get(file) ?? read(file) };
}
