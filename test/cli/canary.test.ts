/**
 * Secrets of every source, spoken out by everything that touches them, in runs that end in every way: they reach the
 * parameter that is declared for them, and stand nowhere else.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { serveMcp } from "../fixtures/mcp/over-http.ts";

const BIN = resolve(import.meta.dirname, "../../cli/gangc.cjs");

/** With what JSON, URLs and shells write differently. */
const canary = (name: string): string => `canary/${name}+"7\\é $x=${createHash("sha256").update(name).digest("hex")}`;
const CANARIES = {
  environment: canary("environment"),
  file: canary("file"),
  command: canary("command"),
  provider: canary("provider").replaceAll(/[^!-~]/g, "-"),
};
/** In gangc's own environment, and known to nobody as a secret. */
const STRANGER = "stranger-5d41402abc4b2a76b9719d911017c592";

const PROGRAM = `gang 1

import { throwIt, bigText } from "./tools.ts"

secret fromEnvironment
secret fromFile
secret fromCommand

model rig = openai("m") { price: $0 }
model sampler = embedded()

type Signed = { note: string }
tool sign(one: secret, two: secret, three: secret) -> Signed = exec("node", "sign.mjs") { timeout: 60s }
tool fails(one: secret) -> Signed = exec("node", "fails.mjs")
tool hangs(one: secret) -> Signed = exec("node", "hangs.mjs")

agent guess() -> bool {
  model: rig
  tools: [bigText(key: fromCommand)]
  prompt: "Up?"
}

pipeline p {
  stage guessed = guess() or none
  stage signed = sign(one: fromEnvironment, two: fromFile, three: fromCommand)
  stage thrown = throwIt(key: fromFile) or none
  stage refused = fails(one: fromCommand) or none
  stage big = bigText(key: fromEnvironment)
  //LAST
}
`;

const TOOLS = `
export function throwIt({ key }: { key: Secret }): { note: string } {
  execFileSync("sh", ["-c", "cat /proc/self/environ >> world/seen"]);
  console.log("console", key);
  process.stderr.write("stderr " + encodeURIComponent(key) + "\\n");
  throw new Error("thrown with " + key + " and " + JSON.stringify({ key }));
}
export function bigText({ key }: { key: Secret }): { text: string } {
  return { text: ("x".repeat(1000) + key + Buffer.from("a" + key).toString("base64")).repeat(100) };
}
import { execFileSync } from "node:child_process";
import type { Secret } from "ganglion/runtime";
`;

/** Names and contents of files, arguments and headers of servers, caches and checkpoints. */
const WAYS = `gang 1

secret fromEnvironment
secret fromFile
secret fromCommand

tools market = mcp("ADDRESS")
type Row = { id: string }

tool content(one: secret) -> file = exec("node", "files.mjs", "content")
tool extension(one: secret) -> file = exec("node", "files.mjs", "extension")
tool names(one: secret) -> dir = exec("node", "files.mjs", "names")
tool inside(one: secret) -> dir = exec("node", "files.mjs", "inside")
tool link(one: secret) -> dir = exec("node", "files.mjs", "link")
tool path(one: secret) -> file = exec("node", "files.mjs", "path")
tool cached(one: secret, word: string) -> Row = exec("node", "files.mjs", "cached") { cache: true }
tool kept(one: secret) -> Row = exec("node", "files.mjs", "kept") { cache: true }
tool rows(one: secret) -> Row[] = exec("node", "files.mjs", "rows")
tool long(id: string, one: secret) -> Row = exec("node", "files.mjs", "long") { checkpoint: 1m }

pipeline p {
  stage content = content(one: fromFile) or none
  stage extension = extension(one: fromFile)
  stage names = names(one: fromFile) or none
  stage inside = inside(one: fromFile) or none
  stage link = link(one: fromFile) or none
  stage path = path(one: fromFile) or none
  stage cached = cached(one: fromCommand, word: "a")
  stage again = cached(one: fromCommand, word: cached.id)
  stage kept = kept(one: fromCommand)
  stage rows = rows(one: fromEnvironment)
  for row in rows max 2 by row.id {
    stage long = long(id: row.id, one: fromCommand) or none
  }
  stage echoed = market.echo(key: fromCommand)
  stage refused = market.fails(key: fromEnvironment) or none
}
`;

