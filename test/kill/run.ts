/** `npm run kill [-- --rounds 1000 --writers 8]`: the kill test by hand. Fails if anything was lost, doubled or damaged. */
import { parseArgs } from "node:util";
import { type KillReport, killRounds } from "./rounds.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { rounds: text, writers: text } });
const [rounds, writers] = [Number(values.rounds ?? 1000), Number(values.writers ?? 8)];
if (!(rounds > 0 && writers > 0)) throw new Error("npm run kill -- [--rounds 1000] [--writers 8]");

const line = ({ wrong, ...counts }: KillReport): string =>
  Object.entries({ ...counts, wrong: wrong.length })
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

const began = Date.now();
const report = await killRounds({
  ...{ rounds, writers },
  onRound: (now) => {
    if (now.rounds % 20 === 0) process.stderr.write(`${line(now)}\n`);
  },
});
const seconds = Math.round((Date.now() - began) / 1000);
process.stdout.write(`${writers} writers, ${seconds} s: ${line(report)}\n${report.wrong.join("\n")}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
