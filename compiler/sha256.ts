/** SHA-256. Node's `crypto` takes 3 ms to load and most checks need no hash, so it is loaded for the first one. */
import type { Hash } from "node:crypto";

export function sha256(): Hash {
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}
