/** Goes on with what may be there at once: without a promise, and its way through the queue of them, where it is. */
export function after<T, U>(value: T | Promise<T>, then: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}
