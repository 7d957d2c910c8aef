/** How every runtime is measured: what it runs is made before; a round is from a run's start to its result. */

export interface Made {
  run(): Promise<unknown>;
  /** What there is to tell of a round. */
  end?(): Promise<object>;
}

/** Everyone runs a hundred stages of the shape again and again for so long first, which compiles what is used. */
const WARM_UP_MILLISECONDS = 2_000;
const WARM_UP_STAGES = 100;

/** No round begins after so long. */
const ENOUGH_MILLISECONDS = 15_000;

/** Prints a line of JSON a round: its milliseconds, and what its end tells. */
export async function measure(make: (stages: number) => Promise<Made>, stages: number, rounds: number): Promise<void> {
  const warming = await make(WARM_UP_STAGES);
  for (const began = performance.now(); performance.now() - began < WARM_UP_MILLISECONDS; ) await warming.run();
  await warming.end?.();
  const began = performance.now();
  for (let round = 0; round < rounds && performance.now() - began < ENOUGH_MILLISECONDS; round++) {
    const { run, end } = await make(stages);
    const start = performance.now();
    await run();
    const ms = performance.now() - start;
    console.log(JSON.stringify({ ms, ...(await end?.()) }));
  }
}
