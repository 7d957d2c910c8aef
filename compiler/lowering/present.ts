/** A record without the fields that are `undefined`: what is optional in the plan is absent there. */
type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function present<T extends object>(record: T): Present<T> {
  const result: { [key: string]: unknown } = {};
  for (const [key, value] of Object.entries(record)) if (value !== undefined) result[key] = value;
  return result as Present<T>;
}
