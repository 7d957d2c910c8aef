/** The exact texts that users and scripts read. */
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { renderGithub } from "../../../compiler/diagnostics/render/github.ts";
import { renderJson } from "../../../compiler/diagnostics/render/json.ts";
import { renderJunit } from "../../../compiler/diagnostics/render/junit.ts";
import { renderPretty } from "../../../compiler/diagnostics/render/pretty.ts";
import { reportOf } from "../../../compiler/diagnostics/render/report.ts";
import { renderSarif } from "../../../compiler/diagnostics/render/sarif.ts";
import { summarize, summaryLine } from "../../../compiler/diagnostics/render/summary.ts";

/** `«…»` marks the diagnostic's span, `‹…›` those of its labels, in order. */
function diagnose(marked: string, details: Partial<Diagnostic> & { says?: readonly string[] } = {}) {
  const spans: { readonly start: number; end: number; readonly main: boolean }[] = [];
  const open: number[] = [];
  let text = "";
  for (const character of marked) {
    if (character === "«" || character === "‹") {
      open.push(spans.length);
      spans.push({ start: text.length, end: 0, main: character === "«" });
    } else if (character === "»" || character === "›") spans[open.pop()!]!.end = text.length;
    else text += character;
  }
  const main = spans.find((span) => span.main)!;
  const { says = [], labels = [], ...rest } = details;
  const diagnostic: Diagnostic = {
    code: "GANG3004",
    severity: "error",
    message: "`30GB` is a size; `timeout` takes a duration.",
    file: "/p/main.gang",
    start: main.start,
    end: main.end,
    help: undefined,
    fixes: [],
    ...rest,
    labels: [
      ...spans
        .filter((span) => !span.main)
        .map(({ start, end }, i) => ({ file: "/p/main.gang", start, end, message: says[i] ?? "" })),
      ...labels,
    ],
  };
  return { diagnostic, sources: new Map([["/p/main.gang", text]]) };
}

function pretty(
  { diagnostic, sources }: ReturnType<typeof diagnose>,
  options: { width?: number; colour?: boolean } = {},
): string {
  const text = renderPretty(
    [diagnostic],
    (file) => sources.get(file),
    (file) => file.replace("/p/", ""),
    {
      colour: false,
      width: 80,
      ...options,
    },
  );
  return `\n${text}`;
}

