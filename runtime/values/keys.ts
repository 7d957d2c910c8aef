/** A set of texts that is asked for each of them and grows for ever: 8 to 16 bytes a text, however long it is. */
import { createHash } from "node:crypto";

/** Texts are known by 64 bits of their SHA-256: of a million, two are taken for one with a chance of 1 in 10^7. */
export class KeySet {
  #slots = new BigUint64Array(64);
  size = 0;

  has(text: string): boolean {
    const code = codeOf(text);
    return this.#slots[this.#place(this.#slots, code)] === code;
  }

  add(text: string): void {
    const code = codeOf(text);
    const place = this.#place(this.#slots, code);
    if (this.#slots[place] === code) return;
    this.#slots[place] = code;
    this.size += 1;
    if (this.size * 2 > this.#slots.length) this.#grow();
  }

  /** Where the code is, or would be. */
  #place(slots: BigUint64Array, code: bigint): number {
    const mask = slots.length - 1;
    let place = Number(code & 0xffff_ffffn) & mask;
    while (slots[place] !== 0n && slots[place] !== code) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const slots = new BigUint64Array(this.#slots.length * 2);
    for (const code of this.#slots) if (code !== 0n) slots[this.#place(slots, code)] = code;
    this.#slots = slots;
  }
}

/** Never 0, which marks a free slot. */
function codeOf(text: string): bigint {
  return createHash("sha256").update(text).digest().readBigUInt64LE(0) || 1n;
}
