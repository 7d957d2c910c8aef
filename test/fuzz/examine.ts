// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are what is looked for.
/** What must hold of every input, and how long the compiler took over it. */
import { CATALOGUE } from "../../compiler/diagnostics/catalogue/index.ts";
import type { Diagnostic, Fix, Place } from "../../compiler/diagnostics/diagnostic.ts";
import { renderGithub } from "../../compiler/diagnostics/render/github.ts";
import { renderJson } from "../../compiler/diagnostics/render/json.ts";
import { renderJunit } from "../../compiler/diagnostics/render/junit.ts";
import { renderPretty } from "../../compiler/diagnostics/render/pretty.ts";
import { reportOf } from "../../compiler/diagnostics/render/report.ts";
import { renderSarif } from "../../compiler/diagnostics/render/sarif.ts";
import { compile } from "../../compiler/index.ts";
import { lower } from "../../compiler/lowering/lower.ts";
import type { Program } from "../../compiler/semantics/program.ts";
import { type Parsed, parse } from "../../compiler/syntax/parse.ts";
import { format } from "../../compiler/syntax/print.ts";
import { walk } from "../../compiler/syntax/visit.ts";
import { hostOf } from "./host.ts";
import type { Input } from "./inputs.ts";
import { difference, unsound } from "./tree.ts";

export const PARTS = ["parser", "printer", "checker", "renderers"] as const;
export type Part = (typeof PARTS)[number];

export type Subject = Pick<Input, "path" | "text" | "files"> & Partial<Pick<Input, "kind">>;

export interface Problem {
  readonly part: Part;
  /** What is wrong, without what is peculiar to this input: the same slip gives the same words. */
  readonly what: string;
  readonly detail: string;
}

export interface Examined {
  readonly problem: Problem | undefined;
  /** The longest single step, in ms of this thread's processor time: a parse, a check, a layout, a rendering. */
  readonly slowest: number;
  readonly step: string;
}

/** What no step may take longer than, in ms of processor time: on a machine that others use, the clock tells little. */
export const LIMIT = 250;

class Found extends Error {
  readonly problem: Problem;
  constructor(part: Part, what: string, detail = "") {
    super(what);
    this.problem = { part, what, detail };
  }
}

export function examine(subject: Subject, parts: ReadonlySet<Part>): Examined {
  let [slowest, step] = [0, ""];
  /** Runs one step of the compiler: it must not throw. A slow one is run again, and counts by its fastest time. */
  const timed = <T>(part: Part, name: string, run: () => T): T => {
    let took = Number.POSITIVE_INFINITY;
    let result: T | undefined;
    for (let turn = 0; turn < 3 && took > LIMIT; turn++) {
      const start = process.threadCpuUsage();
      try {
        result = run();
      } catch (error) {
        throw thrown(part, name, error);
      }
      const { user, system } = process.threadCpuUsage(start);
      took = Math.min(took, (user + system) / 1000);
    }
    if (took > slowest) [slowest, step] = [took, name];
    if (took > LIMIT) throw new Found(part, `${name} takes longer than ${LIMIT} ms`, `${took.toFixed(0)} ms`);
    return result as T;
  };
  try {
    examineAll(subject, parts, timed);
    return { problem: undefined, slowest, step };
  } catch (error) {
    if (!(error instanceof Found)) throw error;
    return { problem: error.problem, slowest, step };
  }
}

type Timed = <T>(part: Part, name: string, run: () => T) => T;

