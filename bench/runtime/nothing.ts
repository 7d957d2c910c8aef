/** A tool that does nothing, for `ours.ts`. */
export const nothing = ({ value }: { value: number }): number => value;
