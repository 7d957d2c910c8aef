import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { complete } from "../../../cli/sql/completion.ts";
import { type History, historyFile, openHistory } from "../../../cli/sql/history.ts";
import { page } from "../../../cli/sql/pager.ts";
import { prompt } from "../../../cli/sql/prompt.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "gang-prompt-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const forgetful = (): History => ({ entries: [], add() {} });

/** What the typed lines have answered, and what was shown meanwhile. */
async function type(text: string, { terminal = false, history = forgetful() } = {}) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answered: string[] = [];
  const done = prompt({ input, output, terminal, history, answer: async (statement) => void answered.push(statement) });
  // Key by key: what comes at once is taken for pasted text, in which a tab is a tab.
  for (const key of terminal ? text : [text]) {
    input.write(key);
    await sleep(1);
  }
  input.end();
  await done;
  return { answered, shown: String(output.read()) };
}

describe("the prompt", () => {
  it("takes lines until a semicolon or an empty line for one statement", async () => {
    const { answered, shown } = await type("select 1;\nselect\n  2\n\n\nselect 3\n;\n");
    expect(answered).toEqual(["select 1;", "select\n  2\n", "select 3\n;"]);
    expect(shown).toContain("  -> ");
  });

  it.each(["exit", "quit;", ".exit"])("leaves at %s", async (word) => {
    expect((await type(`select 1;\n${word}\nselect 2;\n`)).answered).toEqual(["select 1;"]);
  });

  it("answers what stands there when a script ends", async () => {
    expect((await type("select 1\n")).answered).toEqual(["select 1"]);
  });

  it("completes with Tab, and drops what was begun with Ctrl-C", async () => {
    const { answered } = await type("select pla\x03select strength fr\t patt\t;\r", { terminal: true });
    expect(answered).toEqual(["select strength from patterns;"]);
  });

  it("has what was typed before", async () => {
    const history = { entries: ["select 1;", "select 2;"], add() {} };
    expect((await type("\x1b[A\x1b[A\r", { terminal: true, history })).answered).toEqual(["select 1;"]);
  });

  it("ends a running query with Ctrl-C and goes on", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const ended: string[] = [];
    const done = prompt({
      ...{ input, output, terminal: true, history: forgetful() },
      answer: (statement, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            ended.push(statement);
            resolve();
          });
          setTimeout(() => input.write("\x03"), 20);
        }),
    });
    input.write("select 1;\r");
    while (ended.length === 0) await sleep(5);
    input.write("select 2;\r");
    while (ended.length === 1) await sleep(5);
    input.end();
    await done;
    expect(ended).toEqual(["select 1;", "select 2;"]);
  });
});

describe("completion", () => {
  it.each([
    ["sel", ["select"]],
    ["SELECT * FROM patt", ["patterns"]],
    ["select * from lead", ["lead".concat("erboard")]],
    ["select a from trust where disag", ["disagreement"]],
    ["select runs.pipe", ["pipeline"]],
    ["select r.pipe from runs r where r.pipe", ["pipeline"]],
    ["select xyz", []],
  ])("%s", (text, words) => expect(complete(text)[0]).toEqual(words));
});

describe("the history", () => {
  it("is there again, of this user alone, without repetitions, and survives damage", () => {
    const file = historyFile({ XDG_STATE_HOME: folder() });
    const history = openHistory(file);
    for (const statement of ["select 1;", "select\n2;", "select\n2;"]) history.add(statement);
    expect(statSync(file).mode & 0o077).toBe(0);
    writeFileSync(file, `${readFileSync(file, "utf8")}{not json\n7\n`);
    expect(openHistory(file).entries).toEqual(["select 1;", "select\n2;"]);
  });

  it("keeps the newest thousand", () => {
    const file = historyFile({ HOME: folder() });
    const first = openHistory(file);
    for (let i = 0; i < 1100; i += 1) first.add(`select ${i};`);
    expect(openHistory(file).entries).toHaveLength(1000);
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(1001);
  });

  it("is kept for one prompt where nothing can be written", () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    const history = openHistory(join(file, "history"));
    history.add("select 1;");
    expect(history.entries).toEqual(["select 1;"]);
  });
});

describe("the pager", () => {
  it("gets all of it, may leave early, and is told from one that is not there", async () => {
    const file = join(folder(), "shown");
    expect(await page("a\nb\n", `cat > ${file}`)).toBe(true);
    expect(readFileSync(file, "utf8")).toBe("a\nb\n");
    expect(await page("x\n".repeat(1_000_000), "true")).toBe(true);
    expect(await page("x", "no-such-pager-anywhere 2>/dev/null")).toBe(false);
  });
});
