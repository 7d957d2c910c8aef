/** Which sections of the screen get how many rows. */

export interface Section {
  /** Rows it would fill. */
  readonly wants: number;
  /** Fewer than these are of no use: it is left out. */
  readonly least: number;
}

/**
 * Rows for each section, in order of importance: first each gets the least it can do with, as far as that goes, then the
 * rest is handed out in the same order. Never more than `rows` in all.
 */
export function shareRows(rows: number, sections: readonly Section[]): readonly number[] {
  let left = Math.max(0, rows);
  const given = sections.map(({ wants, least }) => {
    const first = Math.min(wants, least);
    if (first > left) return 0;
    left -= first;
    return first;
  });
  return given.map((first, index) => {
    const more = first === 0 ? 0 : Math.min(left, sections[index]!.wants - first);
    left -= more;
    return first + more;
  });
}
