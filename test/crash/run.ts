/** `npm run crash [-- --kills 500]`: the crash test by hand. Fails if a stage or an effect was done twice, or anything was lost. */
import { parseArgs } from "node:util";
import { type CrashReport, crashRounds } from "./rounds.ts";

const { values } = parseArgs({ options: { kills: { type: "string" } } });
const kills = Number(values.kills ?? 500);
if (!(kills > 0)) throw new Error("npm run crash -- [--kills 500]");

const line = ({ wrong, ...counts }: CrashReport): string =>
  Object.entries({ ...counts, wrong: wrong.length })
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

const began = Date.now();
const report = await crashRounds({ kills, onRound: (now) => process.stderr.write(`${line(now)}\n`) });
const seconds = Math.round((Date.now() - began) / 1000);
process.stdout.write(`${seconds} s: ${line(report)}\n${report.wrong.join("\n")}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
