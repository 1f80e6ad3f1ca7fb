import { type Dialog, dialogActions, dialogTools } from '../actors/dialog/mod.ts';
import type { LlmTool } from '../actors/ports/llm.ts';
import { ParleyError } from '../machines/errors.ts';
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

/** The actions that `llm.tools` declares to language models, with what the dialog file says of their arguments.
 * Throws CONFIG_INVALID for an action that the dialog does not have.
 */
export function toolsOf({ llm }: Tools, dialog: Dialog): readonly LlmTool[] {
  const tools = dialogTools(dialog);
  const known = tools.map(({ name }) => name);
  const unknown = llm.tools.filter((name) => name !== '*' && !known.includes(name));
  if (unknown.length > 0)
    throw new ParleyError(
      'CONFIG_INVALID',
      `llm.tools: the dialog has no action ${unknown.join(', ')}; it has ${known.join(', ') || 'none'}`,
    );
  return llm.tools.includes('*') ? tools : tools.filter(({ name }) => llm.tools.includes(name));
}
