/** Stage directions: what a model writes about a voice or a face instead of words to say. */

/** Alone, one of these is a direction: `*smiles*`, `(laughs)`, `[sigh]`. */
const ALONE = new Set(
  (
    'smile smiles smiling smirk smirks smirking grin grins grinning laugh laughs laughing laughter chuckle chuckles ' +
    'chuckling giggle giggles giggling sigh sighs sighing sob sobs sobbing cry cries crying gasp gasps gasping cough ' +
    'coughs coughing yawn yawns yawning wink winks winking nod nods nodding shrug shrugs shrugging frown frowns ' +
    'frowning blush blushes blushing groan groans groaning moan moans gulp gulps snort snorts snorting sniff sniffs ' +
    'sniffles whisper whispers whispering whistle whistles whistling hum hums humming pause pauses beat bows bowing ' +
    'waves waving claps clapping applause cheers cheering dances dancing jumps jumping hugs blinks blinking beeps ' +
    'beeping boops purrs purring pouts winces beams beaming shivers trembles gestures points thinks thinking ponders ' +
    'hesitates clears facepalm facepalms scoffs mumbles mutters exhales inhales breathes snickers cackles squeals ' +
    'lächelt lächeln lacht lachen grinst grinsen seufzt seufzen nickt nicken winkt zwinkert kichert kichern weint ' +
    'hustet gähnt flüstert räuspert schmunzelt stöhnt schluchzt pfeift summt ' +
    'rit rires rire sourit sourire soupire soupir pleure tousse bâille chuchote hoche ricane glousse sanglote ' +
    'ríe risas risa sonríe sonrisa suspira suspiro llora tose bosteza susurra asiente guiña carraspea solloza ' +
    '笑 笑い 微笑 微笑み 大笑 苦笑 叹气 叹息 嘆息 鼓掌 拍手 咳嗽 咳 哭泣 点头 挥手 眨眼 ため息 にっこり ウインク ' +
    '웃음 웃으며 미소 한숨 박수 기침'
  ).split(' '),
);
/** A direction of several words begins with one of these, perhaps after an adverb: "softly laughs", "tilts head". */
const BEGINS = new Set(
  (
    'smiles smiling smirks smirking grins grinning laughs laughing chuckles chuckling giggles giggling sighs sighing ' +
    'sobs sobbing cries crying gasps gasping coughs coughing yawns winks winking nods nodding shrugs shrugging frowns ' +
    'frowning blushes blushing groans groaning gulps snorts sniffs whispers whispering whistles whistling hums humming ' +
    'pauses bows waves waving claps clapping cheers dances dancing jumps hugs blinks blinking beeps beeping whirs ' +
    'purrs pouts winces beams shivers trembles gestures tilts tilting looks looking leans leaning turns thinks ' +
    'thinking ponders scratches raises rolls shakes rubs clears hesitates walks steps spins stretches adjusts ' +
    'lächelt lacht grinst seufzt nickt winkt zwinkert kichert räuspert schüttelt neigt schaut ' +
    'rit sourit soupire hoche incline regarde ríe sonríe suspira asiente guiña inclina mira'
  ).split(' '),
);
/** In braces, square or angle brackets, one of these is a direction to the voice: `{happy}`, `[sad]`. */
const MOODS = new Set(
  (
    'happy sad angry excited calm neutral surprised curious scared fearful afraid disgusted confused bored tired ' +
    'cheerful joyful playful serious sarcastic friendly gentle warm shy proud worried nervous embarrassed amused ' +
    'thoughtful sleepy loving love joy anger sadness fear surprise disgust empathetic sympathetic apologetic ' +
    'enthusiastic whispering shouting pleased concerned breath breathing silence music sound noise ' +
    'fröhlich traurig wütend glücklich heureux triste content feliz alegre enojado 开心 高兴 悲伤 生气 难过 嬉しい 悲しい 기쁨 슬픔'
  ).split(' '),
);
/** These are said of things too: "(looks good)". In front of one of `DONE_WITH` they are directions. */
const AMBIGUOUS = new Set(
  'looks looking turns thinks thinking walks steps spins stretches adjusts raises rolls shakes rubs clears leans leaning points jumps dances waves waving beeps hums whistles regarde mira schaut'.split(
    ' ',
  ),
);
const DONE_WITH =
  /\s(?:at|around|up|down|away|into|over|towards?|back|in|closer|forward|throat|(?:\p{L}{2,5}\s)?(?:head|eyes?|eyebrows?|shoulders|hands?|arms?|chin|fists?)|kopf|autour)(?:\s|$)/u;
