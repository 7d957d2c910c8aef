/** GANG8xxx: tools and imports. */
import { type DiagnosticDefinition, define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { fewListed, suggested } from "./wording.ts";

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
  message: ({ file, detail }) =>
    `\`${file}\` is not valid TypeScript: ${detail.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())}.`,
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

// MCP servers -----------------------------------------------------------------------------------------------------------

const PIPELINE = `pipeline watch {
  stage price = market.quote(symbol: "TAO")
  stage kept = keep(value: price)
}
`;
const SERVER = `gang 1\nimport { keep } from "./tools.ts"\ntools market = mcp("python3", "-m", "market_server")\n`;

/** What `gangc lock` writes for that server. */
const LOCK = `{
  "version": 1,
  "servers": {
    "market": {
      "command": ["python3", "-m", "market_server"],
      "hash": "a5338c70c5e7c4167eafa7d4302ec9a7f544cf1b4862ed544dee295a16178a33",
      "tools": {
        "draw": { "inputSchema": { "$ref": "#" } },
        "quote": {
          "inputSchema": { "type": "object", "properties": { "symbol": { "type": "string" } }, "required": ["symbol"] },
          "outputSchema": { "type": "number" }
        },
        "tree": {
          "inputSchema": { "type": "object", "properties": { "root": { "$ref": "#/$defs/node" } }, "$defs": {
            "node": { "type": "object", "properties": { "under": { "type": "array", "items": { "$ref": "#/$defs/node" } } } }
          } }
        }
      }
    }
  }
}
`;

const PINNED = { ...TOOLS, "gang.lock": LOCK };

export const serverNotPinned = define<{ readonly name: string; readonly lock: boolean }>({
  code: "GANG8018",
  severity: "error",
  title: "Server not pinned",
  message: ({ name, lock }) =>
    lock
      ? `The tools of \`${name}\` are not known: \`gang.lock\` does not have this server.`
      : `The tools of \`${name}\` are not known: this project has no \`gang.lock\`.`,
  help: () => "Run `gangc lock`: it starts the server, asks for its tools, and writes them down.",
  explain: {
    text: "A check starts no server. What the tools of an MCP server take and give stands in `gang.lock`, which `gangc lock` writes in the project's folder, and which belongs into the repository.",
    wrong: `${SERVER}tools weather = mcp("./weather_server")\n${PIPELINE}`,
    right: `${SERVER}${PIPELINE}`,
    files: PINNED,
  },
});

export const pinOutdated = define<{ readonly name: string; readonly pinned: string }>({
  code: "GANG8019",
  severity: "error",
  title: "Pinned by another command",
  message: ({ name, pinned }) => `What \`gang.lock\` says of \`${name}\` came from another command: \`${pinned}\`.`,
  help: () => "Run `gangc lock` to ask the server that this command starts.",
  explain: {
    text: "The tools of a server were asked for by one command, and the declaration now has another. It may start another server, with other tools.",
    wrong: `${SERVER.replace("market_server", "market_server_2")}${PIPELINE}`,
    right: `${SERVER}${PIPELINE}`,
    files: PINNED,
  },
});

export const lockUnreadable = define<{ readonly reason: string }>({
  code: "GANG8020",
  severity: "error",
  title: "Lock not readable",
  message: ({ reason }) => `\`gang.lock\` cannot be used: ${reason}.`,
  help: () => "Run `gangc lock` to write it anew.",
  explain: {
    text: "`gang.lock` is written by `gangc lock` and not edited: each server's part carries a hash of what it says. After a merge, run `gangc lock` again.",
    wrong: `${SERVER}${PIPELINE}`,
    right: "gang 1\nmodel own = embedded()\n",
    files: { ...TOOLS, "gang.lock": LOCK.replace('"number"', '"string"') },
  },
});

export const noSuchTool = define<{
  readonly server: string;
  readonly name: string;
  readonly suggestion: string | undefined;
  readonly known: readonly string[];
}>({
  code: "GANG8021",
  severity: "error",
  title: "No such tool",
  message: ({ server, name }) => `\`${server}\` has no tool named \`${name}\`.`,
  help: ({ suggestion, known }) =>
    suggested(suggestion) ??
    (known.length === 0
      ? "Its server has no tools at all. If it has now, run `gangc lock`."
      : `It has ${fewListed(known)}. If it has more by now, run \`gangc lock\`.`),
  explain: {
    text: "A server's tools are those that `gang.lock` has for it. A letter that Gang cannot write in a name is `_`: `get-quote` is called `get_quote`.",
    wrong: `${SERVER}pipeline watch {\n  stage price = market.qoute(symbol: "TAO")\n  stage kept = keep(value: price)\n}\n`,
    right: `${SERVER}${PIPELINE}`,
    files: PINNED,
  },
});

export const toolRefused = define<{ readonly name: string; readonly reason: string }>({
  code: "GANG8022",
  severity: "error",
  title: "Tool without signature",
  message: ({ name, reason }) => `\`${name}\` cannot be called: ${reason}.`,
  help: () => "The schema is the server's own. Call the tool through a program of yours: `tool f(…) -> … = exec(…)`.",
  explain: {
    text: "The parameters of a server's tool are read from its JSON Schema. One that refers to itself, unfolds without bound, or names parameters in a way that Gang cannot write, gives none.",
    wrong: `${SERVER}pipeline watch {\n  stage drawn = market.draw()\n  stage kept = keep(value: drawn)\n}\n`,
    right: `${SERVER}${PIPELINE}`,
    files: PINNED,
  },
});

export const partlyJson = define<{
  readonly name: string;
  readonly notes: readonly { readonly path: string; readonly reason: string }[];
}>({
  code: "GANG8023",
  severity: "hint",
  title: "Partly unchecked tool",
  message: ({ name, notes }) => {
    const [first] = notes;
    const more =
      notes.length === 1 ? "" : `, and ${notes.length - 1} more such ${notes.length === 2 ? "part" : "parts"}`;
    const where = first!.path === "" ? `What \`${name}\` takes` : `\`${first!.path}\` of \`${name}\``;
    return `${where} is not checked: it ${first!.reason}${more}.`;
  },
  help: () => "What has no type here is `json`; the server judges it when it is called.",
  explain: {
    text: "JSON Schema can say things that types cannot. Such parts of a server's tool are `json`: anything fits them, and what comes out of them is checked where it arrives.",
    wrong: `${SERVER}pipeline watch {\n  stage drawn = market.tree()\n  stage kept = keep(value: drawn)\n}\n`,
    right: `${SERVER}${PIPELINE}`,
    files: PINNED,
  },
});

// gang.yaml -------------------------------------------------------------------------------------------------------------

export const machineSyntax = define<{ readonly reason: string }>({
  code: "GANG8040",
  severity: "error",
  title: "Machine file not YAML",
  message: ({ reason }) => `\`gang.yaml\` is not valid YAML here: ${reason}.`,
  help: () => "One setting stands on a line, `name: value`; what belongs to a name is indented by spaces.",
  explain: {
    text: "`gang.yaml` holds what is true of one machine alone: its name, where its keys come from, the addresses of its models and backends. It is never needed to check a program.",
    of: "gang.yaml",
    wrong: "peer: rig: 7\n",
    right: "peer: rig-7\n",
  },
});

export const unknownMachineSetting = define<{
  readonly name: string;
  readonly suggestion: string | undefined;
  readonly known: readonly string[];
}>({
  code: "GANG8041",
  severity: "error",
  title: "Unknown machine setting",
  message: ({ name }) => `\`gang.yaml\` has no setting named \`${name}\` here.`,
  help: ({ suggestion, known }) =>
    suggested(suggestion) ?? (known.length === 0 ? undefined : `It can have ${fewListed(known)}.`),
  explain: {
    text: "A name that is not known is most often a slip, and what it was to say would be passed over in silence.",
    of: "gang.yaml",
    wrong: "pear: rig-7\n",
    right: "peer: rig-7\n",
  },
});

export const machineSetting = define<{ readonly reason: string }>({
  code: "GANG8042",
  severity: "error",
  title: "Unfit machine setting",
  message: ({ reason }) => `In \`gang.yaml\`, ${reason}.`,
  explain: {
    text: "Each setting has its form. A secret is never written here: what stands here is where it comes from, an environment variable, a file or a command.",
    of: "gang.yaml",
    wrong: "share: everything\n",
    right: "share: evidence\nsecrets:\n  hotkey: { file: ~/.keys/hotkey }\n",
  },
});
