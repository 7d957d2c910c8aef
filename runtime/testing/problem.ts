import type { Position } from "../plan.ts";

/** A test cannot be run as it is written: a sentence for its author. */
export class TestProblem extends Error {
  override readonly name = "TestProblem";
  readonly at: Position | undefined;

  constructor(message: string, at?: Position) {
    super(message);
    this.at = at;
  }
}
