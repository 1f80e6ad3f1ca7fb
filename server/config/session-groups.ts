import { z } from 'zod';
import { count, factor, list, listsByLanguage, ms, text, yesNo } from '../../adapters/options.ts';
import type { SessionParameters } from '../../machines/parameters.ts';

/** The configuration groups that tune a session. Defaults come from the machine; only descriptions are here. */
export function sessionGroups(defaults: SessionParameters) {
  const { endpointing, speculation, bargeIn, deadlines, reply, history, actions, phrases, words } = defaults;
  return {
    endpointing: z
      .strictObject({
        delayMs: ms(
          endpointing.delayMs,
          'Silence that ends a turn when it is not known whether the transcript is complete.',
        ),
        completeDelayMs: ms(
          endpointing.completeDelayMs,
          'Silence that ends a turn when the transcript is clearly complete.',
        ),
        incompleteDelayMs: ms(
          endpointing.incompleteDelayMs,
          'Silence that ends a turn when the transcript stops in mid-sentence.',
        ),
        prerollMs: ms(endpointing.prerollMs, 'Audio kept from before speech was detected.'),
        maxUtteranceMs: ms(
          endpointing.maxUtteranceMs,
          'Maximum length of an utterance; a longer one is cut.',
        ),
        notUnderstoodMs: ms(
          endpointing.notUnderstoodMs,
          'Speech of at least this length without a recognised word gets a reply; shorter speech counts as noise.',
        ),
      })
      .prefault({}),
    speculation: z
      .strictObject({
        enabled: yesNo(
          speculation.enabled,
          'Start a speculative reply during the silence that ends the turn; it is used only if the transcript does not change.',
        ),
        stableMs: ms(
          speculation.stableMs,
          'The transcript must be unchanged for this long before a speculation starts; a clearly complete one starts it at once.',
        ),
        maxPerTurn: count(speculation.maxPerTurn, 'Maximum number of speculations in one turn.'),
      })
      .prefault({}),
    bargeIn: z
      .strictObject({
        confirmSpeechMs: ms(
          bargeIn.confirmSpeechMs,
          'Speech of this length during a reply is an interruption, unless the transcript so far is a backchannel.',
        ),
        firstWordsMs: ms(
          bargeIn.firstWordsMs,
          'Added to confirmSpeechMs with a recogniser that reports partial transcripts, so that the first words can decide.',
        ),
        backchannelMaxMs: ms(
          bargeIn.backchannelMaxMs,
          'A backchannel longer than this is an interruption too.',
        ),
        verdictMs: ms(
          bargeIn.verdictMs,
          'After speech has ended: maximum wait for its transcript before the reply resumes.',
        ),
      })
      .prefault({}),
    deadlines: z
      .strictObject({
        sttMs: ms(deadlines.sttMs, 'End of the turn to the final transcript.'),
        recallMs: ms(deadlines.recallMs, 'Final transcript to the facts from memory.'),
        llmFirstTokenMs: ms(deadlines.llmFirstTokenMs, 'Request to the language engine to its first token.'),
        llmStallMs: ms(deadlines.llmStallMs, 'Between two tokens.'),
        ttsMs: ms(
          deadlines.ttsMs,
          'Segment given to speech synthesis to its first audio, and between two pieces of audio.',
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
          'Factor by which the minimum length grows with each further segment, up to half of segmentMaxChars.',
        ),
        segmentMaxChars: count(reply.segmentMaxChars, 'Maximum length of a segment that can be split.'),
        parallelSegments: count(
          reply.parallelSegments,
          'Number of segments that are synthesised in parallel; they play in order.',
        ),
        fillerAfterMs: ms(
          reply.fillerAfterMs,
          'End of the turn to a filler, if the reply is not audible yet. 0: no fillers.',
        ),
      })
      .prefault({}),
    history: z
      .strictObject({
        maxMessages: count(
          history.maxMessages,
          'Number of newest messages that are sent to the language engine.',
        ),
      })
      .prefault({}),
    actions: z
      .strictObject({
        allow: list(actions.allow, 'Names of actions that may run; * for all.'),
        maxPerReply: count(
          actions.maxPerReply,
          'Maximum number of actions of one reply; further ones are refused.',
          0,
        ),
      })
      .prefault({}),
    phrases: z
      .strictObject({
        notUnderstood: text(
          phrases.notUnderstood,
          'Spoken when speech was detected but no word was recognised. Empty: nothing.',
        ),
        sttFailed: text(phrases.sttFailed, 'Spoken when speech recognition failed. Empty: nothing.'),
        llmFailed: text(
          phrases.llmFailed,
          'Spoken when the language engine failed before its first token. Empty: nothing.',
        ),
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
          'Sounds of a listener that do not interrupt, by language.',
        ),
        continuations: listsByLanguage(
          words.continuations,
          'Words that show, at the end of a transcript, that it is incomplete; by language.',
        ),
        halt: list(words.halt, 'Transcripts that trigger a voice stop, besides those of the dialog file.'),
        complete: list(words.complete, 'Transcripts known to be complete, besides those of the dialog file.'),
      })
      .prefault({}),
  };
}
