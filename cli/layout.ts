/** Plain text in columns and paragraphs. */

/** Wider lines are hard to read. */
const WIDEST = 96;
/** Where the terminal leaves less beside the first column, the second one stands below it. */
const NARROWEST = 24;

/** Two columns, the second one wrapped. */
export function columns(rows: readonly (readonly [string, string])[], width = WIDEST): string {
  const left = Math.max(...rows.map(([first]) => first.length)) + 4;
  if (width - left < NARROWEST)
    return rows.map(([first, second]) => `  ${first}\n      ${wrap(second, 6, width)}`).join("\n");
  return rows.map(([first, second]) => `  ${first}`.padEnd(left) + wrap(second, left, width)).join("\n");
}

/** Broken between words, the following lines indented by `indent`. */
export function wrap(text: string, indent: number, width = WIDEST): string {
  const most = Math.min(width, WIDEST);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
