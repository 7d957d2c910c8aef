/** Open buffers over the file system: what the editor shows is what is checked. */
import type { Host } from "../compiler/host.ts";

/** `buffers`: texts by absolute path, read at each call. */
export function overlay(base: Host, buffers: ReadonlyMap<string, string>): Host {
  return {
    ...base,
    read(path) {
      const text = buffers.get(path);
      return text === undefined ? base.read(path) : { ok: true, text };
    },
  };
}
