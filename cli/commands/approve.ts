import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { answer } from "../run/answering.ts";

export default command({
  name: "approve",
  summary: "say yes to a run that waits for a person; of an effect in doubt: it did not happen, do it",
  arguments: { usage: "RUN [STAGE]", least: 1, most: 2 },
  options: {
    value: { value: "JSON|@FILE", doc: "of an effect in doubt: it did happen, and gave this" },
    why: { value: "W", doc: "the reason, for the record" },
    scope: { value: "ITEM", doc: "of one item of a fan-out" },
    as: { value: "NAME", doc: "who says so; your login name unless said" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [
    { command: "gangc approve 019a", doc: "the beginning of the run's id is enough; `gangc pending` lists what waits" },
    {
      command: `gangc approve 019a sent --value '{ "ticket": 7 }'`,
      doc: "it was sent before the kill, and is not sent again",
    },
  ],
  async run({ positionals: [run, stage], options }, io) {
    const { value, why, scope, as, store } = options;
    await answer({ run: run!, stage, scope, yes: true, value, why, as, store }, io);
    return EXIT.fine;
  },
});
