import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { textmate } from "../../grammar/textmate.ts";
import { keywords, units } from "../../grammar/tokens.ts";

const committed = readFileSync(new URL("../../grammar/gang.tmLanguage.json", import.meta.url), "utf8");

interface Rule {
  match?: string;
  begin?: string;
  end?: string;
  patterns?: Rule[];
}

test("the TextMate grammar is what the token table makes of it (mend: node grammar/textmate.ts)", () => {
  expect(committed).toBe(textmate());
});

test("its patterns compile, and know every keyword and unit", () => {
  const { repository } = JSON.parse(committed) as { repository: Record<string, Rule> };
  const sources: string[] = [];
  const collect = (rule: Rule): void => {
    for (const source of [rule.match, rule.begin, rule.end]) if (source !== undefined) sources.push(source);
    rule.patterns?.forEach(collect);
  };
  Object.values(repository).forEach(collect);
  const patterns = sources.map((source) => new RegExp(source));
  const covers = (text: string) => patterns.some((pattern) => pattern.exec(text)?.[0] === text);
  expect(
    Object.values(keywords)
      .flat()
      .filter((word) => !covers(word)),
  ).toEqual([]);
  expect(
    Object.keys(units)
      .map((unit) => `30${unit}`)
      .filter((number) => !covers(number)),
  ).toEqual([]);
});
