import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { refusalDiagnostic } from "../../../compiler/foreign/refusal.ts";
import { type Imported, signaturesOf } from "../../../compiler/foreign/signatures.ts";
import { display, displayDefinition } from "../../../compiler/semantics/types/display.ts";
import { diskHost, memoryHost } from "./files.ts";

const ODD = fileURLToPath(new URL("../../fixtures/foreign/odd.ts", import.meta.url));

/** One line a signature: `(a: string, b: float?) -> time effect`, `type Model`, or `! kind: detail`. */
function line(imported: Imported | undefined): string {
  if (imported === undefined) return "nothing";
  if (!imported.ok)
    return `! ${imported.refusal.kind}${imported.refusal.detail === "" ? "" : `: ${imported.refusal.detail}`}`;
  const { signature } = imported;
  if (signature.kind === "type") return `type ${display(signature.type, 200)}`;
  const parameters = signature.parameters.map((field) => `${field.name}: ${display(field.type, 200)}`).join(", ");
  const result = signature.result === undefined ? "void" : display(signature.result, 200);
  return `(${parameters}) -> ${result}${signature.effect ? " effect" : ""}`;
}

function read(text: string, name = "f", more: { readonly [path: string]: string } = {}): string {
  return line(signaturesOf("/p/t.ts", [name], memoryHost({ "/p/t.ts": text, ...more })).get(name));
}

describe("what users write", () => {
  const cases: readonly [string, string][] = [
    ["sum", "(a: float, b: float?) -> float"],
    ["fetchPoint", '(id: string, level: Level, mode: Mode?, fast: "fast") -> Point?'],
    ["arrow", "(models: Model[]) -> { value: Model, label: string }"],
    ["nothing", "() -> void"],
    [
      "units",
      "(timeout: duration, memory: size, limit: money, data: file, tree: dir, key: secret, more: duration) -> { id: string } effect",
    ],
    ["paid", "(n: int) -> void effect"],
    ["tuples", "(pair: float[2], some: string[1..2], rest: float[1..], named: float[2]) -> time"],
    [
      "picks",
      '(p: { width: float }, o: { b: float }, r: { x: float }, q: { a?: float, b?: float }, k: "a" | "b", i: float, e: "b") -> file',
    ],
    ["formed", "(when: time, data: file?, raw: file, count: int?, text: string) -> void"],
    ["placed", "(path: string) -> string"],
    ["nulls", "(a: string?, b: string?, c: string?) -> string?"],
    ["tree", "(tree: Tree) -> Tree"],
    ["withContext", "(a: string) -> string"],
    ["optionalCallback", "(a: string) -> bool"],
    ["renamed", "(kind: Kind) -> Kind"],
    ["starred", "() -> float"],
    ["Model", "type Model"],
    // By the checker.
    ["inferred", '(text: string) -> { length: float, words: string[], kind: "text", at: time }'],
    ["conditional", "(v: float) -> Point?"],
    ["wrapped", "(a: float) -> float"],
    ["inferredDuration", "(d: duration) -> { d: duration }"],
    // Refused.
    ["answer", "! value: a number"],
    ["two", "! parameters: two({ a, b }: { a: …; b: … })"],
    ["rest", "! parameters: rest({ all }: { all: … })"],
    ["loose", "! not-object: string"],
    ["untyped", "! untyped"],
    ["over", "! overloads"],
    ["generic", "! generic: T"],
    ["callback", "! callback: (x: number) => void"],
    ["Counter", "! class: Counter"],
    ["counter", "! class: Counter"],
    ["emitter", "! class: EventEmitter"],
    ["table", "! strange: a `Map` is not JSON; return `Record<string, T>`"],
    ["mixed", "! strange: a tuple of different types; return a record"],
    ["generator", "! strange: a generator is read once, and a value many times; return an array"],
    ["gone", "! unresolved: Missing"],
    ["main", "! default"],
  ];
  const all = signaturesOf(
    ODD,
    cases.map(([name]) => name),
    diskHost,
  );

  test.each(cases)("%s", (name, expected) => expect(line(all.get(name))).toBe(expected));

  test("comments become documentation", () => {
    const sum = all.get("sum");
    if (!sum?.ok || sum.signature.kind !== "function") throw new Error("no function");
    expect(sum.signature.doc).toBe("Adds things up.");
    expect(sum.signature.parameters.map((field) => field.doc)).toEqual(["the first", "the second, on two lines"]);
    const point = all.get("fetchPoint");
    if (!point?.ok || point.signature.kind !== "function") throw new Error("no function");
    const result = point.signature.result;
    if (result?.kind !== "optional" || result.of.kind !== "record") throw new Error("no record");
    expect(result.of.doc).toBe("A point in time.");
    expect(result.of.fields.map((field) => [field.name, field.doc])).toEqual([
      ["id", undefined],
      ["width", "How wide."],
      ["tags", undefined],
      ["quoted name", undefined],
      ["extra", "Added by a second declaration."],
    ]);
  });

  test("a union of records with a common literal field is a choice", () => {
    const model = all.get("Model");
    if (!model?.ok || model.signature.kind !== "type") throw new Error("no type");
    expect(displayDefinition(model.signature.type)).toBe(
      '{ family: "gbm" | "garch" { tail: float } | "boot" { block: duration } }',
    );
  });

  test("what a function takes otherwise than JSON has it is known by its parameter", () => {
    const formed = all.get("formed");
    expect(formed?.ok && formed.signature.kind === "function" && formed.signature.forms).toEqual({
      ...{ when: "date", data: "bytes", raw: "bytes", count: "bigint" },
    });
  });

  test("null alone is handed over as null", () => {
    const nulls = all.get("nulls");
    expect(nulls?.ok && nulls.signature.kind === "function" && nulls.signature.nulls).toEqual(["a"]);
  });

  test("a type that contains itself is json there, and said", () => {
    const tree = all.get("tree");
    if (!tree?.ok || tree.signature.kind !== "function" || tree.signature.result?.kind !== "record")
      throw new Error("no record");
    expect(display(tree.signature.result.fields[1]!.type)).toBe("json[]");
    expect(tree.signature.hints).toMatchObject([{ kind: "recursive", detail: "Tree" }]);
  });

  test("the place is where the name is declared", () => {
    const renamed = all.get("renamed");
    const place = renamed?.ok ? renamed.signature.place : undefined;
    expect(place?.file).toMatch(/shared\.ts$/);
    const text = diskHost.read(place!.file);
    expect(text.ok && text.text.slice(place!.start, place!.end)).toBe("late");
  });
});

