import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { findRecords, forget } from "../../../runtime/trail/forget.ts";
import { unreadWith } from "../../../runtime/trail/kept.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { event, namesOf, readAll, temporaryFolder } from "./store.ts";

const peer = "explorer";

/** A closed segment of four records, the second with a secret, with something in it damaged. */
async function damaged(
  damage: (text: string) => string,
): Promise<{ readonly directory: string; readonly path: string }> {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: [peer] });
  const secret = event("two", { message: "sk-secret" });
  await trail.append([event("one"), secret, event("three", { message: "whatever" }), event("four")]);
  await trail.close();
  const path = join(directory, "trail", trail.process, "1.jsonl");
  writeFileSync(path, damage(readFileSync(path, "utf8")));
  return { directory, path };
}

async function forgetSecret(directory: string): Promise<void> {
  const found = await findRecords(directory, { ids: [], match: "sk-secret" });
  expect(found.records.map(({ seq }) => seq)).toEqual([2]);
  await forget(directory, found, { peer });
}

test.each([
  ["a line beside it", (text: string) => text.replace("whatever", "whatevEr"), ["forgotten", "four", "one"]],
  [
    "the newline before it",
    (text: string) => text.replace(/\n(?=.*sk-secret)/, "?"),
    ["forgotten", "four", "one", "three"],
  ],
])("what is forgotten goes from a segment that is kept, as %s is damaged", async (_, damage, rest) => {
  for (const isSealed of [false, true]) {
    const { directory, path } = await damaged(damage);
    if (isSealed) await compact({ directory, from: 0, asideSeconds: 0 });
    const size = readFileSync(isSealed ? `${path}.sealed` : path).length;
    await forgetSecret(directory);
    const kept = readFileSync(`${path}.sealed`, "utf8");
    expect(kept).not.toContain("sk-secret");
    // All else stays where it was, for whoever looks at it.
    expect(kept).toHaveLength(size);
    for (const name of ["one", "three", "four"]) expect(kept).toContain(`"name":"${name}"`);
    expect(namesOf((await readAll(directory)).records).sort()).toEqual(rest);
    expect(unreadWith(directory, [], "sk-secret")).toEqual([]);
    const sealed = readdirSync(join(directory, "sealed")).filter((name) => name.includes("jsonl"));
    expect(sealed).toEqual([]);
  }
});

test("a damaged line that may hold it is named, and so is a sealed file that could not be made anew", async () => {
  const { directory, path } = await damaged((text) => text.replace('"two"', '"tvo"'));
  expect((await findRecords(directory, { ids: [], match: "sk-secret" })).records).toEqual([]);
  expect(unreadWith(directory, [], "sk-secret")).toEqual([path]);
  await compact({ directory, from: 0, asideSeconds: 0 });
  expect(unreadWith(directory, [], "sk-secret")).toEqual([`${path}.sealed`]);
  const id = /"id":"([^"]+)"[^\n]*sk-secret/.exec(readFileSync(`${path}.sealed`, "utf8"))![1]!;
  expect(unreadWith(directory, [id], undefined)).toEqual([`${path}.sealed`]);
  expect(unreadWith(directory, [], "sk-other")).toEqual([]);
  const parquet = join(directory, "sealed", "damaged-1-x.parquet");
  writeFileSync(parquet, "");
  expect(unreadWith(directory, [], "sk-other")).toEqual([parquet]);
});
