import { styleOf } from './styles.ts';

/** Red, green, blue and opacity, each 0 to 1. */
type Colour = readonly [r: number, g: number, b: number, a: number];

const WHITE: Colour = [1, 1, 1, 1];
const BLACK: Colour = [0, 0, 0, 1];

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const known = new Map<string, Colour>();

/** Contrast of an element's text with what lies under it, 1 to 21; undefined where a picture or a gradient does. */
export function contrastOf(element: Element): number | undefined {
  const under = groundOf(element);
  if (!under) return undefined;
  const style = styleOf(element);
  const ink = colourOf(element instanceof SVGElement ? style.fill : style.color);
  const [r, g, b, a] = ink;
  const drawn = over([r, g, b, a * opacityOf(element)], under);
  const [light, dark] = [luminance(drawn), luminance(under)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** The backgrounds below an element, as one colour. */
function groundOf(element: Element): Colour | undefined {
  const layers: Colour[] = [];
  for (let box: Element | null = element; box; box = box.parentElement) {
    const style = styleOf(box);
    if (style.backgroundImage !== 'none') return undefined;
    const [r, g, b, a] = colourOf(style.backgroundColor);
    if (a > 0) layers.push([r, g, b, a * opacityOf(box)]);
    if (a === 1 && opacityOf(box) === 1) break;
  }
  const page = matchMedia('(prefers-color-scheme: dark)').matches ? BLACK : WHITE;
  return layers.reduceRight((under, layer) => over(layer, under), page);
}

/** How much of an element can be seen, its ancestors' opacity included. */
function opacityOf(element: Element): number {
  let opacity = 1;
  for (let box: Element | null = element; box; box = box.parentElement)
    opacity *= Number(styleOf(box).opacity);
  return opacity;
}

function over([r, g, b, a]: Colour, [ur, ug, ub]: Colour): Colour {
  return [r * a + ur * (1 - a), g * a + ug * (1 - a), b * a + ub * (1 - a), 1];
}

/** What the browser makes of a colour, whatever notation it is in. */
function colourOf(css: string): Colour {
  const before = known.get(css);
  if (before) return before;
  if (!canvas) return BLACK;
  canvas.canvas.width = 1;
  canvas.canvas.height = 1;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = css;
  canvas.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
  const colour: Colour = [r / 255, g / 255, b / 255, a / 255];
  known.set(css, colour);
  return colour;
}

/** Relative luminance as WCAG 2 defines it. */
function luminance([r, g, b]: Colour): number {
  const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}
