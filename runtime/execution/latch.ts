/** Counts what is under way, and tells when nothing is any more. */
export class Latch {
  /** Resolves when what was begun has ended. */
  readonly over: Promise<void>;
  #open = 0;
  #resolve!: () => void;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get open(): boolean {
    return this.#open > 0;
  }

  begin(): void {
    this.#open += 1;
  }

  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#resolve();
  }
}
