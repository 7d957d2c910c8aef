/** A reader that wants some records only gets those of all, whether they are sealed or not. */
import { expect, it } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { type Only, readTrail } from "../../../runtime/trail/reader.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { temporaryFolder } from "./store.ts";

const ran = (run: string): Draft[] => [
  { kind: "run.started", peer: "a", run, pipeline: "p", cycle: 1, seed: 1 },
  { kind: "event", peer: "a", run, name: "it's quoted" },
  { kind: "run.ended", peer: "a", run, status: "ok", elapsed: 1 },
];

it("kinds, or a run, of what is sealed and of what is not; what was forgotten is in neither", async () => {
  const directory = temporaryFolder();
  const write = async (drafts: readonly Draft[]) => {
    const trail = await openTrail({ directory, peers: ["a"], sealing: false });
    await trail.append(drafts);
    await trail.close();
  };
  await write([...ran("one"), ...ran("it's two")]);
  const [, secret] = (await readTrail(directory).since({})).records;
  await compact({ directory, from: 0, asideSeconds: 0 });
  const { process, seq, id } = secret!;
  await write([
    { kind: "forgotten", peer: "a", records: [{ process, seq, id, hash: "" }], artifacts: [] },
    ...ran("three"),
  ]);
  const all = (await readTrail(directory).since({})).records;
  expect(all).toHaveLength(9);
  const only = async (some: Only) => (await readTrail(directory, some).since({})).records;
  expect(await only({})).toEqual(all);
  for (const kinds of [["event"], ["run.started", "run.ended"], ["forgotten"], []] as const)
    expect(await only({ kinds })).toEqual(all.filter(({ kind }) => kinds.includes(kind as never)));
  for (const run of ["one", "it's two", "three", "none"]) {
    expect(await only({ run })).toEqual(all.filter((record) => record.run === run));
    expect(await only({ run, kinds: ["event"] })).toEqual(
      all.filter((record) => record.run === run && record.kind === "event"),
    );
  }
});
