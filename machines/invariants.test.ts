import { describe, expect, it } from 'vitest';
import { broken, FRAME, Log, TEXT } from './invariants-test-util.ts';
import type { KernelEvent } from './kernel.ts';
import type { ListenerSample } from './session/model.ts';
import type { ActionReport, PublicState, SessionMessage } from './wire.ts';

const failure = { code: 'TTS_FAILED', message: 'speech synthesis failed' } as const;

describe('the monitor finds nothing in', () => {
  it('a completed reply', () => {
    expect(
      broken(
        new Log()
          .reply()
          .frames(0, 95)
          .event({ type: 'lost' }, 'idle')
          .stopAll()
          .end(TEXT, 'completed')
          .over(),
      ),
    ).toEqual([]);
  });

  it('an interrupted one, paused before', () => {
    const log = new Log().reply().frames(0, 45).paused(true).pass(250).interrupted('One two');
    expect(broken(log.over())).toEqual([]);
  });

  it('a filler whose event waited while its frames and those of the reply left', () => {
    const listener = { generation: 1, sent: 65 * FRAME, played: 40 * FRAME, heard: 0 };
    const log = new Log()
      .open(1)
      .frames(0, 20)
      .text(1)
      .frames(20, 65)
      .pass(-500)
      .event({ type: 'filler.audio', samples: 20 * FRAME }, 'speaking', 'tts', {
        ...listener,
        ...{ fillerAtMs: 0, firstAudioAtMs: 20, playingAtMs: 400 },
      })
      .pass(500)
      .interrupted('One two');
    expect(broken(log.over())).toEqual([]);
  });

  it('a timer that is handled after it was due, and after a frame that came late', () => {
    const listener = { generation: 1, sent: 21 * FRAME, played: 20 * FRAME, heard: 0 };
    const log = new Log()
      .reply()
      .frames(0, 20)
      .pass(1_000)
      .frames(20, 21)
      .pass(-300)
      .event({ type: 'xstate.after.ttsDeadline.x' }, 'speaking', 'timer', listener)
      .pass(300)
      .interrupted('One');
    expect(broken(log.over())).toEqual([]);
  });

  it('a reply after a filler, whose audio is not a word of the reply', () => {
    const log = new Log().filledReply().frames(20, 65).interrupted('One two');
    expect(broken(log.over())).toEqual([]);
  });

  it('a filler that was all that was heard', () => {
    const log = new Log().filledReply().interrupted('');
    expect(broken(log.over())).toEqual([]);
  });

  it('one that was acknowledged further back than it was paced', () => {
    const log = new Log().reply().frames(0, 45).acknowledges(10_000);
    expect(broken(log.interrupted('One').over())).toEqual([]);
  });
});

