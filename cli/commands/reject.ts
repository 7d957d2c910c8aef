import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { answer } from "../run/answering.ts";

export default command({
  name: "reject",
  summary: "say no to a run that waits for a person; of an effect in doubt: leave it as it is",
  arguments: { usage: "RUN [STAGE]", least: 1, most: 2 },
  options: {
    why: { value: "W", doc: "the reason, for the record" },
    scope: { value: "ITEM", doc: "of one item of a fan-out" },
    as: { value: "NAME", doc: "who says so; your login name unless said" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    {
      command: 'gangc reject 019a go --why "too bold"',
      doc: "the beginning of the run's id is enough; `gangc pending` lists what waits",
    },
  ],
  async run({ positionals: [run, stage], options }, io) {
    if (options.why === undefined) throw usageError("reject takes a reason: --why W.");
    const { why, scope, as, store } = options;
    await answer({ run: run!, stage, scope, yes: false, why, as, store }, io);
    return EXIT.fine;
  },
});
