/** A terminal for tests: what a command printed, by stream. */
import type { IO } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";

export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly talk: string;
}

/** Runs `gangc` in this process, in a folder, with what stands on stdin. */
export async function gangc(
  args: readonly string[],
  { cwd = process.cwd(), stdin = "" as string | Uint8Array, env = {} as IO["env"] } = {},
): Promise<Outcome> {
  let out = "";
  let talk = "";
  const stream = { terminal: false, colour: false, width: 100 };
  const io: IO = {
    cwd,
    env,
    out: (text) => {
      out += text;
    },
    talk: (text) => {
      talk += text;
    },
    readStdin: async () => Buffer.from(stdin),
    onHangUp() {},
    stdin: { terminal: false },
    stdout: stream,
    stderr: stream,
  };
  const exit = await main(args, io);
  return { exit, out, talk };
}