function thrown(part: Part, name: string, error: unknown): Found {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const at = /\((?:file:\/\/)?[^()]*?([\w-]+\.ts:\d+)/.exec(stack)?.[1] ?? "";
  return new Found(part, `${name} throws at ${at}`, `${message}\n${stack}`);
}

function examineAll(subject: Subject, parts: ReadonlySet<Part>, timed: Timed): void {
  const { path, text } = subject;
  const parsed = timed("parser", "parse", () => parse(path, text));
  const sources = new Map([...subject.files, [path, text]]);
  if (parts.has("parser")) {
    const wrong = unsound(parsed.file);
    if (wrong !== undefined) throw new Found("parser", `unsound tree: ${wrong}`);
    judge("parser", parsed.diagnostics, sources);
    if (subject.kind === "generated") expectNoError("parser", parsed.diagnostics);
  }
  if (parts.has("printer")) examineLayout(parsed, timed);
  let { diagnostics }: { diagnostics: readonly Diagnostic[] } = parsed;
  if (parts.has("checker")) {
    const host = hostOf(subject);
    const program = timed("checker", "compile", () => compile(path, host));
    for (const file of program.files) sources.set(file.path, file.text);
    ({ diagnostics } = program);
    judge("checker", diagnostics, sources);
    query(program, timed);
    if (subject.kind === "generated") expectNoError("checker", diagnostics);
    if (!diagnostics.some(isError)) timed("checker", "lower", () => lower(program));
    const mended = applyAll(diagnostics, path, text);
    if (mended !== text)
      timed("checker", "compile what is mended", () => compile(path, hostOf({ ...subject, text: mended })));
  }
  if (parts.has("renderers")) render(diagnostics, sources, path, timed);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

function expectNoError(part: Part, diagnostics: readonly Diagnostic[]): void {
  const error = diagnostics.find(isError);
  if (error !== undefined) throw new Found(part, `a right program has ${error.code}`, error.message);
}

// Layout -----------------------------------------------------------------------------------------------------------------

function examineLayout({ file, diagnostics }: Parsed, timed: Timed): void {
  const laid = timed("printer", "format", () => format(file));
  if (diagnostics.some(isError)) {
    if (laid !== undefined) throw new Found("printer", "a file with errors is laid out");
    return;
  }
  if (laid === undefined) throw new Found("printer", "a right file is not laid out");
  const again = parse(file.path, laid);
  const error = again.diagnostics.find(isError);
  if (error !== undefined) throw new Found("printer", `the layout brings ${error.code}`, `${error.message}\n${laid}`);
  const differs = difference(file, again.file);
  if (differs !== undefined) throw new Found("printer", `the layout changes ${differs}`, laid);
  const [before, after] = [file, again.file].map(({ comments }) =>
    comments.map(({ doc, text }) => `${doc} ${text}`).join("\n"),
  );
  if (before !== after) throw new Found("printer", "the layout changes a comment", laid);
  const twice = timed("printer", "format", () => format(again.file));
  if (twice !== laid) throw new Found("printer", "the layout does not settle", `${laid}\n--- and again:\n${twice}`);
}

// Diagnostics ------------------------------------------------------------------------------------------------------------

const CODES = new Set(CATALOGUE.map(({ code }) => code));
/** Words that come from a program's insides, not from a writer. */
const INSIDES = /undefined|\[object|NaN|function ?\(|\$\{(?=\w+\})/;

function judge(part: Part, diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): void {
  for (const one of diagnostics) {
    const { code } = one;
    if (!CODES.has(code)) throw new Found(part, `unknown code ${code}`);
    for (const place of [one, ...one.labels, ...one.fixes.flatMap(({ edits }) => edits)])
      inside(part, code, place, sources);
    const words = [
      one.message,
      ...(one.help === undefined ? [] : [one.help]),
      ...one.labels.map((label) => label.message),
    ];
    for (const text of [...words, ...one.fixes.map(({ title }) => title)]) {
      if (text.trim() === "") throw new Found(part, `${code} has an empty text`);
      const odd = INSIDES.exec(text)?.[0];
      const own = [...sources.values()].some((source) => odd !== undefined && source.includes(odd));
      if (odd !== undefined && !own) throw new Found(part, `${code} speaks of \`${odd}\``, text);
    }
    for (const fix of one.fixes) tryFix(part, code, fix, sources);
  }
}

function inside(part: Part, code: string, { file, start, end }: Place, sources: ReadonlyMap<string, string>): void {
  const text = sources.get(file);
  // A file that is not Gang is read by the compiler alone.
  if (text === undefined && !file.endsWith(".gang")) return;
  const length = text?.length ?? 0;
  if (!(start >= 0 && start <= end && end <= length))
    throw new Found(part, `${code} lies outside its file`, `${start}..${end} of ${length}`);
}

function tryFix(part: Part, code: string, fix: Fix, sources: ReadonlyMap<string, string>): void {
  if (fix.edits.length === 0) throw new Found(part, `the fix of ${code} does nothing`, fix.title);
  for (const [file, edits] of Map.groupBy(fix.edits, (edit) => edit.file)) {
    const text = sources.get(file) ?? "";
    const mended = apply(text, edits);
    if (mended === undefined) throw new Found(part, `the fix of ${code} overlaps itself`, fix.title);
    if (mended === text) throw new Found(part, `the fix of ${code} changes nothing`, fix.title);
  }
}

function apply(text: string, edits: Fix["edits"]): string | undefined {
  const sorted = edits.toSorted((a, b) => a.start - b.start);
  let [result, last] = ["", 0];
  for (const { start, end, newText } of sorted) {
    if (start < last) return undefined;
    result += text.slice(last, start) + newText;
    last = end;
  }
  return result + text.slice(last);
}

/** The first fix of each diagnostic, as long as none overlaps one before. */
function applyAll(diagnostics: readonly Diagnostic[], path: string, text: string): string {
  const edits: Fix["edits"][number][] = [];
  for (const { fixes } of diagnostics) {
    const its = fixes[0]?.edits ?? [];
    const free = its.every(
      (edit) => edit.file === path && edits.every((other) => edit.end < other.start || edit.start > other.end),
    );
    if (free) edits.push(...its);
    if (edits.length > 50) break;
  }
  return apply(text, edits) ?? text;
}

// Questions of an editor -------------------------------------------------------------------------------------------------

function query(program: Program, timed: Timed): void {
  const file = program.files[0]!;
  timed("checker", "the questions of an editor", () => {
    let names = 0;
    walk(file, (node) => {
      if (node.kind !== "name" || names > 200) return names <= 200;
      names++;
      const symbol = program.symbolOf(node);
      if (symbol !== undefined && names % 8 === 0) {
        program.typeOfSymbol(symbol);
        program.callable(symbol);
        program.referencesTo(symbol);
      }
      return true;
    });
    for (const part of [0, 0.3, 0.7, 1]) program.visibleAt(file, Math.floor(file.text.length * part));
  });
}

// Renderers --------------------------------------------------------------------------------------------------------------

const CONTROL = /[\0-\u0009\u000b-\u001f\u007f-\u009f]/;

function render(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  path: string,
  timed: Timed,
): void {
  const source = (file: string): string | undefined => sources.get(file);
  const shown = (file: string): string => file;
  const report = reportOf(diagnostics, { sources: source, shown, files: [path] });
  const told = report.diagnostics.length;
  const plain = timed("renderers", "pretty", () =>
    renderPretty(diagnostics, source, shown, { colour: false, width: 80 }),
  );
  const control = CONTROL.exec(plain)?.[0];
  if (control !== undefined)
    throw new Found("renderers", "pretty lets a control character through", JSON.stringify(control));
  timed("renderers", "pretty, narrow", () => renderPretty(diagnostics, source, shown, { colour: true, width: 20 }));
  const json = timed("renderers", "json", () => renderJson(report));
  if (JSON.parse(json).diagnostics.length !== told) throw new Found("renderers", "json loses a diagnostic");
  const sarif = timed("renderers", "sarif", () => renderSarif(report));
  if (JSON.parse(sarif).runs[0].results.length !== told) throw new Found("renderers", "sarif loses a diagnostic");
  const github = timed("renderers", "github", () => renderGithub(report));
  const commands = github.split(/\r\n|\r|\n/).filter((line) => line !== "");
  if (
    commands.length !== told + Math.sign(report.summary.leftOut) ||
    !commands.every((line) => /^::(error|warning|notice) /.test(line))
  )
    throw new Found("renderers", "github is not one command a diagnostic", github);
  const junit = timed("renderers", "junit", () => renderJunit(report));
  if (
    /[\0-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(
      junit,
    )
  )
    throw new Found("renderers", "junit holds what XML forbids");
}
