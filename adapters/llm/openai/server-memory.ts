import type { JsonObject } from '../../../machines/json.ts';
import type { HttpRefusal } from '../../http/errors.ts';
import { errorIn } from '../../http/words-of.ts';

/** The fields of a request, by name. */
export type Body = Readonly<Record<string, unknown>>;

/** Ids that are kept: those of the calls in the histories of a server's sessions. */
const MAX_IDS = 4_096;
/** Replies without a lone end of thinking, after which a server counts as one that never thinks in the text. */
const CLEAN_REPLIES = 3;
/** What a request needs: leaving it out would change what is asked. */
const NEEDED = new Set(['model', 'messages', 'stream']);
/** The fields that servers know least. */
const RARE = ['stream_options', 'seed', 'parallel_tool_calls'];
const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
};

interface Quirks {
  /** Fields that are left out. */
  readonly omit: ReadonlySet<string>;
  /** Fields that have another name. */
  readonly renamed: Readonly<Record<string, string>>;
  readonly shortIds: boolean;
  readonly bridged: boolean;
  readonly systemInUser: boolean;
  readonly emptyReasoning: boolean;
}

/** A change after a refusal, for the log. */
export interface Change {
  readonly what: string;
}

/** What an engine has learned about its server: what it refuses, and how it thinks. */
export class ServerMemory {
  #quirks: Quirks;
  readonly #ids = new Set<string>();
  /** The model writes the end of its thinking without a beginning. */
  #thinksFirst = false;
  #cleanReplies = 0;

  constructor(omit: readonly string[], strictIds: boolean) {
    this.#quirks = {
      ...{ omit: new Set(omit), renamed: {}, shortIds: strictIds, bridged: strictIds },
      ...{ systemInUser: false, emptyReasoning: false },
    };
  }

  get quirks(): Quirks {
    return this.#quirks;
  }

  /** Forgets what was learned since `quirks` was read, because it did not help. */
  restore(quirks: Quirks): void {
    this.#quirks = quirks;
  }

  addId(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size > MAX_IDS) for (const oldest of this.#ids) return void this.#ids.delete(oldest);
  }

  isOwnId(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether the text up to an end of thinking is thinking: `yes`, `no`, or `unknown` at the first replies. */
  get thinksFirst(): 'yes' | 'no' | 'unknown' {
    if (this.#thinksFirst) return 'yes';
    return this.#cleanReplies >= CLEAN_REPLIES ? 'no' : 'unknown';
  }

  get isNew(): boolean {
    return this.#cleanReplies === 0;
  }

  /** Records a complete reply. `lone`: an end of thinking came without a beginning. */
  noteReply(lone: boolean): void {
    if (lone) {
      this.#thinksFirst = true;
      this.#cleanReplies = 0;
      return;
    }
    this.#cleanReplies += 1;
    if (this.#cleanReplies >= CLEAN_REPLIES) this.#thinksFirst = false;
  }

  /** Without the fields that the server refuses, and with those that are called otherwise. */
  fitted(body: Body): Body {
    const { omit, renamed } = this.#quirks;
    const entries = Object.entries(body).flatMap(([name, value]) => {
      const now = renamed[name] ?? name;
      return omit.has(name) || omit.has(now) || value === undefined ? [] : [[now, value]];
    });
    return Object.fromEntries(entries);
  }

  /** Learns from a refusal of `body`. Undefined if nothing can be done about it. */
  learn(refusal: HttpRefusal, body: Body): Change | undefined {
    const { status } = refusal;
    if (status !== 400 && status !== 422 && status !== 404 && status !== 500 && status !== 501)
      return undefined;
    const error = errorIn(refusal.body);
    const words = error?.message ?? refusal.message;
    if (status === 400 || status === 422) {
      const quirk = this.#quirkIn(words);
      if (quirk) return quirk;
    }
    const named = fieldIn(words, error?.param, body);
    if (named !== undefined) return this.#without(named, words);
    if (status !== 400 && status !== 422) return undefined;
    if (/context|too (long|many|large)|maximum|content|model\b|schema|messages?\b/i.test(words))
      return undefined;
    return this.#withoutOptional(body);
  }

  #quirkIn(words: string): Change | undefined {
    const learned = (key: 'shortIds' | 'bridged' | 'systemInUser' | 'emptyReasoning', what: string) => {
      if (this.#quirks[key]) return undefined;
      this.#quirks = { ...this.#quirks, [key]: true };
      return { what };
    };
    if (/tool.?call.?id/i.test(words) && /length|9|alphanumeric|a-z/i.test(words))
      return learned('shortIds', 'ids of calls with nine letters and digits');
    if (/after role.{0,4}tool|tool.{0,20}followed by.{0,10}assistant/i.test(words))
      return learned('bridged', 'a message of the assistant after results of tools');
    if (/system.{0,20}(not|un|n't).{0,6}support|(not|un|n't).{0,6}support.{0,20}system/i.test(words))
      return learned('systemInUser', 'the system prompt in the words of the user');
    if (/reasoning_content/i.test(words))
      return learned('emptyReasoning', 'an empty reasoning_content with calls');
    return undefined;
  }

  #without(name: string, words: string): Change {
    const other = RENAMED[name];
    const { omit, renamed } = this.#quirks;
    if (other !== undefined && words.includes(other) && renamed[other] === undefined) {
      this.#quirks = { ...this.#quirks, renamed: { ...renamed, [name]: other } };
      return { what: `${other} in place of ${name}` };
    }
    const original = Object.entries(renamed).find(([, now]) => now === name)?.[0] ?? name;
    this.#quirks = { ...this.#quirks, omit: new Set([...omit, original]) };
    return { what: `requests without ${name}` };
  }

  /** The server does not say which field it is: the rare ones go first, then all that are not needed. */
  #withoutOptional(body: Body): Change | undefined {
    const optional = Object.keys(body).filter((name) => !NEEDED.has(name) && name !== 'tools');
    const rare = optional.filter((name) => RARE.includes(name));
    const dropped = rare.length > 0 ? rare : optional;
    if (dropped.length === 0) return undefined;
    this.#quirks = { ...this.#quirks, omit: new Set([...this.#quirks.omit, ...dropped]) };
    return { what: `requests without ${dropped.join(', ')}` };
  }
}

