import type { StoreStatus } from "../../runtime/knowledge/status.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { shown } from "../paths.ts";
import { table } from "../results.ts";
import { counted, printable } from "../ui/text.ts";

export default command({
  name: "status",
  summary: "the store, its processes and peers, and whether the subnet moved",
  options: {
    format: { value: "FORMAT", choices: ["text", "json"], default: "text", doc: "how it is shown" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc status", doc: "who writes, who is trusted, which regime each stage is in" }],
  async run({ options }, io) {
    const { storeStatus } = await import("../../runtime/knowledge/status.ts");
    const store = resolveStore(io.cwd, options.store);
    const status = await storeStatus(store, Date.now());
    if (options.format === "json") io.out(`${JSON.stringify({ version: 1, store, ...status }, null, 2)}\n`);
    else if (status.records === 0) io.talk(`There is nothing in ${shown(io.cwd, store)} yet.\n`);
    else io.out(asText(status, shown(io.cwd, store), io.stdout.terminal));
    return EXIT.fine;
  },
});

const REFUSED: { readonly [reason in keyof StoreStatus["refused"]]: string } = {
  malformed: "not what evidence looks like",
  value: "a value that is not finite, or beyond 1e15",
  claim: "a claim that does not hash to its key",
  time: "a time that is none",
};

const number = true;

function asText(status: StoreStatus, store: string, terminal: boolean): string {
  const { generation, records, processes, peers, stages, changes, refused, problems, forgotten, unconfirmed } = status;
  const sealed = generation === 0 ? "" : `, generation ${generation}`;
  const parts = [`${store}: ${counted(records, "record")} of ${counted(processes.length, "process")}${sealed}\n`];
  const section = (headings: Parameters<typeof table>[0], rows: Parameters<typeof table>[1]): void => {
    if (rows.length > 0) parts.push(table(headings, rows, terminal));
  };
  section(
    [{ name: "process" }, { name: "writes" }, { name: "peers" }, { name: "records", number }, { name: "last" }],
    processes.map((of) => [of.process, of.alive ? "yes" : "ended", of.peers.join(", "), of.records, of.last]),
  );
  section(
    [{ name: "peer" }, { name: "trust", number }, { name: "records", number }],
    peers.map(({ peer, trust, records }) => [peer, trust.toFixed(3), records]),
  );
  section(
    [
      ...[{ name: "stage" }, { name: "subnet" }, { name: "version" }, { name: "regime", number }],
      ...[
        { name: "tests", number },
        { name: "surprises", number },
        { name: "alarm at 4.5", number },
      ],
    ],
    stages.map(({ stage, subnet, regimes, tests }) => {
      const sum = (of: (one: (typeof tests)[number]) => number): number => tests.reduce((all, one) => all + of(one), 0);
      const nearest = tests.reduce((most, { cusum }) => Math.max(most, cusum), 0);
      const { regime, version } = regimes.at(-1)!;
      return [stage, subnet, version, regime, sum((one) => one.tests), sum((one) => one.surprises), nearest.toFixed(1)];
    }),
  );
  section(
    [{ name: "when" }, { name: "what" }, { name: "stage" }, { name: "regime" }, { name: "by" }, { name: "why" }],
    changes.map((change) => [
      ...[change.time, change.kind, change.stage],
      `${change.regime} ${change.kind === "drift" ? "ended" : `is ${change.same}`}${change.holds ? "" : ", say too few"}`,
      ...[change.peer, change.message],
    ]),
  );
  section(
    [{ name: "refused" }, { name: "records", number }],
    Object.entries(refused).map(([reason, count]) => [REFUSED[reason as keyof typeof REFUSED] ?? reason, count]),
  );
  if (problems.length > 0) {
    parts.push(
      `${counted(problems.length, "problem")} (gangc store verify tells all): ${printable(problems[0]!.message)}\n`,
    );
  }
  if (forgotten > 0) {
    const left =
      unconfirmed === 0 ? "" : `; ${unconfirmed} still stand in segments that are written, or on other machines`;
    parts.push(`${counted(forgotten, "record")} forgotten${left}\n`);
  }
  return parts.join("\n");
}
