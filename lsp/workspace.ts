/** The open files, and the program that each is the entry of. Programs are made when they are asked for, and kept until something changes. */

import type { Host } from "../compiler/host.ts";
import { compile } from "../compiler/index.ts";
import type { Program } from "../compiler/semantics/program.ts";
import type { SourceFile } from "../compiler/syntax/tree.ts";
import { fileIn } from "./cursor.ts";
import { overlay } from "./host.ts";
import { pathOf, uriOf } from "./positions.ts";

export interface Opened {
  readonly program: Program;
  readonly file: SourceFile;
}

export class Workspace {
  readonly host: Host;
  readonly #buffers = new Map<string, string>();
  /** As the editor wrote them: two spellings of one URI are two files to it. */
  readonly #uris = new Map<string, string>();
  readonly #programs = new Map<string, Program>();

  constructor(host: Host) {
    this.host = overlay(host, this.#buffers);
  }

  set(uri: string, text: string): void {
    const path = pathOf(uri);
    this.#uris.set(path, uri);
    this.#buffers.set(path, text);
    this.forget();
  }

  close(uri: string): void {
    const path = pathOf(uri);
    this.#uris.delete(path);
    this.#buffers.delete(path);
    this.forget();
  }

  /** A file on the disk has changed, so any program may have. */
  forget(): void {
    this.#programs.clear();
  }

  uriOf(path: string): string {
    return this.#uris.get(path) ?? uriOf(path);
  }

  at(path: string): Opened | undefined {
    const program = this.#programs.get(path) ?? compile(path, this.host);
    this.#programs.set(path, program);
    const file = fileIn(program, path);
    return file === undefined ? undefined : { program, file };
  }
}
