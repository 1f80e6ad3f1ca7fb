import type { LanguageTable } from './table.ts';

export const de = {
  phrases: {
    notUnderstood: 'Entschuldigung, das habe ich nicht verstanden.',
    sttFailed: 'Entschuldigung, ich konnte das nicht hören.',
    llmFailed: 'Entschuldigung, da ging etwas schief. Bitte noch einmal.',
    didYouSay: 'Sagten Sie: {words}?',
    sayAgain: 'Entschuldigung, bitte sagen Sie es noch einmal.',
    shallI: 'Soll ich das tun: {action}?',
    willDo: 'In Ordnung.',
    wontDo: 'In Ordnung, dann nicht.',
  },
  prompt:
    'Du sprichst über einen Lautsprecher mit einem Menschen. Antworte in ein oder zwei kurzen Sätzen, wie man spricht: keine Listen, keine Formatierung, keine Emojis.',
  fillers: ['Einen Moment.', 'Mal sehen.'],
  backchannels: ['mhm', 'hm', 'aha', 'ja', 'genau', 'ok', 'okay'],
  moreBackchannels: ['ach so'],
  continuations: 'und oder aber weil wenn der die das ein eine zu in mit ähm'.split(' '),
  answers: ['ja', 'nein', 'doch', 'genau', 'gerne', 'bitte', 'danke', 'ja bitte', 'nein danke'],
  digits: 'null eins zwei zwo drei vier fünf sechs sieben acht neun'.split(' '),
  yes: ['ja', 'genau', 'richtig', 'ja bitte'],
  no: ['nein', 'nee', 'falsch'],
  polite: [],
  negations: ['nicht', 'kein', 'keine'],
  and: 'und',
  minus: 'minus',
  point: 'komma',
  voices: { edge: ['de-DE-KatjaNeural', 'de-DE-ConradNeural'] },
} as const satisfies LanguageTable;
