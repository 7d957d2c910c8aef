import type { PeerTrust } from "../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { readSaying } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { table } from "../results.ts";

export default command({
  name: "trust",
  summary: "peers, how far each is trusted, and why",
  options: {
    format: { value: "FORMAT", choices: ["table", "json"], default: "table", doc: "how it is shown" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc trust", doc: "who agrees with whom, by stage" }],
  notes:
    "Trust is (1 + A) / (2 + A + D): A is how much others found the same as a peer, about outcomes and values; D how much they found otherwise. It is 0.5 where nobody else has tried what the peer tried. That a call succeeds for everyone says little of anyone: where values speak against a peer, agreement about mere outcomes counts in part, or not at all.",
  async run({ options }, io) {
    const now = Date.now();
    const store = resolveStore(io.cwd, options.store);
    const knowledge = await openKnowledge({ source: readSaying(store, io), store, clock: { now: () => now } });
    try {
      await knowledge.refresh();
      const peers = (await knowledge.peers()).toSorted((a, b) => b.trust - a.trust || (a.peer < b.peer ? -1 : 1));
      if (options.format === "json") io.out(`${JSON.stringify({ version: 1, peers }, null, 2)}\n`);
      else if (peers.length === 0) io.talk("No peer has learned anything yet.\n");
      else io.out(asText(peers, io.stdout.terminal));
      return EXIT.fine;
    } finally {
      await knowledge.close();
    }
  },
});

/** Of each peer what it comes to, and below that the stages that it comes from, where there are several. */
function asText(peers: readonly PeerTrust[], terminal: boolean): string {
  const headings = [
    { name: "peer" },
    { name: "trust", number: true },
    { name: "A", number: true },
    { name: "D", number: true },
    { name: "stage" },
  ];
  const rows = peers.flatMap(({ peer, trust, agreement, disagreement, stages }) => {
    const all = [peer, trust.toFixed(3), agreement, disagreement];
    if (stages.length <= 1) return [[...all, stages[0] === undefined ? "nobody tried the same" : stages[0].stage]];
    const each = stages.map((one) => [
      ...["", "", one.agreement, one.disagreement],
      one.share === 1 ? one.stage : `${one.stage}, of which ${Math.round(one.share * 100)} % of A counts`,
    ]);
    return [[...all, `${stages.length} stages`], ...each];
  });
  return table(headings, rows, terminal);
}
