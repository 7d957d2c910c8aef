/** A source with cursor marks `<|>`, and where they stood. */
export function marked(source: string): { readonly text: string; readonly offsets: readonly number[] } {
  const parts = source.split("<|>");
  const offsets: number[] = [];
  let at = 0;
  for (const part of parts.slice(0, -1)) {
    at += part.length;
    offsets.push(at);
  }
  return { text: parts.join(""), offsets };
}
