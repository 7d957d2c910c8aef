/** A bounded share of `npm run fuzz`, with a seed of its own each time: what fails prints how to see it again. */
import { expect, test } from "vitest";
import { PARTS } from "./examine.ts";
import { type Finding, type Message, work } from "./worker.ts";

const SECONDS = 5;

test(`whatever is written for ${SECONDS} seconds, the compiler answers`, () => {
  const seed = Date.now() % 1_000_000;
  const findings: Finding[] = [];
  let seen = 0;
  const tell = (message: Message): void => {
    if ("finding" in message) findings.push(message.finding);
    else seen = Object.values(message.tally.counts).reduce((sum, count) => sum + count, 0);
  };
  const until = Date.now() + SECONDS * 1000;
  work({ seed, first: 0, step: 1, end: 1e9, parts: PARTS, until, at: new Float64Array(1), place: 0 }, tell);
  const told = findings.map(
    ({ part, what, index, least }) =>
      `[${JSON.stringify(`${part}: ${what}`)}, ${JSON.stringify(least.slice(0, 1000))}], // npm run fuzz -- --seed ${seed} --input ${index}`,
  );
  expect(told).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});
