import { PENDING_KINDS, type Pending, pendingIn } from "../../runtime/execution/pending.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command } from "../command.ts";
import { sayDamage } from "../damage.ts";
import { EXIT } from "../exit-codes.ts";
import { table } from "../results.ts";
import { cut, printable } from "../ui/text.ts";

export default command({
  name: "pending",
  summary: "what waits: scores, approvals, effects in doubt, parked runs",
  options: {
    format: { value: "FORMAT", choices: ["table", "json"], default: "table", doc: "how it is shown" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc pending", doc: "then `gangc approve RUN` or `gangc reject RUN --why W`" }],
  async run({ options }, io) {
    const { records, alive, problems } = await readStore(resolveStore(io.cwd, options.store), { kinds: PENDING_KINDS });
    sayDamage(io, problems);
    const found = await pendingIn(records, alive, Date.now());
    if (options.format === "json") {
      io.out(`${JSON.stringify({ version: 1, pending: found }, null, 2)}\n`);
      return EXIT.fine;
    }
    if (found.length === 0) {
      io.talk("Nothing waits.\n");
      return EXIT.fine;
    }
    const headings = ["kind", "run", "stage", "of", "waits for", "since", "until"].map((name) => ({ name }));
    const rows = found.map(({ kind, run, stage, scope, what, since, until, over }) => [
      kind,
      run,
      stage,
      scope,
      cut(printable(what), 80),
      since,
      over ? `${until} (over: the next run settles it)` : until,
    ]);
    io.out(table(headings, rows, io.stdout.terminal));
    for (const pending of found) if (pending.kind === "effect") io.talk(answersTo(pending, options.store));
    return EXIT.fine;
  },
});

/** The three things that a person can say of an effect in doubt. */
function answersTo({ run, stage, scope, what }: Pending, store: string | undefined): string {
  const rest = `${run} ${stage}${scope === "" ? "" : ` --scope ${quoted(scope)}`}${store === undefined ? "" : ` --store ${quoted(store)}`}`;
  return [
    `\nSay ${what}:`,
    `  gangc approve ${rest}                 # it did not: it is done when the run goes on`,
    `  gangc approve ${rest} --value JSON    # it did, and gave this`,
    `  gangc reject ${rest} --why W          # leave it: the stage fails`,
    "",
  ].join("\n");
}

/** As a shell takes it for one word. */
const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
