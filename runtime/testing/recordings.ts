/** Answers of agents in files: `recorded("a.json")`, and the values of `fixture("a.json")`. */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { z } from "zod";
import type { Answers, Recorded } from "../models/scripted.ts";
import { Json } from "../types.ts";
import { TestProblem } from "./problem.ts";

const Recording = z.object({
  answers: z.array(z.object({ stage: z.string().optional(), scope: z.string().optional(), answer: Json })),
});

/** The path of a file that a test names: relative to the program's file, and never outside of the project. */
export function testFile(root: string, folder: string, file: string): string {
  const path = resolve(root, folder, file);
  const real = existsSync(path) ? realpathSync(path) : path;
  const within = relative(existsSync(path) ? realpathSync(root) : root, real);
  if (within.startsWith("..") || isAbsolute(within)) throw new TestProblem(`${file} lies outside the project.`);
  return path;
}

/** Throws `TestProblem`. */
export function readFixture(path: string, file: string): Json {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new TestProblem(existsSync(path) ? `${file} cannot be read.` : `${file} does not exist.`);
  }
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new TestProblem(`${file} is not JSON: ${(error as Error).message.split("\n")[0]}.`);
  }
}

/** A recording, or any other JSON: then that is the one answer for all. Throws `TestProblem`. */
export function readRecording(path: string, file: string): Answers {
  if (!existsSync(path))
    throw new TestProblem(`${file} does not exist: \`gangc test --record\` asks the models once, and writes it.`);
  const json = readFixture(path, file);
  const parsed = Recording.safeParse(json);
  return parsed.success
    ? parsed.data.answers.map(({ stage, scope, answer }) => ({
        ...(stage === undefined ? {} : { stage }),
        ...(scope === undefined ? {} : { scope }),
        answer,
      }))
    : { always: json };
}

export function writeRecording(path: string, agent: string, answers: readonly Recorded[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ agent, answers }, null, 2)}\n`);
}
