/**
 * Recursion that does not use the call stack: a type may be nested ten thousand deep, and a check must still answer.
 * A question is solved by a generator that yields the questions it depends on and is handed their answers.
 */
export type Deep<Question, Answer> = Generator<Question, Answer, Answer>;

export function solve<Question, Answer>(
  question: Question,
  how: (question: Question) => Deep<Question, Answer>,
): Answer {
  const open = [how(question)];
  let step = open[0]!.next();
  for (;;) {
    if (!step.done) {
      const inner = how(step.value);
      open.push(inner);
      step = inner.next();
      continue;
    }
    open.pop();
    const outer = open.at(-1);
    if (outer === undefined) return step.value;
    step = outer.next(step.value);
  }
}
