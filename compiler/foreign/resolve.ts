/** From a name in a TypeScript file to what it stands for, through imports and re-exports. */
import type { Host } from "../host.ts";
import { RUNTIME_MODULE } from "./meaning.ts";
import { isRelative, type Link, type Module, resolveModule } from "./module.ts";

export type Target =
  | { readonly kind: "local"; readonly module: Module; readonly name: string }
  | { readonly kind: "module"; readonly module: Module }
  /** A name of `ganglion/runtime`; `*` for all of it. */
  | { readonly kind: "runtime"; readonly name: string }
  /** Of a package: only the checker knows. */
  | { readonly kind: "package" };

/** What a name means inside a module; nothing where it is global. */
export function resolveName(module: Module, name: string, host: Host): Target | undefined {
  if (module.types.has(name) || module.values.has(name)) return { kind: "local", module, name };
  const link = module.imports.get(name);
  return link === undefined ? undefined : follow(module, link, host, new Set());
}

/** What a module exports under a name. */
export function resolveExport(
  module: Module,
  name: string,
  host: Host,
  seen: Set<string> = new Set(),
): Target | undefined {
  // `export *` may go in circles.
  const step = `${module.path}\n${name}`;
  if (seen.has(step)) return undefined;
  seen.add(step);
  const link = module.exports.get(name);
  if (link !== undefined) return follow(module, link, host, seen);
  if (name === "default") return undefined;
  for (const star of module.stars) {
    const target = follow(module, { from: star, name }, host, seen);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** All names that a module exports, in the order written; those behind `export *` last. */
export function exportedNames(module: Module, host: Host, seen: Set<Module> = new Set()): readonly string[] {
  if (seen.has(module)) return [];
  seen.add(module);
  const names = new Set(module.exports.keys());
  for (const star of module.stars) {
    const other = isRelative(star) ? resolveModule(module.path, star, host) : undefined;
    if (other !== undefined) for (const name of exportedNames(other, host, seen)) names.add(name);
  }
  names.delete("default");
  return [...names];
}

function follow(module: Module, link: Link, host: Host, seen: Set<string>): Target | undefined {
  if (link.from === undefined) {
    if (module.types.has(link.name) || module.values.has(link.name)) return { kind: "local", module, name: link.name };
    const imported = module.imports.get(link.name);
    return imported === undefined ? undefined : follow(module, imported, host, seen);
  }
  if (link.from === RUNTIME_MODULE) return { kind: "runtime", name: link.name };
  if (!isRelative(link.from)) return { kind: "package" };
  const other = resolveModule(module.path, link.from, host);
  if (other === undefined) return undefined;
  return link.name === "*" ? { kind: "module", module: other } : resolveExport(other, link.name, host, seen);
}
