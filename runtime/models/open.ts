/** From a declaration to something that proposes. */
import type { Model as ModelDeclaration } from "../plan.ts";
import { embeddedModel } from "./embedded.ts";
import type { Model } from "./model.ts";

/** Why this machine, or this version, cannot use a model; `undefined` where it can. A part of a sentence. */
export function obstacle({ provider }: ModelDeclaration): string | undefined {
  return provider === "embedded" ? undefined : `this version cannot call ${provider} yet`;
}

/** Only for models without an `obstacle`. */
export function openModel(name: string, declaration: ModelDeclaration): Model {
  const why = obstacle(declaration);
  if (why !== undefined) throw new Error(`${name} cannot be used: ${why}`);
  const { explore } = declaration.options;
  return embeddedModel(name, typeof explore === "number" ? { explore } : {});
}
