import { describe, expect, test } from "vitest";
import { parsePeers, undeclaredNote } from "../../../cli/run/peers.ts";
import type { Peer } from "../../../runtime/plan.ts";

const peer: Peer = { pipeline: "research", overrides: [], at: [0, 1, 1, 1] };
const declared = { explorer: peer, optimizer: peer };

describe("--peer", () => {
  test("takes names, declared or not", () => {
    expect(parsePeers("explorer, challenger", declared)).toEqual([
      { name: "explorer", declared: "explorer" },
      { name: "challenger", declared: undefined },
    ]);
  });

  test("numbers several of a name from 1", () => {
    expect(parsePeers("explorer*3", declared).map(({ name }) => name)).toEqual([
      "explorer-1",
      "explorer-2",
      "explorer-3",
    ]);
    expect(parsePeers("explorer*1", declared)).toEqual([{ name: "explorer-1", declared: "explorer" }]);
  });

  test("does not take what every object has for a declaration", () => {
    expect(parsePeers("constructor", declared)[0]!.declared).toBeUndefined();
  });

  test.each([
    ["", "cannot read"],
    ["a,,b", "cannot read"],
    ["a*", "cannot read"],
    ["a*0", "from 1"],
    ["a*1000", "from 1"],
    ["../x", "cannot read"],
    ["a,a", "twice"],
    ["a*2,a-1", "twice"],
  ])("refuses %j", (text, why) => expect(() => parsePeers(text, declared)).toThrow(why));
});

describe("a name that no declaration has", () => {
  test("is allowed, said, and might be a slip", () => {
    const note = undeclaredNote({ name: "explorr", declared: undefined }, declared);
    expect(note).toBe("No peer explorr is declared: it runs the pipelines as they stand. Did you mean explorer?");
  });

  test("is nothing to speak of where there are no declarations", () => {
    expect(undeclaredNote({ name: "x", declared: undefined }, {})).toBeUndefined();
  });
});
