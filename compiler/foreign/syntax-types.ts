/**
 * TypeScript's types as Gang types, from their syntax alone. What syntax cannot say throws `Unsettled`, and the checker
 * is asked; what has no meaning here throws `Refused`.
 */
import type { TSEnumDeclaration, TSSignature, TSTupleElement, TSType, TSTypeName, TSTypeReference } from "oxc-parser";
import type { Field, Type } from "../../runtime/types.ts";
import type { Host } from "../host.ts";
import { literalOf, named, optional } from "../semantics/types/make.ts";
import { docBefore } from "./docs.ts";
import { combine, GLOBAL_TYPES, RUNTIME_TYPES, STRANGE_TYPES, tupleOf, unite } from "./meaning.ts";
import {
  type Class,
  type Expression,
  type Module,
  placeIn,
  sourceOf,
  type TSInterfaceDeclaration,
  type TypeDeclaration,
} from "./module.ts";
import { Refused, Unsettled } from "./refusal.ts";
import { resolveExport, resolveName, type Target } from "./resolve.ts";
import { keysOf, member, plainFields, utilityType } from "./utility-types.ts";

/** Where a type is read: its module, and what the type parameters around it stand for. */
export interface Scope {
  readonly module: Module;
  readonly bindings: ReadonlyMap<string, Type>;
}

/** Deeper types are left to the checker, which cuts them. */
const DEEPEST = 100;

const JSON_TYPE: Type = { kind: "json" };
const NONE: Type = { kind: "none" };
const STRING: Type = { kind: "string" };

export class TypeReader {
  readonly #host: Host;
  readonly #open = new Set<TypeDeclaration>();
  readonly #done = new Map<TypeDeclaration, Type>();
  /** Names of the types that were found to contain themselves. */
  readonly recursive: string[] = [];
  #depth = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  read(node: TSType, scope: Scope): Type {
    if (++this.#depth > DEEPEST) throw new Unsettled();
    const type = this.#read(node, scope);
    this.#depth--;
    return type;
  }

