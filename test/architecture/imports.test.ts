/** Imports go one way, without cycles: the rules of docs/architecture.md, read off the files themselves. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const ROOMS = ["grammar", "compiler", "runtime", "stdlib", "lsp", "cli"] as const;
type Room = (typeof ROOMS)[number];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What a room may import of another; `types` by `import type` alone. */
const ALLOWED: {
  readonly [R in Room]: { readonly [to in Room]?: "all" | readonly { path: RegExp; types: boolean }[] };
} = {
  grammar: { grammar: "all" },
  compiler: {
    grammar: "all",
    compiler: "all",
    stdlib: "all",
    runtime: [{ path: /^runtime\/(plan|types)\.ts$/, types: true }],
  },
  runtime: { runtime: "all" },
  stdlib: { stdlib: "all" },
  lsp: {
    grammar: "all",
    compiler: "all",
    lsp: "all",
    runtime: [{ path: /^runtime\/(knowledge\/|plan\.ts|types\.ts)/, types: false }],
  },
  cli: { grammar: "all", compiler: "all", runtime: "all", stdlib: "all", lsp: "all", cli: "all" },
};

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.split("/").includes("node_modules"))
    .map((name) => join(folder, name))
    .filter((name) => statSync(join(root, name)).isFile());
}

function importsOf(file: string): Import[] {
  const { module } = parseSync(file, readFileSync(join(root, file), "utf8"));
  const found: Import[] = [];
  const add = (request: string, typeOnly: boolean) => {
    if (request.startsWith("."))
      found.push({ from: file, to: relative(root, resolve(root, dirname(file), request)), typeOnly });
  };
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType));
  }
  for (const { entries } of module.staticExports) {
    for (const entry of entries) if (entry.moduleRequest) add(entry.moduleRequest.value, entry.isType);
  }
  const text = readFileSync(join(root, file), "utf8");
  for (const { moduleRequest } of module.dynamicImports) {
    const request = text.slice(moduleRequest.start, moduleRequest.end);
    if (/^["']/.test(request)) add(request.slice(1, -1), false);
  }
  return found;
}

const imports = ROOMS.flatMap(sources).flatMap(importsOf);

function allowed({ from, to, typeOnly }: Import): boolean {
  const [here, there] = [from, to].map((path) => path.split("/")[0]) as [Room, Room];
  const rule = ALLOWED[here][there];
  if (rule === undefined) return false;
  return rule === "all" || rule.some(({ path, types }) => path.test(to) && (typeOnly || !types));
}

describe("imports between rooms", () => {
  test("the files are found at all", () => {
    expect(imports.length).toBeGreaterThan(20);
  });

  test("go one way", () => {
    expect(imports.filter((one) => !allowed(one)).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("have no cycles, types apart", () => {
    const edges = Map.groupBy(
      imports.filter(({ typeOnly }) => !typeOnly),
      ({ from }) => from,
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) {
        cycles.push([...path.slice(at), file].join(" → "));
        return;
      }
      if (done.has(file)) return;
      for (const { to } of edges.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of edges.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

describe("files", () => {
  const LONGEST = 700;
  test(`have one subject: none over ${LONGEST} lines`, () => {
    const long = ROOMS.flatMap(sources)
      .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }))
      .filter(({ lines }) => lines > LONGEST);
    expect(long).toEqual([]);
  });

  test("every folder says what lives in it", () => {
    const folders = new Set(ROOMS.flatMap(sources).map(dirname));
    const silent = [...folders].filter((folder) => !readdirSync(join(root, folder)).includes("README.md"));
    expect(silent).toEqual([]);
  });
});
