import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(4096);
let used = pool.length;

let newest = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562, method 1: twelve bits of counter after the milliseconds), so that the ids of one process sort in
 * the order in which they were made, also where the clock went back.
 */
export function uuidv7(milliseconds: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  if (milliseconds > newest) {
    newest = milliseconds;
    counter = pool.readUInt16LE(used) & 0x7ff;
  } else if (++counter > 0xfff) {
    newest += 1;
    counter = 0;
  }
  const time = newest.toString(16).padStart(12, "0");
  const low = pool.toString("hex", used + 2, used + 10);
  const variant = (8 | (pool[used]! & 3)).toString(16);
  used += 10;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${variant}${low.slice(1, 4)}-${low.slice(4)}`;
}
