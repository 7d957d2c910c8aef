import { describe, expect, test } from "vitest";
import { parseMachine } from "../../runtime/machine.ts";

/** The problems of a file, each as the text it stands at and what is said. */
function problems(text: string): string[] {
  return parseMachine(text).problems.map(({ start, end, message }) => `${text.slice(start, end)} | ${message}`);
}

describe("gang.yaml", () => {
  test("a whole one", () => {
    const { machine, problems } = parseMachine(`
peer: rig-7
secrets:
  hotkey: { file: ~/.keys/hotkey }
models:
  rig: { base_url: "http://127.0.0.1:8000/v1", key: { env: RIG_KEY } }
share: evidence
retention: 90d
`);
    expect(problems).toEqual([]);
    expect(machine.peer).toBe("rig-7");
    expect(machine.retention).toBe(90 * 86_400);
  });

  test("a backend's address is checked; what its provider needs beyond is its own", () => {
    expect(problems("backends:\n  gpus: { host: 5 }\n")).toEqual(["5 | `backends.gpus.host` must be a string"]);
    expect(problems("backends:\n  gpus: { host: a, port: 70000 }\n")).toEqual([
      "70000 | `backends.gpus.port` must be a whole number from 1 to 65535",
    ]);
    expect(problems("backends:\n  gpus: { host: a, user: b, port: 22, namespace: c }\n")).toEqual([]);
  });

  test("an empty one says nothing", () => {
    expect(parseMachine("")).toEqual({ machine: {}, problems: [], shown: "" });
  });

  test.each<[string, string[]]>([
    ["pear: x", ["pear | `pear` is not known here"]],
    ["share: everything", ["everything | `share` must be one of evidence, all"]],
    ["peer: [1]", ["[1] | `peer` must be a string"]],
    ["limits: { cost: 5 }", ["{ cost: 5 } | `limits` must be a list"]],
    ["- a", ["the file must be a map of settings"].map((message) => ` | ${message}`)],
    ["retention: 90", ["90 | `retention` must be a string"]],
    ["retention: 90y", ["90y | `retention`: a duration is a number and one of s, m, h, d, w: 30m, 90d"]],
    [
      "models:\n  rig: { base_url: nowhere }",
      ["nowhere | `models.rig.base_url` must be a URL, such as http://127.0.0.1:8000/v1"],
    ],
  ])("%j", (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test("a key pasted where its source belongs is not echoed", () => {
    const [problem] = parseMachine("secrets:\n  hotkey: 5Hq-very-secret").problems;
    expect(problem?.message).toContain("`secrets.hotkey` must be one of");
    expect(problem?.message).not.toContain("very-secret");
  });

  test.each([
    [
      "secrets:\n  hotkey: sk-1\n  b: { env: X }\npeer: [1]\n",
      "secrets:\n  hotkey: ****\n  b: { env: * }\npeer: [1]\n",
    ],
    [
      "token: sk-1\nmodels:\n  rig: { base_ulr: x, key: sk-2 }",
      "token: ****\nmodels:\n  rig: { base_ulr: *, key: **** }",
    ],
    ["secrets:\n  hotkey: a: sk-1\n", "secrets:\n  hotkey: ** ****\n"],
    ["peer: *sk-1\n", "peer: *****\n"],
  ])("what may be a secret is not shown: %j", (text, shown) => {
    expect(parseMachine(text).shown).toBe(shown);
  });

  test("a near name has its neighbours, in a table too", () => {
    const { problems } = parseMachine("models:\n  rig: { base_ulr: x }");
    expect(problems[0]?.unknown).toEqual({ key: "base_ulr", known: ["base_url", "key", "limit"] });
  });

  test("a text that is no YAML has one problem, however many slips", () => {
    expect(parseMachine("a: b: c\n- d\n\te: {").problems).toHaveLength(1);
  });

  test("one mistyped line does not take the rest away", () => {
    expect(parseMachine("peer: rig-7\nshare: everything").machine).toEqual({ peer: "rig-7" });
  });

  test("an alias bomb is refused, not unfolded", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]",
      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]",
      "d: [*c,*c,*c,*c]",
    ].join("\n");
    expect(() => parseMachine(bomb)).not.toThrow();
    expect(parseMachine(bomb).problems.length).toBeGreaterThan(0);
  });
});