const FILES = `
const [of] = process.argv.slice(2);
const { mkdirSync, symlinkSync, writeFileSync } = await import("node:fs");
const own = process.env.GANG_FOLDER;
const key = input.one;
const plain = key.replaceAll("/", "-");
const put = (name, text) => (writeFileSync(own + "/" + name, text), own + "/" + name);
const folder = (fill) => (mkdirSync(own + "/d"), fill(own + "/d"), own + "/d");
const does = {
  content: () => put("out.bin", Buffer.concat([Buffer.alloc(65_530), Buffer.from(key), Buffer.alloc(100_000)])),
  extension: () => put("out." + plain, "fine"),
  names: () => folder((at) => (mkdirSync(at + "/canary"), writeFileSync(at + "/" + key, "fine"))),
  inside: () => folder((at) => writeFileSync(at + "/fine", Buffer.from("ab" + key).toString("base64"))),
  link: () => folder((at) => symlinkSync(key, at + "/fine")),
  path: () => "no/" + key,
  cached: () => ({ id: "of " + key }),
  kept: () => ({ id: "nothing" }),
  rows: () => [{ id: "row " + key }],
  long: () => (writeFileSync(process.env.GANG_CHECKPOINT + "/step", "1"), process.exit(5)),
};
console.log(JSON.stringify(does[of]()));
`;

/** What all programs do first: note what others can see of them, and say what they know in every way. */
const SPEAK = `
import { appendFileSync, readFileSync } from "node:fs";
const input = JSON.parse(readFileSync(0, "utf8"));
appendFileSync("world/seen", readFileSync("/proc/self/cmdline") + "\\n" + readFileSync("/proc/self/environ") + "\\n");
for (const [name, key] of Object.entries(input)) {
  appendFileSync("world/got", name + " " + (await import("node:crypto")).createHash("sha256").update(key).digest("hex") + "\\n");
  for (const text of [key, JSON.stringify(key), JSON.stringify(JSON.stringify({ key })), encodeURIComponent(key), Buffer.from(key).toString("base64"), Buffer.from("ab" + key).toString("base64url")])
    console.error("job says", text);
}
`;

let server: Server;
let cwd: string;
const folders: string[] = [];

beforeAll(async () => {
  // As careless as a provider can be: what it was sent stands in what it says.
  server = createServer(async (request, response) => {
    const said = `no such key: ${request.headers.authorization}`;
    if (request.url?.startsWith("/speaking/")) {
      const delta = { role: "assistant", content: JSON.stringify({ text: said }) };
      const choice = { index: 0, delta, finish_reason: "stop" };
      const chunk = { id: "1", object: "chat.completion.chunk", created: 0, model: "m", choices: [choice] };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
      return;
    }
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: said } }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "gang-canary-"));
  folders.push(cwd);
  mkdirSync(join(cwd, "world"));
  const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text);
  write("package.json", '{ "type": "module" }');
  write("tools.ts", TOOLS);
  write("sign.mjs", `${SPEAK}console.log(JSON.stringify({ note: "signed with " + input.one }));`);
  write("fails.mjs", `${SPEAK}console.error("Error: " + input.one); process.exit(4);`);
  write("hangs.mjs", `${SPEAK}appendFileSync("world/hangs", String(process.pid)); setTimeout(() => {}, 30_000);`);
  write("files.mjs", `${SPEAK}${FILES}`);
  write("key.txt", `${CANARIES.file}\n`);
  write("ask.mjs", `console.log(${JSON.stringify(CANARIES.command)});`);
  write(
    "gang.yaml",
    `secrets:
  fromEnvironment: { env: CANARY }
  fromFile: { file: key.txt }
  fromCommand: { command: [node, ask.mjs] }
models:
  rig: { base_url: "http://127.0.0.1:${(server.address() as AddressInfo).port}/v1", key: { env: RIG_KEY } }
`,
  );
});

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function gangc(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: {
      PATH: process.env.PATH,
      CANARY: CANARIES.environment,
      RIG_KEY: CANARIES.provider,
      AWS_SECRET_ACCESS_KEY: STRANGER,
    },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream!.on("data", (part) => {
      text += part;
    });
  return { child, ended: once(child, "close").then(([code]) => ({ code, text })) };
}

