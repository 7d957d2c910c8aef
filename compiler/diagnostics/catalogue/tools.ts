/** GANG8xxx: tools and imports. */
import { type DiagnosticDefinition, define } from "../diagnostic.ts";
import { suggested } from "./wording.ts";

export interface ForeignProblem {
  /** The name that was imported. */
  readonly name: string;
  /** The TypeScript file, relative to the Gang file. */
  readonly file: string;
  /** The piece of TypeScript, or a reason. */
  readonly detail: string;
  readonly suggestion: string | undefined;
}

type Foreign = DiagnosticDefinition<ForeignProblem>;

const RIGHT = 'gang 1\nimport { f } from "./right.ts"\n';
const WRONG = 'gang 1\nimport { f } from "./wrong.ts"\n';
const RIGHT_TS = "export function f({ a }: { a: string }): number {\n  return a.length;\n}\n";

/** The example's two TypeScript files, as its Gang files import them. */
function example(text: string, wrong: string, right: string = RIGHT_TS): Foreign["explain"] {
  return { text, wrong: WRONG, right: RIGHT, files: { "wrong.ts": wrong, "right.ts": right } };
}

export const fileMissing: Foreign = define({
  code: "GANG8001",
  severity: "error",
  title: "File not found",
  message: ({ file }) => `There is no file \`${file}\`.`,
  help: () => "The path is relative to this file, and names the file with its extension.",
  explain: {
    text: "An import names a file by its path relative to the importing file, extension included.",
    wrong: 'gang 1\nimport { f } from "./rihgt.ts"\n',
    right: RIGHT,
    files: { "right.ts": RIGHT_TS },
  },
});

export const fileUnreadable: Foreign = define({
  code: "GANG8002",
  severity: "error",
  title: "File not readable",
  message: ({ file, detail }) => `\`${file}\` cannot be read: it is ${detail}.`,
  explain: {
    text: "What is imported must be a text file that can be read, of at most 4 MB.",
    wrong: 'gang 1\nimport { f } from "./folder"\n',
    right: RIGHT,
    files: { "right.ts": RIGHT_TS, "folder/a.ts": RIGHT_TS },
  },
});

export const fileOutside: Foreign = define({
  code: "GANG8003",
  severity: "error",
  title: "Import leaves project",
  message: ({ file }) => `\`${file}\` lies outside this file's project.`,
  help: () =>
    "Move or copy the file into the project, which is the nearest folder with a `gang.yaml` or a `package.json`.",
  explain: {
    text: "A project is moved and run as a whole, so its files import only what lies in it. It is the nearest folder at or above the file that holds a `gang.yaml` or a `package.json`.",
    wrong: 'gang 1\nimport { f } from "../outside.ts"\n',
    right: RIGHT,
    files: { "right.ts": RIGHT_TS, "../outside.ts": RIGHT_TS },
  },
});

export const fileBroken: Foreign = define({
  code: "GANG8004",
  severity: "error",
  title: "TypeScript does not parse",
  message: ({ file, detail }) => `\`${file}\` is not valid TypeScript: ${detail}.`,
  explain: example(
    "The types of a tool are read from its file, which must parse.",
    "export function f({ a }: { a: string ) {}\n",
  ),
});

export const noExport: Foreign = define({
  code: "GANG8005",
  severity: "error",
  title: "No such export",
  message: ({ name, file }) => `\`${file}\` exports no \`${name}\`.`,
  help: ({ suggestion, detail }) => suggested(suggestion) ?? detail,
  explain: example(
    "A name that is imported must be exported by that file, under this name.",
    "export function g(): number {\n  return 1;\n}\n",
  ),
});

export const defaultExport: Foreign = define({
  code: "GANG8006",
  severity: "error",
  title: "Default export",
  message: ({ name, file }) => `\`${file}\` has a default export, but none named \`${name}\`.`,
  help: ({ name }) => `Export it by its name: \`export function ${name}(…)\`.`,
  explain: example(
    "An import takes what is exported by name. A default export has none.",
    "export default function f(): number {\n  return 1;\n}\n",
  ),
});

export const notCallable: Foreign = define({
  code: "GANG8007",
  severity: "error",
  title: "Not a function",
  message: ({ name, file, detail }) => `\`${name}\` in \`${file}\` is ${detail}, neither a function nor a type.`,
  help: ({ name }) => `Wrap it: \`export function ${name}() { return …; }\`.`,
  explain: example(
    "Functions become tools, and types become types. A value is read through a function.",
    "export const f = 42;\n",
  ),
});

export const severalParameters: Foreign = define({
  code: "GANG8008",
  severity: "error",
  title: "Several parameters",
  message: ({ name }) => `\`${name}\` takes several parameters; a tool takes one object.`,
  help: ({ detail }) => `Write \`${detail}\`.`,
  explain: example(
    "Arguments are named in Gang, so a tool takes them as the fields of one object. A second parameter, if any, receives the context of the call: `seed`, `stage`, `run`, `log`, `signal`.",
    "export function f(a: string, b: number): number {\n  return a.length + b;\n}\n",
  ),
});

