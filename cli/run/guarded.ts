/** No secret reaches the terminal: neither as text, nor in the message of an error. */
import { RefusedError } from "../../runtime/execution/load.ts";
import type { Redactor } from "../../runtime/secrets.ts";
import { TrailError } from "../../runtime/trail/trail.ts";
import { CommandError } from "../command.ts";
import type { IO } from "../io.ts";

export async function guarded<T>(redactor: Redactor, io: IO, work: (io: IO) => Promise<T>): Promise<T> {
  const safe: IO = Object.create(io, {
    out: { value: (text: string) => io.out(redactor.text(text)) },
    talk: { value: (text: string) => io.talk(redactor.text(text)) },
  });
  try {
    return await work(safe);
  } catch (error) {
    throw redacted(error, redactor);
  }
}

function redacted(error: unknown, redactor: Redactor): unknown {
  if (!(error instanceof Error)) return error;
  const message = redactor.text(error.message);
  if (error instanceof RefusedError)
    return new RefusedError(
      error.fault,
      error.problems.map((text) => redactor.text(text)),
    );
  if (message === error.message) return error;
  if (error instanceof CommandError) return new CommandError(error.exit, message, error.help);
  return error instanceof TrailError ? new TrailError(message) : new Error(message);
}
