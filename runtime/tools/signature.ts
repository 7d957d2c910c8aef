/**
 * What a function of TypeScript takes and gives, as a plan sees it. A built plan states with these that its tools fit;
 * nothing here is there at run time.
 */

/**
 * A type as its values stand in a plan: `null` and `undefined` are one, and what may be missing may be left out; a
 * `bigint` is a number, bytes are a file, and nothing is written to.
 */
type Plain<T> = 0 extends 1 & T
  ? // biome-ignore lint/suspicious/noExplicitAny: `any` stays what it is
    any
  : unknown extends T
    ? unknown
    : T extends null
      ? undefined
      : T extends bigint
        ? number
        : T extends Uint8Array
          ? string
          : T extends Date | string | number | boolean | undefined
            ? T
            : T extends readonly (infer Item)[]
              ? readonly Plain<Item>[]
              : T extends object
                ? PlainRecord<T>
                : T;

type PlainRecord<T> = {
  [K in keyof T as undefined extends Plain<T[K]> ? never : K]: Plain<T[K]>;
} & {
  [K in keyof T as undefined extends Plain<T[K]> ? K : never]?: Plain<T[K]> | undefined;
};

/** The object that a tool is called with. */
export type Takes<Tool> = Tool extends () => unknown
  ? unknown
  : Tool extends (input: infer Input, ...rest: never) => unknown
    ? Plain<Input>
    : never;

/** What a tool comes back with. */
export type Gives<Tool> = Tool extends (...input: never) => infer Result ? Plain<Awaited<Result>> : never;

/** `Value`, where it fits `Place`; else a type error. */
export type Fits<Value extends Place, Place> = Value;
