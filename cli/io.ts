/**
 * A command's way to the terminal: stdout for what machines read, stderr for all talk. Colour stands only on a
 * terminal that wants it; a reader that hangs up (`| head`) ends the command quietly, unless it asks to be told.
 */
import { writeSync } from "node:fs";
import { EXIT } from "./exit-codes.ts";

export interface IO {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Results, to stdout. */
  out(text: string): void;
  /** Talk, to stderr. */
  talk(text: string): void;
  /** All of stdin, as bytes. */
  readStdin(): Promise<Uint8Array>;
  /** Calls `listener` when a reader has gone away. What is written to it then goes nowhere, and ends nothing. */
  onHangUp(listener: () => void): void;
  readonly stdin: { readonly terminal: boolean };
  readonly stdout: Stream;
  readonly stderr: Stream;
}

export interface Stream {
  readonly terminal: boolean;
  readonly colour: boolean;
  /** Characters a line; 100 where it is no terminal. */
  readonly width: number;
}

const OUT = 1;
const TALK = 2;
const PLAIN: Stream = { terminal: false, colour: false, width: 100 };

/** The process's own streams. They are looked at only when first asked for: opening them costs milliseconds. */
export function processIO(): IO {
  let hungUp = (): void => process.exit(EXIT.fine);
  const write = (descriptor: number, text: string): void => {
    if (!writeWhole(descriptor, text)) hungUp();
  };
  return {
    cwd: process.cwd(),
    env: process.env,
    out: (text) => write(OUT, text),
    talk: (text) => write(TALK, text),
    async readStdin() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks);
    },
    onHangUp(listener) {
      hungUp = listener;
    },
    get stdin() {
      return { terminal: process.stdin.isTTY === true };
    },
    get stdout() {
      return stream(process.stdout);
    },
    get stderr() {
      return stream(process.stderr);
    },
  };
}

function stream(target: NodeJS.WriteStream): Stream {
  if (target.isTTY !== true) return process.env.FORCE_COLOR ? { ...PLAIN, colour: true } : PLAIN;
  const { NO_COLOR, CI, TERM } = process.env;
  return { terminal: true, colour: !NO_COLOR && !CI && TERM !== "dumb", width: target.columns || 80 };
}

/** Written at once and in order, however the process ends afterwards. False where nobody reads it any more. */
function writeWhole(descriptor: number, text: string): boolean {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") pause();
      else if (code === "EPIPE") return false;
      else throw error;
    }
  }
  return true;
}

/** A pipe whose reader is slow, set non-blocking by whoever made it. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
