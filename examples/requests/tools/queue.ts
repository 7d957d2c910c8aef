/** A queue that stands for a network's: three new requests each time that it is asked, and scores two seconds after an answer. */
import type { Duration, Effect } from "ganglion/runtime";

interface Request {
  readonly id: string;
  readonly question: string;
  readonly patience: Duration;
}

export function requests(): Request[] {
  const second = Math.floor(Date.now() / 1000);
  return [0, 1, 2].map((n) => ({ id: `${second}-${n}`, question: "how many", patience: 60 }));
}

export function reply({ id, x }: { readonly id: string; readonly x: number }): { readonly ticket: string } {
  return { ticket: JSON.stringify({ id, x, sent: Date.now() }) };
}

export function pollScore({ ticket }: { readonly ticket: string }): number | null {
  const { x, sent } = JSON.parse(ticket) as { readonly x: number; readonly sent: number };
  return Date.now() < sent + 2000 ? null : Math.abs(x - 0.7);
}

/** Stands for what cannot be taken back: done at most once. */
export function publish({ x }: { readonly x: number }): Effect<{ readonly published: number }> {
  return { published: x };
}
