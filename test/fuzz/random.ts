/** Random numbers that a seed and a stream decide: every input can be made again from its seed and its number. */
export interface Random {
  /** An integer from 0 up to, not with, `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

/** Mulberry32, by Tommy Ettinger: 32 bits of state are plenty for one input. */
export function randomOf(seed: number, stream: number): Random {
  let state = mix(mix(seed) ^ stream);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (list) => list[below(list.length)]!, chance: (probability) => next() < probability };
}

function mix(value: number): number {
  let z = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
