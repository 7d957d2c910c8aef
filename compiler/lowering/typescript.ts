/**
 * Gang's types as TypeScript declarations. A choice that brings fields is a discriminated union beside the other fields
 * of its record; what TypeScript cannot say (a range, a default) stands in a comment.
 */
import type { Arm, Field, Type } from "../../runtime/types.ts";
import { display, displayValue } from "../semantics/types/display.ts";
import { armsWithFields } from "../semantics/types/visit.ts";

export interface TypeWriter {
  /** The type as an expression, lines after the first indented by `indent`. */
  expression(type: Type, indent?: string): string;
  /** `export type …` of every declared type, in the order declared. */
  declarations(): string;
  /** An object type of these fields. */
  record(fields: readonly Field[], indent?: string): string;
  /** The names of `ganglion/runtime` that have been used so far, in order. */
  imports(): readonly string[];
}

/** Gang's scalars that are more than a `number` or `string`, by the runtime's name for them. */
const RUNTIME: { readonly [kind: string]: string } = {
  duration: "Duration",
  size: "Size",
  money: "Money",
  file: "File",
  dir: "Dir",
  secret: "Secret",
};

const SCALARS: { readonly [kind: string]: string } = {
  bool: "boolean",
  int: "number",
  float: "number",
  string: "string",
  time: "Date",
  // Whatever stands there is checked when it arrives.
  json: "any",
  none: "void",
};

/** Names that mean something else where they are written. */
const TAKEN = [
  ..."any unknown never void undefined null string number boolean bigint symbol object".split(" "),
  ..."break case catch class const continue debugger default delete do else enum export extends false finally for".split(
    " ",
  ),
  ..."function if import in instanceof new return super switch this throw true try typeof var while with await".split(
    " ",
  ),
  ..."implements interface let package private protected public static yield async type Date".split(" "),
  ...Object.values(RUNTIME),
  ..."Fits Gives Takes Outputs Plan Tools main plan rootOf run runBuilt".split(" "),
];

