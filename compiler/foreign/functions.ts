/** An exported function as a tool's signature, by its syntax. */
import type { BindingPattern, ParamPattern, TSFunctionType, TSType } from "oxc-parser";
import type { Field, Type } from "../../runtime/types.ts";
import { optional } from "../semantics/types/make.ts";
import type { Doc } from "./docs.ts";
import { CONTEXT_NAMES, FORMS, type Form, type Forms } from "./meaning.ts";
import { type AnyFunction, type Module, placeIn, sourceOf, type Value } from "./module.ts";
import { Refused, Unsettled } from "./refusal.ts";
import type { Scope, TypeReader } from "./syntax-types.ts";

export interface FunctionMeaning {
  readonly parameters: readonly Field[];
  /** Absent for `void`. */
  readonly result: Type | undefined;
  readonly effect: boolean;
  readonly nulls: readonly string[];
  readonly forms: Forms;
}

type Callable = AnyFunction | TSFunctionType;

/** The same for both readers: a function by its parameters' names is what a mend needs. */
export function severalParameters(name: string, names: readonly string[]): Refused {
  const list = names.join(", ");
  return new Refused(
    "parameters",
    `${name}({ ${list} }: { ${names.map((parameter) => `${parameter}: …`).join("; ")} })`,
  );
}

export function readFunction(
  name: string,
  value: Value,
  module: Module,
  doc: Doc,
  reader: TypeReader,
): FunctionMeaning {
  const scope: Scope = { module, bindings: new Map() };
  const callable = callableOf(value, module);
  const open = callable.typeParameters?.params[0];
  if (open !== undefined) throw new Refused("generic", open.name.name, placeIn(module, open));
  // What is refused by syntax is refused at once; the checker is asked for the rest.
  const taken = parametersOf(name, callable, scope, doc, reader);
  return { ...taken, ...resultOf(callable, scope, reader) };
}

function callableOf(value: Value, module: Module): Callable {
  const { functions, annotation } = value;
  if (annotation !== undefined) {
    if (annotation.type === "TSFunctionType") return annotation;
    throw new Unsettled();
  }
  const [first] = functions;
  if (first === undefined) {
    if (value.what === "a value" || value.what === "a variable") throw new Unsettled();
    throw new Refused("value", value.what, placeIn(module, value.node));
  }
  // An overloaded function has signatures without bodies before the one with.
  if (functions.length > 1) throw new Refused("overloads", "", placeIn(module, value.node));
  if (first.generator)
    throw new Refused("strange", "a generator is read once, and a value many times; return an array");
  return first;
}

function parametersOf(
  name: string,
  callable: Callable,
  scope: Scope,
  doc: Doc,
  reader: TypeReader,
): Pick<FunctionMeaning, "parameters" | "nulls" | "forms"> {
  const [first, second, ...more] = callable.params;
  if (first === undefined) return { parameters: [], nulls: [], forms: {} };
  if (first.type === "RestElement" || more.length > 0 || (second !== undefined && !isContext(second))) {
    throw severalParameters(name, callable.params.map(parameterName));
  }
  const pattern = first.type === "AssignmentPattern" ? first.left : (first as BindingPattern);
  const annotation = (pattern as { typeAnnotation?: { typeAnnotation: TSType } | null }).typeAnnotation?.typeAnnotation;
  if (annotation === undefined) throw new Refused("untyped", "", placeIn(scope.module, first));
  const type = reader.read(annotation, scope);
  if (type.kind !== "record")
    throw new Refused("not-object", sourceOf(scope.module, annotation), placeIn(scope.module, annotation));
  const defaults = defaultedNames(pattern);
  const parameters = type.fields.map((field): Field => {
    const described = field.doc ?? doc.parameters.get(field.name);
    return {
      ...field,
      type: defaults.has(field.name) ? optional(field.type) : field.type,
      ...(described === undefined ? {} : { doc: described }),
    };
  });
  return { parameters, nulls: nullNames(annotation, scope.module), forms: formsOf(annotation, scope.module) };
}

function parameterName(parameter: ParamPattern, index: number): string {
  const node = parameter.type === "RestElement" ? parameter.argument : parameter;
  const left = node.type === "AssignmentPattern" ? node.left : node;
  return left.type === "Identifier" ? left.name : `input${index + 1}`;
}

/** The second parameter receives the context of the call, so it may name only what that has. */
function isContext(parameter: ParamPattern): boolean {
  const annotation = (parameter as { typeAnnotation?: { typeAnnotation: TSType } | null }).typeAnnotation
    ?.typeAnnotation;
  if (annotation?.type === "TSTypeReference") {
    return annotation.typeName.type === "Identifier" && /Context$/.test(annotation.typeName.name);
  }
  if (annotation?.type !== "TSTypeLiteral") return false;
  return annotation.members.every(
    (member) =>
      (member.type === "TSPropertySignature" || member.type === "TSMethodSignature") &&
      member.key.type === "Identifier" &&
      CONTEXT_NAMES.has(member.key.name),
  );
}