  #read(node: TSType, scope: Scope): Type {
    switch (node.type) {
      case "TSStringKeyword":
        return STRING;
      case "TSNumberKeyword":
        return { kind: "float" };
      case "TSBooleanKeyword":
        return { kind: "bool" };
      case "TSBigIntKeyword":
        return { kind: "int" };
      case "TSAnyKeyword":
      case "TSUnknownKeyword":
      case "TSObjectKeyword":
        return JSON_TYPE;
      case "TSUndefinedKeyword":
      case "TSNullKeyword":
      case "TSVoidKeyword":
        return NONE;
      case "TSLiteralType":
        return this.#literal(node.literal as Expression);
      case "TSTemplateLiteralType":
        return STRING;
      case "TSParenthesizedType":
        return this.read(node.typeAnnotation, scope);
      case "TSArrayType":
        return { kind: "list", of: this.read(node.elementType, scope) };
      case "TSTupleType":
        return this.#tuple(node.elementTypes, node, scope);
      case "TSUnionType":
        return unite(
          node.types.map((member) => this.read(member, scope)),
          placeIn(scope.module, node),
        );
      case "TSIntersectionType":
        return { kind: "record", fields: combine(node.types.map((part) => plainFields(this.read(part, scope)))) };
      case "TSTypeLiteral":
        return this.#members(node.members, scope);
      case "TSTypeOperator":
        if (node.operator === "readonly") return this.read(node.typeAnnotation, scope);
        if (node.operator === "keyof") return keysOf(this.read(node.typeAnnotation, scope));
        throw new Refused("strange", "a `symbol` is not JSON", placeIn(scope.module, node));
      case "TSSymbolKeyword":
        throw new Refused("strange", "a `symbol` is not JSON", placeIn(scope.module, node));
      case "TSFunctionType":
      case "TSConstructorType":
        throw new Refused("callback", sourceOf(scope.module, node), placeIn(scope.module, node));
      case "TSIndexedAccessType":
        return member(this.read(node.objectType, scope), node.indexType, (type) => this.read(type, scope));
      case "TSTypeReference":
        return this.#reference(node, scope);
      case "TSTypePredicate":
        return node.asserts ? NONE : { kind: "bool" };
      default:
        throw new Unsettled();
    }
  }

  #literal(node: Expression): Type {
    if (node.type === "Literal") {
      if (node.value === null || typeof node.value === "string" || typeof node.value === "boolean")
        return literalOf(node.value);
      if (typeof node.value === "number") return numberLiteral(node.value);
      if (typeof node.value === "bigint") return literalOf(Number(node.value), "int");
    }
    if (node.type === "UnaryExpression" && node.operator === "-" && node.argument.type === "Literal") {
      if (typeof node.argument.value === "number") return numberLiteral(-node.argument.value);
    }
    if (node.type === "TemplateLiteral") {
      return node.expressions.length === 0 ? literalOf(node.quasis[0]!.value.cooked ?? "") : STRING;
    }
    throw new Unsettled();
  }

  /** `[T, T?, ...T[]]`: a list with bounds, where all parts are of one type. */
  #tuple(elements: readonly TSTupleElement[], node: TSType, scope: Scope): Type {
    let [least, open] = [0, false];
    const parts = elements.map((element) => {
      const inner = element.type === "TSNamedTupleMember" ? element.elementType : element;
      const isOptional = inner.type === "TSOptionalType" || (element.type === "TSNamedTupleMember" && element.optional);
      if (inner.type === "TSRestType") {
        open = true;
        const rest = inner.typeAnnotation;
        const list = this.read(rest.type === "TSNamedTupleMember" ? (rest.elementType as TSType) : rest, scope);
        if (list.kind !== "list") throw new Unsettled();
        return list.of;
      }
      if (!isOptional) least++;
      return this.read(inner.type === "TSOptionalType" ? inner.typeAnnotation : (inner as TSType), scope);
    });
    return tupleOf(parts, least, open ? undefined : elements.length, () => placeIn(scope.module, node));
  }

  #members(members: readonly TSSignature[], scope: Scope): Type {
    const fields: Field[] = [];
    let values: Type | undefined;
    for (const signature of members) {
      switch (signature.type) {
        case "TSPropertySignature": {
          const name = keyName(signature.key, signature.computed);
          const field = this.#field(
            name,
            signature.typeAnnotation?.typeAnnotation,
            signature.optional,
            signature,
            scope,
          );
          if (field !== undefined) fields.push(field);
          break;
        }
        case "TSMethodSignature":
          if (signature.optional) break;
          throw new Refused("callback", sourceOf(scope.module, signature), placeIn(scope.module, signature));
        case "TSIndexSignature":
          values = this.read(signature.typeAnnotation.typeAnnotation, scope);
          break;
        default:
          throw new Refused("callback", sourceOf(scope.module, signature), placeIn(scope.module, signature));
      }
    }
    // With fields of its own beside the index, what is declared is what is promised.
    return values !== undefined && fields.length === 0 ? { kind: "map", of: values } : { kind: "record", fields };
  }

  #field(
    name: string,
    annotation: TSType | undefined,
    isOptional: boolean,
    node: { readonly start: number; readonly end: number },
    scope: Scope,
  ): Field | undefined {
    if (isOptional && annotation?.type === "TSFunctionType") return undefined;
    const type = annotation === undefined ? JSON_TYPE : this.read(annotation, scope);
    const doc = docBefore(scope.module, node.start).text.replace(/\s+/g, " ");
    return { name, type: isOptional ? optional(type) : type, ...(doc === "" ? {} : { doc }) };
  }

  // References ------------------------------------------------------------------------------------------------------

  #reference(node: TSTypeReference, scope: Scope): Type {
    const { typeName, typeArguments } = node;
    const parameters = typeArguments?.params ?? [];
    if (typeName.type === "Identifier") {
      const bound = scope.bindings.get(typeName.name);
      if (bound !== undefined) return bound;
    }
    const target = this.target(typeName, scope.module);
    if (target === undefined) {
      if (typeName.type === "Identifier") return this.#global(typeName.name, parameters, node, scope);
      return this.#enumMember(typeName, scope);
    }
    switch (target.kind) {
      case "runtime": {
        if (target.name === "Effect" && parameters[0] !== undefined) return this.read(parameters[0], scope);
        const type = RUNTIME_TYPES.get(target.name);
        if (type === undefined) throw new Unsettled();
        return type;
      }
      case "local": {
        const declarations = target.module.types.get(target.name);
        if (declarations === undefined) throw new Unsettled();
        return this.declared(
          target.name,
          declarations,
          target.module,
          parameters.map((parameter) => this.read(parameter, scope)),
        );
      }
      default:
        throw new Unsettled();
    }
  }

  /** What a possibly dotted type name stands for; nothing where it is global, or a member of an enum. */
  target(name: TSTypeName, module: Module): Target | undefined {
    if (name.type === "Identifier") return resolveName(module, name.name, this.#host);
    if (name.type !== "TSQualifiedName") throw new Unsettled();
    const left = this.target(name.left, module);
    if (left?.kind === "module") return resolveExport(left.module, name.right.name, this.#host);
    if (left?.kind === "runtime" && left.name === "*") return { kind: "runtime", name: name.right.name };
    if (left?.kind === "local") return undefined;
    throw new Unsettled();
  }

  #enumMember(name: TSTypeName, scope: Scope): Type {
    if (name.type !== "TSQualifiedName") throw new Unsettled();
    const target = this.target(name.left, scope.module);
    if (target?.kind !== "local") throw new Unsettled();
    const declaration = target.module.types.get(target.name)?.[0];
    if (declaration?.type !== "TSEnumDeclaration") throw new Unsettled();
    const value = enumValues(declaration).get(name.right.name);
    if (value === undefined) throw new Unsettled();
    return value;
  }

  /** A declared type with its arguments; a type that is being read already contains itself, and is `json` here. */
  declared(name: string, declarations: readonly TypeDeclaration[], module: Module, parameters: readonly Type[]): Type {
    const first = declarations[0]!;
    const done = this.#done.get(first);
    if (done !== undefined) return done;
    if (this.#open.has(first)) {
      if (!this.recursive.includes(name)) this.recursive.push(name);
      return JSON_TYPE;
    }
    this.#open.add(first);
    const cuts = this.recursive.length;
    const scope = { module, bindings: this.#bind(first, parameters, module) };
    const doc = docBefore(module, startOfStatement(module, first)).text;
    const read = this.#declarations(declarations, scope);
    const isGeneric = scope.bindings.size > 0;
    const type = isGeneric ? read : named(read.kind === "record" && doc !== "" ? { ...read, doc } : read, name);
    this.#open.delete(first);
    // What was cut inside of another type reads differently by itself.
    if (!isGeneric && cuts === this.recursive.length) this.#done.set(first, type);
    return type;
  }

  #bind(declaration: TypeDeclaration, given: readonly Type[], module: Module): ReadonlyMap<string, Type> {
    const bindings = new Map<string, Type>();
    const parameters = "typeParameters" in declaration ? (declaration.typeParameters?.params ?? []) : [];
    for (const [index, parameter] of parameters.entries()) {
      const type =
        given[index] ?? (parameter.default === null ? undefined : this.read(parameter.default, { module, bindings }));
      if (type === undefined) throw new Refused("generic", parameter.name.name, placeIn(module, parameter));
      bindings.set(parameter.name.name, type);
    }
    return bindings;
  }

  #declarations(declarations: readonly TypeDeclaration[], scope: Scope): Type {
    const [first] = declarations;
    switch (first!.type) {
      case "TSTypeAliasDeclaration":
        return this.read(first!.typeAnnotation, scope);
      case "TSEnumDeclaration":
        return unite([...enumValues(first!).values()], placeIn(scope.module, first!));
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(first!, scope);
      default: {
        const parts = declarations
          .filter((part) => part.type === "TSInterfaceDeclaration")
          .map((part) => this.#interface(part, scope));
        const [single] = parts;
        if (parts.length === 1) return single!;
        return { kind: "record", fields: combine(parts.map(plainFields)) };
      }
    }
  }

  #interface(node: TSInterfaceDeclaration, scope: Scope): Type {
    const own = this.#members(node.body.body, scope);
    if (node.extends.length === 0) return own;
    const bases = node.extends.map(({ expression, typeArguments }) => {
      if (expression.type !== "Identifier") throw new Unsettled();
      const reference = {
        type: "TSTypeReference",
        typeName: expression,
        typeArguments,
        start: node.start,
        end: node.end,
      };
      return this.read(reference as TSTypeReference, scope);
    });
    return { kind: "record", fields: combine([...bases, own].map(plainFields)) };
  }

  #class(node: Class, scope: Scope): Type {
    const fields: Field[] = [];
    if (node.superClass !== null) throw new Unsettled();
    for (const element of node.body.body) {
      if (element.type === "MethodDefinition" && element.kind === "constructor") continue;
      if (element.type !== "PropertyDefinition" || element.key.type === "PrivateIdentifier") {
        throw new Refused("class", node.id?.name ?? "class", placeIn(scope.module, node.id ?? node));
      }
      if (element.static) continue;
      if (element.typeAnnotation === null || element.typeAnnotation === undefined) throw new Unsettled();
      const name = keyName(element.key, element.computed);
      const field = this.#field(name, element.typeAnnotation.typeAnnotation, element.optional ?? false, element, scope);
      if (field !== undefined) fields.push(field);
    }
    return { kind: "record", fields };
  }

  // The types that every TypeScript file knows --------------------------------------------------------------------------

  #global(name: string, parameters: readonly TSType[], node: TSTypeReference, scope: Scope): Type {
    const known = GLOBAL_TYPES.get(name);
    if (known !== undefined) return known;
    const strange = STRANGE_TYPES.get(name);
    if (strange !== undefined) throw new Refused("strange", strange, placeIn(scope.module, node));
    if (name === "Function") throw new Refused("callback", name, placeIn(scope.module, node));
    const [first, second] = parameters.map((parameter) => () => this.read(parameter, scope));
    return utilityType(name, first, second);
  }
}

