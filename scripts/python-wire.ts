/**
 * Writes `clients/python/parley_client/wire.py`: the messages of the protocol as Python types, from the schemas that the
 * server itself uses. `npx tsx scripts/python-wire.ts`; a test fails when the file is out of date.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { clientCommand } from '../actors/session/client-command.ts';
import { helloMessage } from '../server/endpoints/parley-v1/client-messages.ts';
import { serverMessage } from '../server/endpoints/parley-v1/server-messages.ts';

export const PYTHON_WIRE = fileURLToPath(new URL('../clients/python/parley_client/wire.py', import.meta.url));

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const HEAD = `"""Messages of the protocol parley.v1. Made by scripts/python-wire.ts of Parley: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import NotRequired
`;

/** The text of the file. */
export function pythonWire(): string {
  const classes: string[] = [];
  const union = (name: string, schema: z.ZodType) => {
    // What only a function can check, such as the arguments of an action, is any JSON.
    const json = z.toJSONSchema(schema, { unrepresentable: 'any' }) as Schema;
    const members = (json.oneOf ?? json.anyOf ?? [json]).map((one) => {
      const member = pascal(String(one.properties?.type?.const));
      return define(member === 'Error' ? 'ErrorMessage' : member, one, classes);
    });
    return members.length > 1 ? `${name} = Union[${members.join(', ')}]` : '';
  };
  const unions = [
    union('ServerMessage', serverMessage),
    union('Hello', helloMessage),
    union('ClientMessage', clientCommand),
  ].filter((line) => line !== '');
  return `${HEAD}\n${[...classes, ...unions].join('\n\n')}\n`;
}

/** Adds the class of an object, after those that it refers to. Returns its name. */
function define(name: string, schema: Schema, classes: string[]): string {
  const fields = Object.entries(schema.properties ?? {}).map(([field, of]) => {
    const type = typeOf(`${name}${pascal(field)}`, of, classes);
    return `    ${field}: ${schema.required?.includes(field) ? type : `NotRequired[${type}]`}`;
  });
  classes.push(`class ${name}(TypedDict):\n${fields.join('\n')}`);
  return name;
}

function typeOf(name: string, schema: Schema, classes: string[]): string {
  if (schema.const !== undefined) return literal([schema.const]);
  if (schema.enum) return literal(schema.enum);
  const members = schema.anyOf ?? schema.oneOf;
  if (members) return `Union[${members.map((one) => typeOf(name, one, classes)).join(', ')}]`;
  if (schema.type === 'array') return `list[${typeOf(name, schema.items ?? {}, classes)}]`;
  if (schema.properties) return define(name, schema, classes);
  return (
    { string: 'str', integer: 'int', number: 'float', boolean: 'bool' }[schema.type ?? ''] ?? 'dict[str, Any]'
  );
}

function literal(values: readonly unknown[]): string {
  return `Literal[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|[._-])(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PYTHON_WIRE, pythonWire());
