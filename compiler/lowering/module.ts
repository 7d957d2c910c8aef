/**
 * A plan as a TypeScript module. It carries the plan, declares its types, and says of each TypeScript tool what the plan
 * gives it and takes from it, so that a tool that no longer fits fails in `tsc`. Started by Node, it runs the plan.
 */
import type { Field, Node, Plan, Tool } from "../../runtime/plan.ts";
import { docOf, identifiers, key, quoted, type TypeWriter, typeWriter } from "./typescript.ts";

export interface ModulePlace {
  /** From the module's folder to the project's: `..`. */
  readonly root: string;
  /** The import specifier of a tool's file, given relative to the project. */
  readonly specifier: (file: string) => string;
}

const RUNTIME = "ganglion/runtime";

/** The same plan gives the same text. */
export function moduleText(plan: Plan, place: ModulePlace): string {
  const modules = modulesOf(plan);
  const types = typeWriter(plan.types, [...modules.values()]);
  const declarations = types.declarations();
  const tools = toolsText(plan, types, modules);
  const outputs = outputsText(plan, types);
  const imported = [...types.imports(), ...(tools === "" ? [] : ["Fits", "Gives", "Takes"]), "Plan", "RunBuiltOptions"];
  const { root: _, ...carried } = plan;
  return [
    `// Made by \`gangc build\` from ${plan.source[0]?.path ?? "a program"}: change that, and build again.\n`,
    `// biome-ignore-all lint: made by a program\n/* eslint-disable */\n`,
    `import { main, rootOf, runBuilt } from ${quoted(RUNTIME)};\n`,
    `import type { ${imported.sort().join(", ")} } from ${quoted(RUNTIME)};\n`,
    ...[...modules].map(([file, name]) => `import type * as ${name} from ${quoted(place.specifier(file))};\n`),
    "\n",
    heading("Types"),
    declarations,
    outputs,
    tools,
    heading("The plan"),
    `export const plan: Plan = {\n  root: rootOf(import.meta, ${quoted(place.root)}),${literal(carried, "").slice(1)};\n\n`,
    "/** Runs the plan over the project's store, once unless the options say otherwise. */\n",
    "export const run = (options?: RunBuiltOptions) => runBuilt(plan, options);\n\n",
    "// `node` with this file runs it; `import` does not.\n",
    "await main(plan, import.meta);\n",
  ].join("");
}

const heading = (title: string): string => `// ${title} ${"-".repeat(Math.max(3, 96 - title.length))}\n\n`;

/** The files that tools lie in, each under a name of its own. */
function modulesOf(plan: Plan): ReadonlyMap<string, string> {
  const files = Object.values(plan.tools).flatMap(({ from }) => (from.kind === "typescript" ? [from.file] : []));
  const distinct = [...new Set(files)].sort();
  const names = identifiers(distinct.map((file) => `${file.replace(/^.*\/|\.[cm]?[jt]sx?$/g, "")} tools`));
  return new Map(distinct.map((file, index) => [file, names[index]!]));
}

/** What the tools that are TypeScript functions are called with, held against the functions themselves. */
function toolsText(plan: Plan, types: TypeWriter, modules: ReadonlyMap<string, string>): string {
  const rows = Object.entries(plan.tools).flatMap(([name, tool]) => {
    if (tool.from.kind !== "typescript") return [];
    const { file, export: exported } = tool.from;
    const itself = `typeof ${modules.get(file)}.${exported}`;
    const takes = `    takes: Fits<${types.record(inputsOf(tool), "    ")}, Takes<${itself}>>;\n`;
    const gives =
      tool.result.kind === "none"
        ? ""
        : `    gives: Fits<Gives<${itself}>, ${types.expression(tool.result, "    ")}>;\n`;
    return [`${docOf("  ", tool.doc === undefined ? [] : [tool.doc])}  ${key(name)}: {\n${takes}${gives}  };\n`];
  });
  if (rows.length === 0) return "";
  const doc = docOf("", [
    "The tools as the plan calls them. One that does not take or give this any more is an error here.",
  ]);
  return `${doc}export interface Tools {\n${rows.join("")}}\n\n`;
}

/** What is missing is left out of a call, whether the function asks for `undefined` or `null`. */
function inputsOf({ parameters }: Tool): readonly Field[] {
  return parameters.map(({ name, type }) => ({ name, type }));
}

/** The type of each stage's output, by its id. */
function outputsText(plan: Plan, types: TypeWriter): string {
  const rows: string[] = [];
  const walk = (body: readonly Node[]): void => {
    for (const node of body) {
      if (node.kind === "stage") {
        const type = types.expression(node.type, "  ");
        const full = node.orNone && !type.endsWith("| undefined") ? `${type} | undefined` : type;
        rows.push(`${docOf("  ", node.doc === undefined ? [] : [node.doc])}  ${key(node.id)}: ${full};\n`);
      } else if ("body" in node) walk(node.body);
    }
  };
  for (const { body } of Object.values(plan.pipelines)) walk(body);
  return rows.length === 0 ? "" : `\n/** What each stage gives. */\nexport interface Outputs {\n${rows.join("")}}\n\n`;
}

const WIDTH = 112;

/** JSON as a literal of the language, short parts on one line. */
function literal(value: unknown, indent: string): string {
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: unknown) => literal(item, inner))
    : Object.entries(value).flatMap(([name, item]) =>
        item === undefined ? [] : [`${key(name)}: ${literal(item, inner)}`],
      );
  const [open, close, pad] = isList ? ["[", "]", ""] : ["{", "}", " "];
  if (parts.length === 0) return open + close;
  const length = parts.reduce((sum, part) => sum + part.length + 2, indent.length);
  if (length <= WIDTH && !parts.some((part) => part.includes("\n"))) return open + pad + parts.join(", ") + pad + close;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}