function numberLiteral(value: number): Type {
  return literalOf(value, Number.isInteger(value) ? "int" : "float");
}

function enumValues(node: TSEnumDeclaration): ReadonlyMap<string, Type> {
  const values = new Map<string, Type>();
  let next: number | undefined = 0;
  for (const entry of node.body.members) {
    const name =
      entry.id.type === "Literal" ? entry.id.value : entry.id.type === "Identifier" ? entry.id.name : undefined;
    if (name === undefined) throw new Unsettled();
    const init = entry.initializer;
    if (init === null) {
      if (next === undefined) throw new Unsettled();
      values.set(name, literalOf(next++, "int"));
    } else if (init.type === "Literal" && typeof init.value === "string") {
      values.set(name, literalOf(init.value));
      next = undefined;
    } else if (init.type === "Literal" && typeof init.value === "number") {
      values.set(name, numberLiteral(init.value));
      next = init.value + 1;
    } else throw new Unsettled();
  }
  return values;
}

function keyName(key: { readonly type: string }, computed: boolean): string {
  if (!computed && key.type === "Identifier") return (key as unknown as { name: string }).name;
  if (key.type === "Literal") return String((key as unknown as { value: unknown }).value);
  throw new Unsettled();
}

/** `export` stands before the declaration, and documentation before `export`. */
function startOfStatement(module: Module, node: TypeDeclaration): number {
  const before = module.text.slice(0, node.start);
  const exported = /export\s+(?:declare\s+)?$/.exec(before.slice(-40));
  return exported === null ? node.start : node.start - exported[0].length;
}
