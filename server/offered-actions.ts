import { type Dialog, dialogActions } from '../actors/dialog/mod.ts';
import type { LlmTool } from '../actors/ports/llm.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Json, JsonObject } from '../machines/json.ts';
import type { Config } from './config/schema.ts';

type Tools = Pick<Config, 'llm'>;

/** The names of all actions that an engine of this configuration may request: all of the dialog if the dialog engine or a remote engine answers, and those of `llm.tools`.
 */
export function offeredActions(
  { engines, llm }: Pick<Config, 'engines' | 'llm'>,
  dialog: Dialog,
): readonly string[] {
  const ofDialog = engines.llm.some((name) => name === 'dialog' || name === 'remote');
  return ofDialog ? [...dialogActions(dialog).keys()] : toolsOf({ llm }, dialog).map(({ name }) => name);
}

/** Whether a language model may answer, which can speak about any result of an action. */
export function answersWithModel({ engines }: Pick<Config, 'engines'>): boolean {
  return engines.speech.length > 0 || engines.llm.some((name) => name !== 'dialog' && name !== 'remote');
}

/** The actions that `llm.tools` declares to language models, with the arguments that the dialog file uses.
 * Throws CONFIG_INVALID for an action that the dialog does not have.
 */
export function toolsOf({ llm }: Tools, dialog: Dialog): readonly LlmTool[] {
  const known = [...dialogActions(dialog).keys()];
  const unknown = llm.tools.filter((name) => name !== '*' && !known.includes(name));
  if (unknown.length > 0)
    throw new ParleyError(
      'CONFIG_INVALID',
      `llm.tools: the dialog has no action ${unknown.join(', ')}; it has ${known.join(', ') || 'none'}`,
    );
  const names = llm.tools.includes('*') ? known : known.filter((name) => llm.tools.includes(name));
  return names.map((name) => toolOf(name, dialog));
}

function toolOf(name: string, dialog: Dialog): LlmTool {
  const uses = dialog.entries.flatMap((entry) => entry.actions).filter((action) => action.name === name);
  const properties: Record<string, Json> = {};
  for (const { args } of uses)
    for (const [key, value] of Object.entries(args)) properties[key] = { type: jsonType(value) };
  const parameters: JsonObject = { type: 'object', properties };
  return { name, description: `Has the robot do: ${name.replaceAll(/[_-]/gu, ' ')}`, parameters };
}

/** JSON types of an argument. A slot such as `{meters}` may become a number or a word. */
function jsonType(value: Json): Json {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' && /^\{.*\}$/u.test(value) ? ['number', 'string'] : 'string';
}
