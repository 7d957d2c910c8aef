/** The TypeScript file beside the samples of `gangc explain`: tools that are called for what they do. */
export const TOOLS = {
  "tools.ts": `export function keep(_: { value: unknown }): void {}
export function ping(): void {}
export function clean(): void {}
export function train(): void {}
export function add(_: { a: number; b: number }): void {}
export function buy(_: { price: number }): void {}
export function greet(_: { name: string }): void {}
export function work(_: { job: { id: string } }): void {}
export function sign(_: { key: string }): void {}
export function note(_: { to: string }): void {}
export function look(_: { at: string }): void {}
`,
} as const;
