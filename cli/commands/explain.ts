import { CATALOGUE, type Entry } from "../../compiler/diagnostics/catalogue/index.ts";
import { nearest } from "../../compiler/diagnostics/suggestion.ts";
import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { columns, wrap } from "../layout.ts";

export default command({
  name: "explain",
  summary: "what a diagnostic means, with a wrong and a right example",
  arguments: { usage: "[CODE]", least: 0, most: 1 },
  options: {},
  examples: [
    { command: "gangc explain GANG1001", doc: "one code" },
    { command: "gangc explain", doc: "all codes" },
  ],
  async run({ positionals: [code] }, io) {
    const { width } = io.stdout;
    io.out(code === undefined ? list(width) : page(entryOf(code), width));
    return EXIT.fine;
  },
});

/** `GANG1001`, `gang1001` or `1001`. */
function entryOf(code: string): Entry {
  const full = /^\d+$/.test(code) ? `GANG${code}` : code.toUpperCase();
  const entry = CATALOGUE.find((one) => one.code === full);
  if (entry !== undefined) return entry;
  const near = nearest(
    full,
    CATALOGUE.map((one) => one.code),
  );
  throw usageError(
    `there is no diagnostic ${JSON.stringify(code)}.`,
    near === undefined ? "gangc explain lists them all." : `Did you mean ${near}? gangc explain lists them all.`,
  );
}

function list(width: number): string {
  const rows = CATALOGUE.map(({ code, severity, title }) => [`${code}  ${severity}`, title] as const);
  return `${columns(rows, width)}\n`;
}

function page({ code, severity, title, explain: { text, wrong, right } }: Entry, width: number): string {
  const parts = [
    `${code} (${severity}): ${title}`,
    wrap(text, 0, width),
    "Wrong:",
    example(wrong),
    "Right:",
    example(right),
  ];
  return `${parts.join("\n\n")}\n`;
}

function example(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, "    ");
}
