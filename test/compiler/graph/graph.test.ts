import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSystemHost } from "../../../cli/host.ts";
import { type Box, drawingOf, type Group, isGroup } from "../../../compiler/graph/drawing.ts";
import { layoutOf } from "../../../compiler/graph/layout.ts";
import { mermaidText } from "../../../compiler/graph/mermaid.ts";
import { svgText } from "../../../compiler/graph/svg.ts";
import { compile, lower } from "../../../compiler/index.ts";
import { programOf } from "../semantics/memory.ts";

const synth = lower(compile(resolve(import.meta.dirname, "../../fixtures/synth/main.gang"), fileSystemHost()));

const BUILD = lower(
  programOf(`gang 1
type Item = { name: string, n: int }
tool list(x: int) -> Item[1..4] = exec("l")
tool work(item: Item, extra: int) -> int = exec("w")
tool join(a: int, b: int, c: int) -> int = exec("j")
tool check(a: int) -> bool = exec("o")
tool commit(x: int) -> bool = exec("c") { effect: true }
tool one() -> int = exec("x")
subnet s { metric m: float { goal: minimize } }
pipeline build for s {
  stage first = one()
  stage second = one()
  stage third = one()
  stage items = list(x: first)
  for item in items {
    stage made = work(item, extra: second)
    stage again = work(item, extra: made)
  }
  stage joined = join(a: first, b: third, c: second)
  let worst = max(again) ?? joined
  stage good = check(a: worst)
  when good {
    stage sent = commit(x: third)
  }
  observe m = joined
  learn joined from m
}
`),
);

const boxes = (items: readonly (Box | Group)[]): Box[] =>
  items.flatMap((item) => (isGroup(item) ? boxes(item.items) : [item]));

describe("as Mermaid", () => {
  test("the whole-file example", () => {
    expect(mermaidText(drawingOf(synth))).toMatchInlineSnapshot(`
      "flowchart TB
        subgraph g1["pipeline research · for synth · every 1h"]
          subgraph g2["for task, 3 items"]
            n3["prices<br/>fetchPrices<br/>or bundledPrices"]
            n4("plan<br/>forecaster (sampler, rig, quick, deep)")
            n5["score<br/>walkForward on gpus or local"]
            n6(["observe offline"]):::observe
          end
        end
        subgraph g8["pipeline answer · for synth"]
          subgraph g9["for request in requests every 2s"]
            n10[/"let model"/]
            n11["paths<br/>simulatePaths"]
            n12[["sent<br/>reply<br/>effect: at most once"]]:::effect
            n13(["observe crps<br/>within 36h"]):::observe
          end
        end
        n3 --> n4
        n4 --> n5
        n3 --> n5
        n5 --> n6
        n6 -.->|"learn"| n4
        n10 --> n11
        n11 --> n12
        n12 --> n13
        n13 -.->|"learn"| n10
        n4 -.->|"best"| n10
        classDef effect stroke-width:3px
        classDef observe stroke-dasharray:4 3
      "
    `);
  });

  test("nothing that a user writes ends a label or begins another thing", () => {
    const drawing = {
      title: "",
      groups: [
        {
          id: "g1",
          kind: "pipeline",
          title: 'a"] --> b',
          items: [{ id: "n1", kind: "tool", lines: ["<b>#`%%", "é日"] }],
        },
      ],
      edges: [],
    } as const;
    const text = mermaidText(drawing);
    expect(text).toContain('subgraph g1["a#34;#93; --#62; b"]');
    expect(text).toContain('n1["#60;b#62;#35;#96;#37;#37;<br/>é日"]');
  });
});

describe("who reads whom", () => {
  test("a `for` reads its list and a `when` its condition; what stands in them reads for itself", () => {
    const { groups, edges } = drawingOf(BUILD);
    const names = new Map(boxes(groups).map(({ id, lines }) => [id, lines[0]!]));
    const titles = new Map(groups[0]!.items.filter(isGroup).map(({ id, title }) => [id, title]));
    const name = (id: string): string => names.get(id) ?? titles.get(id)!;
    expect(edges.map(({ from, to, kind }) => `${name(from)} ${kind} ${name(to)}`).sort()).toEqual([
      "again read let worst",
      "first read items",
      "first read joined",
      "good read when good",
      "items read for item",
      "joined read let worst",
      "joined read observe m",
      "let worst read good",
      "made read again",
      "observe m learn joined",
      "second read joined",
      "second read made",
      "third read joined",
      "third read sent",
    ]);
  });
});

describe.each([
  ["the whole-file example", synth],
  ["fan-outs and conditions", BUILD],
])("the picture of %s", (_, plan) => {
  const drawing = drawingOf(plan);
  const { places, width, height } = layoutOf(drawing, {
    box: () => ({ width: 100, height: 40 }),
    titleWidth: () => 120,
  });
  const rects = boxes(drawing.groups).map(({ id }) => places.get(id)!);

  test("no two boxes overlap, and all lie within it", () => {
    for (const [i, a] of rects.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height).toBe(true);
      for (const b of rects.slice(i + 1)) {
        const overlap = a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
        expect(overlap).toBe(false);
      }
    }
  });

  test("who reads stands below whom it reads", () => {
    for (const { from, to, kind } of drawing.edges) {
      if (kind === "read") expect(places.get(to)!.y).toBeGreaterThan(places.get(from)!.y);
    }
  });

  test("it is well-formed, the same each time, and knows no number that is none", () => {
    const text = svgText(drawing);
    expect(svgText(drawing)).toBe(text);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    const open: string[] = [];
    for (const [, close, name, self] of text.matchAll(/<(\/?)([a-z]+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!self) open.push(name!);
    }
    expect(open).toEqual([]);
  });
});

test("a thousand stages in a row are drawn at once", () => {
  const stages = Array.from({ length: 1000 }, (_, i) => `stage s${i} = a(n: ${i === 0 ? "1" : `s${i - 1}`})`);
  const plan = lower(programOf(`gang 1\ntool a(n: int) -> int = exec("x")\npipeline p {\n${stages.join("\n")}\n}`));
  const began = performance.now();
  expect(svgText(drawingOf(plan))).toContain("s999");
  expect(performance.now() - began).toBeLessThan(1500);
});

test("a pipeline without anything is drawn, too", () => {
  const drawing = { title: "", groups: [{ id: "g1", kind: "pipeline", title: "p", items: [] }], edges: [] } as const;
  expect(svgText(drawing)).not.toMatch(/NaN|Infinity/);
});
