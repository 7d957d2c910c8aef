/**
 * Exclusion between the processes of one machine: whoever links a claim's file first has it. A claim says who may act,
 * never what happened: that is for the records, and whoever takes a claim looks at them before acting.
 *
 * A claim that is taken over from a dead holder gets the next turn, `<hash of the key>.<turn>.json`: so of any number of
 * heirs one succeeds, by the same `link`, and no file is ever replaced.
 */
import { createHash } from "node:crypto";
import { linkSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Disk, disk as realDisk } from "./disk.ts";
import { type Liveness, livenessOf, thisProcess } from "./liveness.ts";
import { TrailError } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

const Holder = z.looseObject({
  /** What is claimed, in the claimant's words. */
  key: z.string(),
  /** The holder's name in the trail. */
  process: z.string(),
  machine: z.string(),
  boot: z.string(),
  namespace: z.string(),
  pid: z.int().nonnegative(),
  start: z.string(),
});
export type Holder = z.infer<typeof Holder>;

/** `from`: the dead holder it came from. `held`: by another, or by who knows whom, where the file is damaged. */
export type Claimed =
  | { readonly outcome: "taken"; readonly from: Holder | undefined }
  | { readonly outcome: "held"; readonly holder: Holder | undefined; readonly liveness: Liveness };

export interface Claims {
  /**
   * Takes the claim, if nobody has it, or this process has it already. With `inherit` also where its holder is dead (an
   * item of a source); without, that is answered, and is for a person to decide (an effect).
   *
   * @throws TrailError where the store cannot be written.
   */
  take(key: string, options?: { readonly inherit?: boolean }): Promise<Claimed>;
  /** Drops a claim that a record settles: whoever takes it afterwards, or is just taking it, finds that record. */
  settle(key: string): void;
}

/** The claims of a store, for the process that writes its trail under this name. */
export function claimsOf(directory: string, process: string, disk: Disk = realDisk): Claims {
  const folder = join(directory, "claims");
  const pathOf = (key: string, turn: number) =>
    join(folder, `${createHash("sha256").update(key).digest("hex")}.${turn}.json`);

  /** The turn that counts: the last one there. */
  function current(key: string): { readonly turn: number; readonly holder: Holder | undefined } | undefined {
    let found: { turn: number; holder: Holder | undefined } | undefined;
    for (let turn = 1; ; turn += 1) {
      const text = read(pathOf(key, turn));
      if (text === undefined) return found;
      found = { turn, holder: parse(text) };
    }
  }

  async function publish(key: string, turn: number): Promise<boolean> {
    disk.makeFolder(folder);
    const beside = join(folder, `.${uuidv7(Date.now())}`);
    const file = disk.create(beside);
    try {
      const holder: Holder = { key, process, ...thisProcess() };
      const bytes = Buffer.from(`${JSON.stringify(holder)}\n`);
      if (disk.write(file, bytes) !== bytes.length) throw new Error("the claim could not be written whole");
      await disk.sync(file);
      linkSync(beside, pathOf(key, turn));
      disk.syncFolder(folder);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      disk.close(file);
      disk.remove(beside);
    }
  }

  return {
    async take(key, { inherit = false } = {}) {
      try {
        for (;;) {
          const last = current(key);
          const holder = last?.holder;
          if (holder?.process === process) return { outcome: "taken", from: undefined };
          if (last !== undefined) {
            const liveness = holder === undefined ? "unknown" : livenessOf(holder, directory);
            if (!(inherit && liveness === "dead")) return { outcome: "held", holder, liveness };
          }
          if (await publish(key, (last?.turn ?? 0) + 1)) return { outcome: "taken", from: holder };
        }
      } catch (error) {
        throw new TrailError(`A claim cannot be written to the store (${(error as Error).message}).`, { cause: error });
      }
    },

    settle(key) {
      // The last turn first: while any is left, the claim is held, or a dead holder's.
      for (let turn = current(key)?.turn ?? 0; turn > 0; turn -= 1) disk.remove(pathOf(key, turn));
    },
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return;
  }
}
