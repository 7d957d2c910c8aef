/** A TypeScript file by its syntax: what it declares, imports and exports. Nothing is resolved here, nothing is run. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type {
  ArrowFunctionExpression,
  Class,
  Comment,
  Declaration,
  Expression,
  Function as FunctionNode,
  ModuleExportName,
  Program,
  Statement,
  TSEnumDeclaration,
  TSInterfaceDeclaration,
  TSType,
  TSTypeAliasDeclaration,
} from "oxc-parser";
import type { Place } from "../diagnostics/diagnostic.ts";
import type { Host } from "../host.ts";
import { Refused } from "./refusal.ts";

export type { Class, Expression, TSEnumDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration };
export type AnyFunction = FunctionNode | ArrowFunctionExpression;
export type TypeDeclaration = TSInterfaceDeclaration | TSTypeAliasDeclaration | TSEnumDeclaration | Class;

/** What stands behind a name that is not a type. */
export interface Value {
  readonly functions: readonly AnyFunction[];
  /** The annotation of a `const`. */
  readonly annotation: TSType | undefined;
  /** For a message: `a number`, `a class`. */
  readonly what: string;
  readonly node: { readonly start: number; readonly end: number };
  /** Where its documentation ends. */
  readonly statement: number;
}

/** Another name: of this module (`from` absent), or of another; `*` is the module as a whole. */
export interface Link {
  readonly from: string | undefined;
  readonly name: string;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly types: ReadonlyMap<string, readonly TypeDeclaration[]>;
  readonly values: ReadonlyMap<string, Value>;
  readonly imports: ReadonlyMap<string, Link>;
  readonly exports: ReadonlyMap<string, Link>;
  /** Modules all of whose exports are exported again. */
  readonly stars: readonly string[];
  readonly comments: readonly Comment[];
  /** Relative modules that are named anywhere. */
  readonly specifiers: readonly string[];
}

type Parse = typeof import("oxc-parser").parseSync;
let parse: Parse | undefined;

/** Loaded with the first TypeScript import: most checks of a file without one never pay for it. */
function parser(): Parse {
  parse ??= (createRequire(import.meta.url)("oxc-parser") as typeof import("oxc-parser")).parseSync;
  return parse;
}

/** Modules of one host, parsed again only when their text has changed. */
const parsed = new WeakMap<Host, Map<string, Module>>();

/** The module at an absolute path, or nothing where no file stands; throws `Refused` where it cannot be read. */
export function moduleAt(path: string, host: Host): Module | undefined {
  const file = host.read(path);
  if (!file.ok) {
    if (file.reason === "missing") return undefined;
    throw new Refused("unreadable", UNREADABLE[file.reason]);
  }
  const known = parsed.get(host) ?? new Map<string, Module>();
  parsed.set(host, known);
  const before = known.get(path);
  if (before?.text === file.text) return before;
  const module = parseModule(path, file.text);
  known.set(path, module);
  return module;
}

const UNREADABLE = {
  directory: "a folder",
  binary: "binary",
  "too-large": "too large",
  unreadable: "locked away",
} as const;

/** The file that a relative specifier means: the one that is written, or its TypeScript source. */
export function resolveModule(from: string, specifier: string, host: Host): Module | undefined {
  const path = join(dirname(from), specifier);
  for (const candidate of candidates(path)) {
    if (host.read(candidate).ok) return moduleAt(candidate, host);
  }
  return undefined;
}

function candidates(path: string): readonly string[] {
  const written = /\.[cm]?[jt]sx?$/.exec(path)?.[0];
  if (written === undefined) return [`${path}.ts`, `${path}.tsx`, `${path}.mts`, `${path}.d.ts`, `${path}/index.ts`];
  const stem = path.slice(0, -written.length);
  if (!written.includes("js")) return [path, `${stem}.d${written}`];
  const typed = written.replace("js", "ts");
  return [`${stem}${typed}`, `${stem}.tsx`, `${stem}.d${typed}`, path];
}

export function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../") || specifier.startsWith("/");
}

export function placeIn(module: Module, node: { readonly start: number; readonly end: number }): Place {
  return { file: module.path, start: node.start, end: node.end };
}

