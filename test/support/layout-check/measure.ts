import { contrastOf } from './contrast.ts';
import { forgetStyles, styleOf } from './styles.ts';

/** A fault of layout, contrast or naming. */
export interface Fault {
  readonly kind: 'clipped' | 'overlap' | 'covered' | 'contrast' | 'unnamed' | 'wide';
  /** Where: the element, and what it says. */
  readonly where: string;
  readonly what: string;
}

/** A piece of text as it is drawn, in CSS pixels of the window. */
interface Text {
  readonly element: Element;
  readonly words: string;
  readonly rects: readonly DOMRect[];
}

/** Letters may reach this far out of their box, in CSS pixels. */
const SLACK = 1.5;
/** A space is not wider than this, in CSS pixels. */
const SPACE_PX = 10;
/** Not measured: labels inside bars of the timeline, which are cut to the bar, and text for screen readers. */
const CUT_ON_PURPOSE = '.item-label, .sr-only, .sr-only *, option, [aria-hidden="true"] .item';
/** Less than this in sight is not judged, in CSS pixels. */
const LEAST_PX = 3;

export interface MeasureOptions {
  /** Parts of the page that have a test of their own. */
  readonly except?: string;
}

/** Measures what is drawn now: text that is cut or covered, texts and controls that overlap, weak contrast, controls without a name. */
export function measure({ except = '' }: MeasureOptions = {}): readonly Fault[] {
  forgetStyles();
  edges = new WeakMap();
  const skipped = except === '' ? CUT_ON_PURPOSE : `${CUT_ON_PURPOSE}, ${except}, ${except} *`;
  const texts = textsOf(document.body).filter(({ element }) => !element.closest(skipped));
  const controls = [...document.querySelectorAll('button, input, select, textarea, a[href], summary')].filter(
    (one) => isShown(one) && !one.closest(skipped),
  );
  return [
    ...wide(),
    ...texts.flatMap(clipped),
    ...cutControls(controls),
    ...overlaps(texts, controls),
    ...texts.flatMap(covered),
    ...texts.flatMap(weak),
    ...controls.flatMap(unnamed),
  ];
}

/** The page must not scroll sideways. */
function wide(): Fault[] {
  const { scrollWidth } = document.documentElement;
  if (scrollWidth <= innerWidth) return [];
  return [{ kind: 'wide', where: 'page', what: `${scrollWidth} px in a window of ${innerWidth} px` }];
}

function textsOf(root: Element): Text[] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const words = node.textContent?.trim() ?? '';
    const element = node.parentElement;
    if (words === '' || !element || !isShown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    if (rects.length > 0) texts.push({ element, words, rects });
  }
  return texts;
}

function isShown(element: Element): boolean {
  if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
  const { width, height } = element.getBoundingClientRect();
  // A box of one pixel is for screen readers.
  return width > 1 && height > 1;
}

/** Every ancestor that hides what reaches out of it must hold the text; one that scrolls down may hide it for now. */
function clipped({ element, words, rects: drawn }: Text): Fault[] {
  const faults: Fault[] = [];
  // Spaces that are kept hang over the end of a line.
  const slack = styleOf(element).whiteSpaceCollapse === 'preserve' ? SPACE_PX : SLACK;
  let rects: readonly DOMRect[] = drawn;
  for (let box: Element | null = element; box; box = box.parentElement) {
    const style = styleOf(box);
    const [x, y] = [style.overflowX, style.overflowY];
    const edge =
      box === document.documentElement ? new DOMRect(0, 0, innerWidth, innerHeight) : innerEdge(box);
    // What is scrolled away is no fault; what is in sight and reaches out sideways is.
    const near = rects.filter((rect) => rect.bottom > edge.top && rect.top < edge.bottom);
    if (x !== 'visible' && !mayScrollSideways(box)) {
      const out = near.find((rect) => rect.left < edge.left - slack || rect.right > edge.right + slack);
      if (out && !isShortened(box, style)) faults.push(cut(element, words, box, 'sideways'));
    }
    if (y === 'hidden' || y === 'clip') {
      const out = rects.find((rect) => rect.top < edge.top - SLACK || rect.bottom > edge.bottom + SLACK);
      if (out) faults.push(cut(element, words, box, 'above or below'));
    }
    // A scroller that centres its content cuts its beginning off for good.
    if ((y === 'auto' || y === 'scroll') && rects.some((rect) => rect.top + box.scrollTop < edge.top - SLACK))
      faults.push(cut(element, words, box, 'out of reach'));
    if (faults.length > 0) return faults;
    // Further out only what this box leaves in sight counts.
    if (x !== 'visible') rects = rects.map((rect) => narrowed(rect, edge));
    if (y === 'auto' || y === 'scroll')
      rects = rects.filter((rect) => rect.top >= edge.top - SLACK && rect.bottom <= edge.bottom + SLACK);
    if (style.position === 'fixed') break;
  }
  return faults;
}

