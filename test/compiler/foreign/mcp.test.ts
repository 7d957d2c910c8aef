/** gang.lock as the checker reads it: one line a case. */
import { describe, expect, test } from "vitest";
import { type Lock, lockText, readLock } from "../../../compiler/foreign/mcp.ts";
import type { Json } from "../../../runtime/types.ts";
import { check, mended } from "../semantics/memory.ts";

const object = (properties: { readonly [name: string]: Json }, ...required: string[]): Json => ({
  type: "object",
  properties,
  required,
});

const LOCK: Lock = new Map([
  [
    "market",
    {
      command: ["./market"],
      tools: new Map([
        ["quote", { inputSchema: object({ symbol: { type: "string" } }, "symbol"), outputSchema: { type: "number" } }],
        ["get-history", { inputSchema: object({}) }],
        ["login", { inputSchema: object({ key: { type: "string", format: "password" } }, "key") }],
        ["order", { inputSchema: object({}), destructive: true as const }],
        ["odd", { inputSchema: object({ "max-results": { type: "integer" } }, "max-results") }],
        ["a-b", { inputSchema: object({}) }],
        ["a.b", { inputSchema: object({}) }],
      ]),
    },
  ],
]);

const TEXT = lockText(LOCK);
const program = (stages: string, command = '"./market"'): string => `gang 1
tools market = mcp(${command})
secret key
pipeline p {
${stages}
}
`;
const said = (stages: string, lock: string | null = TEXT, command?: string): string[] =>
  check(program(stages, command), lock === null ? {} : { "gang.lock": lock })
    .filter(({ severity }) => severity === "error")
    .map(({ code, message }) => `${code} ${message}`);

describe("a server's tools", () => {
  test.each([
    ["are called by name, with named arguments", 'stage a = market.quote(symbol: "TAO")', []],
    ["have names that Gang can write", "stage a = market.get_history()", []],
    ["take what their schemas say", "stage a = market.quote(symbol: 5)", ["GANG3001"]],
    ["need what their schemas require", "stage a = market.quote()", ["GANG3004"]],
    ["take a secret where their schema has a password", "stage a = market.login(key)", []],
    [
      "that destroy are effects, with nothing after an `or`",
      "stage a = market.order() or market.get_history()",
      ["GANG6003"],
    ],
    ["take a secret nowhere else", "stage a = market.quote(symbol: key)", ["GANG6001"]],
  ])("%s", (_, stage, codes) => {
    expect(said(stage).map((one) => one.slice(0, 8))).toEqual(codes);
  });

  test("that are not there are said, with a mend", () => {
    const text = program('stage a = market.qoute(symbol: "TAO")');
    const [first] = check(text, { "gang.lock": TEXT }).filter(({ severity }) => severity === "error");
    expect(first).toMatchObject({ code: "GANG8021", message: "`market` has no tool named `qoute`." });
    expect(mended(text, first!)).toContain("market.quote(");
  });

  test.each([
    ["stage a = market.odd()", "`market.odd` cannot be called: it needs `max-results`, a name that Gang cannot write."],
    [
      "stage a = market.a_b()",
      "`market.a_b` cannot be called: the server has `a-b` and `a.b`, and both are `a_b` here.",
    ],
  ])("that cannot be called are said where they are: %s", (stage, message) => {
    expect(said(stage)).toEqual([`GANG8022 ${message}`]);
  });

  test("are routed and limited by name", () => {
    expect(
      check(`${program('stage a = market.quote(symbol: "T")')}route { market.qote -> local }\n`, {
        "gang.lock": TEXT,
      }).map(({ code }) => code),
    ).toContain("GANG8021");
  });
});

describe("a lock", () => {
  const stage = 'stage a = market.quote(symbol: "TAO")';
  test.each<[string, string | null, RegExp]>([
    ["that is missing", null, /^GANG8018 .*this project has no `gang.lock`\.$/],
    ["without the server", lockText(new Map()), /^GANG8018 .*does not have this server\.$/],
    ["that is no JSON", "{", /^GANG8020 .*: it is not JSON\.$/],
    ["in the middle of a merge", `<<<<<<< ours\n${TEXT}`, /^GANG8020 .*the marks of a merge\.$/],
    ["of a later version", TEXT.replace('"version": 1', '"version": 2'), /^GANG8020 .*of version 2, and this is 1\.$/],
    ["changed by hand", TEXT.replace('"string"', '"number"'), /^GANG8020 .*`market` was changed by hand\.$/],
    ["of another form", '{"version":1,"servers":{"market":{"tools":[]}}}', /^GANG8020 .*has another form\.$/],
    [
      "nested without end",
      `{"version":1,"servers":{"market":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}}`,
      /^GANG8020/,
    ],
  ])("%s: one error, and its mend", (_, lock, message) => {
    const errors = said(stage, lock);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
  });

  test("that another command wrote is said, and its tools go on being known", () => {
    expect(said(stage, TEXT, '"./market", "--fast"')).toEqual([
      "GANG8019 What `gang.lock` says of `market` came from another command: `./market`.",
    ]);
  });

  test("reads as it was written, whatever the tools are called", () => {
    const odd: Lock = new Map([
      ["__proto__", { command: ["x"], tools: new Map([["__proto__", { inputSchema: object({}) }]]) }],
      ...LOCK,
    ]);
    const read = readLock({ ok: true, text: lockText(odd) });
    expect(read.ok && [...read.lock.keys()].sort()).toEqual(["__proto__", "market"]);
    expect(read.ok && lockText(read.lock)).toBe(lockText(odd));
  });
});
