/** Turns of phrase that several messages share. */

export function suggested(suggestion: string | undefined): string | undefined {
  return suggestion === undefined ? undefined : `Did you mean \`${suggestion}\`?`;
}

/** `a`, `b` and `c`. */
export function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  const last = quoted.pop();
  if (last === undefined) return "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} and ${last}`;
}

/** The same, of the first eight. */
export function fewListed(names: readonly string[]): string {
  const rest = names.length - 8;
  return rest <= 1 ? listed(names) : `${listed(names.slice(0, 8)).replace(" and ", ", ")} and ${rest} more`;
}

/** `a` → `b` → `a`; of a long circle the first few and the last. */
export function circle(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  const few = quoted.length <= 8 ? quoted : [...quoted.slice(0, 6), "…", quoted.at(-1)!];
  return [...few, quoted[0]].join(" → ");
}
