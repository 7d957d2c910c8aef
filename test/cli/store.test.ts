import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTrail } from "../../runtime/trail/local.ts";
import { gangc } from "./terminal.ts";

let cwd: string;

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), "gang-cli-"));
  const trail = await openTrail({ directory: join(cwd, ".gang"), peers: ["a"] });
  await trail.append([
    { kind: "event", peer: "a", name: "one" },
    { kind: "event", peer: "a", name: "two", message: "sk-secret" },
  ]);
  await trail.close();
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const store = (...args: readonly string[]) => gangc(["store", ...args], { cwd });

it("compacts, verifies and exports", async () => {
  expect(await store("compact")).toMatchObject({
    exit: 0,
    out: "",
    talk: expect.stringContaining("Sealed 2 records of 1 segment;"),
  });
  const verified = await store("verify");
  expect(verified).toMatchObject({ exit: 0, talk: expect.stringContaining("Everything is in order.") });
  expect(verified.out).toMatch(/records +2/);
  expect(JSON.parse((await store("verify", "--format", "json")).out)).toMatchObject({ records: 2, problems: [] });
  const lines = (await store("export")).out.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).name)).toEqual(["one", "two"]);
  expect(await store("export", "--format", "parquet", "--out", "x.parquet")).toMatchObject({ exit: 0, out: "" });
  expect(existsSync(join(cwd, "x.parquet"))).toBe(true);
  await store("export", "--out", "x.jsonl");
  expect(readFileSync(join(cwd, "x.jsonl"), "utf8").trimEnd().split("\n")).toEqual(lines);
  expect(await store("rebuild")).toMatchObject({ exit: 0, talk: expect.stringContaining("2 records in generation") });
});

it("forgets what matches, after having shown it", async () => {
  const shown = await store("forget", "--match", "sk-secret", "--dry-run");
  expect(shown).toMatchObject({ exit: 0, talk: "1 record and 0 artifacts would go.\n" });
  expect(await store("forget", "--match", "sk-secret", "--why", "leaked")).toMatchObject({
    exit: 0,
    talk: expect.stringContaining("1 record and 0 artifacts forgotten. A leaked secret is to be changed all the same."),
  });
  expect((await store("export")).out).not.toContain("sk-secret");
  expect(await store("forget", "--match", "sk-secret")).toMatchObject({ exit: 1, talk: "No record fits.\n" });
});

describe("compact", () => {
  const DAY = 24 * 3600 * 1000;
  const old = async (folder: string): Promise<void> => {
    const clock = { now: () => Date.now() - 200 * DAY };
    const trail = await openTrail({ directory: join(folder, ".gang"), peers: ["a"], clock });
    await trail.append([{ kind: "turn", peer: "a", model: "m", number: 1, latency: 1, prompt: "old" }]);
    await trail.close();
  };
  const compact = async (...args: readonly string[]) => {
    await store("compact", ...args);
    return store("compact", ...args);
  };

  it("drops nothing by its age where gang.yaml cannot be relied on, and says so", async () => {
    await old(cwd);
    for (const yaml of ["retention: soon\n", "retention: 9999d\nretentoin: 1d\n", "retention: [9999d\n"]) {
      writeFileSync(join(cwd, "gang.yaml"), yaml);
      const { exit, talk } = await compact();
      expect([exit, talk]).toEqual([
        1,
        expect.stringMatching(/^gang\.yaml cannot be relied on \(.+\): nothing goes by its age/),
      ]);
      expect((await store("export")).out).toContain('"prompt":"old"');
    }
    writeFileSync(join(cwd, "gang.yaml"), "retention: 9999d\n");
    expect(await compact()).toMatchObject({ exit: 0 });
    expect((await store("export")).out).toContain('"prompt":"old"');
    writeFileSync(join(cwd, "gang.yaml"), "");
    expect(await compact()).toMatchObject({ exit: 0 });
    expect((await store("export")).out).not.toContain('"prompt":"old"');
  });

  it("keeps another project's store for as long as its owner says", async () => {
    const other = join(cwd, "other");
    await old(other);
    writeFileSync(join(cwd, "gang.yaml"), "retention: 1d\n");
    const at = ["--store", join(other, ".gang")];
    const alone = await compact(...at);
    expect(alone).toMatchObject({
      exit: 0,
      talk: expect.stringMatching(/^There is no other\/gang\.yaml to say how long/),
    });
    writeFileSync(join(other, "gang.yaml"), "retention: 300d\n");
    await compact(...at);
    expect((await store("export", ...at)).out).toContain('"prompt":"old"');
    writeFileSync(join(other, "gang.yaml"), "retention: 30d\n");
    await compact(...at);
    expect((await store("export", ...at)).out).not.toContain('"prompt":"old"');
  });
});

