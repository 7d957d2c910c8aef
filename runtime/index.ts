/**
 * `ganglion/runtime`: the types that tools written in TypeScript use to say what a plain `number` or `string` means, and
 * what a built plan needs to run itself.
 */

/** Seconds. */
export type Duration = number;
/** Bytes. */
export type Size = number;
/** Dollars. */
export type Money = number;
/** The path of a file. Returned, its content is kept by the store; as a parameter it is a copy, the call's own. */
export type File = string;
/** The path of a folder, kept and given as a `File` is. */
export type Dir = string;
/** A secret, as a tool gets it: never to be printed, stored or returned. */
export type Secret = string;
/** The result of a tool that changes something in the world: it is called at most once. */
export type Effect<T> = T;

export { main, type RunBuiltOptions, rootOf, runBuilt } from "./built.ts";
export { type Clock, systemClock } from "./clock.ts";
export { runPlan } from "./execution/execute.ts";
export { applyOverrides, planFrom, RefusedError } from "./execution/load.ts";
export type { RunOptions, RunSummary } from "./execution/run.ts";
export { unsupported } from "./execution/unsupported.ts";
export type { Override, Plan } from "./plan.ts";
export type { Fits, Gives, Takes } from "./tools/signature.ts";
