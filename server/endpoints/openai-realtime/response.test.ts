import { describe, expect, it } from 'vitest';
import { Conversation } from './items.ts';
import { Response, type ResponseRequest } from './response.ts';
import { estimatedUsage } from './usage.ts';

const USAGE = estimatedUsage({ inputChars: 40, inputAudioMs: 1_000, outputChars: 10, outputAudioMs: 500 });

function start(request: Partial<ResponseRequest> = {}) {
  let ids = 0;
  const items = new Conversation();
  const response = new Response(
    {
      ...{ id: 'resp_1', conversationId: 'conv_1', modality: 'audio', voice: null, metadata: null },
      format: { type: 'audio/pcm', rate: 24_000 },
      ...request,
    },
    {
      newId: (prefix) => `${prefix}_${++ids}`,
      place: (item) => items.place({ item, known: true }),
      settle: (item) => items.settle(item),
    },
  );
  return { response, items };
}

const types = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);

describe('a response', () => {
  it('opens its message with the first audio or text, and only once', () => {
    const { response, items } = start();
    expect(types(response.created())).toEqual(['response.created']);
    expect(types(response.addAudio('AAAA'))).toEqual([
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.delta',
    ]);
    expect(types(response.addText('Hi.'))).toEqual(['response.output_audio_transcript.delta']);
    expect(items.entries).toHaveLength(1);
  });

  it('closes its message, its part and itself in that order, with usage', () => {
    const { response } = start({ metadata: { topic: 'greeting' } });
    response.addText('Hi ');
    response.addText('there.');
    const events = response.end({ status: 'completed' }, USAGE);
    expect(types(events)).toEqual([
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ]);
    expect(events.at(-1)).toMatchObject({
      response: {
        ...{ id: 'resp_1', status: 'completed', conversation_id: 'conv_1', metadata: { topic: 'greeting' } },
        output: [{ status: 'completed', content: [{ type: 'output_audio', transcript: 'Hi there.' }] }],
        usage: { input_tokens: 20, output_tokens: 13, total_tokens: 33 },
      },
    });
  });

  it('in text only sends no audio, and names its parts as text', () => {
    const { response } = start({ modality: 'text' });
    expect(response.addAudio('AAAA')).toEqual([]);
    expect(response.addText('Hi.').at(-1)).toMatchObject({
      type: 'response.output_text.delta',
      delta: 'Hi.',
    });
    const events = response.end({ status: 'completed' }, USAGE);
    expect(types(events)[0]).toBe('response.output_text.done');
    expect(events.at(-1)).toMatchObject({
      response: {
        output_modalities: ['text'],
        output: [{ content: [{ type: 'output_text', text: 'Hi.' }] }],
      },
    });
  });

  it('ends its message before a call, which is an item of its own behind it', () => {
    const { response, items } = start();
    response.addText('Wait.');
    const events = response.call('call_1', 'look', '{"at":"door"}');
    expect(types(events).slice(5)).toEqual([
      'response.output_item.added',
      'conversation.item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'conversation.item.done',
      'response.output_item.done',
    ]);
    expect(events.at(-1)).toMatchObject({
      output_index: 1,
      item: { call_id: 'call_1', status: 'completed' },
    });
    expect(items.entries.map(({ item }) => item.type)).toEqual(['message', 'function_call']);
    response.addText('Well.');
    expect(response.end({ status: 'completed' }, USAGE).at(-1)).toMatchObject({
      response: { output: [{ type: 'message' }, { type: 'function_call' }, { type: 'message' }] },
    });
  });

  it('that is cancelled keeps the heard words only, and that fails says why', () => {
    const { response, items } = start();
    response.addText('One two three.');
    const end = { status: 'cancelled', reason: 'turn_detected' } as const;
    expect(response.end(end, USAGE, 'One').at(-1)).toMatchObject({
      response: { status: 'cancelled', status_details: { type: 'cancelled', reason: 'turn_detected' } },
    });
    expect(items.entries[0]?.item).toMatchObject({ status: 'incomplete', content: [{ transcript: 'One' }] });
    const failed = start().response.end({ status: 'failed', code: 'LLM_FAILED', message: 'no' }, USAGE);
    expect(failed).toMatchObject([
      { response: { status: 'failed', output: [], status_details: { error: { code: 'LLM_FAILED' } } } },
    ]);
  });

  it('sends nothing more once it is done', () => {
    const { response } = start();
    response.end({ status: 'completed' }, USAGE);
    expect(response.addText('late')).toEqual([]);
    expect(response.addAudio('AAAA')).toEqual([]);
    expect(response.call('call_1', 'look', '{}')).toEqual([]);
    expect(response.end({ status: 'completed' }, USAGE)).toEqual([]);
  });
});
