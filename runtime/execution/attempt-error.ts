import type { FailureClass } from "../trail/record.ts";

/** An attempt failed, and why; the message is for the record and the user, without a stack. */
export class AttemptError extends Error {
  override readonly name = "AttemptError";
  readonly class: FailureClass;
  /** Seconds after which the world asks to be tried again, where it said so. */
  readonly retryAfter: number | undefined;

  constructor(failure: FailureClass, message: string, retryAfter?: number) {
    super(message);
    this.class = failure;
    this.retryAfter = retryAfter;
  }
}

/** A call that failed before anything of it was done: an effect that surely did not happen. */
export class NotStarted extends AttemptError {}

/** A stage stops here for now, and nothing has failed: it waits for a person, or this is a rehearsal. */
export class Halt extends Error {
  override readonly name = "Halt";
  readonly why: "parked" | "rehearsed";

  constructor(why: Halt["why"], message: string) {
    super(message);
    this.why = why;
  }
}