const ADVERB = /^(?:\p{L}+ly|very|a|soft|quiet|light|slight|nervous|gentle|warm|leise|laut|sanft)$/u;
/** No direction is longer, in UTF-16 units. */
export const LONGEST_DIRECTION = 60;

/** The direction in `inner`, the text between two marks of the kind `mark`; undefined if these are words to say. */
export function directionIn(inner: string, mark: 'star' | 'round' | 'bracket'): string | undefined {
  if (inner.length > LONGEST_DIRECTION) return undefined;
  const text = inner.trim().toLowerCase();
  if (!/^\p{L}[\p{L}\p{M}' ,-]*[.!…]*$/u.test(text)) return undefined;
  const words = text.replace(/[.!…]+$/u, '').split(/[ ,]+/u);
  if (words.length > 7) return undefined;
  const [first = '', second = ''] = words;
  if (
    words.length > 1 &&
    AMBIGUOUS.has(first) &&
    (mark !== 'star' || /^look/u.test(first)) &&
    !DONE_WITH.test(text.replace(/[.!…]+$/u, ''))
  )
    return undefined;
  const found =
    words.length === 1
      ? ALONE.has(first) || (mark === 'bracket' && MOODS.has(first))
      : BEGINS.has(first) || (ADVERB.test(first) && (BEGINS.has(second) || ALONE.has(second)));
  return found ? inner.trim() : undefined;
}

/** Faces in characters, and what they express. */
const FACES: readonly (readonly [RegExp, string])[] = [
  [/[:=;8][-o'^]?\)+|[:=]-?\]|\(-?[:=]|\^_*\^;?|\(\^[_.o-]?\^\)|\(\*\^[_.]?\^\*\)|[:=]-?3/uy, 'smile'],
  [/[:=xX]-?D+|XD+|xD+/uy, 'laugh'],
  [/;-?[)D]|\^_~|;-?P/uy, 'wink'],
  [/[:=]['’]?-?\(+|T_+T|;_+;|[:=]-?\[|:'-?\(/uy, 'sad'],
  [/[:=]-?[Pp]/uy, 'tongue'],
  [/[:=]-?[oO0]|[oO]_+[oO]|0_+0/uy, 'surprise'],
  [/>_*<|-_+-|:-?[/\\|]|¬_+¬/uy, 'annoyed'],
  [/¯\\+_\(ツ\)_\/¯|¯_\(ツ\)_\/¯/uy, 'shrug'],
  [/<3+/uy, 'love'],
  // Any other face in brackets: two eyes of the same sign, and no word or number.
  [
    /[(（][^\p{L}\p{N}()（）\n]{0,3}([^\p{L}\p{N}\s()（）.,!?-])[^\p{L}\p{N}()（）\n]{0,4}\1[^\p{L}\p{N}()（）\n]{0,3}[)）]/uy,
    'face',
  ],
];

const FACE_ENDS = /[\s.,!?…。！？，、)]/u;

/** A face at `at`, free on both sides; undefined if there is none. */
export function faceAt(
  line: string,
  at: number,
): { readonly end: number; readonly name: string } | undefined {
  const before = line.charAt(at - 1);
  if (before !== '' && !/[\s.,!?…。！？，、(]|[\u3040-\u9fff\uac00-\ud7a3]/u.test(before)) return undefined;
  for (const [pattern, name] of FACES) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (!match) continue;
    const end = at + match[0].length;
    const next = line.charAt(end);
    if (next !== '' && !FACE_ENDS.test(next)) continue;
    // "<3 kg" is a comparison; only what loves is a heart.
    if (
      name === 'love' &&
      !/(?:\b(?:I|i|you|u|love|thanks|thank you|friends?)[.!]? |^|<3 )$/u.test(
        line.slice(Math.max(0, at - 12), at),
      )
    )
      continue;
    if (name === 'love' && /^\s*(?:\d|\p{L}{1,2}\b)/u.test(line.slice(end, end + 6))) continue;
    // ":3" and "8)" after a number are a ratio and a bracket.
    if (/\d/u.test(match[0]) && /\d\s?$/u.test(line.slice(0, at).slice(-3))) continue;
    if (/^[8=]/u.test(match[0]) && match[0].length < 3) continue;
    return { end, name };
  }
  return undefined;
}
