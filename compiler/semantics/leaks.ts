/** The way of a secret, as labels: where it was declared, and where it came into the file. */
import type { Label } from "../diagnostics/diagnostic.ts";
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";

export function wayOfSecret(unit: Unit, symbol: Symbol | undefined): readonly Label[] {
  if (symbol?.place === undefined) return [];
  const labels: Label[] = [{ ...symbol.place, message: "the secret is declared here" }];
  if (symbol.file === unit.file) return labels;
  for (const item of unit.file.items) {
    if (item.kind !== "import") continue;
    for (const { name } of item.names)
      if (unit.facts.symbols.get(name) === symbol)
        labels.push({ ...unit.place(name), message: "it comes into this file here" });
  }
  return labels;
}
