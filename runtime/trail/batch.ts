/** What one generation seals: lines that become rows, each record once. */
import { NumbersByProcess } from "./numbers.ts";
import { RECORD_VERSION } from "./record.ts";
import { type Row, rowOf, withoutContent } from "./sealed.ts";
import type { TailContent } from "./tails.ts";

export class Batch {
  readonly #accounted: NumbersByProcess;
  readonly #crcs = new Map<string, Map<number, number>>();
  readonly #rows: Row[] = [];
  /** Records that are sealed already: the same again, or a conflict. */
  readonly #again = new Map<string, Map<number, number>>();
  readonly #pending: NumbersByProcess;
  /** Numbers that this generation's `forgotten` records name. */
  readonly forgets = new NumbersByProcess();
  readonly artifacts: string[] = [];

  constructor(accounted: NumbersByProcess, pending: NumbersByProcess) {
    this.#accounted = accounted;
    this.#pending = pending;
  }

  /** Numbers of which two lines differ: neither counts, and the segments stay for a person to look at. */
  readonly #disputed = new NumbersByProcess();

  take(lines: TailContent["lines"], process: string): void {
    for (const { line, text } of lines) {
      if (line.type !== "record") {
        this.#rows.push(rowOf(line, text, process));
        continue;
      }
      const { record, crc } = line;
      const { seq } = record;
      if (this.#accounted.get(process)?.has(seq)) {
        of(this.#again, process).set(seq, crc);
        continue;
      }
      const crcs = of(this.#crcs, process);
      const known = crcs.get(seq);
      if (known !== undefined) {
        if (known !== crc) this.#disputed.of(process).add(seq);
        continue;
      }
      crcs.set(seq, crc);
      this.#rows.push(rowOf(line, text, process));
      if (record.kind === "forgotten" && record.v <= RECORD_VERSION) {
        for (const target of record.records) this.forgets.of(target.process).add(target.seq);
        this.artifacts.push(...record.artifacts);
      }
    }
  }

  /** The processes of which two lines differ, be it that one of them is sealed. */
  async conflicts(
    sealed: (
      wanted: NumbersByProcess,
      take: (rows: readonly { process: string; seq: number; line: string | undefined }[]) => void,
    ) => Promise<void>,
  ): Promise<ReadonlySet<string>> {
    const found = new Set(this.#disputed.keys());
    if (this.#again.size === 0) return found;
    const wanted = new NumbersByProcess();
    for (const [process, crcs] of this.#again) for (const seq of crcs.keys()) wanted.of(process).add(seq);
    await sealed(wanted, (rows) => {
      for (const { process, seq, line } of rows) {
        const crc = this.#again.get(process)?.get(seq);
        // What has gone is not compared: it is refused, whatever it says.
        if (line !== undefined && crc !== undefined && crc !== Number.parseInt(line.slice(-10, -2), 16)) {
          found.add(process);
        }
      }
    });
    return found;
  }

  finish(): { readonly rows: readonly Row[]; readonly pending: NumbersByProcess } {
    const named = new NumbersByProcess().addAll(this.#pending.toRanges()).addAll(this.forgets.toRanges());
    const pending = new NumbersByProcess();
    for (const [process, from, to] of named.toRanges()) {
      for (let seq = from; seq <= to; seq += 1) {
        if (!this.#accounted.get(process)?.has(seq) && !this.#crcs.get(process)?.has(seq)) pending.of(process).add(seq);
      }
    }
    const rows = this.#rows.map((row) => {
      if (row[1] === null) return row;
      const [process, seq] = [String(row[0]), Number(row[1])];
      if (named.get(process)?.has(seq)) return withoutContent(row, "forgotten");
      return this.#disputed.get(process)?.has(seq) ? withoutContent(row, "disputed") : row;
    });
    return { rows, pending };
  }
}

function of<T>(map: Map<string, Map<number, T>>, process: string): Map<number, T> {
  let inner = map.get(process);
  if (inner === undefined) {
    inner = new Map();
    map.set(process, inner);
  }
  return inner;
}
