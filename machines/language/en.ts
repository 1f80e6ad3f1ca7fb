import type { LanguageTable } from './table.ts';

export const en = {
  phrases: {
    notUnderstood: 'Sorry, I did not get that.',
    sttFailed: 'Sorry, I could not hear that.',
    llmFailed: 'Sorry, something went wrong. Please try again.',
    didYouSay: 'Did you say: {words}?',
    sayAgain: 'Sorry, please say it again.',
    shallI: 'Shall I {action}?',
    willDo: 'All right.',
    wontDo: 'All right, I will not.',
  },
  prompt:
    'You speak with a person through a loudspeaker. Answer in one or two short sentences, as people talk: no lists, no formatting, no emoji.',
  fillers: ['Let me see.', 'One moment.'],
  backchannels: ['uh-huh', 'mm-hmm', 'mhm', 'mm', 'hmm', 'yeah', 'ok', 'okay', 'right'],
  moreBackchannels: ['mmm', 'hm', 'yep', 'i see', 'uh', 'um', 'ah', 'oh', 'wow'],
  continuations:
    'and or but so because if the a an to of in on at for with from my your that um uh is are please then'.split(
      ' ',
    ),
  answers: [
    ...'yes yeah yep yup no nope nah sure okay ok right correct exactly please thanks'.split(' '),
    ...['thank you', 'of course', "that's right", "that's it", 'not that', 'never mind', 'i do', "i don't"],
  ],
  digits: 'zero oh one two three four five six seven eight nine'.split(' '),
  yes: ['yes', 'yeah', 'yep', 'yes please', 'right', 'correct', 'exactly'],
  no: ['no', 'nope', 'wrong', 'no thanks'],
  polite: 'please robot hey um uh er so well now then ok okay can could would will you just kindly'.split(
    ' ',
  ),
  negations: "not don't dont never no without didn't can't cannot won't shouldn't".split(' '),
  and: 'and',
  minus: 'minus',
  point: 'point',
  voices: { edge: ['en-US-JennyNeural', 'en-US-GuyNeural'] },
} as const satisfies LanguageTable;
