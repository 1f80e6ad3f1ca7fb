import { readFile } from 'node:fs/promises';
import { type Dialog, parseDialog } from '../actors/dialog/mod.ts';
import { ParleyError } from '../machines/errors.ts';

/** Reads a dialog file. Throws DIALOG_UNREADABLE or DIALOG_INVALID. */
export async function readDialog(path: string): Promise<Dialog> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ParleyError('DIALOG_UNREADABLE', path, { cause });
  }
  return parseDialog(text, path);
}