describe('the monitor finds', () => {
  const interrupted = () => new Log().reply().frames(0, 45).interrupt().flush();

  it.each<[number, string, Log]>([
    [
      1,
      'audio after the flush',
      new Log().reply().frames(0, 45).flush().frames(45, 46).interrupt().end('One two'),
    ],
    [1, 'audio after the end of the reply', interrupted().end('One two').rearm('processing').frames(45, 46)],
    [2, 'a frame left out', new Log().reply().frames(0, 3).frames(4, 5).interrupted('')],
    [2, 'a frame sent twice', new Log().reply().frames(0, 3).frames(2, 4).interrupted('')],
    [2, 'a frame of another length', new Log().reply().frames(0, 3).frames(3, 4, 1, 100).interrupted('')],
    [
      2,
      'a frame during a pause',
      new Log().reply().frames(0, 3).paused(true).pass(20).frames(3, 4).interrupted(''),
    ],
    [
      2,
      'a filler in the middle of the reply',
      new Log()
        .reply()
        .frames(0, 45)
        .event({ type: 'filler.audio', samples: 9_600 }, 'speaking', 'tts')
        .stopAll()
        .end('One two'),
    ],
    [
      2,
      'a second filler in one turn',
      new Log().filledReply().stopAll().end('').filledReply(2).stopAll(2).end('', 'interrupted', 2),
    ],
    [5, 'the audio of a filler counted as words', new Log().filledReply().stopAll().end('One')],
    [3, 'a second child of a kind', new Log().reply().start('tts', 2).stop('tts', 2)],
    [3, 'a reply that begins before the last has ended', new Log().reply().stopAll().reply(2)],
    [3, 'audio of an older reply', interrupted().end('One two').reply(2).frames(45, 46, 1)],
    [4, 'a child started twice', interrupted().end('One two').typed().start('tts').stop('tts')],
    [4, 'a child that ends twice', interrupted().end('One two').stop('tts')],
    [
      4,
      'a reply child in idle',
      new Log().reply().event({ type: 'interrupt' }, 'idle').stop('playback').end(''),
    ],
    [4, 'a child that outlives its session', new Log().speech('listening').start('stt').over()],
    [
      4,
      'an utterance that is heard in idle',
      new Log().speech('idle').start('stt').rearm('idle').stop('stt'),
    ],
    [5, 'a word that was not played', interrupted().end('One two three')],
    [5, 'words that were played but are missing in heard', interrupted().end('')],
    [5, 'a word cut in two', interrupted().end('One t')],
    [5, 'words that are not the reply’s', interrupted().end('One too')],
    [5, 'words without audio', new Log().reply().interrupt().end('One')],
    [5, 'a completed reply that was not heard to its end', interrupted().end('One two', 'completed')],
    [
      5,
      'more than the client has acknowledged',
      new Log().reply().frames(0, 45).acknowledges(10_000).interrupt().end('One two'),
    ],
    [
      5,
      'fewer words than the client has acknowledged',
      new Log().reply().frames(0, 45).acknowledges(20_600).interrupt().end(''),
    ],
    [6, 'a reply that never ends', interrupted().over()],
    [
      6,
      'a failure without an error',
      new Log()
        .reply()
        .stop('tts', 1, 'error')
        .event({ type: 'xstate.error.actor.tts', error: failure }, 'processing', 'tts')
        .rearm('idle')
        .stop('playback')
        .publish({ type: 'error', code: 'TTS_FAILED', message: '', fatal: false })
        .end('', 'failed'),
    ],
    [
      6,
      'a failed reply without a reason',
      new Log().reply().frames(0, 45).interrupt().end('One two', 'failed'),
    ],
    [
      7,
      'a generation that goes back',
      interrupted().end('One two').reply(3).stopAll(3).end('', 'interrupted', 3).reply(2),
    ],
    [
      7,
      'text of another generation',
      new Log().reply().publish({ type: 'reply', turn: 1, generation: 0, text: 'x' }).interrupt().end(''),
    ],
    [
      7,
      'an event of a child that does not live',
      new Log().event({ type: 'llm.delta', text: 'x' }, 'idle', 'llm'),
    ],
    [7, 'an end of a child that had none', new Log().event({ type: 'xstate.done.actor.llm' }, 'idle', 'llm')],
    [7, 'a living child called stale', new Log().reply().stale('s/1/tts/1').interrupt().end('')],
    [7, 'a flush of what never began', new Log().flush(5)],
    [
      1,
      'an interrupted reply that is not flushed',
      new Log().reply().interrupt().command({ type: 'cancelWork', generation: 1 }).end(''),
    ],
    [
      4,
      'an interrupted reply whose work goes on',
      new Log().reply().interrupt().publish({ type: 'flush', generation: 1 }).end(''),
    ],
    [
      7,
      'work cancelled of a generation that never began',
      interrupted().command({ type: 'cancelWork', generation: 2 }).end('One two'),
    ],
    [9, 'a voice stop that does not stop', new Log().event({ type: 'halt' }, 'idle')],
    [9, 'a voice stop that something else ends', new Log().halt().speech('listening')],
    [8, 'a reply that ends twice', interrupted().end('One two').end('One two')],
    [8, 'a reply that ends without having begun', new Log().end('', 'interrupted', 1)],
    [9, 'audio stopped', new Log().reply().frames(0, 2).halt().stopAll().end('').frames(2, 3)],
    [9, 'an action started stopped', new Log().halt().action('started').action('cancelled')],
    [9, 'an action that runs on stopped', new Log().typed().action('started').halt().over()],
    [9, 'an action that ends without running', new Log().typed().action('done')],
  ])('invariant %i: %s', (invariant, _what, log) => {
    expect(broken(log)).toContain(invariant);
  });

  const MANUAL: KernelEvent = {
    type: 'settings',
    change: { turnDetection: { mode: 'manual' } },
    sample: 0,
  };
  const COMMIT: KernelEvent = { type: 'commit', sample: 16_000 };
  const final: SessionMessage = { type: 'transcript', turn: 1, text: 'hello', final: true };
  const committed = () => new Log().event(MANUAL, 'idle').event(COMMIT, 'processing');

  it.each<[number, string, Log]>([
    [18, 'a turn by the ear in manual mode', new Log().event(MANUAL, 'idle').speech('listening')],
    [
      18,
      'a reply interrupted that must not be',
      new Log()
        .event({ ...MANUAL, change: { turnDetection: { mode: 'auto', interrupt: false } } }, 'idle')
        .reply()
        .speech('listening'),
    ],
    [
      18,
      'a reply prepared that never comes',
      new Log()
        .event({ ...MANUAL, change: { turnDetection: { mode: 'auto', respond: false } } }, 'idle')
        .start('speculation'),
    ],
    [19, 'two turns for one commit', committed().publish(final).publish(final)],
    [19, 'a commit without a turn', committed().rearm('idle')],
  ])('invariant %i: %s', (invariant, _what, log) => {
    expect(broken(log.over())).toContain(invariant);
  });

  it('no fault in a commit that is refused, answered or given up', () => {
    const refusal = { type: 'error', code: 'NOTHING_TO_COMMIT', message: '', fatal: false } as const;
    const refused = new Log().event(MANUAL, 'idle').event(COMMIT, 'idle').publish(refusal);
    const given = committed().event({ type: 'interrupt' }, 'idle');
    const answered = committed().publish(final);
    const spokenOver = answered.event(COMMIT, 'processing').speech('processing').publish(final);
    for (const log of [refused, given, committed().publish(final), spokenOver])
      expect(broken(log.rearm('idle'))).toEqual([]);
  });

  describe('invariant 17:', () => {
    const confirmed = (text: string, state: PublicState) => {
      const log = new Log()
        .reply()
        .frames(0, 45)
        .speech('speaking')
        .start('stt')
        .paused(true)
        .event({ type: 'transcript.partial', text }, 'speaking', 'stt')
        .event({ type: 'xstate.after.confirmSpeech.hearing' }, state, 'timer');
      const ended = state === 'speaking' ? log.event({ type: 'interrupt' }, 'listening') : log;
      return ended.stopAll().flush().end('One two').over().stop('stt');
    };
    const backchannels = { en: ['uh-huh'] };

    it('a listener’s sound that interrupts the reply', () => {
      expect(broken(confirmed('uh-huh', 'listening'), { backchannels })).toContain(17);
    });

    it('and one that interrupts it with its first transcript', () => {
      const log = new Log().reply().frames(0, 45).speech('speaking').start('stt');
      log.event({ type: 'transcript.partial', text: 'uh-huh' }, 'listening', 'stt');
      expect(broken(log, { backchannels })).toContain(17);
    });

    it('but not words, nor a sound that changes nothing', () => {
      expect(broken(confirmed('wait', 'listening'), { backchannels })).not.toContain(17);
      expect(broken(confirmed('uh-huh', 'speaking'), { backchannels })).not.toContain(17);
    });
  });

  it.each<[number, string, Partial<ListenerSample>]>([
    [5, 'that knows of more than was sent', { sent: 46 * FRAME }],
    [5, 'that knows of less than was sent', { sent: 43 * FRAME }],
    [5, 'that has played more than it got', { played: 46 * FRAME, acknowledged: true }],
    [5, 'that is ahead of the pacing', { played: 24_000 }],
    [5, 'that is behind the pacing', { played: 20_000 }],
    [7, 'of another generation', { generation: 2 }],
  ])('invariant %i: a listener %s', (invariant, _what, wrong) => {
    const listener = { generation: 1, sent: 45 * FRAME, played: 45 * FRAME, heard: 7, ...wrong };
    const log = (sample: ListenerSample) =>
      new Log()
        .reply()
        .frames(0, 45)
        .event({ type: 'interrupt' }, 'idle', 'client', sample)
        .stopAll()
        .flush()
        .end('One two')
        .over();
    expect(broken(log(listener))).toContain(invariant);
    expect(broken(log({ ...listener, generation: 1, sent: 45 * FRAME, played: 45 * FRAME }))).toEqual([]);
  });

  it('invariant 9: an action that policy does not allow', () => {
    const log = () =>
      new Log()
        .typed()
        .action('started', 'launch')
        .start('actions')
        .event({ type: 'action.done', id: 'launch', result: null }, 'processing', 'actions')
        .action('done', 'launch')
        .stop('actions');
    expect(broken(log(), { actions: { allow: ['wave'], maxPerReply: 16 } })).toEqual([9]);
    expect(broken(log(), { actions: { allow: ['wave', '*'], maxPerReply: 16 } })).toEqual([]);
    expect(
      broken(new Log().typed().action('refused', 'launch'), {
        actions: { allow: [], maxPerReply: 16 },
      }),
    ).toEqual([]);
  });

  describe('invariant 20:', () => {
    const typed = () => new Log().typed();

    it('audio of a text-only session', () => {
      expect(broken(typed().start('tts').stop('tts'), { output: 'text' })).toContain(20);
      expect(broken(typed().reply().frames(0, 1), { output: 'text' })).toContain(20);
      expect(broken(typed().start('llm').stop('llm'), { output: 'text' })).not.toContain(20);
    });

    it('speech in a session without an ear', () => {
      const log = new Log().speech('listening');
      expect(broken(log, { input: 'text' })).toContain(20);
      expect(broken(log)).not.toContain(20);
    });
  });

  describe('invariant 21:', () => {
    const started = () => new Log().typed().action('started').action('started', 'nod');
    const reported = (status: ActionReport['status'], id = 'wave') =>
      started().event({ type: 'action.result', id, status }, 'processing');
    const unexpected = {
      type: 'error',
      code: 'ACTION_RESULT_UNEXPECTED',
      message: '',
      fatal: false,
    } as const;
    const ended = (log: Log) => log.halt().action('cancelled', 'nod').over();

    it('an action that ends otherwise than its client reported', () => {
      expect(broken(ended(reported('failed').action('failed')), { results: true })).toEqual([]);
      expect(broken(ended(reported('failed').action('done')), { results: true })).toContain(21);
      expect(broken(ended(reported('done', 'nod').action('done')), { results: true })).toContain(21);
    });

    it('an action that ends without a cause', () => {
      const log = started().typed().action('done');
      expect(broken(ended(log), { results: true })).toContain(21);
    });

    it('a result without an answer, or with the wrong one', () => {
      const late = (log: Log) => ended(log.halt().action('cancelled'));
      expect(broken(late(reported('done')), { results: true })).toContain(21);
      expect(broken(late(reported('done').publish(unexpected)), { results: true })).toContain(21);
      expect(broken(late(reported('done', 'jump').publish(unexpected)), { results: true })).not.toContain(21);
      expect(broken(late(reported('done').publish(unexpected)))).not.toContain(21);
    });
  });
});
