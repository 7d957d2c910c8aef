import type { Ranked, Recalled, Voice } from "../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { SCORE } from "../../runtime/knowledge/score.sql.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command, usageError } from "../command.ts";
import { readSaying } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { table } from "../results.ts";
import { stagesNamed } from "../stage-name.ts";
import { claimText, counted } from "../ui/text.ts";

export default command({
  name: "knowledge",
  summary: "what was learned, in the order in which it is injected",
  options: {
    stage: { value: "STAGE", doc: "one stage, by its name or as pipeline.name" },
    scope: { value: "ITEM", doc: "as seen from one item of a fan-out" },
    top: { value: "N", default: "10", doc: "how many patterns, and how many antipatterns, of each stage" },
    format: {
      value: "FORMAT",
      choices: ["table", "json"],
      default: "table",
      doc: "json has every term of the score, and each peer's part in it",
    },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc knowledge --stage plan --top 3", doc: "what works best there" }],
  async run({ options }, io) {
    const top = Number(options.top);
    if (!Number.isSafeInteger(top) || top < 1) throw usageError(`--top ${options.top} is no number of claims.`);
    const now = Date.now();
    const store = resolveStore(io.cwd, options.store);
    const knowledge = await openKnowledge({
      ...{ source: readSaying(store, io), store },
      clock: { now: () => now },
    });
    try {
      await knowledge.refresh();
      const all = knowledge.stages();
      const wanted = options.stage === undefined ? all : stagesNamed(options.stage, all);
      const known: Known[] = [];
      for (const { subnet, stage } of wanted) {
        const asked = { subnet, stage, scope: options.scope ?? null, now };
        const recalled = await knowledge.recall({
          ...asked,
          from: ["patterns", "antipatterns"],
          top,
          halflife: { seconds: SCORE.halflifeSeconds },
        });
        const voices =
          options.format === "json" ? await knowledge.voices({ ...asked, seconds: SCORE.halflifeSeconds }) : [];
        known.push({ subnet, stage, ...recalled, ...spokenOf(recalled, voices) });
      }
      if (options.format === "json") io.out(`${JSON.stringify({ version: 1, stages: known }, null, 2)}\n`);
      else if (known.length === 0) io.talk("Nothing has been learned yet.\n");
      else io.out(known.map((one) => asText(one, io.stdout.terminal)).join("\n"));
      return EXIT.fine;
    } finally {
      await knowledge.close();
    }
  },
});

type Known = Recalled & { readonly subnet: string; readonly stage: string };

/** The claims with what each peer says of them. */
function spokenOf({ patterns, antipatterns }: Recalled, voices: readonly Voice[]) {
  const of = Map.groupBy(voices, ({ claim }) => claim);
  const spoken = (ranked: Ranked) => ({
    ...ranked,
    voices: (of.get(ranked.claim) ?? []).map(({ claim: _, ...voice }) => voice),
  });
  return { patterns: patterns.map(spoken), antipatterns: antipatterns.map(spoken) };
}

function asText({ subnet, stage, known, patterns, antipatterns }: Known, terminal: boolean): string {
  const of = subnet === "" ? "" : ` for ${subnet}`;
  const parts = [`${stage}${of}: ${counted(known, "claim")}\n`];
  if (patterns.length > 0) parts.push(claims("what worked", "strength", patterns, terminal));
  if (antipatterns.length > 0) parts.push(claims("what failed", "failing", antipatterns, terminal));
  return parts.join("");
}

function claims(title: string, strength: string, ranked: readonly Ranked[], terminal: boolean): string {
  const metrics = [...new Set(ranked.flatMap(({ values }) => Object.keys(values)))];
  const headings = [
    { name: title },
    { name: strength, number: true },
    ...metrics.map((name) => ({ name, number: true })),
    { name: "evaluations", number: true },
    { name: "peers", number: true },
  ];
  const rows = ranked.map((one) => [
    claimText(one.chosen),
    one.strength.toFixed(3),
    ...metrics.map((metric) => one.values[metric] ?? null),
    one.evaluations,
    one.peers,
  ]);
  return table(headings, rows, terminal);
}
