import { randomFillSync } from "node:crypto";

/** What is random in an id: two bytes for the counter's beginning and the variant, eight as they are. */
const RANDOM = 10;
const pool = Buffer.alloc(400 * RANDOM);
let hex = "";
let used = pool.length;

let newest = 0;
let counter = 0;
/** The first half of the newest id, up to the counter. */
let opening = "";

/**
 * A UUIDv7 (RFC 9562, method 1: twelve bits of counter after the milliseconds), so that the ids of one process sort in
 * the order in which they were made, also where the clock went back.
 */
export function uuidv7(milliseconds: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    hex = pool.toString("hex");
    used = 0;
  }
  if (milliseconds > newest) {
    begin(milliseconds);
    counter = pool.readUInt16LE(used) & 0x7ff;
  } else if (++counter > 0xfff) {
    begin(newest + 1);
    counter = 0;
  }
  const low = 2 * used + 4;
  const variant = "89ab"[pool[used]! & 3]!;
  used += RANDOM;
  const count = counter.toString(16).padStart(3, "0");
  return `${opening}${count}-${variant}${hex.slice(low + 1, low + 4)}-${hex.slice(low + 4, low + 16)}`;
}

function begin(milliseconds: number): void {
  newest = milliseconds;
  const time = milliseconds.toString(16).padStart(12, "0");
  opening = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}
