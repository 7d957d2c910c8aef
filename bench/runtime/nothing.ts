/** A tool that does nothing, and a source that has a hundred more to do whenever it was called for the last hundred. */
let called = 0;

export function nothing({ value }: { value: number }): number {
  called += 1;
  return value;
}

export function orders(): readonly { readonly id: string }[] {
  const first = 100 * Math.floor(called / 100);
  return Array.from({ length: 100 }, (_, i) => ({ id: `${first + i}` }));
}
