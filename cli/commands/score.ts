import { nearest } from "../../compiler/diagnostics/suggestion.ts";
import { Outstanding } from "../../runtime/execution/outstanding.ts";
import { runHeads } from "../../runtime/execution/restored.ts";
import { isFeasible, scoreDrafts, toldOf } from "../../runtime/execution/scoring.ts";
import { LARGEST_VALUE } from "../../runtime/knowledge/facts.ts";
import { readStore } from "../../runtime/knowledge/store.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import type { Draft } from "../../runtime/trail/record.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { runNamed } from "../run/named.ts";
import { recordedPlan } from "../run/recorded-plan.ts";

export default command({
  name: "score",
  summary: "a score that came late, for the run that earned it; a second one corrects the first",
  arguments: { usage: "RUN METRIC=VALUE", least: 2, most: 2 },
  options: {
    stage: { value: "S", doc: "the stage to credit; else the one that learns from the metric" },
    scope: { value: "ITEM", doc: "of one item of a fan-out" },
    at: { value: "TIME", doc: "the time the score speaks of; that of the choice unless said" },
    store: { value: "DIR", doc: "another store than the project's .gang" },
  },
  examples: [{ command: "gangc score 019a crps=0.42", doc: "the beginning of the run's id is enough" }],
  async run({ positionals: [wanted, given], options }, io) {
    const store = resolveStore(io.cwd, options.store);
    const begun = await readStore(store, { kinds: ["plan.loaded", "run.started", "run.ended"] });
    const heads = runHeads(begun.records);
    const id = runNamed(
      wanted!,
      heads.map(({ run }) => run),
    );
    const { peer, plan: hash } = heads.find(({ run }) => run === id)!;
    // What others say of it, a person among them, is theirs.
    const own = (await readStore(store, { run: id })).records.filter((record) => record.peer === peer);
    const [name, value] = assigned(given!);
    const plan = await recordedPlan(begun.records, hash, store);
    const subnet = own.flatMap((record) => (record.kind === "run.started" ? [record.subnet ?? ""] : []))[0] ?? "";
    const metrics = plan.subnets[subnet]?.metrics ?? {};
    const metric = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
    if (metric === undefined) {
      const near = nearest(name, Object.keys(metrics));
      throw usageError(
        `the run's subnet has no metric ${name}.`,
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
    const told = toldOf(own, name, options.stage, options.scope);
    if (told.length === 0) {
      const stages = [...new Set(toldOf(own, undefined, undefined, undefined).map(({ stage }) => stage ?? ""))];
      throw usageError(
        options.stage === undefined
          ? `no stage of the run learns from ${name}.`
          : `nothing that ${options.stage} chose in the run is on record.`,
        stages.length === 0 ? undefined : `--stage takes one of ${stages.join(", ")}.`,
      );
    }
    const scopes = [...new Set(told.map(({ scope = "" }) => scope))];
    if (scopes.length > 1) throw usageError(`the run measured ${scopes.join(", ")}.`, "Say which: --scope ITEM.");
    const [scope] = scopes;
    const before = own.flatMap((record) =>
      record.kind === "score" && record.metric === name && (record.scope ?? "") === scope ? [record] : [],
    );
    const attempt = before.at(-1)?.attempt;
    const where = scope === "" ? {} : { scope: scope! };
    const { weight, proxy, direction } = metric;
    const outstanding = new Outstanding({ since: async () => ({ records: own, cursor: {}, problems: [] }) });
    await outstanding.refresh();
    const drafts: Draft[] = [
      ...scoreDrafts({
        origin: { peer, run: id, plan: hash, ...where, ...(attempt === undefined ? {} : { attempt }) },
        ...{ subnet, metric: name, direction, value },
        feasible: isFeasible(name, metric, value),
        at: options.at === undefined ? ((told[0]!.at as string | undefined) ?? told[0]!.time) : timeOf(options.at),
        told: told.map((of) => ({ ...of, weight, ...(proxy === undefined ? {} : { proxy }) })),
        supersedes: before.map((record) => record.id),
      }),
      ...[...outstanding.waits.values()].flatMap(({ id: wait, record }): Draft[] =>
        record.for === "score" && record.metric === name && (record.scope ?? "") === scope
          ? [{ kind: "waited", peer, run: id, plan: hash, ...where, attempt: wait, for: "score", found: true }]
          : [],
      ),
    ];
    const trail = await openTrail({ directory: store, peers: [peer] });
    try {
      await trail.append(drafts);
    } finally {
      await trail.close();
    }
    const stages = [...new Set(told.map(({ stage }) => stage))].join(", ");
    const corrected = before.length === 0 ? "" : `; ${before.at(-1)!.value} no longer counts`;
    io.talk(`${name} = ${value} for ${stages} of the run ${id}${corrected}.\n`);
    return EXIT.fine;
  },
});

function assigned(text: string): readonly [string, number] {
  const [, name, number] = /^([A-Za-z_]\w*)=(\S+)$/.exec(text) ?? [];
  const value = Number(number);
  if (name === undefined || !Number.isFinite(value))
    throw usageError(`score takes METRIC=VALUE with a number, not ${JSON.stringify(text)}.`);
  // The memory would not take it, and what it corrects would go on to count.
  if (Math.abs(value) > LARGEST_VALUE)
    throw usageError(`${number} is taken for an error: it is beyond ${LARGEST_VALUE}.`);
  return [name, value];
}

function timeOf(text: string): string {
  const time = Date.parse(text);
  if (time > Date.now()) throw usageError(`--at takes a time that has come, not ${text}.`);
  if (Number.isNaN(time)) throw usageError(`--at takes a time such as 2026-03-01T12:00Z, not ${JSON.stringify(text)}.`);
  return new Date(time).toISOString();
}
