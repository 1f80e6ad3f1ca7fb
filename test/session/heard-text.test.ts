import { describe, expect, it } from 'vitest';
import { askByText, scene } from './scene.ts';

describe('heard text', () => {
  it.each([
    [700, 'There are'],
    [839, 'There are'],
    [840, 'There are two'],
    [1_700, 'There are two chairs by a'],
  ])('is exact after %i ms acknowledged by the client', async (ms, heard) => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(1_790);
    talk.send({ type: 'played', generation: 1, samples: ms * 24 });
    await talk.wait(0);
    talk.send({ type: 'interrupt' });
    await talk.wait(100);
    expect(talk.of('reply.end')).toMatchObject([{ heard }]);
  });

  it('is limited to what was sent, whatever the client reports', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(400);
    talk.send({ type: 'played', generation: 1, samples: 999_999_999 });
    talk.send({ type: 'played', generation: 7, samples: 999_999_999 });
    await talk.wait(0);
    talk.send({ type: 'interrupt' });
    await talk.wait(100);
    // Sent: 400 ms and 200 ms ahead. "There are" ends at 600 ms.
    expect(['There', 'There are']).toContain(talk.of('reply.end')[0]?.heard);
  });

  it('never decreases when reports arrive out of order', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(1_000);
    talk.send({ type: 'played', generation: 1, samples: 900 * 24 });
    talk.send({ type: 'played', generation: 1, samples: 100 * 24 });
    await talk.wait(0);
    talk.send({ type: 'interrupt' });
    await talk.wait(100);
    expect(talk.of('reply.end')).toMatchObject([{ heard: 'There are two' }]);
  });

  it('is estimated from the letters when the voice does not mark its words', async () => {
    const talk = await scene({ voice: () => ({ marks: false }) });
    await askByText(talk);
    await talk.wait(1_000);
    talk.send({ type: 'interrupt' });
    await talk.wait(100);
    expect(talk.of('reply.end')).toMatchObject([{ heard: 'There are two' }]);
  });
});
