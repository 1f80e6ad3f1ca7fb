let styles = new Map<Element, CSSStyleDeclaration>();

/** Asks the browser anew from now on: the page may have changed. */
export function forgetStyles(): void {
  styles = new Map();
}

/** An element's computed style; asked for once, since every ancestor of every text is looked at. */
export function styleOf(element: Element): CSSStyleDeclaration {
  const known = styles.get(element);
  if (known) return known;
  const style = getComputedStyle(element);
  styles.set(element, style);
  return style;
}
