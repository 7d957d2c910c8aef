/** Text as a terminal shows it: how wide a character is, and what must not reach the screen as it is. */

const ZERO = /^(?:\p{M}|[\u200b-\u200d]|[\ufe00-\ufe0f])$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;
/** Controls steer the terminal; the marks of writing direction make a line read as what it is not. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, "gu");
const PLAIN = /^[\x20-\x7e]*$/;

/** Cells of a terminal that one code point takes. */
export function widthOf(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The text with each unsafe character replaced by a picture of it. */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(EVERY_UNSAFE, picture);
}

function picture(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}
