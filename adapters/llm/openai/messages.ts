import { createHash } from 'node:crypto';
import type { ChatCompletionMessageParam } from 'openai/resources/chat';
import { z } from 'zod';
import type { LlmRequest } from '../../../actors/ports/llm.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { factsIn } from '../../../machines/session/memory/known.ts';
import type { ActionOutcome } from '../../../machines/session/model.ts';

/** What a server's template takes, beyond what every one takes. */
export interface Template {
  /** Name of the engine: opaque fields of a call go back only to the engine that made it. */
  readonly engine: string;
  /** Whether the server gave a call this id. */
  isOwnId(id: string): boolean;
  /** Ids have nine letters and digits. */
  readonly shortIds?: boolean;
  /** A message of the assistant follows the results of tools. */
  readonly bridged?: boolean;
  /** There is no role `system`: its words stand before the user's first. */
  readonly systemInUser?: boolean;
  /** Calls have the field `reasoning_content`. */
  readonly emptyReasoning?: boolean;
  /** The request offers no tools, so calls of the past are described in words. */
  readonly withoutTools?: boolean;
}

export interface Prompt {
  readonly systemPrompt?: string | undefined;
  /** Text in place of speech without recognised words. */
  readonly notUnderstood: string;
}

/** In place of the user's words where a template wants some. */
const BEGIN = '(The conversation begins.)';
const GO_ON = '(The user is silent. It is your turn to speak.)';
/** Between the result of a tool and the user, for a template that wants the assistant there. */
const BRIDGE = 'OK.';
const ACCEPTED = { status: 'accepted' };

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly calls?: readonly ActionOutcome[];
}

/**
 * A conversation as messages that any template takes. One system message comes first; further ones stand in the user's words that
 * follow them. Neighbours differ in their role. The first message after the system's is the user's, and the last is the user's or a
 * tool's. What lasts comes first, so that caches of prefixes hit.
 */
export function toMessages(
  request: LlmRequest,
  prompt: Prompt,
  template: Template,
): ChatCompletionMessageParam[] {
  const { system, turns } = conversationOf(request, prompt, template);
  const merged = alternating(turns);
  if (merged[0]?.role !== 'user') merged.unshift({ role: 'user', content: BEGIN });
  const last = merged.at(-1);
  if (last?.role === 'assistant' && !last.calls) merged.push({ role: 'user', content: GO_ON });
  const [first, ...others] = merged;
  if (template.systemInUser && system !== '' && first)
    return written([{ ...first, content: `${system}\n\n${first.content}` }, ...others], template);
  const head: ChatCompletionMessageParam[] = system === '' ? [] : [{ role: 'system', content: system }];
  return [...head, ...written(merged, template)];
}

function conversationOf(request: LlmRequest, prompt: Prompt, template: Template) {
  const { profile, recalled, conversation } = factsIn(request.messages);
  const begins = conversation.findIndex(({ role }) => role !== 'system');
  const leading = begins < 0 ? conversation : conversation.slice(0, begins);
  const system = [
    request.systemPrompt ?? prompt.systemPrompt,
    request.instructions,
    profile.length > 0 ? `Of the user you know:\n${profile.join('\n')}` : undefined,
    ...leading.map(({ content }) => content),
  ];
  const newest = conversation.findLastIndex(({ role }) => role === 'user');
  const turns: Turn[] = [];
  let notes: string[] = [];
  for (const [index, { role, content, actions }] of conversation.entries()) {
    if (index < leading.length) continue;
    if (role === 'system') notes.push(content);
    else if (role === 'user') {
      const said = content.trim() === '' ? prompt.notUnderstood : content;
      const all = index === newest ? [...notes, ...remembered(recalled)] : notes;
      turns.push({ role, content: [...all.map(note), said].join('\n\n') });
      notes = [];
    } else if (actions?.length && !template.withoutTools) turns.push({ role, content, calls: actions });
    else {
      if (content.trim() !== '') turns.push({ role, content });
      notes.push(...(actions ?? []).map(inWords));
    }
  }
  const late = [...notes, ...(newest < 0 ? remembered(recalled) : []), ...news(request)];
  if (late.length > 0) turns.push({ role: 'user', content: late.map(note).join('\n\n') });
  return { system: system.filter((part) => part !== undefined && part.trim() !== '').join('\n\n'), turns };
}