/** `taken`: names that the module uses for something else. */
export function typeWriter(declared: { readonly [name: string]: Type }, taken: readonly string[] = []): TypeWriter {
  const keys = Object.keys(declared);
  const identified = identifiers(keys, taken);
  const names = new Map(keys.map((of, index) => [of, identified[index]!]));
  const used = new Set<string>();
  return { expression, declarations, record, imports: () => [...used].sort() };

  function declarations(): string {
    return Object.entries(declared)
      .map(([key, type]) => `${docOf("", docLines(type))}export type ${names.get(key)!} = ${expression(type, "")};\n`)
      .join("\n");
  }

  function expression(type: Type, indent = ""): string {
    const runtime = RUNTIME[type.kind];
    if ("low" in type && type.low !== undefined && type.low === type.high) return String(type.low);
    if (runtime !== undefined) {
      used.add(runtime);
      return runtime;
    }
    switch (type.kind) {
      case "literal":
        return String(type.value);
      case "choice":
        return type.arms.map(({ value }) => quoted(value)).join(" | ");
      case "optional":
        return `${operand(type.of, indent)} | undefined`;
      case "list":
        return `readonly ${operand(type.of, indent)}[]`;
      case "map":
        return `{ readonly [name: string]: ${expression(type.of, indent)} }`;
      case "record":
        return record(type.fields, indent);
      case "union":
        return type.members.map((member) => operand(member, indent)).join(" | ");
      case "named":
        return names.get(type.name) ?? "unknown";
      default:
        return SCALARS[type.kind] ?? "unknown";
    }
  }

  /** In front of `[]` and beside `|`, whatever is more than one word stands in parentheses. */
  function operand(type: Type, indent: string): string {
    const text = expression(type, indent);
    return /^[\w.]+$|^"[^"]*"$|^\{[^{}]*\}$/.test(text) ? text : `(${text})`;
  }

  function record(fields: readonly Field[], indent = ""): string {
    const carriers = fields.filter((field) => armsOf(field).length > 0);
    const plain = fields.filter((field) => armsOf(field).length === 0);
    const own = plain.length === 0 && carriers.length > 0 ? [] : [object(plain, indent)];
    return [...own, ...carriers.map((carrier) => `(${alternatives(carrier, indent)}\n${indent})`)].join(" & ");
  }

  /** One member for each arm of the choice, its fields beside the field that chooses. */
  function alternatives(carrier: Field, indent: string): string {
    const inner = `${indent}    `;
    const member = ({ value, fields, doc }: Pick<Arm, "value" | "fields" | "doc">) => {
      const chosen: Field = { name: carrier.name, type: { kind: "choice", arms: [{ value, fields: [] }] } };
      return `\n${docOf(`${indent}  `, doc === undefined ? [] : [doc])}${indent}  | ${record([chosen, ...fields], inner)}`;
    };
    const arms = armsOf(carrier).map(member);
    const absent =
      named(carrier.type).kind === "optional" ? [`\n${indent}  | { ${key(carrier.name)}?: undefined }`] : [];
    return [...arms, ...absent].join("");
  }

  function object(fields: readonly Field[], indent: string): string {
    if (fields.length === 0) return "{}";
    const inner = `${indent}  `;
    const lines = fields.map((field) => {
      const type = named(field.type);
      const optional = type.kind === "optional" && field.default === undefined;
      const text = expression(field.type, inner);
      // A name may stand for an optional type: the mark would be lost in it.
      const full = optional && field.type.kind === "named" ? `${text} | undefined` : text;
      return { doc: docOf(inner, fieldDoc(field)), text: `${key(field.name)}${optional ? "?" : ""}: ${full};` };
    });
    const short = `{ ${lines
      .map(({ text }) => text)
      .join(" ")
      .slice(0, -1)} }`;
    if (short.length <= 80 && !short.includes("\n") && lines.every(({ doc }) => doc === "")) return short;
    return `{\n${lines.map(({ doc, text }) => `${doc}${inner}${text}\n`).join("")}${indent}}`;
  }

  function armsOf(field: Field): readonly Arm[] {
    const type = named(field.type);
    return armsWithFields(type.kind === "optional" ? { ...type, of: named(type.of) } : type);
  }

  function named(type: Type): Type {
    return type.kind === "named" ? (declared[type.name] ?? type) : type;
  }
}

function docLines(type: Type): string[] {
  return "doc" in type && type.doc !== undefined ? [type.doc] : [];
}

/** What the type of a field says beyond TypeScript. */
function fieldDoc({ type, doc, default: preset }: Field): string[] {
  const range = "low" in type && type.low !== type.high ? `${display(type)}` : undefined;
  const standard = preset === undefined ? undefined : `${displayValue(preset, type)} unless given`;
  const facts = [range, standard].filter((fact) => fact !== undefined).join("; ");
  return [...(doc === undefined ? [] : [doc]), ...(facts === "" ? [] : [`\`${facts}\``])];
}

export function docOf(indent: string, paragraphs: readonly string[]): string {
  const lines = paragraphs.flatMap((text) => text.replaceAll("*/", "*\\/").split("\n"));
  if (lines.length === 0) return "";
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

/** An identifier for each name, no two the same: `SynthTask` for `synth.Task`. */
export function identifiers(names: readonly string[], taken: readonly string[] = []): readonly string[] {
  const used = new Set([...TAKEN, ...taken]);
  return names.map((name) => {
    const words = name.split(/[^\p{ID_Continue}$]+/u).filter((word) => word !== "");
    const joined = words.map((word, i) => (i > 0 ? word[0]!.toUpperCase() + word.slice(1) : word)).join("");
    const base = /^[\p{ID_Start}$_]/u.test(joined) ? joined : `_${joined}`;
    let free = base;
    while (used.has(free)) free += "_";
    used.add(free);
    return free;
  });
}

/** A property's name, quoted where it has to be. */
export function key(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** A string literal; what ends a line in some readers is escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