/** The field of the request that a refusal is about. */
function fieldIn(words: string, param: string | undefined, body: Body): string | undefined {
  const names = Object.keys(body).filter((name) => name !== 'model' && name !== 'messages');
  const top = param?.split(/[.[]/)[0];
  const isWhole = param === undefined || param === top;
  const mentioned = (name: string) => new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`, 'i').test(words);
  const refused = names.filter((name) => name === top || mentioned(name));
  const plain = refused.find((name) => !['tools', 'stream'].includes(name));
  if (plain !== undefined) return plain;
  if (
    names.includes('tools') &&
    isWhole &&
    /(not|n't|un)\W{0,3}support\w*.{0,30}(tool|function)|(tool|function)\w*.{0,40}(not|n't|un)\W{0,8}(support|allow|enabl|recogni|expect|permit)|support tool use|--enable-auto-tool-choice|extra (inputs|fields)/i.test(
      words,
    ) &&
    /tool|function/i.test(words)
  )
    return 'tools';
  if (
    names.includes('stream') &&
    /stream\w*.{0,30}(not|n't|un)\W{0,3}support|(not|n't|un)\W{0,3}support\w*.{0,20}stream/i.test(words)
  )
    return 'stream';
  return undefined;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Mistral's own templates are the strictest: ids of nine characters, and no user after a tool. */
export function isStrict(model: string, baseURL = ''): boolean {
  return /mistral|ministral|magistral|devstral|codestral|pixtral|voxtral/i.test(`${model} ${baseURL}`);
}

/** `body` with the fields of `extraBody`, which override Parley's own: null leaves a field out. The messages are last, so that requests begin alike. */
export function withExtra(
  body: Body,
  {
    messages,
    extra = {},
  }: { readonly messages: readonly unknown[]; readonly extra?: JsonObject | undefined },
): Body {
  const fields = Object.entries({ ...body, ...extra }).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(fields), ...(!('messages' in extra) && { messages }) };
}
