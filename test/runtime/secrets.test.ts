import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Redactor, Secrets } from "../../runtime/secrets.ts";
import { asking, GOOD, modelOf } from "./models/asking.ts";

const root = mkdtempSync(join(tmpdir(), "gang-secrets-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("what is left of a secret where a text was cut for a record is none of it", () => {
  const redactor = new Redactor();
  redactor.learn("sk-live-ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const text = "headers were Bearer sk-live-ABCDEFGHIJKLMNOPQRSTUVWXYZ, and so on";
  for (let cut = "headers were Bearer sk-liv".length; cut < text.length; cut++)
    for (const end of ["", "…"])
      expect(redactor.text(text.slice(0, cut) + end)).toMatch(/^headers were Bearer \[secret\]/);
  expect(redactor.text('printed "Bearer sk-live-ABC": no JSON')).toBe('printed "Bearer [secret]": no JSON');
  expect(redactor.text("has the key sk-live-ABCDEFGHIJKLMN: left out")).toBe("has the key [secret]: left out");
  expect(redactor.text("asks for sk-")).toBe("asks for sk-");
  expect(redactor.text("sk-liver, raw")).toBe("sk-liver, raw");
});

describe("where secrets come from", () => {
  test("the environment, a file, a command: each read once, when it is asked for", async () => {
    writeFileSync(join(root, "key.txt"), "from-a-file\n");
    writeFileSync(join(root, "calls.txt"), "");
    const script = "require('fs').appendFileSync('calls.txt', 'x'); console.log('from-a-command')";
    const command = [process.execPath, "-e", script];
    const secrets = new Secrets({ root, environment: { NAME: "from-the-environment", PATH: process.env.PATH } });
    expect(await secrets.value({ env: "NAME" })).toBe("from-the-environment");
    expect(await secrets.value({ file: "key.txt" })).toBe("from-a-file");
    expect(await secrets.value({ command })).toBe("from-a-command");
    expect(await secrets.value({ command })).toBe("from-a-command");
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(root, "calls.txt"), "utf8")).toBe("x");
    expect(secrets.redactor.text("a from-a-file, a from-a-command")).toBe("a [secret], a [secret]");
  });

  test("what is missing is said, and never what is there", async () => {
    const secrets = new Secrets({ root, environment: {} });
    expect(secrets.missing({ env: "NAME" })).toBe("NAME is not set");
    expect(secrets.missing({ file: "nowhere.txt" })).toBe("nowhere.txt does not exist");
    const exit = [process.execPath, "-e", "console.log('half-a-secret'); process.exit(3)"];
    await expect(secrets.value({ command: exit })).rejects.toMatchObject({
      class: "no_key",
      message: expect.stringMatching(/ended with code 3$/),
    });
    await expect(secrets.value({ command: ["/no/such/program"] })).rejects.toThrow("cannot be started");
    await expect(secrets.value({ env: "NAME" })).rejects.toMatchObject({ class: "no_key" });
  });
});

test("what gang.yaml says in full, and should by a name, is a secret too", () => {
  const { redactor } = new Secrets({
    root,
    environment: {},
    machine: {
      models: {
        rig: { base_url: "http://me:pass%2Fword1@127.0.0.1:1/v1" },
        odd: { base_url: "http://me:half%zzodd@127.0.0.1:1/v1" },
      },
      servers: {
        market: {
          headers: { Authorization: "Bearer sk-in-full", "X-Api-Key": `\${marketKey} and-more`, Accept: "text/plain" },
        },
      },
    },
  });
  for (const [said, shown] of [
    ["no such key: Bearer sk-in-full", "no such key: Bearer [secret]"],
    ["http://me:pass%2Fword1@127.0.0.1:1/v1, pass/word1", "http://me:[secret]@127.0.0.1:1/v1, [secret]"],
    ["and-more", "[secret]"],
    ["text/plain of marketKey", "text/plain of marketKey"],
  ])
    expect(redactor.text(said!)).toBe(shown);
});

describe("the redactor", () => {
  const secret = 'sk-"quoted"/and + spaced\\';
  const redactor = new Redactor();
  redactor.learn(secret);

  test.each([
    ["as it is", secret],
    ["as JSON", JSON.stringify({ key: secret })],
    ["as JSON in JSON", JSON.stringify(JSON.stringify({ key: secret }))],
    ["in a URL", `https://a.example/?key=${encodeURIComponent(secret)}`],
    ["in a form", new URLSearchParams({ key: secret }).toString()],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in base64, after a user's name", Buffer.from(`me:${secret}`).toString("base64")],
    ["in base64, in the middle", Buffer.from(`user=${secret}&more`).toString("base64url")],
  ])("finds it %s", (_, text) => {
    const clean = redactor.text(text);
    expect(clean).toContain("[secret]");
    for (const part of ["quoted", "cXVvdGVk", "spaced"]) expect(clean).not.toContain(part);
  });

  test("in records: in values, in the names of fields, at any depth; what is clean is not copied", () => {
    const key = "a-long-secret";
    const of = new Redactor();
    const dirty = { kind: "event", peer: "main", name: "log", list: [{ [key]: `x ${key}` }] } as never;
    expect(of.drafts([dirty])[0]).toBe(dirty);
    of.learn(key);
    expect(of.drafts([dirty])).toEqual([
      { kind: "event", peer: "main", name: "log", list: [{ "[secret]": "x [secret]" }] },
    ]);
    const clean = [{ kind: "event", peer: "main", name: "log" }] as never;
    expect(of.drafts(clean)).toBe(clean);
  });

  test("the lines of a key in many lines, too; what is too short stands everywhere by chance", () => {
    const of = new Redactor();
    of.learn("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----");
    of.learn("abc");
    expect(of.text("log: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC abc")).toBe("log: [secret] abc");
  });
});

test("a key that a provider quotes in its error stands in no record", async () => {
  const { trail, of } = await asking({
    store: root,
    models: { deep: modelOf("anthropic") },
    script: [{ status: 400, body: { error: { message: "bad header x-api-key: key-of-deep" } } }, GOOD],
  });
  expect(of("attempt.ended")[0]!.error).toBe("400: bad header x-api-key: [secret]");
  expect(JSON.stringify(trail.drafts)).not.toContain("key-of-deep");
});

test("a provider's own key is not sent to another's address", async () => {
  const { server } = await asking({
    store: root,
    models: { rig: modelOf("openai") },
    script: [GOOD],
    keyless: true,
  });
  expect(server.asked[0]!.headers.authorization).toBe("Bearer none");
});