/** The source of a node on one line, cut where it is long. */
export function sourceOf(module: Module, node: { readonly start: number; readonly end: number }): string {
  const text = module.text.slice(node.start, node.end).replace(/\s+/g, " ").trim();
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function parseModule(path: string, text: string): Module {
  const result = parser()(path, text, { sourceType: "module" });
  const error = result.errors.find((candidate) => candidate.severity === "Error");
  if (error !== undefined) {
    const at = error.labels[0];
    const message = error.message.replace(/\.$/, "");
    throw new Refused("broken", message, at === undefined ? undefined : { file: path, start: at.start, end: at.end });
  }
  return new Reader(path, text, result.program, result.comments).module();
}

class Reader {
  readonly #types = new Map<string, TypeDeclaration[]>();
  readonly #values = new Map<string, Value>();
  readonly #imports = new Map<string, Link>();
  readonly #exports = new Map<string, Link>();
  readonly #stars: string[] = [];
  readonly #specifiers = new Set<string>();
  readonly #base: Pick<Module, "path" | "text" | "comments">;

  constructor(path: string, text: string, program: Program, comments: readonly Comment[]) {
    this.#base = { path, text, comments };
    for (const statement of program.body) this.#statement(statement);
  }

  module(): Module {
    return {
      ...this.#base,
      types: this.#types,
      values: this.#values,
      imports: this.#imports,
      exports: this.#exports,
      stars: this.#stars,
      specifiers: [...this.#specifiers],
    };
  }

  #statement(statement: Statement): void {
    switch (statement.type) {
      case "ImportDeclaration": {
        const from = this.#from(statement.source.value);
        for (const specifier of statement.specifiers) {
          const name =
            specifier.type === "ImportSpecifier"
              ? nameOf(specifier.imported)
              : specifier.type === "ImportDefaultSpecifier"
                ? "default"
                : "*";
          this.#imports.set(specifier.local.name, { from, name });
        }
        return;
      }
      case "ExportNamedDeclaration": {
        if (statement.declaration !== null) {
          for (const name of this.#declaration(statement.declaration, statement.start)) {
            this.#exports.set(name, { from: undefined, name });
          }
        }
        const from = statement.source === null ? undefined : this.#from(statement.source.value);
        for (const { local, exported } of statement.specifiers) {
          this.#exports.set(nameOf(exported), { from, name: nameOf(local) });
        }
        return;
      }
      case "ExportAllDeclaration": {
        const from = this.#from(statement.source.value);
        if (statement.exported === null) this.#stars.push(from);
        else this.#exports.set(nameOf(statement.exported), { from, name: "*" });
        return;
      }
      case "ExportDefaultDeclaration": {
        const declared = statement.declaration;
        const named = "id" in declared && declared.id?.type === "Identifier" ? declared.id.name : "default";
        if (isFunction(declared)) this.#function(named, declared, statement.start);
        this.#exports.set("default", { from: undefined, name: named });
        return;
      }
      default:
        this.#declaration(statement as Declaration, statement.start);
    }
  }

  #from(specifier: string): string {
    if (isRelative(specifier)) this.#specifiers.add(specifier);
    return specifier;
  }

  /** Records what is declared, and says under which names. */
  #declaration(node: Declaration, statement: number): readonly string[] {
    switch (node.type) {
      case "FunctionDeclaration":
      case "TSDeclareFunction":
        if (node.id === null) return [];
        this.#function(node.id.name, node, statement);
        return [node.id.name];
      case "ClassDeclaration":
        if (node.id === null) return [];
        this.#type(node.id.name, node);
        return [node.id.name];
      case "TSInterfaceDeclaration":
      case "TSTypeAliasDeclaration":
      case "TSEnumDeclaration":
        this.#type(node.id.name, node);
        return [node.id.name];
      case "VariableDeclaration":
        return node.declarations.flatMap((declarator) => {
          if (declarator.id.type !== "Identifier") return [];
          const { name, typeAnnotation } = declarator.id;
          const init = declarator.init === null ? undefined : unwrap(declarator.init);
          this.#values.set(name, {
            functions: init !== undefined && isFunction(init) ? [init] : [],
            annotation: typeAnnotation?.typeAnnotation,
            what: init === undefined ? "a variable" : whatIs(init),
            node: declarator.id,
            statement,
          });
          return [name];
        });
      default:
        return [];
    }
  }

  #type(name: string, node: TypeDeclaration): void {
    this.#types.set(name, [...(this.#types.get(name) ?? []), node]);
  }

  #function(name: string, node: AnyFunction, statement: number): void {
    const before = this.#values.get(name);
    this.#values.set(name, {
      functions: [...(before?.functions ?? []), node],
      annotation: undefined,
      what: "a function",
      node: node.id ?? node,
      statement: before?.statement ?? statement,
    });
  }
}

function nameOf(name: ModuleExportName): string {
  return name.type === "Literal" ? name.value : name.name;
}

function isFunction(node: { readonly type: string }): node is AnyFunction {
  return (
    node.type === "FunctionDeclaration" ||
    node.type === "TSDeclareFunction" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression"
  );
}

function unwrap(node: Expression): Expression {
  let inner = node;
  while (inner.type === "ParenthesizedExpression" || inner.type === "TSSatisfiesExpression") inner = inner.expression;
  return inner;
}

function whatIs(node: Expression): string {
  if (node.type === "Literal") return node.value === null ? "null" : `a ${typeof node.value}`;
  if (node.type === "ObjectExpression") return "an object";
  if (node.type === "ArrayExpression") return "an array";
  return "a value";
}
