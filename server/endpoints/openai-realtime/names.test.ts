import { describe, expect, it } from 'vitest';
import { startRig, type TestClient } from '../../door/door-test-util.ts';

const BETA_VAD = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 700 };
const LOOK = { type: 'function', name: 'look', description: '', parameters: { type: 'object' } };

async function meet(query = 'model=gpt-realtime'): Promise<TestClient> {
  const rig = await startRig();
  const client = rig.connect({ protocols: [], path: `/v1/realtime?${query}` });
  await client.json('session.created');
  await client.json('conversation.created');
  return client;
}

/** All answers to these events: those that precede the answer to an event that is known. */
async function answers(client: TestClient, ...events: readonly object[]): Promise<Record<string, unknown>[]> {
  for (const event of events) client.say(event);
  client.say({ type: 'conversation.item.retrieve', item_id: 'the end' });
  const got: Record<string, unknown>[] = [];
  for (;;) {
    const event = await client.json();
    if (JSON.stringify(event).includes('the end')) return got;
    got.push(event);
  }
}

/** Each answer as a word, and the field that it names. */
function brief(events: readonly Record<string, unknown>[]): string[] {
  return events.map((event) => {
    const said = (event.error ?? event.warning) as { code: string; param: string } | undefined;
    return said ? `${String(event.type).split('.').at(-1)} ${said.code} ${said.param}` : String(event.type);
  });
}

