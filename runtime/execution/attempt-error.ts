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
