/** What a segment says of itself at its two ends, without reading what is between. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SETTINGS } from "../settings.ts";
import { decodeLine, type Footer, type Header } from "./line.ts";

/** A footer's line takes some 200 bytes. */
const FOOTER_BYTES = 1000;

/** `undefined` also where the file cannot be read, or its first line is damaged. */
export function headerOf(path: string): Header | undefined {
  const { bytes } = bytesOf(path, (size) => [0, Math.min(size, SETTINGS.trail.lineBytes)]);
  const line = decodeLine(bytes.subarray(0, Math.max(bytes.indexOf("\n"), 0)));
  return line.type === "header" ? line.header : undefined;
}

/** The footer, where it is the last line and stands where it says. `undefined` also where the file cannot be read. */
export function footerOf(path: string): Footer | undefined {
  const { from, bytes } = bytesOf(path, (size) => [Math.max(0, size - FOOTER_BYTES), size]);
  if (bytes.at(-1) !== 10) return undefined;
  const start = bytes.lastIndexOf("\n", -2) + 1;
  const line = decodeLine(bytes.subarray(start, -1));
  return line.type === "footer" && line.footer.bytes === from + start ? line.footer : undefined;
}

function bytesOf(
  path: string,
  range: (size: number) => readonly [from: number, to: number],
): { readonly from: number; readonly bytes: Buffer } {
  try {
    const file = openSync(path, "r");
    try {
      const [from, to] = range(fstatSync(file).size);
      const bytes = Buffer.allocUnsafe(to - from);
      return { from, bytes: bytes.subarray(0, readSync(file, bytes, 0, to - from, from)) };
    } finally {
      closeSync(file);
    }
  } catch {
    return { from: 0, bytes: Buffer.alloc(0) };
  }
}
