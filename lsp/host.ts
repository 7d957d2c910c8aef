/** Open buffers over the file system: what the editor shows is what is checked. */
import { type Host, LARGEST_FILE } from "../compiler/host.ts";

/** `buffers`: texts by absolute path, read at each call. */
export function overlay(base: Host, buffers: ReadonlyMap<string, string>): Host {
  return {
    ...base,
    read(path) {
      const text = buffers.get(path);
      if (text === undefined) return base.read(path);
      return text.length > LARGEST_FILE ? { ok: false, reason: "too-large" } : { ok: true, text };
    },
  };
}