describe("small files", () => {
  test.each<[string, string, string]>([
    [
      "extends a generic base",
      "interface B<T> { a: T } export interface I extends B<number> {} export const f = (i: I): void => {};",
      "(a: float) -> void",
    ],
    [
      "a generic with a default",
      "type B<T = string> = { a: T }; export function f(i: B): void {}",
      "(a: string) -> void",
    ],
    ["a generic left open", "export function f(i: { b: B }): void {} type B<T> = { a: T };", "! generic: T"],
    ["an exported alias of a generic", "export type f = B<number>; type B<T> = { a: T };", "type f"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a type of TypeScript
    ["a template literal type", "export function f(i: { a: `x-${string}` }): void {}", "(a: string) -> void"],
    ["numbers in a union", "export function f(i: { n: 1 | 2 | -3 }): void {}", "(n: 1 | 2 | -3) -> void"],
    [
      "an annotated const",
      "export const f: (i: { a: string }) => Promise<number> = async () => 1;",
      "(a: string) -> float",
    ],
    ["satisfies", "export const f = ((i: { a: string }): number => 1) satisfies unknown;", "(a: string) -> float"],
    [
      "an index signature",
      "export function f(i: { m: Record<string, number | null> }): void {}",
      "(m: map<float?>) -> void",
    ],
    [
      "an intersection",
      "export function f(i: { a: string } & { b: number }): void {}",
      "(a: string, b: float) -> void",
    ],
    [
      "mapped over literals, by the checker",
      'export function f(i: { [K in "a" | "b"]: number }): void {}',
      "(a: float, b: float) -> void",
    ],
    ["a class of data", "class P { x: number = 0; y?: string } export function f(): P { return new P(); }", "() -> P"],
    ["an export list", "function g(): number { return 1; } export { g as f };", "() -> float"],
    ["a byte order mark", "\ufeffexport function f(): number { return 1; }", "() -> float"],
    ["names outside the first plane", "/** 𝒳 */ export function f(i: { 𝒳: number }): void {}", "(𝒳: float) -> void"],
    ["a declared file only", "export declare function f(i: { a: string }): number;", "(a: string) -> float"],
    [
      "a secret as a result",
      'import type { Secret } from "ganglion/runtime"; export function f(): Secret { return null!; }',
      "! strange: a tool cannot return a secret",
    ],
    [
      "a typed array",
      "export function f(): Float64Array { return null!; }",
      "! strange: a `Float64Array` is not JSON; return `Array.from(…)`",
    ],
    ["a method in a parameter", "export function f(i: { go(): void }): void {}", "! callback: go(): void"],
    ["not exported", "function f(): void {}", "! no-export: It is declared there: write `export` before it."],
    ["an empty file", "", "! no-export: It exports nothing."],
    [
      "one that does not parse",
      "export function f({ a }: { a: string ) {}",
      "! broken: Expected a semicolon or an implicit semicolon after a statement, but found none",
    ],
    [
      "two types that contain each other",
      "interface A { b: B } interface B { a?: A } export function f(i: { a: A }): void {}",
      "(a: A) -> void",
    ],
    [
      "a generic without end",
      "type G<T> = { v: T; next?: G<T[]> }; export function f(i: G<string>): void {}",
      "(v: string, next: json?) -> void",
    ],
    [
      "imports in a circle",
      'import type { B } from "./b.ts"; export interface A { b?: B } export function f(a: A): void {}',
      "(b: B?) -> void",
    ],
  ])("%s", (_name, text, expected) => {
    const b = 'import type { A } from "./t.ts"; export interface B { a: A }';
    expect(read(text, "f", { "/p/b.ts": b })).toBe(expected);
  });

  test("thirty doublings of a generic stay small", () => {
    const levels = Array.from({ length: 30 }, (_, i) => `type T${i + 1} = { l: T${i}; r: T${i} };`).join("\n");
    const start = performance.now();
    expect(read(`type T0 = string; ${levels} export function f(i: T30): void {}`)).toMatch(/^\(l: T29, r: T29\)/);
    expect(performance.now() - start).toBeLessThan(500);
  });

  test("a type nested five hundred deep is cut, not refused", () => {
    expect(read(`export function f(i: { a: ${"{ a: ".repeat(500)}string${" }".repeat(500)} }): void {}`)).toMatch(
      /^\(a: \{ a: /,
    );
  });
});

describe("files", () => {
  const good = "export function f(): number { return 1; }";

  test.each<[string, string, string]>([
    ["/p/none.ts", "/p/main.gang", "! missing"],
    ["/p/folder", "/p/main.gang", "! unreadable: a folder"],
    ["/elsewhere/t.ts", "/p/main.gang", "! outside"],
    ["/p/../elsewhere/t.ts", "/p/main.gang", "! outside"],
    ["/p/t.ts", "/p/sub/main.gang", "() -> float"],
  ])("%s from %s", (file, importer, expected) => {
    const host = memoryHost({ "/p/t.ts": good, "/p/folder/a.ts": good, "/elsewhere/t.ts": good });
    expect(line(signaturesOf(file, ["f"], host, importer).get("f"))).toBe(expected);
  });

  test("a link that leads out of the project leaves it", () => {
    const host = {
      ...memoryHost({ "/p/t.ts": good }),
      realPath: (path: string) => (path === "/p/t.ts" ? "/etc/t.ts" : path),
    };
    expect(line(signaturesOf("/p/t.ts", ["f"], host, "/p/main.gang").get("f"))).toBe("! outside");
  });

  test("a misspelt name is suggested, and the mend changes it", () => {
    const host = memoryHost({ "/p/t.ts": "export function fetchPrices(): number { return 1; }" });
    const imported = signaturesOf("/p/t.ts", ["fetchPrice"], host).get("fetchPrice");
    if (imported === undefined || imported.ok) throw new Error("not refused");
    const diagnostic = refusalDiagnostic(imported.refusal, { file: "/p/main.gang", start: 9, end: 19 });
    expect(diagnostic).toMatchObject({
      code: "GANG8005",
      message: "`./t.ts` exports no `fetchPrice`.",
      help: "Did you mean `fetchPrices`?",
      fixes: [{ edits: [{ start: 9, end: 19, newText: "fetchPrices" }] }],
    });
  });

  test("a refusal points at the piece of TypeScript", () => {
    const text = "export function f(i: { a: Map<string, number> }): void {}";
    const imported = signaturesOf("/p/t.ts", ["f"], memoryHost({ "/p/t.ts": text })).get("f");
    if (imported === undefined || imported.ok) throw new Error("not refused");
    const [label] = refusalDiagnostic(imported.refusal, { file: "/p/main.gang", start: 0, end: 1 }).labels;
    expect(text.slice(label!.start, label!.end)).toBe("Map<string, number>");
  });
});

describe("what is kept", () => {
  const slow = 'import { n } from "./n.ts"; export const f = () => ({ n });';

  test("an edited file, or one that it imports, is read again", () => {
    const host = memoryHost({ "/p/t.ts": slow, "/p/n.ts": "export const n = 1 as number;" });
    const ask = () => line(signaturesOf("/p/t.ts", ["f"], host).get("f"));
    expect(ask()).toBe("() -> { n: float }");
    host.files.set("/p/n.ts", 'export const n = "x" as string;');
    expect(ask()).toBe("() -> { n: string }");
    host.files.set("/p/t.ts", "export const f = (): boolean => true;");
    expect(ask()).toBe("() -> bool");
  });

  test("the checker is asked once for the same files, by whatever host", () => {
    const files = { "/p/t.ts": slow, "/p/n.ts": "export const n = 1 as number;" };
    const first = memoryHost(files);
    signaturesOf("/p/t.ts", ["f"], first);
    expect(first.cache.entries.size).toBe(1);
    const second = { ...memoryHost(files), cache: first.cache };
    const start = performance.now();
    expect(line(signaturesOf("/p/t.ts", ["f"], second).get("f"))).toBe("() -> { n: float }");
    expect(performance.now() - start).toBeLessThan(20);
  });

  test("a torn entry is read afresh", () => {
    const files = { "/p/t.ts": slow, "/p/n.ts": "export const n = 1 as number;" };
    const first = memoryHost(files);
    signaturesOf("/p/t.ts", ["f"], first);
    for (const key of first.cache.entries.keys()) first.cache.entries.set(key, "torn");
    const second = { ...memoryHost(files), cache: first.cache };
    expect(line(signaturesOf("/p/t.ts", ["f"], second).get("f"))).toBe("() -> { n: float }");
  });
});

test("two hundred files by syntax", () => {
  const file = (i: number) => `/** Tool ${i}. */
import type { Duration } from "ganglion/runtime";
export interface In${i} { /** What. */ a: string; b?: number; kind: "x" | "y"; every: Duration }
export interface Out${i} { score: number; parts: readonly { name: string; at: Date }[] }
export async function tool${i}({ a, b = 1, kind }: In${i}): Promise<Out${i}> { return { score: a.length + b, parts: [] }; }
`;
  const host = memoryHost(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`/p/t${i}.ts`, file(i)])));
  signaturesOf("/p/t0.ts", ["tool0"], host);
  const start = process.threadCpuUsage();
  for (let i = 1; i < 200; i++) expect(signaturesOf(`/p/t${i}.ts`, [`tool${i}`], host).get(`tool${i}`)?.ok).toBe(true);
  // Of this thread alone: on a machine that others use, the clock tells little.
  const { user, system } = process.threadCpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(400);
});
