/**
 * A bounded share of `npm run fuzz`: the same inputs on every machine, unless FUZZ_SEED says otherwise; what fails prints
 * how to see it again. How long an answer may take is for `npm run fuzz` on a quiet machine to say.
 */
import { expect, test } from "vitest";
import { PARTS } from "./examine.ts";
import { type Finding, type Message, work } from "./worker.ts";

const INPUTS = 3_000;
const SLOW = /takes longer than/;

test(`whatever is written, ${INPUTS} times, the compiler answers`, () => {
  const seed = Number(process.env.FUZZ_SEED ?? 1);
  const findings: Finding[] = [];
  let seen = 0;
  const tell = (message: Message): void => {
    if ("finding" in message) findings.push(message.finding);
    else seen = Object.values(message.tally.counts).reduce((sum, count) => sum + count, 0);
  };
  const until = Date.now() + 80_000;
  work({ seed, first: 0, step: 1, end: INPUTS, parts: PARTS, until, at: new Float64Array(1), place: 0 }, tell);
  const told = findings
    .filter(({ what }) => !SLOW.test(what))
    .map(
      ({ part, what, index, least }) =>
        `[${JSON.stringify(`${part}: ${what}`)}, ${JSON.stringify(least.slice(0, 1000))}], // npm run fuzz -- --seed ${seed} --input ${index}`,
    );
  expect(told).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});
