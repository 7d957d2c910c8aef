/** Signatures where syntax does not suffice, by TypeScript's checker; kept by the content of all files they were read from. */
import type { Host } from "../host.ts";
import { sha256 } from "../sha256.ts";
import { CheckedReader } from "./checked-types.ts";
import { withChecker } from "./checker.ts";
import { docBefore } from "./docs.ts";
import { type Module, placeIn, resolveModule } from "./module.ts";
import { Refused } from "./refusal.ts";
import { resolveExport } from "./resolve.ts";
import type { Imported, Signature } from "./signatures.ts";

/** Raised when the meaning of a signature changes: what was kept before is read again. */
const FORMAT = 2;

const kept = new WeakMap<Host, Map<string, ReadonlyMap<string, Imported>>>();

/** Each of `names` as `module` exports it. */
export function checkedSignatures(module: Module, names: readonly string[], host: Host): ReadonlyMap<string, Imported> {
  const sources = reachable(module, host);
  const key = keyOf(module.path, names, sources, host);
  const memory = kept.get(host) ?? new Map<string, ReadonlyMap<string, Imported>>();
  kept.set(host, memory);
  const known = memory.get(key) ?? fromCache(key, host);
  if (known !== undefined) {
    memory.set(key, known);
    return known;
  }
  const all = readAll(module, names, sources, host);
  memory.set(key, all);
  host.cache?.set(key, process.getBuiltinModule("node:v8").serialize(all).toString("base64"));
  return all;
}

function fromCache(key: string, host: Host): ReadonlyMap<string, Imported> | undefined {
  const text = host.cache?.get(key);
  if (text === undefined) return undefined;
  try {
    const value: unknown = process.getBuiltinModule("node:v8").deserialize(Buffer.from(text, "base64"));
    return isKept(value) ? value : undefined;
  } catch {
    // Torn, or of another Node: read afresh.
    return undefined;
  }
}

/** The key holds the content it was read from; this catches what was written by something else. */
function isKept(value: unknown): value is ReadonlyMap<string, Imported> {
  if (!(value instanceof Map)) return false;
  return [...value].every(
    ([name, imported]) =>
      typeof name === "string" &&
      typeof imported === "object" &&
      imported !== null &&
      (imported.ok === true
        ? typeof imported.signature?.kind === "string"
        : typeof imported.refusal?.kind === "string"),
  );
}

/** The texts of a module and of all that it imports by relative paths. */
function reachable(module: Module, host: Host): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const open = [module];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (sources.has(next.path)) continue;
    sources.set(next.path, next.text);
    for (const specifier of next.specifiers) {
      const other = tryResolve(next.path, specifier, host);
      if (other !== undefined) open.push(other);
    }
  }
  return sources;
}

/** A module that does not parse is left to the checker, which goes on without it. */
function tryResolve(from: string, specifier: string, host: Host): Module | undefined {
  try {
    return resolveModule(from, specifier, host);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Packages are known by the project's lock file: their files are too many to read. */
function keyOf(path: string, names: readonly string[], sources: ReadonlyMap<string, string>, host: Host): string {
  const hash = sha256();
  const root = host.projectOf(path);
  for (const file of [`${root}/package.json`, `${root}/package-lock.json`]) {
    const read = host.read(file);
    hash.update(read.ok ? read.text : "").update("\0");
  }
  hash.update([path, ...names].join("\0"));
  for (const [file, text] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`\0${file}\0${text.length}\0${text}`);
  return `signatures-${FORMAT}-${hash.digest("hex")}`;
}

function readAll(
  module: Module,
  names: readonly string[],
  sources: ReadonlyMap<string, string>,
  host: Host,
): ReadonlyMap<string, Imported> {
  const refuse = (name: string, refused: Refused): [string, Imported] => [
    name,
    { ok: false, refusal: { ...refused.refusal, name, file: module.path } },
  ];
  let failure = new Refused("unresolved", module.path);
  try {
    const all = withChecker(module.path, sources, ({ checker, exports }) =>
      names.map((name): [string, Imported] => {
        const exported = exports.find((candidate) => candidate.name === name);
        if (exported === undefined) return refuse(name, new Refused("unresolved", name));
        try {
          const symbol = exported.flags & ALIAS ? checker.getAliasedSymbol(exported) : exported;
          return [name, { ok: true, signature: signatureOf(name, symbol, new CheckedReader(checker), module, host) }];
        } catch (error) {
          if (error instanceof Refused) return refuse(name, error);
          throw error;
        }
      }),
    );
    if (all !== undefined) return new Map(all);
  } catch (error) {
    // The checker is another process: it may be missing, or die.
    failure = new Refused("unresolved", error instanceof Error ? error.message.split("\n")[0]! : String(error));
  }
  return new Map(names.map((name) => refuse(name, failure)));
}

const ALIAS = 2097152;

type CheckedSymbol = Parameters<CheckedReader["declaredType"]>[0];

function signatureOf(
  name: string,
  symbol: CheckedSymbol,
  reader: CheckedReader,
  module: Module,
  host: Host,
): Signature {
  const target = resolveExport(module, name, host);
  const local = target?.kind === "local" ? target : undefined;
  const value = local?.module.values.get(local.name);
  const declared = local?.module.types.get(local.name)?.[0];
  const node = value?.node ?? declared?.id;
  const place = local !== undefined && node ? placeIn(local.module, node) : { file: module.path, start: 0, end: 0 };
  const doc = local !== undefined && value !== undefined ? docBefore(local.module, value.statement) : undefined;
  const meaning = reader.functionOf(symbol);
  const described = (text: string | undefined) => ({
    doc: text === undefined || text === "" ? undefined : text,
    place,
    hints: reader.recursive.map((detail) => ({ kind: "recursive" as const, name, file: module.path, detail })),
  });
  if (meaning === undefined) {
    const type = reader.declaredType(symbol);
    return { kind: "type", type, ...described(type.kind === "record" ? type.doc : undefined) };
  }
  const parameters = meaning.parameters.map((field) => {
    const text = field.doc ?? doc?.parameters.get(field.name);
    return text === undefined ? field : { ...field, doc: text };
  });
  return { kind: "function", ...meaning, parameters, ...described(doc?.text) };
}
