/**
 * Words that speech models write for silence and noise. They learned from subtitles: of silence and noise they make what
 * stands at the end of videos. `never`: people do not say it to a robot. `faint`: people say it too, so it counts unless it is faint. Both
 * are compared with a whole sentence, in small letters and without signs.
 */
interface Ghosts {
  readonly never: readonly RegExp[];
  readonly faint: readonly string[];
}

const GHOSTS: Readonly<Record<string, Ghosts>> = {
  en: {
    never: [
      /^(thanks?|thank you)( you)?( so much| very much| all| everyone| guys| again)* for (your )?(watching|viewing|listening)\b/u,
      /^((i|we) )?(ll )?(will )?see you (guys |all )?(in the next|next) (video|one|episode|time)\b/u,
      /^(please |and |so |don t forget to |make sure to |remember to )*((hit|click|press) )?(the )?(like|comment|share|subscribe)( button)?( (and|or|like|comment|share|subscribe|button|the|bell|hit|click|to|my|our|this|channel|video|for|more|videos|please|icon|below))+$/u,
      /^(please )?subscribe$/u,
      /^(sub)?titles?( (and|created|provided|translated|transcribed))* by\b.{0,60}$/u,
      /^(closed )?captions?( (created|provided))* by\b.{0,60}$/u,
      /^(transcribed|transcription|transcript|translated|translation)( (created|provided|outsourcing))* by\b.{0,60}$/u,
      /^www( \w+){1,4}$/u,
      /^(copyright|all rights reserved)( .{0,60})?$/u,
    ],
    faint: [
      ...['you', 'thank you', 'thanks', 'thank you so much', 'thank you very much', 'thanks a lot'],
      ...[
        'bye',
        'bye bye',
        'goodbye',
        'good night',
        'see you',
        'see you later',
        'see you next time',
        'so',
        'oh',
      ],
      ...[
        'uh',
        'um',
        'hmm',
        'hm',
        'mm',
        'mhm',
        'ah',
        'the',
        'i',
        'and',
        'but',
        'the end',
        'to be continued',
        'amen',
      ],
      ...['okay okay', 'ok ok', 'okay okay okay', 'yeah yeah', 'music', 'applause', 'laughter', 'silence'],
      ...['i love you', 'thank you bye', 'thank you thank you', 'peace', 'all right'],
    ],
  },
  de: {
    never: [
      /^untertitel(ung)?( (der|des|von|vom|im|aufgrund|by|erstellt|amara|wdr|zdf|swr|ndr|br|ard|für|2\d{3})\b.{0,60})?$/u,
      /^(vielen dank|danke|dankeschön) (fürs?|für das|für ihr|für eure|für euer) (zuschauen|zusehen|zuhören|interesse|aufmerksamkeit|aufmerksam)/u,
      /^(wir sehen uns|bis)( dann)? (zum|im|beim) nächsten (video|mal|folge)/u,
      /^(abonniert?|abonniere|vergesst nicht)( .{0,50})?(kanal|abonnieren)/u,
      /^(copyright )?(wdr|swr|zdf|ard|ndr|br)( mediagroup.*| text.*)?( \d{4})?$/u,
    ],
    faint: [
      'vielen dank',
      'danke',
      'danke schön',
      'dankeschön',
      'tschüss',
      'bis bald',
      'auf wiedersehen',
      'musik',
    ],
  },
  fr: {
    never: [
      /^sous ?titr(es?|age|é)\b.{0,80}$/u,
      /^merci d avoir (regardé|suivi|écouté)/u,
      /^(n oubliez pas de |pensez à )?(vous )?abonne(z|r)( vous)?\b/u,
      /^(à|on se retrouve)( .{0,20})? (la )?prochaine (vidéo|fois)/u,
    ],
    faint: ['merci', 'merci beaucoup', 'merci à tous', 'au revoir', 'à bientôt', 'musique', 'amen'],
  },
  es: {
    never: [
      /^subt[ií]tulos?( (realizados|por|de|creados|hechos|en)\b.{0,60})?$/u,
      /^(muchas )?gracias por (ver|mirar|escuchar|verme|vernos|su atención|tu atención)/u,
      /^(no (olvides|olviden|te olvides de) )?(dale like|like y )?(y )?suscr[ií]b(ete|anse|irte|irse|ete)\b/u,
      /^(hasta|nos vemos en) el pr[oó]ximo v[ií]deo/u,
    ],
    faint: [
      'gracias',
      'muchas gracias',
      'adiós',
      'hasta luego',
      'hasta la próxima',
      'amén',
      'música',
      'chau',
      'chao',
    ],
  },
  zh: {
    never: [
      /^(中文)?字幕(由|by|志[愿願]者|[制製]作|提供|[组組]|君|校[对對]|翻[译譯])/u,
      /^[请請]不吝[点點]?[赞贊讚]/u,
      /([订訂][阅閱]|[关關]注).{0,12}([点點][赞贊讚]|[转轉][发發]|打[赏賞]|[频頻]道)|([点點][赞贊讚]).{0,12}([订訂][阅閱]|[关關]注)/u,
      /^明[镜鏡][与與需][点點]/u,
      /^(非常)?(感[谢謝]|[谢謝][谢謝]|多[谢謝])(大家|您|你|你[们們]|各位)?的?(观看|觀看|收看|收[听聽]|[观觀][赏賞]|聆[听聽]|支持)/u,
      /^(我[们們])?(下期|下集|下次|下[个個][视視][频頻])(再[见見]|[见見]|再[会會])/u,
      /^([词詞曲] ?){1,2}李宗盛|^作[词詞] ?作曲|^[优優][优優][独獨]播/u,
    ],
    faint: [
      '谢谢',
      '謝謝',
      '谢谢大家',
      '謝謝大家',
      '谢谢你',
      '谢谢您',
      '再见',
      '再見',
      '拜拜',
      '晚安',
      '音乐',
      '音樂',
      '掌声',
    ],
  },
  ja: {
    never: [
      /^(最後まで)?(本日は|今日も)?ご?(視聴|清聴|ご覧|覧)(いただき|頂き|くださり)?(本当に|誠に)?ありがとう/u,
      /^(最後まで)?(見て|ご覧)(いただき|頂き|くれて|くださって|くださり).{0,4}ありがとう/u,
      /チャンネル登録/u,
      /^(それでは)?(また)?(次の?回?の?|次回の)動画(で|も)/u,
      /^字幕/u,
      /^(高評価|グッドボタン).{0,20}(お願い|よろしく)/u,
    ],
    faint: [
      ...[
        'ありがとうございました',
        'ありがとうございます',
        'おやすみなさい',
        'お疲れ様でした',
        'お疲れさまでした',
      ],
      ...[
        'バイバイ',
        'ではまた',
        'それではまた',
        'さようなら',
        '失礼します',
        '音楽',
        '拍手',
        'じゃあね',
        'またね',
      ],
    ],
  },
  ko: {
    never: [
      /(시청|청취|구독)해? ?(주셔서|줘서) ?(정말 ?)?(감사|고맙)/u,
      /(구독|좋아요).{0,8}(좋아요|구독|알림|부탁|눌러)/u,
      /^(mbc|kbs|sbs|ytn|jtbc) ?뉴스/u,
      /^다음 ?(영상|시간|편|주)에(서)? ?(만나|뵙|봐|봬|찾아)/u,
      /^자막( ?(by|제공|제작|협조)|$)/u,
    ],
    faint: [
      '감사합니다',
      '고맙습니다',
      '안녕히 계세요',
      '안녕히 가세요',
      '안녕',
      '음악',
      '박수',
      '수고하셨습니다',
    ],
  },
  others: {
    never: [
      // Italian, Portuguese, Dutch, Polish, Russian, Ukrainian, Turkish, Nordic languages, Czech, Arabic.
      /^sottotitol(i|atura)\b.{0,60}$/u,
      /^grazie per (la visione|aver guardato|l ascolto|aver visto)/u,
      /^legendas?( (pela|por|de|da)\b.{0,60})?$/u,
      /^obrigad[oa] por (assistir|ver|ouvir)|^inscreva se\b|^se inscreva\b/u,
      /^ondertitel(ing|ed|d|s)?\b.{0,60}$/u,
      /^(bedankt|dank je( wel)?) voor het (kijken|luisteren)/u,
      /^napisy( (stworzone|by|wykonane|od|przygotowane)\b.{0,60})?$/u,
      /^dzi[eę]kuj[eę] za (ogl[aą]danie|uwag[eę]|obejrzenie)/u,
      /^(редактор |перевод(чик)? и? ?)?субтитр/u,
      /^(спасибо|благодарю)( вам)? за (просмотр|внимание|подписку)|^продолжение следует$|^подпис(ывайтесь|аться) на/u,
      /^(дякую|дякуємо) за перегляд/u,
      /^altyaz[ıi]\b|^izlediğiniz için teşekkür|abone olmay[ıi] unutmay[ıi]n/u,
      /^(under)?tekster? (av|af|by)\b|^undertext(er|ning)?( (av|från)\b.{0,40})?$|^tekstitys\b|^tekstet av\b/u,
      /^titulky( (vytvořil|by)\b.{0,40})?$|^ترجمة نانسي|^اشترك(وا)? في القناة/u,
    ],
    faint: [
      'grazie',
      'grazie mille',
      'obrigado',
      'obrigada',
      'bedankt',
      'dank je wel',
      'dziękuję',
      'спасибо',
      'teşekkürler',
    ],
  },
};