/** The part of a rectangle between the left and the right edge of a box. */
function narrowed(rect: DOMRect, edge: DOMRect): DOMRect {
  const left = Math.min(Math.max(rect.left, edge.left), edge.right);
  return new DOMRect(left, rect.top, Math.max(0, Math.min(rect.right, edge.right) - left), rect.height);
}

function cut(element: Element, words: string, box: Element, how: string): Fault {
  return { kind: 'clipped', where: nameOf(element, words), what: `${how} by ${nameOf(box)}` };
}

/** Shortened with an ellipsis, and the whole to be had: as a title, or elsewhere on the page as the element says. */
function isShortened(box: Element, { textOverflow }: CSSStyleDeclaration): boolean {
  return textOverflow === 'ellipsis' && box.closest('[title], [data-whole]') !== null;
}

/** Tables and code may be wider than their box, if the keyboard can scroll it. */
function mayScrollSideways(box: Element): boolean {
  const { overflowX } = styleOf(box);
  return (overflowX === 'auto' || overflowX === 'scroll') && box.matches('[tabindex="0"][data-scrolls]');
}

/** What a button says must fit into it; what is typed may be longer than its field, but a hint may not. */
function cutControls(controls: readonly Element[]): Fault[] {
  return controls.flatMap((one) => {
    if (one instanceof HTMLInputElement && one.placeholder !== '' && one.value === '') {
      const wanted = widthOf(one.placeholder, one);
      const { paddingLeft, paddingRight } = styleOf(one);
      const room = one.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      if (wanted > room + SLACK)
        return [
          {
            kind: 'clipped' as const,
            where: nameOf(one, one.placeholder),
            what: `hint of ${Math.round(wanted)} px in ${Math.round(room)} px`,
          },
        ];
    }
    if (!(one instanceof HTMLButtonElement) || one.scrollWidth <= one.clientWidth + SLACK) return [];
    return [
      {
        kind: 'clipped' as const,
        where: nameOf(one),
        what: `${one.scrollWidth} px in a button of ${one.clientWidth} px`,
      },
    ];
  });
}

function widthOf(text: string, element: Element): number {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = styleOf(element).font;
  return context.measureText(text).width;
}

let edges = new WeakMap<Element, DOMRect>();

function innerEdge(box: Element): DOMRect {
  const known = edges.get(box);
  if (known) return known;
  const edge = measuredEdge(box);
  edges.set(box, edge);
  return edge;
}

function measuredEdge(box: Element): DOMRect {
  const { left, top, width, height } = box.getBoundingClientRect();
  if (!(box instanceof HTMLElement)) return new DOMRect(left, top, width, height);
  return new DOMRect(
    left + box.clientLeft,
    top + box.clientTop,
    width - 2 * box.clientLeft,
    height - 2 * box.clientTop,
  );
}

