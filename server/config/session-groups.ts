import { z } from 'zod';
import { count, factor, list, listsByLanguage, ms, text, yesNo } from '../../adapters/options.ts';
import type { SessionParameters } from '../../machines/parameters.ts';

/** The groups that tune a session. Their defaults are the machine's; only the meanings are written here. */
export function sessionGroups(defaults: SessionParameters) {
  const { endpointing, speculation, bargeIn, deadlines, reply, history, actions, phrases, words } = defaults;
  return {
    endpointing: z
      .strictObject({
        delayMs: ms(endpointing.delayMs, 'Silence that ends a turn when nothing is known about the words.'),
        completeDelayMs: ms(
          endpointing.completeDelayMs,
          'Silence that ends it when the transcript is plainly complete.',
        ),
        incompleteDelayMs: ms(
          endpointing.incompleteDelayMs,
          'Silence that ends it when the transcript stops in mid-sentence.',
        ),
        prerollMs: ms(endpointing.prerollMs, 'Audio kept from before speech was noticed.'),
        maxUtteranceMs: ms(endpointing.maxUtteranceMs, 'An utterance longer than this is ended.'),
        notUnderstoodMs: ms(
          endpointing.notUnderstoodMs,
          'Speech of at least this length without a word understood is answered; shorter is taken for noise.',
        ),
      })
      .prefault({}),
    speculation: z
      .strictObject({
        enabled: yesNo(
          speculation.enabled,
          'Prepare the reply while the silence that ends the turn still runs; used only if the words stay the same.',
        ),
        stableMs: ms(
          speculation.stableMs,
          'The transcript must have stayed the same for this long; a plainly complete one need not.',
        ),
        maxPerTurn: count(speculation.maxPerTurn, 'Prepared replies for one turn at most.'),
      })
      .prefault({}),
    bargeIn: z
      .strictObject({
        confirmSpeechMs: ms(
          bargeIn.confirmSpeechMs,
          'Speech of this length during a reply is an interruption, unless it is a backchannel so far.',
        ),
        firstWordsMs: ms(
          bargeIn.firstWordsMs,
          'So much longer with a recogniser that tells words while they are spoken: they decide.',
        ),
        backchannelMaxMs: ms(
          bargeIn.backchannelMaxMs,
          'A backchannel that goes on this long is an interruption too.',
        ),
        verdictMs: ms(
          bargeIn.verdictMs,
          'After speech has ended: the wait for its words before the reply goes on.',
        ),
      })
      .prefault({}),
    deadlines: z
      .strictObject({
        sttMs: ms(deadlines.sttMs, 'End of the turn to final transcript.'),
        recallMs: ms(deadlines.recallMs, 'Turn known to memory recalled.'),
        llmFirstTokenMs: ms(deadlines.llmFirstTokenMs, 'Language engine asked to its first token.'),
        llmStallMs: ms(deadlines.llmStallMs, 'Between two tokens.'),
        ttsMs: ms(
          deadlines.ttsMs,
          'Segment given to speech synthesis to audio, and between two pieces of audio.',
        ),
        actionMs: ms(deadlines.actionMs, 'One action of the robot.'),
      })
      .prefault({}),
    reply: z
      .strictObject({
        firstSegmentMinChars: count(
          reply.firstSegmentMinChars,
          'The first segment may end at a clause when it is this long. In letters; a Chinese or Japanese character counts for 3.',
        ),
        firstSegmentMaxChars: count(
          reply.firstSegmentMaxChars,
          'The first segment ends at a word before it is longer than this.',
        ),
        segmentMinChars: count(
          reply.segmentMinChars,
          'The second segment, if shorter, waits for the next sentence.',
        ),
        segmentGrowth: factor(
          reply.segmentGrowth,
          'Each further segment waits for so many times as much, up to half of segmentMaxChars.',
        ),
        segmentMaxChars: count(reply.segmentMaxChars, 'A segment that can be parted is not longer.'),
        parallelSegments: count(
          reply.parallelSegments,
          'So many segments are synthesised at once; they sound in order.',
        ),
        fillerAfterMs: ms(
          reply.fillerAfterMs,
          'End of the turn to a filler, if nothing of the reply sounds yet. 0: no fillers.',
        ),
      })
      .prefault({}),
    history: z
      .strictObject({
        maxMessages: count(history.maxMessages, 'The language engine is told the newest so many messages.'),
      })
      .prefault({}),
    actions: z
      .strictObject({
        allow: list(actions.allow, 'Names of actions that may run; * for all.'),
        maxPerReply: count(
          actions.maxPerReply,
          'Actions that one reply may start; the others are refused.',
          0,
        ),
      })
      .prefault({}),
    phrases: z
      .strictObject({
        notUnderstood: text(
          phrases.notUnderstood,
          'Said when speech was heard and no word understood. Empty: nothing.',
        ),
        sttFailed: text(phrases.sttFailed, 'Said when speech recognition failed. Empty: nothing.'),
        llmFailed: text(phrases.llmFailed, 'Said when the language engine failed at once. Empty: nothing.'),
        fillers: list(
          phrases.fillers,
          'Short phrases for the silence before a late reply. Empty: those of the dialog file.',
        ),
      })
      .prefault({}),
    words: z
      .strictObject({
        backchannels: listsByLanguage(
          words.backchannels,
          'Sounds of a listener, by language: they do not interrupt.',
        ),
        continuations: listsByLanguage(
          words.continuations,
          'Last words of a transcript that is not complete, by language.',
        ),
        halt: list(words.halt, 'Transcripts that mean a voice stop, besides those of the dialog file.'),
        complete: list(words.complete, 'Transcripts known to be complete, besides those of the dialog file.'),
      })
      .prefault({}),
  };
}
