/** The colours of diagnostics on a terminal. */
const STYLES = { error: "1;31", warning: "1;33", hint: "1;36", title: "1", dim: "2", mend: "1;32" } as const;

export type Style = keyof typeof STYLES;
export type Paint = (style: Style, text: string) => string;

export function paintOf(colour: boolean): Paint {
  return colour ? (style, text) => (text === "" ? "" : `\u001b[${STYLES[style]}m${text}\u001b[0m`) : (_, text) => text;
}
