import type { LanguageTable } from './table.ts';

export const es = {
  phrases: {
    notUnderstood: 'Perdón, no lo he entendido.',
    sttFailed: 'Perdón, no lo he oído bien.',
    llmFailed: 'Perdón, algo ha fallado. Inténtelo otra vez.',
    didYouSay: '¿Ha dicho: {words}?',
    sayAgain: 'Perdón, repítalo, por favor.',
    shallI: '¿Hago esto: {action}?',
    willDo: 'De acuerdo.',
    wontDo: 'De acuerdo, no lo haré.',
  },
  prompt:
    'Hablas con una persona por un altavoz. Responde con una o dos frases cortas, como se habla: sin listas, sin formato, sin emojis.',
  fillers: ['Un momento.', 'Vamos a ver.'],
  backchannels: ['ajá', 'mm', 'sí', 'claro', 'vale', 'ok'],
  moreBackchannels: [],
  continuations: ['y', 'o', 'pero', 'porque', 'si', 'el', 'la', 'los', 'un', 'una', 'de', 'a', 'con', 'eh'],
  answers: ['sí', 'no', 'claro', 'vale', 'exacto', 'por favor', 'gracias'],
  digits: ['cero', 'uno', 'dos', 'tres', 'cuatro', 'cinco', 'seis', 'siete', 'ocho', 'nueve'],
  yes: ['sí', 'claro', 'exacto', 'correcto'],
  no: ['no'],
  polite: [],
  negations: ['no', 'nunca'],
  and: 'y',
  minus: 'menos',
  point: 'coma',
  voices: { edge: ['es-ES-ElviraNeural', 'es-ES-AlvaroNeural'] },
} as const satisfies LanguageTable;