/** `{ a, b = 3 }`: what has a default may be left out. */
function defaultedNames(pattern: { readonly type: string }): ReadonlySet<string> {
  const names = new Set<string>();
  if (pattern.type !== "ObjectPattern") return names;
  for (const property of (pattern as Extract<BindingPattern, { type: "ObjectPattern" }>).properties) {
    if (
      property.type === "Property" &&
      property.key.type === "Identifier" &&
      property.value.type === "AssignmentPattern"
    ) {
      names.add(property.key.name);
    }
  }
  return names;
}

/** Fields whose type names `null` and neither `undefined` nor `?`: there a missing value is handed over as `null`. */
function nullNames(annotation: TSType, module: Module): readonly string[] {
  return propertiesOf(annotation, module).flatMap(({ name, isOptional, parts }) => {
    if (isOptional) return [];
    const has = (kind: TSType["type"]): boolean => parts.some((part) => part.type === kind);
    return has("TSNullKeyword") && !has("TSUndefinedKeyword") ? [name] : [];
  });
}

function formsOf(annotation: TSType, module: Module): Forms {
  const formOf = (type: TSType): Form | undefined => {
    if (type.type === "TSBigIntKeyword") return "bigint";
    if (type.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return undefined;
    return module.types.has(type.typeName.name) ? undefined : FORMS.get(type.typeName.name);
  };
  const forms = propertiesOf(annotation, module).flatMap(({ name, parts }): [string, Form][] => {
    const form = parts.map(formOf).find((found) => found !== undefined);
    return form === undefined ? [] : [[name, form]];
  });
  return Object.fromEntries(forms);
}

interface Property {
  readonly name: string;
  readonly isOptional: boolean;
  /** The members of its type, where that is a union; else the type alone. */
  readonly parts: readonly TSType[];
}

function propertiesOf(annotation: TSType, module: Module): readonly Property[] {
  return membersOf(annotation, module).flatMap((member): Property[] => {
    if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier") return [];
    const type = member.typeAnnotation?.typeAnnotation;
    const parts = type?.type === "TSUnionType" ? type.types : type === undefined ? [] : [type];
    return [{ name: member.key.name, isOptional: member.optional, parts }];
  });
}

function membersOf(
  annotation: TSType,
  module: Module,
): readonly Extract<TSType, { type: "TSTypeLiteral" }>["members"][number][] {
  if (annotation.type === "TSTypeLiteral") return annotation.members;
  if (annotation.type !== "TSTypeReference" || annotation.typeName.type !== "Identifier") return [];
  const declarations = module.types.get(annotation.typeName.name) ?? [];
  return declarations.flatMap((declaration) => {
    if (declaration.type === "TSInterfaceDeclaration") return declaration.body.body;
    return declaration.type === "TSTypeAliasDeclaration" ? membersOf(declaration.typeAnnotation, module) : [];
  });
}

function resultOf(callable: Callable, scope: Scope, reader: TypeReader): Pick<FunctionMeaning, "result" | "effect"> {
  const annotation = callable.returnType?.typeAnnotation;
  if (annotation === undefined) throw new Unsettled();
  const inner = withoutPromise(annotation);
  const effect = isEffect(inner, scope, reader);
  const type =
    inner.type === "TSVoidKeyword" || inner.type === "TSUndefinedKeyword" ? undefined : reader.read(inner, scope);
  if (inner.type === "TSNeverKeyword")
    throw new Refused("strange", "it never returns", placeIn(scope.module, annotation));
  if (type?.kind === "secret")
    throw new Refused("strange", "a tool cannot return a secret", placeIn(scope.module, annotation));
  return { result: type?.kind === "none" ? undefined : type, effect };
}

function withoutPromise(node: TSType): TSType {
  let inner = node;
  while (
    inner.type === "TSTypeReference" &&
    inner.typeName.type === "Identifier" &&
    inner.typeName.name === "Promise"
  ) {
    const of = inner.typeArguments?.params[0];
    if (of === undefined) break;
    inner = of;
  }
  return inner.type === "TSParenthesizedType" ? inner.typeAnnotation : inner;
}

function isEffect(node: TSType, scope: Scope, reader: TypeReader): boolean {
  if (node.type !== "TSTypeReference") return false;
  const target = reader.target(node.typeName, scope.module);
  return target?.kind === "runtime" && target.name === "Effect";
}