describe("pretty", () => {
  test("shows the line with the span underlined, the help and the mend", () => {
    const one = diagnose("backend gpus = slurm()\nroute {\n  * -> local { timeout: «30GB» }\n}\n", {
      help: "Durations are written like `30m`.",
      fixes: [{ title: "Write `30m`", edits: [] }],
    });
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:3:25
        |
      3 |   * -> local { timeout: 30GB }
        |                         ^^^^
        |
        = help: Durations are written like \`30m\`.
        = mend: Write \`30m\`

      "
    `);
  });

  test("shows labels on the same line below each other, the last one beside its mark", () => {
    const one = diagnose("stage a = ‹walk›(model: «plan», ‹prices›)", { says: ["takes a Model", "this one fits"] });
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:23
        |
      1 | stage a = walk(model: plan, prices)
        |           ----        ^^^^  ------ this one fits
        |           takes a Model
        |

      "
    `);
  });

  test("says under the span what a label of the same span says", () => {
    const one = diagnose("limit: «‹$2 per 1d›»", { says: ["the cheapest run reserves $3"] });
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:8
        |
      1 | limit: $2 per 1d
        |        ^^^^^^^^^ the cheapest run reserves $3
        |

      "
    `);
  });

  test("leaves out the lines between far labels, and shows one line between near ones", () => {
    const near = diagnose("stage ‹a› = f()\nstage b = g()\nstage «a» = h()", { says: ["first here"] });
    expect(pretty(near)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:3:7
        |
      1 | stage a = f()
        |       - first here
      2 | stage b = g()
      3 | stage a = h()
        |       ^
        |

      "
    `);
    const far = diagnose(`stage ‹a› = f()\n${"// …\n".repeat(120)}stage «a» = h()`, { says: ["first here"] });
    expect(pretty(far)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
         --> main.gang:122:7
          |
        1 | stage a = f()
          |       - first here
      ...
      122 | stage a = h()
          |       ^
          |

      "
    `);
  });

  test("shows labels in other files after the main place", () => {
    const one = diagnose("stage p = fetch(«5m»)", {
      labels: [{ file: "/p/tools/t.ts", start: 16, end: 21, message: "declared here" }],
    });
    one.sources.set("/p/tools/t.ts", "export function fetch(o: { asset: string }) {}\n");
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:17
        |
      1 | stage p = fetch(5m)
        |                 ^^
        |
       ::: tools/t.ts:1:17
        |
      1 | export function fetch(o: { asset: string }) {}
        |                 ----- declared here
        |

      "
    `);
  });

  test("marks the begin and the end of a span over several lines", () => {
    const one = diagnose("a\nfor x in «xs {\n\n  stage y = f()\n  }» // end");
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:2:10
        |
      2 | for x in xs {
        |          ^^^^
      ...
      5 |   } // end
        |   ^
        |

      "
    `);
  });

  test("aligns below tabs, wide characters and combining marks", () => {
    expect(pretty(diagnose('\tlet\tx = "価格é" + «30GB»'))).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:18
        |
      1 |     let x = "価格é" + 30GB
        |                       ^^^^
        |

      "
    `);
    expect(pretty(diagnose("let x = «価格» + 1"))).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:9
        |
      1 | let x = 価格 + 1
        |         ^^^^
        |

      "
    `);
  });

  test("cuts long lines around the span", () => {
    const left = "abcdefghij".repeat(20);
    expect(pretty(diagnose(`${left}«30GB»${left}`), { width: 60 })).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:201
        |
      1 | …efghijabcdefghijabcdefghij30GBabcdefghijabcdefghijabcd…
        |                            ^^^^
        |

      "
    `);
    expect(pretty(diagnose(`«30GB»${left}`), { width: 60 })).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:1
        |
      1 | 30GBabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij…
        | ^^^^
        |

      "
    `);
    expect(pretty(diagnose(`${left}«30GB»`), { width: 60 })).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:201
        |
      1 | …abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij30GB
        |                                                    ^^^^
        |

      "
    `);
  });

  test("takes no time on a line of megabytes", () => {
    const one = diagnose(`${"x".repeat(4_000_000)}«30GB»${"y".repeat(100)}`);
    const started = performance.now();
    expect(pretty(one, { width: 60 })).toContain("^^^^");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("never lets a source steer the terminal or turn its lines around", () => {
    const text = pretty(diagnose('let x = "\u001b[31mred\u202e" + «\u0007»'));
    expect(text).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:23
        |
      1 | let x = "␛[31mred�" + ␇
        |                       ^
        |

      "
    `);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test("points behind the last character at the end of a file, and into an empty file", () => {
    expect(pretty(diagnose("pipeline p {«»"))).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:13
        |
      1 | pipeline p {
        |             ^
        |

      "
    `);
    expect(pretty(diagnose("«»"))).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:1
        |
      1 |
        | ^
        |

      "
    `);
    expect(pretty(diagnose("pipeline p {\n«»"))).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:2:1
        |
      2 |
        | ^
        |

      "
    `);
  });

  test("colours only where it is told to", () => {
    expect(pretty(diagnose("«x»"), { colour: true })).toContain("\u001b[1;31merror GANG3004\u001b[0m");
  });

  test("survives a file that is gone", () => {
    const one = diagnose("let a = «b»");
    one.sources.clear();
    expect(pretty(one)).toMatchInlineSnapshot(`
      "
      error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
       --> main.gang:1:1
        |
      1 |
        | ^
        |

      "
    `);
  });
});

test("json: zero-based positions in UTF-16 units, in a fixed shape", () => {
  const { diagnostic, sources } = diagnose('// 𝄞\r\nlet x = "𝄞" + «30GB»\n', { help: "Write `30m`." });
  const fix = {
    title: "Write `30m`",
    edits: [{ file: "/p/main.gang", start: diagnostic.start, end: diagnostic.end, newText: "30m" }],
  };
  const text = renderJson(
    reportOf([{ ...diagnostic, fixes: [fix] }], {
      sources: (file) => sources.get(file),
      shown: (file) => file.replace("/p/", ""),
      files: ["/p/main.gang"],
    }),
  );
  expect(JSON.parse(text)).toEqual({
    version: 1,
    diagnostics: [
      {
        code: "GANG3004",
        severity: "error",
        message: "`30GB` is a size; `timeout` takes a duration.",
        file: "main.gang",
        range: { start: { line: 1, character: 15 }, end: { line: 1, character: 19 } },
        labels: [],
        help: "Write `30m`.",
        fixes: [
          {
            title: "Write `30m`",
            edits: [
              {
                file: "main.gang",
                range: { start: { line: 1, character: 15 }, end: { line: 1, character: 19 } },
                newText: "30m",
              },
            ],
          },
        ],
      },
    ],
    summary: { errors: 1, warnings: 0, hints: 0, files: 1, leftOut: 0 },
  });
});

test("the summary counts what there is, in singular and plural", () => {
  const { diagnostic } = diagnose("«x»");
  const warning: Diagnostic = { ...diagnostic, severity: "warning" };
  expect(summaryLine(summarize([diagnostic, diagnostic, warning], 3))).toBe("2 errors, 1 warning in 3 files");
  expect(summaryLine(summarize([], 1))).toBe("no problems in 1 file");
});

describe("formats of CI systems", () => {
  const { diagnostic, sources } = diagnose("limit: «‹$2, 1d›» // 50% <&>\n", {
    says: ["a <label>"],
    help: "Write `per`.",
  });
  const fix = {
    title: "Write `per`",
    edits: [{ file: "/p/main.gang", start: diagnostic.start, end: diagnostic.end, newText: "$2 per 1d" }],
  };
  const warning: Diagnostic = { ...diagnostic, severity: "warning", message: "two\nlines, 100%", file: "/q/a b.gang" };
  const report = reportOf([{ ...diagnostic, fixes: [fix] }, warning], {
    sources: (file: string) => sources.get(file),
    shown: (file: string) => file.replace("/p/", ""),
    files: ["/p/main.gang", "/q/a b.gang"],
  });

  test("github: one annotation a line, escaped", () => {
    expect(renderGithub(report)).toMatchInlineSnapshot(`
      "::error file=main.gang,line=1,endLine=1,col=8,endColumn=14,title=GANG3004::\`30GB\` is a size; \`timeout\` takes a duration.%0AWrite \`per\`.
      ::warning file=/q/a b.gang,line=1,endLine=1,col=1,endColumn=1,title=GANG3004::two%0Alines, 100%25%0AWrite \`per\`.
      "
    `);
  });

  test("junit: a case a file, a failure an error", () => {
    expect(renderJunit(report)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="gangc check" tests="2" failures="1">
        <testsuite name="gangc check" tests="2" failures="1">
          <testcase classname="gangc check" name="main.gang">
            <failure type="GANG3004" message="\`30GB\` is a size; \`timeout\` takes a duration.">main.gang:1:8: error GANG3004: \`30GB\` is a size; \`timeout\` takes a duration.
      Write \`per\`.</failure>
          </testcase>
          <testcase classname="gangc check" name="/q/a b.gang">
            <system-out>/q/a b.gang:1:1: warning GANG3004: two
      lines, 100%
      Write \`per\`.</system-out>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `);
  });

  test("sarif: rules, places, related places and fixes", () => {
    const { runs, ...head } = JSON.parse(renderSarif(report));
    const [{ tool, results, columnKind }] = runs;
    expect([head.version, columnKind, tool.driver.name]).toEqual(["2.1.0", "utf16CodeUnits", "gangc"]);
    expect(results.map((result: { ruleIndex: number }) => tool.driver.rules[result.ruleIndex].id)).toEqual([
      diagnostic.code,
      diagnostic.code,
    ]);
    expect(results).toMatchInlineSnapshot(`
      [
        {
          "fixes": [
            {
              "artifactChanges": [
                {
                  "artifactLocation": {
                    "uri": "main.gang",
                  },
                  "replacements": [
                    {
                      "deletedRegion": {
                        "endColumn": 14,
                        "endLine": 1,
                        "startColumn": 8,
                        "startLine": 1,
                      },
                      "insertedContent": {
                        "text": "$2 per 1d",
                      },
                    },
                  ],
                },
              ],
              "description": {
                "text": "Write \`per\`",
              },
            },
          ],
          "level": "error",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "main.gang",
                },
                "region": {
                  "endColumn": 14,
                  "endLine": 1,
                  "startColumn": 8,
                  "startLine": 1,
                },
              },
            },
          ],
          "message": {
            "text": "\`30GB\` is a size; \`timeout\` takes a duration.
      Write \`per\`.",
          },
          "relatedLocations": [
            {
              "id": 0,
              "message": {
                "text": "a <label>",
              },
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "main.gang",
                },
                "region": {
                  "endColumn": 14,
                  "endLine": 1,
                  "startColumn": 8,
                  "startLine": 1,
                },
              },
            },
          ],
          "ruleId": "GANG3004",
          "ruleIndex": 0,
        },
        {
          "fixes": [],
          "level": "warning",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "file:///q/a%20b.gang",
                },
                "region": {
                  "endColumn": 1,
                  "endLine": 1,
                  "startColumn": 1,
                  "startLine": 1,
                },
              },
            },
          ],
          "message": {
            "text": "two
      lines, 100%
      Write \`per\`.",
          },
          "relatedLocations": [
            {
              "id": 0,
              "message": {
                "text": "a <label>",
              },
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "main.gang",
                },
                "region": {
                  "endColumn": 14,
                  "endLine": 1,
                  "startColumn": 8,
                  "startLine": 1,
                },
              },
            },
          ],
          "ruleId": "GANG3004",
          "ruleIndex": 0,
        },
      ]
    `);
  });
});
