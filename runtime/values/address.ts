/**
 * A `file` or a `dir` as a value: its content, wherever that lies. `file:<SHA-256>:<bytes>`, with the extension by which
 * programs tell formats (`file:…:2048.csv`); `dir:<SHA-256 of the list of what is in it>:<bytes in all>`.
 */
import { extname } from "node:path";

export interface Address {
  readonly kind: "file" | "dir";
  /** Of the artifact in which the content is, or its list. */
  readonly hash: string;
  readonly bytes: number;
  /** With its dot; else empty. */
  readonly extension: string;
}

const ADDRESS = /^(file|dir):([0-9a-f]{64}):(\d{1,15})(\.[A-Za-z0-9]{1,12})?$/;

/** `undefined` where the value is none. */
export function addressIn(value: unknown): Address | undefined {
  const [, kind, hash, bytes, extension = ""] = (typeof value === "string" && ADDRESS.exec(value)) || [];
  return kind === undefined
    ? undefined
    : { kind: kind as Address["kind"], hash: hash!, bytes: Number(bytes), extension };
}

export function addressText({ kind, hash, bytes, extension }: Address): string {
  return `${kind}:${hash}:${bytes}${extension}`;
}

/** Of a file's name so much as an address may have: of what a name says besides, nothing is kept. */
export function extensionOf(path: string): string {
  const extension = extname(path);
  return /^\.[A-Za-z0-9]{1,12}$/.test(extension) ? extension : "";
}
