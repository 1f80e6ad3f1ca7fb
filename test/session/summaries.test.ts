import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import type { Message } from '../../machines/session/model.ts';
import { settle } from '../../testing/conversation.ts';
import { type LlmScript, scriptedLlm } from '../../testing/scripted-engines.ts';
import { answered, parameters, scene, system, type Talk, user } from './scene.ts';

const assistant = (content: string): Message => ({ role: 'assistant', content });
const WISH = 'please bring me some tea';
/** Each turn has nine tokens. */
const SHORT = { history: { maxMessages: 40, maxTokens: 80, summaryTokens: 32 } };
const isRequest = (messages: readonly Message[]) => messages[0]?.content.includes('Summarise') === true;

/** A conversation whose language engine answers requests for a summary as `summary` says. */
async function longTalk(
  summary: LlmScript,
  { history, problems }: { history?: (typeof SHORT)['history']; problems?: readonly string[] } = {},
) {
  const clock = new VirtualClock({ settle });
  const prompts: (readonly Message[])[] = [];
  const requests: string[] = [];
  const llm = scriptedLlm(clock, ({ messages }) => {
    if (!isRequest(messages)) {
      prompts.push(messages);
      return { text: 'Here it is.' };
    }
    requests.push(messages[0]?.content ?? '');
    return summary;
  });
  const talk = await scene({
    ...{ clock, llm, parameters: parameters({ history: history ?? SHORT.history }) },
    ...(problems && { problems }),
  });
  return { talk, prompts, requests };
}

async function turns(talk: Talk, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await answered(talk, WISH);
}

const turn = [user(WISH), assistant('Here it is.')];

describe('a long history', () => {
  it('gets a summary of its oldest turns, which later prompts have in their place', async () => {
    const { talk, prompts, requests } = await longTalk({ text: 'SUMMARY: The user wants tea.' });
    await turns(talk, 4);
    await talk.wait(1_000);
    await turns(talk, 1);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toContain(`user: ${WISH}\nassistant: Here it is.\nuser: ${WISH}\n`);
    const [summary, ...rest] = prompts.at(-1) ?? [];
    expect(summary).toEqual(system('Earlier in this conversation: The user wants tea.'));
    expect(rest.slice(0, 2)).toEqual(turn);
    expect(rest.at(-1)).toEqual(user(WISH));
  });

  it('stays bounded however long the conversation is, and each summary has the previous one in it', async () => {
    const { talk, prompts, requests } = await longTalk({ text: 'SUMMARY: The user wants tea.' });
    await turns(talk, 20);
    expect(Math.max(...prompts.map(({ length }) => length))).toBeLessThanOrEqual(12);
    expect(prompts.at(-1)?.[0]?.role).toBe('system');
    expect(requests.at(-1)).toMatch(/^system: Earlier in this conversation: The user wants tea\.\n/u);
  });

  it('is summarised before messages are dropped, however short they are', async () => {
    const history = { maxMessages: 10, maxTokens: 10_000, summaryTokens: 5_000 };
    const { talk, requests } = await longTalk({ text: 'SUMMARY: Tea.' }, { history });
    await turns(talk, 5);
    expect(requests).toHaveLength(1);
  });

  it('delays no reply while the summary is made, and takes it between two replies', async () => {
    const { talk, prompts, requests } = await longTalk({ text: 'SUMMARY: Tea.', firstTokenMs: 5_000 });
    await turns(talk, 4);
    const delays = talk.of('reply.end').map(({ timings }) => timings.firstAudio);
    expect(new Set(delays).size).toBe(1);
    expect(requests).toHaveLength(1);
    expect(prompts.flat().some(({ role }) => role === 'system')).toBe(false);
    await talk.wait(6_000);
    await turns(talk, 1);
    expect(prompts.at(-1)?.[0]).toEqual(system('Earlier in this conversation: Tea.'));
  });

  it.each([
    ['fails', { failsAt: 0 }, 'the language engine failed: as scripted'],
    ['is not a summary', { text: 'Sorry, I did not get that.' }, 'the answer is not one'],
    ['never comes', { hangsAt: 0 }, 'cancelled'],
  ] as const)('is trimmed as ever if the summary %s', async (_how, summary, reason) => {
    const { talk, prompts } = await longTalk(summary, {
      problems: [`the language engine failed: no summary: ${reason}`],
    });
    await turns(talk, 8);
    expect(prompts.flat().some(({ role }) => role === 'system')).toBe(false);
    expect(prompts.at(-1)?.length).toBeLessThanOrEqual(15);
    await talk.wait(31_000);
  });

  it('that the client replaced meanwhile is left as it is', async () => {
    const { talk, prompts } = await longTalk({ text: 'SUMMARY: Tea.', firstTokenMs: 5_000 });
    await turns(talk, 3);
    talk.send({ type: 'history', entries: [user('Let us begin anew.'), assistant('Good.')] });
    await talk.wait(6_000);
    await turns(talk, 1);
    expect(prompts.at(-1)).toEqual([user('Let us begin anew.'), assistant('Good.'), user(WISH)]);
  });
});