function remembered(facts: readonly string[]): readonly string[] {
  return facts.length > 0 ? [`You remember:\n${facts.join('\n')}`] : [];
}

/** Marks words in the user's turn that the user did not say. */
function note(text: string): string {
  return `[${text}]`;
}

function inWords({ name, args, result }: ActionOutcome): string {
  return `You called ${name}(${JSON.stringify(args)}): ${JSON.stringify(result)}`;
}

/** Results that arrived after the conversation had gone on: the model finds their calls far back. */
function news({ messages, results = [] }: LlmRequest): readonly string[] {
  const last = messages.at(-1)?.actions ?? [];
  return results
    .filter(({ id }) => !last.some((one) => one.id === id))
    .map(({ name, args, result }) => {
      const now = result.status === 'started' ? 'begun' : 'ended';
      return `The call ${name}(${JSON.stringify(args)}) has just ${now}: ${JSON.stringify(result)}`;
    });
}

/** Neighbours of one role become one message. Results of tools stand between two of the assistant. */
function alternating(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (last?.role === turn.role && !last.calls) {
      const separator = turn.role === 'user' ? '\n' : ' ';
      const content = [last.content, turn.content].filter((text) => text !== '').join(separator);
      merged.splice(-1, 1, { ...turn, content });
    } else merged.push(turn);
  }
  return merged;
}

function written(turns: readonly Turn[], template: Template): ChatCompletionMessageParam[] {
  return turns.flatMap(({ role, content, calls }, index): ChatCompletionMessageParam[] => {
    if (!calls) return [{ role, content }];
    const ids = uniqueIds(calls, template);
    const results = calls.map(({ result = ACCEPTED }, at) => ({
      ...{ role: 'tool' as const, tool_call_id: ids[at] ?? '' },
      content: JSON.stringify(result),
    }));
    const bridge = template.bridged && turns[index + 1]?.role === 'user';
    return [
      {
        ...{ role: 'assistant', content },
        ...(template.emptyReasoning && { reasoning_content: '' }),
        tool_calls: calls.map(({ name, args, extra }, at) => ({
          ...{ id: ids[at] ?? '', type: 'function' as const },
          function: { name, arguments: JSON.stringify(args) },
          ...opaque(extra, template.engine),
        })),
      },
      ...results,
      ...(bridge ? [{ role: 'assistant' as const, content: BRIDGE }] : []),
    ];
  });
}

/** Ids of the calls of one message. The server's own go back as they were; others are valid for any server. */
function uniqueIds(calls: readonly ActionOutcome[], template: Template): readonly string[] {
  const used = new Set<string>();
  return calls.map(({ id, extra }) => {
    const own = typeof extra?.id === 'string' ? extra.id : id.replace(/^\d+(\.\d+)?-/u, '');
    const isKept = template.shortIds ? /^[A-Za-z0-9]{9}$/u.test(own) : template.isOwnId(own);
    const given = isKept && !used.has(own) ? own : portableId(id);
    used.add(given);
    return given;
  });
}

/** Nine letters and digits, the same for the same id: what the strictest server takes. */
export function portableId(id: string): string {
  return createHash('sha1').update(id).digest('hex').slice(0, 9);
}

function opaque(extra: JsonObject | undefined, engine: string): { readonly extra_content?: JsonObject } {
  const { data } = z.record(z.string(), z.json()).safeParse(extra?.content);
  return extra?.by === engine && data ? { extra_content: data } : {};
}
