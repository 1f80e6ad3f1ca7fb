import { z } from 'zod';
import type { SharedStore } from '../../actors/ports/shared-store.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { baseLanguage } from '../../machines/policies/text.ts';

/** Texts of Parley's own phrases, by name as in the configuration (`phrases.*`). */
const texts = z.record(z.string(), z.string().max(500));
type Texts = z.infer<typeof texts>;

/** Texts in place of Parley's own phrases, by language: an operator sets them, and new sessions of all servers have them. */
export class Templates {
  readonly #store: SharedStore;
  /** Language of the server's own phrases. */
  readonly #language: string;
  readonly #texts = new Map<string, Texts>();
  /** Counts the changes. */
  revision = 0;

  constructor(store: SharedStore, language: string) {
    this.#store = store;
    this.#language = baseLanguage(language);
    store.watch('template', (key, value) => {
      const parsed = texts.safeParse(value);
      if (parsed.success) this.#texts.set(key.slice('template:'.length), parsed.data);
      else this.#texts.delete(key.slice('template:'.length));
      this.revision += 1;
    });
  }

  /** Those in force, by language. */
  get all(): Readonly<Record<string, Texts>> {
    return Object.fromEntries(this.#texts);
  }

  /** Replaces those of a language; none: its own phrases again. Rejects with BUS_UNREACHABLE. */
  set(language: string, changed: Texts): Promise<void> {
    const key = `template:${baseLanguage(language)}` as const;
    return Object.keys(changed).length > 0 ? this.#store.put(key, changed) : this.#store.delete(key);
  }

  /** The parameters of a session that begins now. Unknown names are ignored. */
  in(parameters: SessionParameters): SessionParameters {
    if (this.#texts.size === 0) return parameters;
    const { phrases, languages } = parameters;
    const others = Object.entries(languages.phrases ?? {});
    return {
      ...parameters,
      phrases: this.#replaced(phrases, this.#language),
      languages: {
        ...languages,
        ...(languages.phrases && {
          phrases: Object.fromEntries(others.map(([tag, own]) => [tag, this.#replaced(own, tag)])),
        }),
      },
    };
  }

  #replaced<Phrases extends object>(own: Phrases, language: string): Phrases {
    const known = Object.entries(this.#texts.get(language) ?? {}).filter(
      ([name]) => name in own && name !== 'fillers',
    );
    return { ...own, ...Object.fromEntries(known) };
  }
}
