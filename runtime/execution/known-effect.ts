/** What the records of a run tell of its effects. */
import type { KnownRecord, Record } from "../trail/record.ts";
import type { Json } from "../types.ts";

/** What is on record of one effect. */
export type KnownEffect =
  /** `record` has its result. */
  | { readonly state: "done"; readonly record: KnownRecord<"tool.ended" | "effect"> }
  /**
   * `call` was begun and has no end, or failed with `error`, or nobody knows whether it was begun: it may have happened.
   * `undone`: it did not, and may be done. `left`: a person wants it left so.
   */
  | {
      readonly state: "unsure" | "undone" | "left";
      readonly call: string;
      readonly error: string | undefined;
      /** A person has been asked. */
      readonly asked: boolean;
    };

/** The effect of one stage and item among these records, in whatever order; `undefined` where they tell nothing of it. */
export function knownEffect(records: Iterable<Record>): KnownEffect | undefined {
  const begun = new Set<string>();
  const errors = new Map<string, string>();
  const asked = new Set<string>();
  const answers = new Map<string, "undone" | "left">();
  for (const record of records) {
    if (record.kind === "tool.started" && record.effect === true) begun.add(record.call);
    if (record.kind === "tool.ended" && record.effect === true) {
      if (record.ok) return { state: "done", record };
      errors.set(record.call, record.error ?? "it failed");
    }
    if (record.kind === "effect") {
      if (record.state === "happened") return { state: "done", record };
      begun.add(record.call);
      if (record.state === "unsure") asked.add(record.call);
      else answers.set(record.call, record.state);
    }
  }
  const calls = [...begun];
  const call = calls.find((one) => answers.get(one) !== "undone") ?? calls.at(-1);
  if (call === undefined) return undefined;
  return { state: answers.get(call) ?? "unsure", call, error: errors.get(call), asked: asked.has(call) };
}

/** An effect that is known; its value is read back already. */
export type RestoredEffect =
  | { readonly state: "done"; readonly value: Json }
  | Exclude<KnownEffect, { readonly state: "done" }>;
