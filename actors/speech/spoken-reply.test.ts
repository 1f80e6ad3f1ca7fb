import { describe, expect, it } from 'vitest';
import type { TtsEvent } from '../ports/tts.ts';
import { SpokenReply } from './spoken-reply.ts';

const RATE = 1_000;
/** What a character lasts in the voice of these tests, ms. */
const CHAR = 10;

const never = () => new AbortController().signal;

/** A reply in a voice that gives each character, and white space, the same time. */
function reply(text: string, charMs = CHAR): SpokenReply {
  const spoken = new SpokenReply(charMs);
  spoken.addText(text);
  spoken.addAudio('item', { rate: RATE, samples: new Int16Array(text.length * CHAR) });
  return spoken;
}

async function said(spoken: SpokenReply, text: string): Promise<TtsEvent[]> {
  const events: TtsEvent[] = [];
  for await (const event of spoken.speak(text, never())) events.push(event);
  return events;
}

/** Each word with the millisecond at which it begins. */
function words(text: string, events: readonly TtsEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'word' ? [`${event.sample} ${text.slice(event.offset, event.offset + event.length)}`] : [],
  );
}

function length(events: readonly TtsEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'audio' ? event.pcm.samples.length : 0), 0);
}

describe('a spoken reply', () => {
  it('marks its words where an even voice says them, white space included', async () => {
    const spoken = reply('It is noon. The sun is up.');
    spoken.end();
    const first = await said(spoken, 'It is noon.');
    const second = await said(spoken, 'The sun is up.');
    expect([words('It is noon.', first), length(first)]).toEqual([['0 It', '30 is', '60 noon.'], 120]);
    expect(words('The sun is up.', second)).toEqual(['0 The', '40 sun', '80 is', '110 up.']);
  });

  it('marks them before it is complete, by the pace that is known', async () => {
    const spoken = reply('It is noon. The sun is up.');
    const first = await said(spoken, 'It is noon.');
    expect([words('It is noon.', first), length(first)]).toEqual([['0 It', '30 is', '60 noon.'], 120]);
  });

  it('does not take the last words for spoken, of a reply that broke off before their audio', async () => {
    const spoken = reply('It is noon.');
    spoken.addText(' The sun is up.');
    spoken.end(undefined, false);
    expect(spoken.charMs).toBe(CHAR);
    const first = await said(spoken, 'It is noon.');
    expect(words('It is noon.', first)).toEqual(['0 It', '30 is', '60 noon.']);
  });

  it('learns the pace of its voice without the space between two responses', () => {
    const spoken = reply('No');
    spoken.addText('No', ' ');
    spoken.addAudio('item', { rate: RATE, samples: new Int16Array('No'.length * CHAR) });
    spoken.end();
    expect([spoken.text, spoken.charMs]).toEqual(['No No', CHAR]);
  });

  it('marks what is written otherwise than it is spoken by the letters that are spoken', async () => {
    const spoken = reply('**It** is [noon](http://x.org).');
    spoken.end();
    const events = await said(spoken, 'It is noon.');
    expect(words('It is noon.', events).map((word) => word.replace(/^\d+ /u, ''))).toEqual([
      'It',
      'is',
      'noon.',
    ]);
  });
});
