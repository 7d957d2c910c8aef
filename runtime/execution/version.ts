/** The subnet's version, as a cycle finds it: it stamps what is learned. */
import type { Input } from "./attempt.ts";
import { AttemptError } from "./attempt-error.ts";
import { type CommonContext, globalsOf } from "./common.ts";
import { asText } from "./expression.ts";
import { inputOf } from "./stage.ts";
import { invoke } from "./tool-call.ts";

/** As the program says it, or as the tool does that is asked for it: without an answer it is not known, which is said. */
export async function versionOf(
  context: CommonContext & { readonly seed: number },
  input: Input,
): Promise<string | undefined> {
  const { plan, subnet, subnetName, origin, seed } = context;
  const version = subnet?.version;
  if (version === undefined || "text" in version) return version?.text;
  const { call } = version;
  const { name } = call.callee;
  try {
    const given = inputOf(plan, call, globalsOf(plan, input));
    const caller = { context, origin, node: { id: `${subnetName}.version` }, seed };
    const { value } = await invoke(caller, name, given, call.timeout ?? plan.tools[name]?.timeout);
    return value === null ? undefined : asText(value);
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error;
    const message = `the version of ${subnetName} is not known: ${error.message}`;
    context.note({ kind: "event", ...origin, name: "version.unknown", message });
    return undefined;
  }
}
