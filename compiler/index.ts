/** Text to program to plan: the compiler's way in for everyone else. */
import { limitDiagnostics } from "./bounds/limits.ts";
import { unknownArgument } from "./diagnostics/catalogue/calls.ts";
import { notObserved, unknownMetric } from "./diagnostics/catalogue/knowledge.ts";
import { unknownField, unknownName, unknownType } from "./diagnostics/catalogue/names.ts";
import { routeToNothing } from "./diagnostics/catalogue/pipelines.ts";
import { missingCloser, missingName } from "./diagnostics/catalogue/syntax.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { Host } from "./host.ts";
import { checkUnits } from "./semantics/check.ts";
import { suppress } from "./semantics/checks/suppressions.ts";
import { load } from "./semantics/load.ts";
import type { Program } from "./semantics/program.ts";
import { asProgram } from "./semantics/view.ts";
import type { Span } from "./syntax/tree.ts";

export { lower } from "./lowering/lower.ts";
export { moduleText } from "./lowering/module.ts";

/** Checks the Gang file at an absolute path, with all that it imports. Never throws: what is wrong is in `diagnostics`. */
export function compile(entry: string, host: Host): Program {
  const loaded = load(entry, host);
  checkUnits(loaded);
  const files = loaded.units.map((unit) => unit.file);
  const order = new Map(files.map((file, index) => [file.path, index]));
  const rank = (path: string): number => order.get(path) ?? files.length;
  // Last, since only a program without errors has a plan whose bounds can be told.
  const textOf: TextOf = (path) => files.find((file) => file.path === path)?.text;
  const found = [...loaded.facts.diagnostics, ...limitDiagnostics(asProgram(loaded, loaded.facts.diagnostics))];
  const diagnostics = suppress(files, withoutEchoes(found, textOf)).sort(
    (a, b) => rank(a.file) - rank(b.file) || a.start - b.start || a.end - b.end,
  );
  return asProgram(loaded, diagnostics);
}

/** What stands where the text itself is broken is said once, by the parser. */
function withoutEchoes(diagnostics: readonly Diagnostic[], textOf: TextOf): readonly Diagnostic[] {
  const syntax = diagnostics.filter(isSyntax);
  if (syntax.length === 0) return diagnostics;
  const broken = new Map(
    [...Map.groupBy(syntax, ({ file }) => file)].map(([file, its]) => [
      file,
      touching(its.map((one) => brokenBy(one, textOf(file) ?? ""))),
    ]),
  );
  const unnamed = withoutTheirName(diagnostics, textOf);
  return diagnostics.filter((one) => isSyntax(one) || !(unnamed.has(one) || broken.get(one.file)?.(one)));
}

/** Where the text is not what was meant: of a `(` or a `[` without its partner, from there to the end of the line. */
function brokenBy(one: Diagnostic, text: string): Span {
  const [opener] = one.labels;
  if (one.code !== missingCloser.code || opener === undefined || text[opener.start] === "{") return one;
  const end = text.indexOf("\n", one.end);
  return { start: opener.start, end: end < 0 ? text.length : end };
}

/** Whether a span shares a character with one of these. */
function touching(spans: readonly Span[]): (one: Span) => boolean {
  const sorted = spans.toSorted((a, b) => a.start - b.start);
  /** How far those up to each reach. */
  const reach: number[] = [];
  for (const { end } of sorted) reach.push(Math.max(end, reach.at(-1) ?? 0));
  return ({ start, end }) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.start < end) low = middle + 1;
      else high = middle;
    }
    return low > 0 && reach[low - 1]! > start;
  };
}

function isSyntax({ code, severity }: Diagnostic): boolean {
  return code.startsWith("GANG1") && severity === "error";
}

type TextOf = (path: string) => string | undefined;

/**
 * Those that say that a name is unknown because where it is declared it was left out: a name left out makes at most one
 * name unknown. Where more are, or where one that is used once is near to another, a second slip may be among them.
 */
function withoutTheirName(diagnostics: readonly Diagnostic[], textOf: TextOf): ReadonlySet<Diagnostic> {
  const leftOut = diagnostics.filter(({ code }) => code === missingName.code).length;
  const uses = Map.groupBy(
    diagnostics.filter(({ code }) => UNKNOWN.has(code)),
    ({ file, start, end }) => textOf(file)?.slice(start, end),
  );
  const unknown = [...uses.values()].filter((its) => its.length > 1 || its[0]!.fixes.length === 0);
  return new Set(unknown.length > leftOut ? [] : unknown.flat());
}

const UNKNOWN: ReadonlySet<string> = new Set(
  [unknownName, unknownType, unknownField, unknownMetric, notObserved, routeToNothing, unknownArgument].map(
    ({ code }) => code,
  ),
);