describe('session.update with names of the beta', () => {
  it.each<[string, object, string[], object]>([
    [
      'modalities',
      { modalities: ['text', 'audio'] },
      ['warning beta_name session.modalities'],
      { output_modalities: ['audio'] },
    ],
    [
      'modalities of text only',
      { modalities: ['text'] },
      ['warning beta_name session.modalities'],
      { output_modalities: ['text'] },
    ],
    [
      'both modalities under the new name',
      { output_modalities: ['audio', 'text'] },
      ['warning beta_name session.output_modalities'],
      { output_modalities: ['audio'] },
    ],
    [
      'audio formats',
      { input_audio_format: 'pcm16', output_audio_format: 'g711_ulaw' },
      ['warning beta_name session.input_audio_format', 'warning beta_name session.output_audio_format'],
      {
        audio: {
          input: { format: { type: 'audio/pcm', rate: 24_000 } },
          output: { format: { type: 'audio/pcmu' } },
        },
      },
    ],
    [
      'a format as text under the new name',
      { audio: { input: { format: 'g711_alaw' } } },
      ['warning beta_name session.audio.input.format'],
      { audio: { input: { format: { type: 'audio/pcma' } } } },
    ],
    [
      'turn detection at the top',
      { turn_detection: BETA_VAD },
      ['warning beta_name session.turn_detection'],
      { audio: { input: { turn_detection: BETA_VAD } } },
    ],
    [
      'turn detection that is off',
      { turn_detection: null },
      ['warning beta_name session.turn_detection'],
      { audio: { input: { turn_detection: null } } },
    ],
    [
      'turn detection "none"',
      { turn_detection: { type: 'none' } },
      ['warning beta_name session.turn_detection'],
      { audio: { input: { turn_detection: null } } },
    ],
    [
      'transcription at the top',
      { input_audio_transcription: { model: 'whisper-1', language: 'de' } },
      ['warning beta_name session.input_audio_transcription'],
      { audio: { input: { transcription: { model: 'whisper-1', language: 'de' } } } },
    ],
    [
      'the voice at the top',
      { voice: 'alloy' },
      ['warning beta_name session.voice'],
      { audio: { output: { voice: 'alloy' } } },
    ],
    [
      'temperature, which the API does not have any more',
      { temperature: 0.8 },
      ['error unsupported session.temperature'],
      {},
    ],
    [
      'a limit of tokens without effect',
      { max_response_output_tokens: 'inf' },
      ['warning beta_name session.max_response_output_tokens'],
      { max_output_tokens: 'inf' },
    ],
    [
      'a limit of tokens that is not kept',
      { max_response_output_tokens: 400 },
      ['warning beta_name session.max_response_output_tokens', 'error unsupported session.max_output_tokens'],
      {},
    ],
    [
      'noise reduction at the top',
      { input_audio_noise_reduction: { type: 'near_field' } },
      [
        'warning beta_name session.input_audio_noise_reduction',
        'error unsupported session.audio.input.noise_reduction',
      ],
      {},
    ],
    [
      'a tool in the form of the chat API',
      {
        tools: [
          { type: 'function', function: { name: 'look', description: '', parameters: { type: 'object' } } },
        ],
      },
      ['warning beta_name session.tools.0.function'],
      { tools: [LOOK] },
    ],
    [
      'the old and the new name of a field, of which the new one counts',
      { voice: 'alloy', audio: { output: { voice: 'marin' } } },
      ['warning beta_name session.voice'],
      { audio: { output: { voice: 'marin' } } },
    ],
    [
      'fields without a definition',
      { colour: 'red', audio: { input: { gain: 3 } } },
      ['error unknown_parameter session.colour', 'error unknown_parameter session.audio.input.gain'],
      {},
    ],
    [
      'an unknown field of turn detection',
      { turn_detection: { ...BETA_VAD, hangover: 3 } },
      [
        'warning beta_name session.turn_detection',
        'error unknown_parameter session.audio.input.turn_detection.hangover',
      ],
      { audio: { input: { turn_detection: BETA_VAD } } },
    ],
  ])('takes %s, and says so', async (_what, session, said, shown) => {
    const client = await meet();
    const got = await answers(client, { type: 'session.update', session });
    expect(
      brief(got)
        .filter((one) => one !== 'session.updated')
        .sort(),
    ).toEqual([...said].sort());
    expect(got.find(({ type }) => type === 'session.updated')?.session).toMatchObject(shown);
  });

  it.each<[string, object, string]>([
    ['an unknown format', { input_audio_format: 'opus' }, 'session.input_audio_format'],
    [
      'a threshold above 1',
      { turn_detection: { ...BETA_VAD, threshold: 5 } },
      'session.turn_detection.threshold',
    ],
    ['an unknown modality', { modalities: ['video'] }, 'session.modalities.0'],
    ['no modality', { output_modalities: [] }, 'session.output_modalities'],
    ['a voice that is a number', { voice: 3 }, 'session.voice'],
    ['tools that are not a list', { tools: {} }, 'session.tools'],
    ['a tool without a name', { tools: [{ type: 'function' }] }, 'session.tools.0.name'],
    ['a type that is not served', { type: 'translation' }, 'session.type'],
  ])('refuses %s, and names the field as the client wrote it', async (_what, session, param) => {
    const client = await meet();
    const got = await answers(client, { type: 'session.update', event_id: 'mine', session });
    expect(got.at(-1)).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'invalid_value', param, event_id: 'mine' },
    });
    expect(got.some(({ type }) => type === 'session.updated')).toBe(false);
  });
});

