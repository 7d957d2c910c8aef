import { describe, expect, test } from "vitest";
import { claimText, elapsedText, numberText, printable, sparkline } from "../../../cli/ui/text.ts";

test.each([
  [0, "0.00 s"],
  [0.043, "0.04 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [60, "1 min 0 s"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
])("%d seconds read %s", (seconds, text) => expect(elapsedText(seconds)).toBe(text));

test.each([
  [3, "3"],
  [0.98345, "0.9835"],
  [1234.56, "1235"],
  [-0.5, "-0.5"],
  [1e-7, "1.000e-7"],
  [12345678.9, "1.235e+7"],
])("the number %d reads %s", (value, text) => expect(numberText(value)).toBe(text));

describe("a claim", () => {
  test("names its choices first, then their numbers", () => {
    const chosen = '{"halflife":21.34567,"family":"student","scale":1,"tail":4.2}';
    expect(claimText(chosen)).toBe("family student · halflife 21.35 · scale 1 · tail 4.2");
  });

  test("may hold lists, records, and nothing", () => {
    expect(claimText('{"layers":[1,2],"net":{"depth":3},"warm":null}')).toBe(
      "warm none · layers [1, 2] · net { depth 3 }",
    );
  });

  test("that is no JSON is shown without what would move the cursor", () => {
    expect(claimText("\u001b[2Jgone\r\n")).toBe("[2Jgone");
    expect(printable("a\u0007b\nc")).toBe("a b c");
  });
});

describe("a sparkline", () => {
  test("spans from the lowest to the highest value", () => expect(sparkline([0, 1, 2, 7], 10)).toBe("▁▂▃█"));
  test("of equal values lies in the middle", () => expect(sparkline([3, 3], 10)).toBe("▄▄"));
  test("takes the mean of neighbours where there are more values than room", () =>
    expect(sparkline([0, 0, 10, 10], 2)).toBe("▁█"));
  test("of nothing, or of no width, is empty", () => {
    expect(sparkline([], 10)).toBe("");
    expect(sparkline([1, 2], -3)).toBe("");
  });
});