/** The part of a rectangle that no scrolled box and no edge of the window hides. */
function inSight(element: Element, rect: DOMRect): DOMRect | undefined {
  let [left, top, right, bottom] = [rect.left, rect.top, rect.right, rect.bottom];
  for (let box: Element | null = element; box; box = box.parentElement) {
    const { overflowX, overflowY, position } = styleOf(box);
    if (box !== document.documentElement && box !== document.body) {
      const edge = innerEdge(box);
      if (overflowX !== 'visible') [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
      if (overflowY !== 'visible') [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
    }
    if (position === 'fixed') break;
  }
  [left, top] = [Math.max(left, 0), Math.max(top, 0)];
  [right, bottom] = [Math.min(right, innerWidth), Math.min(bottom, innerHeight)];
  if (right - left < LEAST_PX || bottom - top < LEAST_PX) return undefined;
  return new DOMRect(left, top, right - left, bottom - top);
}

/** A modal dialog covers the rest of the page on purpose. */
function behindDialog(element: Element): boolean {
  const dialog = document.querySelector('dialog:modal');
  return dialog !== null && !dialog.contains(element);
}

function overlaps(texts: readonly Text[], controls: readonly Element[]): Fault[] {
  interface Box {
    readonly element: Element;
    readonly name: string;
    readonly rect: DOMRect;
  }
  const shown = (element: Element, name: string, rects: Iterable<DOMRect>): Box[] =>
    behindDialog(element)
      ? []
      : [...rects].flatMap((rect) => {
          const seen = inSight(element, rect);
          return seen ? { element, name, rect: seen } : [];
        });
  const boxes = [
    ...texts.flatMap(({ element, words, rects }) => shown(element, nameOf(element, words), rects)),
    ...controls.flatMap((one) => shown(one, nameOf(one), [one.getBoundingClientRect()])),
  ].sort((a, b) => a.rect.top - b.rect.top);
  const faults: Fault[] = [];
  for (const [at, a] of boxes.entries()) {
    for (let next = at + 1; next < boxes.length; next++) {
      const b = boxes[next];
      if (!b || b.rect.top >= a.rect.bottom) break;
      if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
      if (a.element.closest('label')?.contains(b.element)) continue;
      const x = Math.min(a.rect.right, b.rect.right) - Math.max(a.rect.left, b.rect.left);
      const y = Math.min(a.rect.bottom, b.rect.bottom) - b.rect.top;
      if (x > 2 * SLACK && y > 2 * SLACK)
        faults.push({
          kind: 'overlap',
          where: a.name,
          what: `${b.name} by ${Math.round(x)} × ${Math.round(y)} px`,
        });
    }
  }
  return faults;
}

/** Something lies over the middle of a text. */
function covered({ element, words, rects }: Text): Fault[] {
  if (behindDialog(element)) return [];
  for (const rect of rects) {
    const seen = inSight(element, rect);
    if (!seen) continue;
    const hit = document.elementFromPoint(seen.left + seen.width / 2, seen.top + seen.height / 2);
    if (!hit || hit.contains(element) || element.contains(hit)) continue;
    if (styleOf(element).pointerEvents === 'none') continue;
    return [{ kind: 'covered', where: nameOf(element, words), what: `by ${nameOf(hit)}` }];
  }
  return [];
}

/** WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large text. Disabled controls are exempt there; here they need 3 to 1. */
function weak({ element, words, rects }: Text): Fault[] {
  const [rect] = rects;
  if (!rect || behindDialog(element)) return [];
  const { fontSize, fontWeight } = styleOf(element);
  const size = Number.parseFloat(fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
  const inactive = element.closest(':disabled, [aria-disabled="true"]') !== null;
  const wanted = inactive || large ? 3 : 4.5;
  const contrast = contrastOf(element);
  if (contrast === undefined || contrast >= wanted) return [];
  return [
    { kind: 'contrast', where: nameOf(element, words), what: `${contrast.toFixed(2)}, wanted ${wanted}` },
  ];
}

function unnamed(control: Element): Fault[] {
  const labels =
    control instanceof HTMLInputElement ||
    control instanceof HTMLSelectElement ||
    control instanceof HTMLTextAreaElement
      ? [...(control.labels ?? [])]
      : [];
  const names = [
    control.textContent,
    control.getAttribute('aria-label'),
    control.getAttribute('title'),
    ...labels.map((label) => label.textContent),
  ];
  if (names.some((name) => (name ?? '').trim() !== '')) return [];
  return [{ kind: 'unnamed', where: nameOf(control), what: 'a control without a name' }];
}

function nameOf(element: Element, words = ''): string {
  const id = element.id === '' ? '' : `#${element.id}`;
  const className = element.getAttribute('class') ?? '';
  const classes = className === '' ? '' : `.${className.trim().split(/\s+/u).join('.')}`;
  const text =
    words || (element.matches('button, a, summary, label') ? (element.textContent ?? '').trim() : '');
  return `${element.tagName.toLowerCase()}${id}${classes}${text ? ` “${text.slice(0, 40)}”` : ''}`;
}
