/** A tool that does nothing, for `stages.ts`. */
export const nothing = ({ value }: { value: number }): number => value;
