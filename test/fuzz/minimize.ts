/** Delta debugging (Zeller and Hildebrandt, 2002): the least text that still goes wrong in the same way. */
const MOST_ATTEMPTS = 3000;
const MOST_TIME = 20_000;

export function minimize(text: string, fails: (text: string) => boolean): string {
  const until = performance.now() + MOST_TIME;
  let attempts = 0;
  const spent = (): boolean => attempts >= MOST_ATTEMPTS || performance.now() > until;
  const still = (candidate: string): boolean => {
    attempts++;
    return fails(candidate);
  };
  let now = text;
  // By lines, then by tokens, then by characters: large parts go first.
  for (const boundary of [/(?<=\n)/, /(?<=\W)|(?=\W)/, ""]) {
    let pieces = now.split(boundary);
    for (let size = pieces.length >> 1 || 1; !spent(); ) {
      const before = pieces.length;
      for (let at = 0; at < pieces.length && !spent(); ) {
        const rest = [...pieces.slice(0, at), ...pieces.slice(at + size)];
        if (still(rest.join(""))) pieces = rest;
        else at += size;
      }
      if (size > 1) size >>= 1;
      else if (pieces.length === before) break;
    }
    now = pieces.join("");
  }
  return now;
}
