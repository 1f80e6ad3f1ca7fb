/** How a voice speaks, in SSML's terms. */
export interface EdgeProsody {
  /** Such as `+10%` or `slow`. Default `+0%`. */
  readonly speed?: string;
  /** Such as `+20Hz` or `low`. Default `+0Hz`. */
  readonly pitch?: string;
  /** Such as `-10%` or `soft`. Default `+0%`. */
  readonly volume?: string;
}

/** Characters that XML 1.0 cannot hold, escaped or not, lone surrogates among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Plain text as XML text or attribute value; what XML cannot hold becomes a space. */
export function escapeXml(text: string): string {
  return text.replace(NOT_XML, ' ').replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** Undoes `escapeXml` for what Edge sends back, numeric entities included. */
export function unescapeXml(text: string): string {
  return text
    .replace(/&#(x?)([0-9a-f]{1,6});/gi, (whole, hex: string, digits: string) => {
      const code = Number.parseInt(digits, hex ? 16 : 10);
      return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(
      /&(lt|gt|quot|apos);/g,
      (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: "'" })[name] ?? '',
    )
    .replaceAll('&amp;', '&');
}

/** The document that has `voice` speak `text`. Everything is escaped. */
export function ssml(text: string, voice: string, language: string, prosody: EdgeProsody): string {
  const { speed = '+0%', pitch = '+0Hz', volume = '+0%' } = prosody;
  return (
    `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${escapeXml(language)}">` +
    `<voice name="${escapeXml(voice)}">` +
    `<prosody rate="${escapeXml(speed)}" pitch="${escapeXml(pitch)}" volume="${escapeXml(volume)}">` +
    `${escapeXml(text)}</prosody></voice></speak>`
  );
}
