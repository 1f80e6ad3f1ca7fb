import { z } from 'zod';
import { LANGUAGE_TAG } from '../../../actors/session/client-command.ts';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { settingEndpoint } from '../../door/setting.ts';
import type { Templates } from '../../shared/templates.ts';

export interface PhrasesParts {
  readonly access: Access;
  /** Undefined: there are none to change. */
  readonly templates?: Templates | undefined;
}

/** The texts in place of Parley's own phrases, by language; a change replaces those of the languages that it names. See docs/how-to/scale.md. */
export function phrasesEndpoint({ access, templates }: PhrasesParts): Endpoint | undefined {
  if (!templates) return undefined;
  return settingEndpoint(access, {
    name: 'phrases',
    maxBytes: 16_384,
    change: z.record(z.string().regex(LANGUAGE_TAG), z.record(z.string(), z.string().max(500))),
    read: () => templates.all,
    async set(change) {
      for (const [language, texts] of Object.entries(change)) await templates.set(language, texts);
    },
  });
}
