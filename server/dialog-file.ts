import { readFile } from 'node:fs/promises';
import { type Dialog, parseDialog } from '../actors/dialog/mod.ts';
import { ParleyError } from '../machines/errors.ts';
import { LANGUAGES } from '../machines/language/mod.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';
import { packagedDialog, packagedDialogIn } from './packaged-dialogs.ts';

/** Reads a dialog file. Throws DIALOG_UNREADABLE or DIALOG_INVALID. */
async function readFileOf(path: string): Promise<Dialog> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ParleyError('DIALOG_UNREADABLE', path, { cause });
  }
  return parseDialog(text, path);
}

/**
 * Reads the dialog in all its languages: that of `dialog`, and those of `byLanguage`. The packaged example is in several
 * languages, and that of the server comes first. Throws DIALOG_UNREADABLE or DIALOG_INVALID.
 */
export async function readDialog(
  config: Pick<Config, 'dialog' | 'language' | 'byLanguage'>,
): Promise<Dialog> {
  const ours = baseLanguage(config.language);
  const packaged = config.dialog === packagedDialog();
  const pathOf = (language: string) =>
    config.byLanguage[language]?.dialog ?? (packaged ? packagedDialogIn(language) : undefined);
  const main = await readFileOf(pathOf(ours) ?? config.dialog);
  const languages = [...new Set([...Object.keys(LANGUAGES), ...Object.keys(config.byLanguage)])];
  const paths = languages
    .filter((language) => language !== baseLanguage(main.language))
    .flatMap((language) => pathOf(language) ?? []);
  const others = await Promise.all(paths.map(readFileOf));
  return others.length > 0 ? { ...main, others } : main;
}
