/** A plan's expressions as they would be written. */
import type { Call, Expr, Json } from "../../runtime/plan.ts";
import { displayNumber } from "../semantics/types/display.ts";

export function expressionText(of: Expr): string {
  switch (of.op) {
    case "literal":
      return jsonText(of.value);
    case "name":
    case "secret":
      return of.name;
    case "field":
      return `${operand(of.of)}.${of.name}`;
    case "index":
      return `${operand(of.of)}[${expressionText(of.key)}]`;
    case "list":
      return `[${of.items.map(expressionText).join(", ")}]`;
    case "record": {
      const fields = of.fields.map(({ name, value }) => `${name}: ${expressionText(value)}`).join(", ");
      return `${of.type === undefined ? "" : `${of.type} `}{ ${fields} }`;
    }
    case "unary":
      return of.operator === "not" ? `not ${operand(of.operand)}` : `-${operand(of.operand)}`;
    case "binary":
      return `${operand(of.left)} ${of.operator} ${operand(of.right)}`;
    case "template":
      return of.parts.map(partText).join("");
    case "aggregate":
      return `${of.function}(${expressionText(of.of)})`;
    case "recalled":
      return `${of.which}(${of.stage}${of.scope === undefined ? "" : `[${expressionText(of.scope)}]`})`;
    case "metric":
      return `${of.which}(${of.metric})`;
    case "call":
      return callText(of.call);
  }
}

/** What is known of a hole stands in the text itself. */
function partText(part: string | Expr): string {
  if (typeof part === "string") return part;
  return part.op === "literal" && typeof part.value === "string" ? part.value : `\${${expressionText(part)}}`;
}

function operand(of: Expr): string {
  const text = expressionText(of);
  return of.op === "binary" || of.op === "unary" ? `(${text})` : text;
}

/** The call itself, and what settles how it is made. */
export function callText({ callee, arguments: given, backends, resources, timeout, retry }: Call): string {
  const named = given.map(({ name, value }) => `${name}: ${expressionText(value)}`).join(", ");
  const settings = [
    backends.join() === "local" ? undefined : `on ${backends.join(" or ")}`,
    ...Object.entries(resources ?? {}).map(([name, value]) => `${name}: ${jsonText(value)}`),
    timeout === undefined ? undefined : `timeout: ${displayNumber(timeout, "duration")}`,
    retry === undefined || retry === "once" || retry === "thrice" ? undefined : `retry: ${retry}`,
  ].filter((setting) => setting !== undefined);
  return `${callee.name}(${named})${settings.length === 0 ? "" : ` { ${settings.join(", ")} }`}`;
}

/** As Gang writes values: names of fields without quotes, `none` for what is missing. */
export function jsonText(value: Json): string {
  if (value === null) return "none";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => jsonText(item)).join(", ")}]`;
  const fields = Object.entries(value as { readonly [key: string]: Json });
  return fields.length === 0 ? "{}" : `{ ${fields.map(([name, item]) => `${name}: ${jsonText(item)}`).join(", ")} }`;
}
