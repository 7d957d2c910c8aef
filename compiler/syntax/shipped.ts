import type { Analysis } from "./analysis.ts";

/** The analysis of the parser's grammar. The build puts it in the place of this module; from source, each start records anew. */
export const shipped: Analysis | undefined = undefined;
