/** Tools that take a moment, and effects that can be counted from outside: a line each in a file that nothing else writes. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

interface Ticket {
  ticket: string;
}

const world = (): string => process.env.CRASH_WORLD!;
const moment = (): Promise<void> => sleep(2 + Math.random() * 14);

export async function step({ name, of }: { name: string; of: number }): Promise<number> {
  await moment();
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, of);
}

export async function measure({ x, before }: { x: number; before: number }): Promise<number> {
  await moment();
  return (x - 0.7) ** 2 + before / 1000;
}

async function happen(what: string, of: number): Promise<Ticket> {
  await moment();
  appendFileSync(world(), `${what}\n`);
  await moment();
  return ticketOf(what, of);
}

const ticketOf = (what: string, of: number): Ticket => ({ ticket: `${what}:${of}` });

export const submit = ({ what, of }: { what: string; of: number }): Promise<Ticket> => happen(what, of);

export const pay = ({ what, of }: { what: string; of: number }): Promise<Ticket> => happen(what, of);

export function hasHappened(what: string): boolean {
  return existsSync(world()) && readFileSync(world(), "utf8").split("\n").includes(what);
}

export async function found({ what, of }: { what: string; of: number }): Promise<Ticket | undefined> {
  return hasHappened(what) ? ticketOf(what, of) : undefined;
}

interface Job {
  id: string;
  n: number;
}

export const jobs = (): Job[] => Array.from({ length: 8 }, (_, n) => ({ id: `job-${n}`, n }));