const program = (last: string): void => writeFileSync(join(cwd, "main.gang"), PROGRAM.replace("//LAST", last));

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
}

/** The ways in which a text may stand in another. */
function formsOf(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const base64 = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.toString("base64").slice(before === 0 ? 0 : 4, Math.floor(bytes.length / 3) * 4);
    return [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
  // What is random in it must not stand anywhere, whatever is around it.
  return [text, escaped, JSON.stringify(escaped).slice(1, -1), encodeURIComponent(text), ...base64, text.slice(-64)];
}

function leaksIn(text: string): string[] {
  return Object.entries(CANARIES).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}

async function expectNoLeak(...said: readonly string[]): Promise<void> {
  for (const text of said) expect(leaksIn(text)).toEqual([]);
  const runs = await gangc("runs", "--format", "json").ended;
  const [run] = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}/.exec(runs.text)!;
  for (const args of [["show", run], ["runs"], ["knowledge"], ["sql", "select * from records", "--format", "json"]]) {
    const { code, text } = await gangc(...args).ended;
    expect([args[0], code, leaksIn(text)]).toEqual([args[0], 0, []]);
  }
  const files = filesUnder(join(cwd, ".gang"));
  expect(files.length).toBeGreaterThan(1);
  for (const path of files)
    expect([path, leaksIn(path), leaksIn(readFileSync(path, "latin1")), leaksIn(readFileSync(path, "utf8"))]).toEqual([
      path,
      [],
      [],
      [],
    ]);
  const seen = readFileSync(join(cwd, "world/seen"), "utf8");
  expect(seen).toContain("GANG_STAGE");
  expect([leaksIn(seen), seen.includes(STRANGER)]).toEqual([[], false]);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const hanging = async (): Promise<void> => {
  while (!filesUnder(join(cwd, "world")).some((path) => path.endsWith("hangs")))
    await new Promise((wake) => setTimeout(wake, 20));
};

describe("secrets stand nowhere but where they belong", () => {
  test("in a run that succeeds, and they got there", async () => {
    program("");
    const { code, text } = await gangc("run", "--ui", "json").ended;
    expect(code).toBe(0);
    for (const said of [
      "no such key: Bearer [secret]",
      "job says [secret]",
      "thrown with [secret]",
      "console [secret]",
    ])
      expect(text).toContain(said);
    const got = readFileSync(join(cwd, "world/got"), "utf8");
    expect(got).toContain(`one ${hash(CANARIES.environment)}`);
    expect(got).toContain(`two ${hash(CANARIES.file)}`);
    expect(got).toContain(`three ${hash(CANARIES.command)}`);
    await expectNoLeak(text);
    expect(filesUnder(join(cwd, ".gang")).some((path) => path.includes("artifacts"))).toBe(true);
  }, 60_000);

  test("in a run that fails, and one that only says so", async () => {
    program("stage last = throwIt(key: fromEnvironment)");
    const { code, text } = await gangc("run", "--ui", "plain").ended;
    expect(code).toBe(1);
    await expectNoLeak(text);
  }, 60_000);

  test.each(["SIGINT", "SIGKILL"] as const)(
    "in a run that is ended by %s",
    async (signal) => {
      program("stage last = hangs(one: fromCommand)");
      const { child, ended } = gangc("run", "--ui", "json");
      await hanging();
      child.kill(signal);
      const { code, text } = await ended;
      expect(code).toBe(signal === "SIGINT" ? 130 : null);
      await expectNoLeak(text);
      // Nor does the program outlive the process that started it.
      const pid = Number(readFileSync(join(cwd, "world/hangs"), "utf8"));
      await expect.poll(() => isThere(pid), { timeout: 5000 }).toBe(false);
    },
    60_000,
  );

  test("in names and contents of files, in servers' arguments and headers, in caches and checkpoints", async () => {
    const served = await serveMcp({
      before: ({ headers }, response, _, tool) => {
        if (tool !== "fails") return false;
        response.writeHead(403).end(`not with ${headers["x-key"]} and ${headers.authorization}`);
        return true;
      },
    });
    onTestFinished(served.close);
    const yaml = join(cwd, "gang.yaml");
    const headers = `{ Authorization: 'Bearer \${provider}', X-Key: '\${provider}' }`;
    writeFileSync(
      yaml,
      readFileSync(yaml, "utf8").replace(
        "models:",
        `  provider: { env: RIG_KEY }\nservers:\n  market: { headers: ${headers} }\nmodels:`,
      ),
    );
    writeFileSync(join(cwd, "main.gang"), WAYS.replace("ADDRESS", served.url));
    const locked = await gangc("lock").ended;
    expect([locked.code, leaksIn(locked.text), leaksIn(readFileSync(join(cwd, "gang.lock"), "utf8"))]).toEqual([
      0,
      [],
      [],
    ]);
    const { code, text } = await gangc("run", "--ui", "json").ended;
    expect(code).toBe(0);
    const ended = text.split("\n").flatMap((line) => /^{.*"kind":"stage.ended".*/.exec(line) ?? []);
    const outcome = (stage: string): string => {
      const { output, error = JSON.stringify(output) } = JSON.parse(
        ended.find((line) => line.includes(`"p.${stage}"`)) ?? "{}",
      );
      return error;
    };
    expect(
      ["content", "extension", "names", "inside", "link", "path", "cached", "echoed", "refused"].map(outcome),
    ).toEqual([
      "the result holds a secret, and is not kept",
      expect.stringMatching(/^"file:[0-9a-f]{64}:4"$/),
      "the result holds a secret, and is not kept",
      "the result (fine) holds a secret, and is not kept",
      "the result holds a secret, and is not kept",
      "the result does not exist: no/[secret]",
      '{"id":"of [secret]"}',
      expect.stringContaining("[secret]"),
      expect.stringMatching(/answered with status 403: not with \[secret\] and Bearer \[secret\]$/),
    ]);
    expect(served.seen.every(({ headers }) => headers.authorization === `Bearer ${CANARIES.provider}`)).toBe(true);
    await expectNoLeak(text);
    expect(readdirSync(join(cwd, ".gang/checkpoints")).length).toBeGreaterThan(0);
    // What holds a secret is called again, the rest is known by a hash.
    expect(readdirSync(join(cwd, ".gang/cache/calls"))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  }, 60_000);

  test("in answers that are recorded", async () => {
    const yaml = join(cwd, "gang.yaml");
    writeFileSync(yaml, readFileSync(yaml, "utf8").replace("/v1", "/speaking"));
    writeFileSync(
      join(cwd, "main.gang"),
      `gang 1
model rig = openai("m") { price: $0 }
type Said = { text: string }
agent guess() -> Said {
  model: rig
  prompt: "Up?"
}
pipeline p {
  stage guessed = guess()
}
test "up" for p {
  given guess = recorded("guess.json")
  run guessed
  expect guessed.text != ""
}
`,
    );
    const { code, text } = await gangc("test", "--record").ended;
    const recorded = readFileSync(join(cwd, "guess.json"), "utf8");
    expect([code, leaksIn(text), leaksIn(recorded)]).toEqual([0, [], []]);
    expect(recorded).toContain("no such key: Bearer [secret]");
    for (const path of filesUnder(cwd).filter((path) => path !== join(cwd, "key.txt") && !path.endsWith("ask.mjs")))
      expect([path, leaksIn(path), leaksIn(readFileSync(path, "utf8"))]).toEqual([path, [], []]);
  }, 60_000);

  test("and where one is missing, that is said before anything runs", async () => {
    program("");
    rmSync(join(cwd, "key.txt"));
    const { code, text } = await gangc("run", "--ui", "plain").ended;
    expect(code).toBe(3);
    expect(text).toContain("The secret fromFile is missing: key.txt does not exist.");
    expect(readdirSync(join(cwd, "world"))).toEqual([]);
  }, 60_000);
});
