/** A knowledge of nothing: of a store that lasts for one test. */

import { watch } from "./drift/watch.ts";
import type { Knowledge } from "./knowledge.ts";

export const NOTHING_KNOWN: Knowledge = {
  refresh: async () => {},
  recall: async () => ({ patterns: [], antipatterns: [], known: 0, generation: 0 }),
  known: () => ({ known: 0, generation: 0 }),
  observations: async () => [],
  best: async () => undefined,
  last: async () => undefined,
  metric: async () => undefined,
  regime: () => 0,
  regimes: () => [{ regime: 0, same: 0, since: undefined, version: undefined }],
  unsettled: () => ({ ended: [], returns: [] }),
  version: async () => undefined,
  watch: async () => watch([], 0),
  measured: async () => [],
  peers: async () => [],
  cursor: {},
  close: async () => {},
};
