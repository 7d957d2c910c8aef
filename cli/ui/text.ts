/** Values as people read them. */

const BARS = "▁▂▃▄▅▆▇█";

/** `0.04 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function elapsedText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Four significant digits, as short as they can be. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

/** `{"family":"student","tail":4.2}` as `family student · tail 4.2`. Text that is no JSON stays as it is. */
export function claimText(chosen: string): string {
  let value: unknown;
  try {
    value = JSON.parse(chosen);
  } catch {
    return printable(chosen);
  }
  return valueText(value, true);
}

function valueText(value: unknown, outermost: boolean): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return printable(value);
  if (value === null) return "none";
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, false)).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${printable(name)} ${valueText(field, false)}`);
  // What is chosen by name comes first: the rest only means something beside it.
  const named = (text: string) => (/ [a-z_]\S*$/i.test(text) ? 0 : 1);
  if (outermost) return fields.sort((a, b) => named(a) - named(b)).join(" · ");
  return `{ ${fields.join(", ")} }`;
}

/** Text from tools and models on one line, without what would move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
}

/** The newest `width` values as bars, the lowest and the highest of them filling the height; a bar for several values where there are more. */
export function sparkline(values: readonly number[], width: number): string {
  const count = Math.min(width, values.length);
  if (count <= 0) return "";
  const bins = Array.from({ length: count }, (_, bin) => {
    const part = values.slice(
      Math.floor((bin * values.length) / count),
      Math.floor(((bin + 1) * values.length) / count),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const low = Math.min(...bins);
  const high = Math.max(...bins);
  const top = BARS.length - 1;
  return bins
    .map((value) => BARS[high > low ? Math.round(((value - low) / (high - low)) * top) : Math.floor(top / 2)])
    .join("");
}

/** At most `width` characters; what is cut ends with `…`. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : width <= 0 ? "" : `${text.slice(0, width - 1)}…`;
}

/** `1 cycle`, `3 cycles`, `3 processes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}
