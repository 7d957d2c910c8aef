/** gangc lock: real servers as child processes, an honest one and hostile ones. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { serveMcp } from "../fixtures/mcp/over-http.ts";
import { gangc } from "./terminal.ts";

const SERVERS = resolve(import.meta.dirname, "../fixtures/mcp");

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-lock-")));
  put("package.json", "{}");
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const pinned = (): string => readFileSync(join(folder, "gang.lock"), "utf8");
const lock = (...args: string[]) => gangc(["lock", ...args], { cwd: folder });
const server = (file: string, ...args: string[]): string =>
  `mcp(${[process.execPath, join(SERVERS, file), ...args].map((part) => JSON.stringify(part)).join(", ")})`;

const MARKET = `gang 1
import { keep } from "./tools.ts"
tools market = ${server("market.mjs")} { timeout: 20s }
pipeline watch {
  stage now = market.quote(symbol: "TAO")
  stage past = market.get_history(symbol: "TAO", days: 30)
  stage kept = keep(value: now.price)
  stage too = keep(value: past)
}
`;

describe("a server at an address", () => {
  test("is asked with the headers of gang.yaml, pinned by its address, and called by a run, which then ends", async () => {
    const served = await serveMcp({
      before: (request, response) => {
        if (request.headers.authorization === "Bearer sk-of-the-market") return false;
        response.writeHead(401).end(`no such key: ${request.headers.authorization}`);
        return true;
      },
    });
    onTestFinished(served.close);
    put(
      "main.gang",
      `gang 1\ntools market = mcp("${served.url}")\npipeline p {\n  stage two = market.double(value: 1)\n}\n`,
    );
    put("key.txt", "sk-of-the-market");
    const server = `servers:\n  market: { headers: { Authorization: 'Bearer \${marketKey}' } }\n`;
    put("gang.yaml", server);
    const nowhere = await lock();
    expect(nowhere.exit).toBe(EXIT.environment);
    expect(nowhere.talk).toContain(
      "the server `market` cannot be asked: the secret marketKey comes from nowhere here.",
    );
    put("gang.yaml", `${server}secrets: { marketKey: { file: wrong.txt } }\n`);
    put("wrong.txt", "sk-another-key");
    expect((await lock()).talk).toContain(
      "the server `market` answered with status 401: no such key: Bearer [secret].",
    );
    put("gang.yaml", `${server}secrets: { marketKey: { file: key.txt } }\n`);
    expect(await lock()).toMatchObject({ exit: EXIT.fine, talk: "gang.lock: `market` is new, with 6 tools\n" });
    expect(pinned()).toContain(served.url);
    expect(pinned()).not.toContain("sk-of");
    const ran = await gangc(["run", "--ui", "json"], { cwd: folder });
    expect([ran.exit, ran.out]).toEqual([EXIT.fine, expect.stringContaining('"output":{"value":2}')]);
    rmSync(join(folder, "key.txt"));
    const missing = await gangc(["run", "--ui", "plain"], { cwd: folder });
    expect([missing.exit, missing.talk]).toEqual([
      EXIT.environment,
      expect.stringContaining("The secret marketKey is missing: key.txt does not exist."),
    ]);
  });
});

describe("an honest server", () => {
  beforeEach(() => {
    put("tools.ts", "export function keep(_: { value: unknown }): void {}\n");
    put("main.gang", MARKET);
  });

  test("is asked page by page, pinned, and then checked against without being started", async () => {
    expect((await gangc(["check"], { cwd: folder })).out).toContain("gangc lock");
    const { exit, talk } = await lock();
    expect({ exit, talk }).toEqual({ exit: EXIT.fine, talk: "gang.lock: `market` is new, with 3 tools\n" });
    const checked = await gangc(["check"], { cwd: folder });
    expect(checked.out).toBe("");
    expect(checked.exit).toBe(EXIT.fine);
  });

  test("has its tools in the plan under their own names, with the settings of all", async () => {
    await lock();
    await gangc(["build", "--emit", "json", "--out", "out"], { cwd: folder });
    const plan = JSON.parse(readFileSync(join(folder, "out/plan.json"), "utf8"));
    expect(plan.tools["market.get_history"]).toMatchObject({
      from: { kind: "mcp", tool: "get-history" },
      timeout: 20,
      parameters: [
        { name: "days", type: { kind: "int", low: 1, high: 365 } },
        { name: "symbol", type: { kind: "string" }, doc: "The coin's ticker." },
      ],
    });
  });

  test("is pinned by a text that says whose it is, sorted, the same each time, without control characters", async () => {
    await lock();
    const first = pinned();
    expect(Object.keys(JSON.parse(first))).toEqual(["about", "version", "servers"]);
    expect(JSON.parse(first).about).toContain("Generated by `gangc lock`");
    expect(Object.keys(JSON.parse(first).servers.market.tools)).toEqual(["get-history", "quote", "sell"]);
    expect(first).not.toContain("\\u001b");
    expect((await lock()).talk).toBe("gang.lock: nothing has changed.\n");
    rmSync(join(folder, "gang.lock"));
    await lock("main.gang");
    expect(pinned()).toBe(first);
  });

  test("sees none of the keys of the environment", async () => {
    process.env.ANTHROPIC_API_KEY = "sk-not-for-servers";
    try {
      put("main.gang", `tools market = ${server("market.mjs", "telling")}\n`);
      expect((await lock()).exit).toBe(EXIT.fine);
      const { description } = JSON.parse(pinned()).servers.market.tools.tell;
      expect(description).toContain("PATH");
      expect(description).not.toContain("KEY");
    } finally {
      delete process.env.ANTHROPIC_API_KEY;
    }
  });

  test("that has changed is found by --check, which names what did, and writes nothing", async () => {
    await lock();
    const before = pinned();
    expect(await lock("--check")).toMatchObject({ exit: EXIT.fine });
    put("main.gang", MARKET.replace('market.mjs"', 'market.mjs", "fewer"'));
    const { exit, out } = await lock("--check");
    expect(exit).toBe(EXIT.problems);
    expect(out).toBe("gang.lock: `market` is started by another command\ngang.lock: `market.sell` is gone\n");
    expect(pinned()).toBe(before);
  });

  test("that is declared no longer is taken out, but not by a look at another file alone", async () => {
    await lock();
    put("main.gang", "type T = int\n");
    put("other.gang", `tools other = ${server("market.mjs", "fewer")}\n`);
    expect((await lock("other.gang")).talk).toBe("gang.lock: `other` is new, with 2 tools\n");
    expect(Object.keys(JSON.parse(pinned()).servers)).toEqual(["market", "other"]);
    expect((await lock()).talk).toBe("gang.lock: `market` is declared no longer\n");
  });

  test("under one name by two commands is refused before anything is started", async () => {
    put("other.gang", `tools market = ${server("market.mjs", "fewer")}\n`);
    const { exit, talk } = await lock();
    expect(exit).toBe(EXIT.problems);
    expect(talk).toContain("`market` is started by one command in main.gang, and by another in other.gang.");
    expect(existsSync(join(folder, "gang.lock"))).toBe(false);
  });
});

describe("a server that misbehaves gets one sentence, and is left behind", () => {
  test.each([
    [
      "does not exist",
      'mcp("no-such-server-anywhere")',
      "does not start: there is no program `no-such-server-anywhere`",
    ],
    [
      "ends",
      server("hostile.mjs", "exit"),
      "ended with code 3 before it had answered. It said: MARKET_TOKEN is not set",
    ],
    ["says nothing", server("hostile.mjs", "silent"), "did not answer within 1 s"],
    [
      "prints something else",
      server("hostile.mjs", "garbage"),
      'no message of the protocol, "Listening on port 8080 …"',
    ],
    [
      "answers nonsense",
      server("hostile.mjs", "nonsense"),
      "answers in a way that the protocol does not know: `tools`",
    ],
    ["never ends a line", server("hostile.mjs", "flood"), "sends a message of more than 4 MB"],
    ["never ends its list", server("hostile.mjs", "endless"), "lists tools without end"],
    ["has a schema without end", server("hostile.mjs", "deep"), "describes its tool `deep` by a schema without end"],
  ])("%s", { timeout: 10_000 }, async (_, declared, sentence) => {
    put("main.gang", `tools market = ${declared}\n`);
    const { exit, talk } = await lock("--timeout", "1s");
    expect(talk).toContain(sentence);
    expect(talk).toMatch(/^gangc: the server `market` [^\n]*\.\n$/);
    expect(exit).toBe(EXIT.environment);
    expect(existsSync(join(folder, "gang.lock"))).toBe(false);
  });

  test("the pin it had stays, and another server's is renewed", async () => {
    put("main.gang", `tools a = ${server("market.mjs")}\ntools b = ${server("market.mjs")}\n`);
    await lock();
    put("main.gang", `tools a = ${server("market.mjs", "fewer")}\ntools b = ${server("hostile.mjs", "exit")}\n`);
    const { exit, talk } = await lock();
    expect(exit).toBe(EXIT.environment);
    expect(talk).toContain("gang.lock: `a.sell` is gone");
    expect(Object.keys(JSON.parse(pinned()).servers)).toEqual(["a", "b"]);
  });
});