export const parameterNotObject: Foreign = define({
  code: "GANG8009",
  severity: "error",
  title: "Parameter is no object",
  message: ({ name, detail }) => `\`${name}\` takes \`${detail}\`; a tool takes one object with named fields.`,
  help: ({ detail }) => `Write \`({ input }: { input: ${detail} })\`.`,
  explain: example(
    "Arguments are named in Gang, so a tool takes them as the fields of one object.",
    "export function f(a: string): number {\n  return a.length;\n}\n",
  ),
});

export const parameterUntyped: Foreign = define({
  code: "GANG8010",
  severity: "error",
  title: "Parameter has no type",
  message: ({ name }) => `The parameter of \`${name}\` has no type.`,
  help: () => "Say what it takes: `({ a }: { a: string })`.",
  explain: example(
    "A tool's parameters are checked where it is called, so they need types.",
    "export function f({ a }) {\n  return 1;\n}\n",
  ),
});

export const overloads: Foreign = define({
  code: "GANG8011",
  severity: "error",
  title: "Overloaded function",
  message: ({ name }) => `\`${name}\` has several signatures.`,
  help: () => "Export a function with one signature that calls it.",
  explain: example(
    "A tool has one signature. Wrap an overloaded function in one that fixes which is meant.",
    "export function f(i: { a: string }): string;\nexport function f(i: { a: number }): number;\nexport function f(i: { a: string | number }): string | number {\n  return i.a;\n}\n",
  ),
});

export const freeGenerics: Foreign = define({
  code: "GANG8012",
  severity: "error",
  title: "Free type parameter",
  message: ({ name, detail }) => `\`${name}\` leaves its type parameter \`${detail}\` open.`,
  help: () => "Export a function or type in which it is fixed.",
  explain: example(
    "Gang has no generic functions or types. An instance of a generic type is fine; an open parameter is not.",
    "export function f<T>({ a }: { a: T }): T {\n  return a;\n}\n",
  ),
});

export const callback: Foreign = define({
  code: "GANG8013",
  severity: "error",
  title: "Function as value",
  message: ({ name, detail }) => `\`${name}\` needs a function as a value: \`${detail}\`.`,
  help: () => "Export a function that supplies it, and takes plain data only.",
  explain: example(
    "Values in Gang are data: they are recorded, hashed and sent to other machines. A function is none.",
    "export function f({ each }: { each: (x: number) => void }): void {\n  each(1);\n}\n",
  ),
});

export const classValue: Foreign = define({
  code: "GANG8014",
  severity: "error",
  title: "Class as value",
  message: ({ name, detail }) => `\`${name}\` uses \`${detail}\`, a class with methods.`,
  help: () => "Return its data as a plain object.",
  explain: example(
    "Values in Gang are data. An object of a class loses its methods when it is recorded.",
    "export class Counter {\n  n = 0;\n  up(): void {\n    this.n++;\n  }\n}\nexport function f(): Counter {\n  return new Counter();\n}\n",
  ),
});

export const unresolvedType: Foreign = define({
  code: "GANG8015",
  severity: "error",
  title: "Type not resolved",
  message: ({ name, detail }) => `The type \`${detail}\` of \`${name}\` cannot be resolved.`,
  help: () => "Write the type out, or check that its import can be found.",
  explain: example(
    "A type must come out as plain data once its aliases and generics are resolved.",
    'import type { Gone } from "./gone.ts";\nexport function f({ a }: { a: Gone }): number {\n  return 1;\n}\n',
  ),
});

export const strangeType: Foreign = define({
  code: "GANG8016",
  severity: "error",
  title: "Type without meaning",
  message: ({ name, detail }) => `The type of \`${name}\` has no meaning here: ${detail}.`,
  help: () => "Wrap the function in one that takes and returns plain data.",
  explain: example(
    "What passes between stages is JSON: booleans, numbers, strings, lists, records; and dates and bytes. A `Map`, a `symbol` or an iterator is none of these.",
    "export function f(): Map<string, number> {\n  return new Map();\n}\n",
  ),
});

export const recursiveType: Foreign = define({
  code: "GANG8017",
  severity: "hint",
  title: "Type contains itself",
  message: ({ detail }) => `\`${detail}\` contains itself, and is \`json\` where it does.`,
  help: () => "Its inner parts are not checked.",
  explain: example(
    "A type that contains itself has no finite form. The first level is checked, and what lies below is `json`.",
    "interface Tree {\n  value: number;\n  children: Tree[];\n}\nexport function f({ tree }: { tree: Tree }): number {\n  return tree.value;\n}\n",
  ),
});