/** An address of those who write subtitles, in any language. */
const CREDIT = /\bamara ?org\b|\bmooji ?org\b|\bsoustitreur\b|\bopensubtitles\b|\bdimatorzok\b|\bai media\b/u;
const MOST_CREDIT = 120;

const NEVER = Object.values(GHOSTS).flatMap(({ never }) => never);
const FAINT = new Set(Object.values(GHOSTS).flatMap(({ faint }) => faint));
/** What loops in near silence, though a single one may be an answer. */
const LOOPED = new Set([
  ...FAINT,
  'okay',
  'ok',
  'yeah',
  'yes',
  'right',
  'はい',
  'うん',
  '嗯',
  '네',
  'ja',
  'oui',
  'sí',
]);
const LEAST_LOOP = 3;

/** Sounds that models describe: `[BLANK_AUDIO]`, `(music)`, `*sighs*`, and notes. A number in brackets is part of a text. */
const DESCRIBED =
  /\[[^[\]\d]{1,60}\]|\([^()\d]{1,60}\)|（[^（）\d]{1,60}）|【[^【】\d]{1,60}】|\*[^*\d]{1,60}\*/gu;
const NOTES = /[♩♪♫♬🎵🎶]/u;

/** A text without the sounds that a model describes in it. Lyrics between notes are music. */
export function withoutSounds(text: string): string {
  const spoken = text.replace(DESCRIBED, ' ');
  return (NOTES.test(spoken) ? '' : spoken).replace(/\s+/gu, ' ').trim();
}

/** Whether a text consists of ghosts: `faint` if people say some of it too. */
export function ghostsIn(text: string): 'never' | 'faint' | undefined {
  const sentences = text
    .split(/[.!?。！？…\n]+/u)
    .map(plainOf)
    .filter(Boolean);
  if (sentences.length === 0) return undefined;
  const whole = plainOf(text);
  if (isNever(whole)) return 'never';
  const kinds = sentences.map((one) => (isNever(one) ? 'never' : FAINT.has(one) ? 'faint' : undefined));
  if (kinds.includes(undefined)) return FAINT.has(whole) || isLoop(whole) ? 'faint' : undefined;
  return kinds.includes('never') ? 'never' : 'faint';
}

function isNever(plain: string): boolean {
  return NEVER.some((pattern) => pattern.test(plain)) || (plain.length <= MOST_CREDIT && CREDIT.test(plain));
}

function isLoop(plain: string): boolean {
  const words = plain.split(' ');
  return words.length >= LEAST_LOOP && new Set(words).size === 1 && LOOPED.has(words[0] ?? '');
}

function plainOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
}
