/** `gangc test`: runs the `test` blocks of a program, without network and on a store that is thrown away. */

import { systemClock } from "../../runtime/clock.ts";
import { onInterrupt } from "../../runtime/interrupt.ts";
import type { Plan } from "../../runtime/plan.ts";
import { Secrets } from "../../runtime/secrets.ts";
import { runTest, type TestResult } from "../../runtime/testing/run-test.ts";
import { programsEnded } from "../../runtime/tools/exec.ts";
import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { programFile } from "../paths.ts";
import { guarded } from "../run/guarded.ts";
import { machineOf } from "../run/machine.ts";
import { planOf } from "../run/program.ts";
import { testsJson, testsJunit, testsSummary, testText } from "../tests-text.ts";

export default command({
  name: "test",
  summary: "run the tests of a program: no network, a store that is thrown away",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    filter: { value: "TEXT", doc: "only those with this in their title" },
    record: { doc: "ask the models once, and write what `recorded(…)` reads" },
    format: {
      value: "FORMAT",
      choices: ["pretty", "json", "junit"],
      default: "pretty",
      doc: "for people, scripts, or a CI",
    },
  },
  examples: [
    { command: "gangc test", doc: "the tests of this folder's program" },
    { command: 'gangc test main.gang --filter "stale feed"', doc: "one of them" },
    { command: "gangc test --record", doc: "with the models' answers of today" },
  ],
  notes:
    "Agents answer what a test gives them, or what was recorded; effects do not happen. A program started by a tool is not kept from the network.",
  async run({ positionals: [path], options }, io) {
    const plan = planOf(programFile(io.cwd, path), io);
    if (plan === undefined) return EXIT.problems;
    const { filter } = options;
    const tests = plan.tests.filter(({ title }) => filter === undefined || title.includes(filter));
    if (filter !== undefined && tests.length === 0)
      throw usageError(`no test has ${JSON.stringify(filter)} in its title.`);
    const machine = options.record ? await machineOf(io) : {};
    const secrets = new Secrets({ machine, environment: io.env, root: plan.root });
    return guarded(secrets.redactor, io, async (safe) => {
      const results = await runAll(
        { ...plan, tests },
        { machine, secrets },
        options.record,
        (result) => {
          if (options.format === "pretty") safe.out(testText(plan, result, safe.stdout));
        },
        safe,
      );
      if (options.format === "json") safe.out(`${JSON.stringify(testsJson(plan, results), null, 2)}\n`);
      else if (options.format === "junit") safe.out(testsJunit(plan, results));
      else safe.out(testsSummary(results, safe.stdout));
      if (results.length < tests.length) return EXIT.interrupted;
      return results.some(({ failures }) => failures.length > 0) ? EXIT.problems : EXIT.fine;
    });
  },
});

/** One after the other, so that what they print does not mix; those before an interrupt. */
async function runAll(
  plan: Plan,
  around: Pick<Parameters<typeof runTest>[2], "machine" | "secrets">,
  record: boolean,
  tell: (result: TestResult) => void,
  io: IO,
): Promise<readonly TestResult[]> {
  const interrupt = new AbortController();
  io.onHangUp(() => interrupt.abort());
  const stopListening = onInterrupt(() => interrupt.abort());
  const results: TestResult[] = [];
  const done = new Set<string>();
  // A file that several tests read is recorded by the first.
  const fresh = (path: string): boolean => record && !done.has(path) && done.add(path) !== undefined;
  try {
    for (const test of plan.tests) {
      const result = await runTest(plan, test, { ...around, clock: systemClock, signal: interrupt.signal, fresh });
      if (interrupt.signal.aborted) break;
      results.push(result);
      tell(result);
    }
  } finally {
    stopListening();
    await programsEnded();
  }
  return results;
}
