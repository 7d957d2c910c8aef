/** The results of tests: for people, for scripts, for a CI. */
import { expressionText, jsonText } from "../compiler/comparison/expression-text.ts";
import { xml } from "../compiler/diagnostics/render/junit.ts";
import { paintOf } from "../compiler/diagnostics/render/paint.ts";
import { displayNumber } from "../compiler/semantics/types/display.ts";
import type { Plan, Position } from "../runtime/plan.ts";
import type { TestFailure, TestResult } from "../runtime/testing/run-test.ts";
import type { Stream } from "./io.ts";

/** Of a value, in a line. */
const LONGEST = 400;

export function testText(plan: Plan, result: TestResult, { colour }: Stream): string {
  const paint = paintOf(colour);
  const failed = result.failures.length > 0;
  const verdict = failed ? paint("error", "failed") : paint("mend", "passed");
  const lines = [
    `${verdict}  ${result.title}  ${paint("dim", displayNumber(Number(result.seconds.toFixed(3)), "duration"))}`,
    ...result.failures.flatMap((failure) => {
      const [what, ...rest] = failureLines(failure);
      return [
        `        ${paint("dim", placeText(plan, failure.at))}  ${what}`,
        ...rest.map((line) => `            ${line}`),
      ];
    }),
    ...result.recorded.map((file) => `        ${paint("dim", "recorded")}  ${file}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function testsSummary(results: readonly TestResult[], { colour }: Stream): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const count = (number: number): string => `${number} ${number === 1 ? "test" : "tests"}`;
  if (results.length === 0) return "There are no tests.\n";
  return failed === 0
    ? `${count(results.length)}, all passed\n`
    : paintOf(colour)("error", `${count(results.length)}, ${failed} failed`).concat("\n");
}

export function testsJson(plan: Plan, results: readonly TestResult[]) {
  return results.map(({ title, at, failures, seconds: elapsed, recorded }) => ({
    title,
    ok: failures.length === 0,
    ...where(plan, at),
    seconds: elapsed,
    failures: failures.map((failure) => ({
      ...where(plan, failure.at),
      message: failureLines(failure).join("\n"),
      values: Object.fromEntries((failure.sides ?? []).map(({ of, value }) => [expressionText(of), value])),
    })),
    ...(recorded.length === 0 ? {} : { recorded }),
  }));
}

export function testsJunit(plan: Plan, results: readonly TestResult[]): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const counts = `tests="${results.length}" failures="${failed}"`;
  const cases = results.map(({ title, at, failures, seconds: elapsed }) => {
    const head = `    <testcase classname="${xml(plan.source[at[0]]?.path ?? "")}" name="${xml(title)}" time="${elapsed.toFixed(3)}"`;
    const inside = failures.map((failure) => {
      const [what, ...rest] = failureLines(failure);
      const text = [`${placeText(plan, failure.at)}: ${what}`, ...rest].join("\n");
      return `      <failure message="${xml(what!)}">${xml(text)}</failure>\n`;
    });
    return inside.length === 0 ? `${head}/>\n` : `${head}>\n${inside.join("")}    </testcase>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="gangc test" ${counts}>\n  <testsuite name="gangc test" ${counts}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`;
}

/** What was expected and did not hold, and what its sides are; or what went wrong. */
function failureLines({ message, condition, sides = [] }: TestFailure): readonly string[] {
  return [
    ...(condition === undefined ? [] : [`expect ${expressionText(condition)}`]),
    ...(message === undefined ? [] : [message]),
    ...sides.map(({ of, value }) => `${expressionText(of)} is ${cut(jsonText(value))}`),
  ];
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

function where(plan: Plan, [file, line, column]: Position) {
  return { file: plan.source[file]?.path ?? "", line, column };
}

function placeText(plan: Plan, at: Position): string {
  const { file, line } = where(plan, at);
  return `${file}:${line}`;
}
