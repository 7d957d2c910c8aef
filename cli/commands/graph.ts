import { drawingOf } from "../../compiler/graph/drawing.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { programFile } from "../paths.ts";
import { planOf } from "../run/program.ts";

export default command({
  name: "graph",
  summary: "the pipelines drawn: who reads whom, what is learned from what",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    format: {
      value: "FORMAT",
      choices: ["mermaid", "svg"],
      default: "mermaid",
      doc: "text that Markdown pages draw, or a picture",
    },
  },
  examples: [
    { command: "gangc graph", doc: "for a README: put it between ```mermaid and ```" },
    { command: "gangc graph --format svg > pipeline.svg", doc: "a picture for light and dark pages" },
  ],
  async run({ positionals: [path], options }, io) {
    const plan = planOf(programFile(io.cwd, path), io);
    if (plan === undefined) return EXIT.problems;
    const drawing = drawingOf(plan);
    if (options.format === "svg") io.out((await import("../../compiler/graph/svg.ts")).svgText(drawing));
    else io.out((await import("../../compiler/graph/mermaid.ts")).mermaidText(drawing));
    return EXIT.fine;
  },
});