describe('other events with names of the beta, or unknown fields', () => {
  it('response.create: its fields are taken, and those without effect are named while the response is made', async () => {
    const client = await meet();
    client.say({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'text', text: 'hi' }] },
    });
    const got = await answers(client, {
      type: 'response.create',
      response: {
        modalities: ['text'],
        voice: 'alloy',
        temperature: 0.5,
        max_output_tokens: 100,
        colour: 'red',
      },
    });
    expect(brief(got)).toEqual([
      'warning beta_name item.content.0.type',
      'conversation.item.added',
      'conversation.item.done',
      'warning beta_name response.modalities',
      'warning beta_name response.voice',
      'error unknown_parameter response.colour',
      'response.created',
      'rate_limits.updated',
      'error unsupported response.max_output_tokens',
      'error unsupported response.audio.output.voice',
      'error unsupported response.temperature',
    ]);
    expect(got.find(({ type }) => type === 'response.created')?.response).toMatchObject({
      output_modalities: ['text'],
    });
  });

  it('audio with an unknown field is named once, not with each piece', async () => {
    const client = await meet();
    const piece = { type: 'input_audio_buffer.append', audio: 'AAAA'.repeat(2), sample_rate: 16_000 };
    expect(brief(await answers(client, piece, piece, piece))).toEqual([
      'error unknown_parameter sample_rate',
    ]);
  });

  it('transcription_session.update is a session.update of a transcription session', async () => {
    const client = await meet();
    const got = await answers(client, {
      type: 'transcription_session.update',
      session: {
        input_audio_format: 'pcm16',
        input_audio_transcription: { model: 'whisper-1' },
        turn_detection: BETA_VAD,
      },
    });
    expect(brief(got)[0]).toBe('warning beta_name type');
    expect(got.at(-1)).toMatchObject({
      type: 'session.updated',
      session: {
        type: 'transcription',
        audio: { input: { transcription: { model: 'whisper-1' }, turn_detection: BETA_VAD } },
      },
    });
  });

  it('an item may be created at the front, behind another, and with previous_item_id null at the end', async () => {
    const client = await meet();
    const item = (id: string) => ({
      id,
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: id }],
    });
    const create = (id: string, previous_item_id?: string | null) => ({
      type: 'conversation.item.create',
      item: item(id),
      previous_item_id,
    });
    const got = await answers(
      client,
      create('b', null),
      create('d'),
      create('a', 'root'),
      create('c', 'b'),
      create('e', null),
    );
    const added = got.filter(({ type }) => type === 'conversation.item.added');
    expect(
      added.map(({ item: one, previous_item_id }) => [(one as { id: string }).id, previous_item_id]),
    ).toEqual([
      ['b', null],
      ['d', 'b'],
      ['a', null],
      ['c', 'b'],
      ['e', 'd'],
    ]);
  });
});

describe('a session that only transcribes', () => {
  it.each([
    ['by its intent', 'intent=transcription', {}],
    ['by session.type', 'model=any', { type: 'transcription' }],
  ])('%s has no replies, and says what has no effect', async (_how, query, session) => {
    const client = await meet(query);
    const got = await answers(
      client,
      {
        type: 'session.update',
        session: {
          ...session,
          instructions: 'Be brief.',
          audio: { input: { transcription: { language: 'en' } } },
        },
      },
      { type: 'response.create', event_id: 'ask' },
    );
    expect(got.find(({ type }) => type === 'session.updated')?.session).toMatchObject({
      type: 'transcription',
      object: 'realtime.transcription_session',
      audio: { input: { transcription: { language: 'en' } } },
    });
    expect(brief(got)).toContain('error unsupported session.instructions');
    expect(got.at(-1)).toMatchObject({ type: 'error', error: { code: 'unsupported', event_id: 'ask' } });
  });
});

it.each([
  ['go-forward', 'go_forward'],
  ['goForward', 'go_forward'],
  ['Go-Forward', 'go-forward'],
  ['go_forward', 'go-forward'],
])('the action %s is a call of the tool %s, as the client named it', async (action, name) => {
  const rig = await startRig();
  const client = rig.connect({ protocols: [], path: '/v1/realtime' });
  const session = await rig.host.opened.take();
  await client.json('conversation.created');
  const tools = [
    { ...LOOK, name },
    { ...LOOK, name: 'go-back' },
  ];
  await answers(client, { type: 'session.update', session: { type: 'realtime', tools } });
  client.say({ type: 'response.create' });
  await client.json('response.created');
  const started = { type: 'action', turn: 1, generation: 1, status: 'started', args: {} } as const;
  session.say({ type: 'state', value: 'processing', turn: 1, generation: 1, seq: 0, at: 0 });
  session.say({ ...started, id: '1-a', name: 'wave' } as never);
  session.say({ ...started, id: '1-b', name: action } as never);
  expect(await client.json('response.function_call_arguments.done')).toMatchObject({ call_id: '1-b', name });
});