describe("what cannot be read", () => {
  const sealed = (end: string): string => {
    const folder = join(cwd, ".gang", "sealed");
    const names = readdirSync(folder).filter((name) => name.endsWith(end));
    return join(folder, names.at(-1)!);
  };
  const readers = [
    ["export"],
    ["export", "--out", "x.jsonl"],
    ["export", "--format", "parquet", "--out", "x.parquet"],
    ["forget", "--match", "sk-secret"],
  ];

  it.each(["manifest", "missing file", "damaged file"])("is no smaller store: %s", async (what) => {
    await store("compact");
    if (what === "manifest") writeFileSync(sealed(".json"), "{}\n");
    if (what === "missing file") rmSync(sealed(".parquet"));
    if (what === "damaged file") writeFileSync(sealed(".parquet"), "PAR1");
    writeFileSync(join(cwd, "x.parquet"), "an earlier export");
    for (const args of readers) {
      const { exit, out, talk } = await store(...args);
      expect([args, exit, out]).toEqual([args, 3, ""]);
      expect(talk).toMatch(/^gangc: .*`gangc store rebuild` makes it anew/);
    }
    expect(readFileSync(join(cwd, "x.parquet"), "utf8")).toBe("an earlier export");
    expect(await store("verify")).toMatchObject({ exit: 1 });
  });

  it("is said by the export of the rest", async () => {
    const trail = join(cwd, ".gang", "trail");
    const [process] = readdirSync(trail);
    const path = join(trail, process!, "1.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replace('"two"', '"tow"'));
    for (const args of readers.slice(0, 3)) {
      const { exit, talk } = await store(...args);
      expect([args, exit, talk]).toEqual([args, 1, expect.stringContaining("1.jsonl: something in it cannot be read")]);
    }
    expect(readFileSync(join(cwd, "x.jsonl"), "utf8")).toMatch(/^.*"one".*\n$/);
  });

  it("nor is a file that cannot be written a mistake in gangc", async () => {
    mkdirSync(join(cwd, "folder"));
    for (const args of [[], ["--format", "parquet"]]) {
      const { exit, talk } = await store("export", ...args, "--out", "folder");
      expect([exit, talk]).toEqual([3, expect.stringMatching(/^gangc: .*folder cannot be written \(.+\)\.\n$/)]);
    }
  });
});

it("forget names what is damaged and may hold it all the same", async () => {
  await store("compact");
  writeFileSync(join(cwd, ".gang", "sealed", "damaged-1-x.parquet"), "");
  const said = expect.stringMatching(/^\.gang\/sealed\/damaged-1-x\.parquet is damaged, and may hold some of it/m);
  for (let times = 0; times < 2; times += 1) {
    expect(await store("forget", "--match", "sk-secret")).toMatchObject({ exit: 1, talk: said });
  }
});

it.each([
  [["verfy"], "It is one of verify"],
  [[], "needs an argument"],
  [["forget"], "needs --id ID or --match TEXT"],
  [["verify", "--match", "x"], "takes no --match"],
  [["export", "--format", "parquet"], "needs --out FILE"],
])("gangc store %j is refused", async (args, said) => {
  expect(await store(...args)).toMatchObject({ exit: 2, out: "", talk: expect.stringContaining(said) });
});

it("reads a store that is not there as empty, and leaves it so", async () => {
  rmSync(join(cwd, ".gang"), { recursive: true });
  for (const action of ["verify", "compact", "rebuild", "export"]) {
    expect(await store(action)).toMatchObject({ exit: 0 });
  }
  expect(existsSync(join(cwd, ".gang"))).toBe(false);
});

it("of which something is damaged answers with the rest, and whoever reads it says so", async () => {
  await store("compact");
  const sealed = join(cwd, ".gang", "sealed");
  const [name] = readdirSync(sealed).filter((file) => file.endsWith(".parquet"));
  writeFileSync(join(sealed, name!), "PAR1");
  const program = `gang 1
type Guess = { x: int in 0..9 }
model own = embedded()
agent guess() -> Guess { model: own, prompt: "?" }
pipeline p { stage plan = guess() }
`;
  writeFileSync(join(cwd, "main.gang"), program);
  const commands = [["run"], ["runs"], ["knowledge"], ["best", "plan"], ["trust"], ["pending"], ["sql", "from runs"]];
  for (const command of commands) {
    const { exit, talk } = await gangc(command, { cwd });
    expect([command, exit]).toEqual([command, 0]);
    expect(talk, command[0]).toMatch(/^1 problem in the store, left out here \(gangc store verify tells all\): /m);
    expect(talk).toContain("cannot be read");
  }
  expect(await store("verify")).toMatchObject({ exit: 1 });
});

it.each([
  ["runs"],
  ["sql", "select 1"],
  ["knowledge"],
  ["show", "01a2041c-7849-70ab-b87b-f57e76edc121"],
  ["store", "verify"],
])("gangc %s says in a sentence that a file is no store", async (...command) => {
  writeFileSync(join(cwd, "file"), "");
  expect(await gangc([...command, "--store", "file"], { cwd })).toEqual({
    exit: 3,
    out: "",
    talk: `gangc: The store ${join(cwd, "file")} is not a folder that can be read.\n`,
  });
});
